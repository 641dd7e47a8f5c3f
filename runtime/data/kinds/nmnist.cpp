// N-MNIST: handwritten digits seen by a moving event camera (Orchard, Jayawant, Cohen & Thakor, 2015). Folders Train/<label>/ and
// Test/<label>/ with a file of 5-byte events per sample, or an archive of them.
#include "runtime/data/archive.hpp"
#include "runtime/data/bytes.hpp"
#include "runtime/data/kinds/camera.hpp"
#include "runtime/data/kinds/kind.hpp"
#include "runtime/data/store/stored_dataset.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace antidrome::data {
namespace {

namespace fs = std::filesystem;
constexpr Camera camera{34, 34};
constexpr std::size_t longest_file = 1u << 26;

const char* folder_of(Split part) { return part == Split::train ? "Train" : "Test"; }

/// The label, if a name is that of a sample: ".../Train/7/00003.bin".
std::optional<std::int32_t> label_of(const fs::path& name, Split part) {
  const fs::path label = name.parent_path().filename(), folder = name.parent_path().parent_path().filename();
  if (name.extension() != ".bin" || folder != folder_of(part) || label.string().size() != 1 || label.string()[0] < '0' || label.string()[0] > '9') return std::nullopt;
  return label.string()[0] - '0';
}

/// The files of one part: samples in a folder, sorted by name, or the archive that holds them.
std::vector<fs::path> files_of(const fs::path& path, Split part) {
  std::vector<fs::path> files;
  if (!fs::is_directory(path)) return fs::exists(path) ? std::vector{path} : files;
  if (const fs::path folder = path / folder_of(part); fs::is_directory(folder)) {
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder))
      if (label_of(entry.path(), part)) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
  }
  for (const char* ending : {".zip", ".tar", ".tar.gz", ".tar.xz"})
    if (const fs::path file = path / fmt::format("{}{}", folder_of(part), ending); fs::exists(file)) return {file};
  return files;
}

void read(const std::vector<fs::path>& files, Split part, int out, const std::string& key) {
  EventStoreWriter writer(out, "the cache of events", key, camera_traits(camera));
  std::vector<RawEvent> events;
  const auto add = [&](const std::string& name, std::int32_t label, std::span<const std::uint8_t> content) {
    const DataError::Place place{name, {}, {}};
    read_five_byte_events(content, camera, place, events);
    writer.add({label, -1, -1}, events, place);
  };
  if (files.size() == 1 && is_archive(files.front()))
    for_each_entry(files.front(), longest_file, [&](const std::string& name, const std::vector<std::uint8_t>& content) {
      if (const std::optional<std::int32_t> label = label_of(name, part)) add(fmt::format("{}: {}", files.front().string(), name), *label, content);
    });
  else
    for (const fs::path& file : files) add(file.string(), *label_of(file, part), read_bytes(file));
  if (writer.samples() == 0) throw DataError("AD517", {files.front().string(), {}, {}}, fmt::format("no samples '{}/<label>/*.bin' are in it", folder_of(part)));
  StoreNames names{.classes = 10, .classes_named = {}, .groups = {}, .notes = {}};
  if (writer.unsorted() > 0) names.notes.push_back(fmt::format("{} samples were not sorted by time, and have been", writer.unsorted()));
  writer.finish(std::move(names));
}

std::unique_ptr<Dataset> open(const OptionReader& options, std::string_view, Split split) {
  if (!options.has("path")) throw DataError("AD504", options.place(), "'path' is missing", "give the folder with Train and Test, or an archive of them");
  const fs::path path = options.text("path", "");
  if (files_of(path, Split::train).empty())
    throw DataError("AD510", {path.string(), {}, {}}, "no N-MNIST files are there", "the folder holds Train/<label>/*.bin and Test/<label>/*.bin, or Train.zip and Test.zip; or name an archive of both");
  StoredKind kind{.name = "nmnist", .has_validation = false, .has_test = !files_of(path, Split::test).empty(), .request = {}, .unit = downsampled(camera, options)};
  kind.request = [path](Split part) {
    std::vector<fs::path> files = files_of(path, part);
    return StoreRequest{"nmnist", files, fmt::format("nmnist 1 {}", to_string(part)), [files, part](int out, const std::string& key) { read(files, part, out, key); }};
  };
  return make_stored(kind, options, split);
}

constexpr std::string_view keys[] = {"path", "downsample"};

}  // namespace

const Kind nmnist_kind{"nmnist", keys, true, open, nullptr, ".bin"};

}  // namespace antidrome::data
