#include "runtime/train/checkpoint.hpp"

#include "runtime/session/failure.hpp"
#include "runtime/data/hdf5_file.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sstream>
#include <unistd.h>

namespace antidrome {
namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t format_version = 2;

/// FNV-1a over paths and bytes, in the order of the maps.
class Checksum {
 public:
  void add(const std::string& path, const void* data, std::size_t bytes) {
    fold(path.data(), path.size());
    fold(data, bytes);
  }
  template <class T>
  void add(const std::string& path, const std::vector<T>& values) { add(path, values.data(), values.size() * sizeof(T)); }
  std::uint64_t value() const { return hash_; }

 private:
  void fold(const void* data, std::size_t bytes) {
    const auto* p = static_cast<const unsigned char*>(data);
    for (std::size_t k = 0; k < bytes; ++k) hash_ = (hash_ ^ p[k]) * 0x100000001b3ull;
    hash_ = (hash_ ^ bytes) * 0x100000001b3ull;
  }
  std::uint64_t hash_ = 0xcbf29ce484222325ull;
};

std::uint64_t checksum_of(const Checkpoint& c) {
  Checksum sum;
  for (const auto& [path, block] : c.blocks) {
    const std::vector<std::uint64_t> shape = {block.rows, block.cols, block.real_bytes};
    sum.add(path, shape);
    sum.add(path, block.values);
  }
  for (const auto& [path, values] : c.integers) sum.add(path, values);
  for (const auto& [path, values] : c.numbers) sum.add(path, values);
  for (const auto& [path, text] : c.texts) sum.add(path, text.data(), text.size());
  return sum.value();
}

// One line per entry, so that a reader knows what must be there and of which kind.
std::string index_of(const Checkpoint& c) {
  std::string out;
  for (const auto& [path, block] : c.blocks) out += fmt::format("{} {}\n", block.real_bytes == 8 ? "double" : "float", path);
  for (const auto& [path, values] : c.integers) out += fmt::format("integers {}\n", path);
  for (const auto& [path, values] : c.numbers) out += fmt::format("numbers {}\n", path);
  for (const auto& [path, text] : c.texts) out += fmt::format("text {}\n", path);
  return out;
}

void write_file(const Checkpoint& c, const fs::path& file) {
  H5File out = H5File::create(file);
  out.write<std::uint64_t>("format_version", {format_version});
  out.write<std::uint64_t>("checksum", {checksum_of(c)});
  out.write_text("index", index_of(c));
  for (const auto& [path, block] : c.blocks) {
    if (block.real_bytes == 8) out.write(path, block.values, {block.rows, block.cols});
    else out.write(path, std::vector<float>(block.values.begin(), block.values.end()), {block.rows, block.cols});
  }
  for (const auto& [path, values] : c.integers) out.write(path, values);
  for (const auto& [path, values] : c.numbers) out.write(path, values);
  for (const auto& [path, text] : c.texts) out.write_text(path, text);
  out.close();
}

void sync(const fs::path& path, int flags) {
  const int file = open(path.c_str(), flags);
  const bool synced = file >= 0 && fsync(file) == 0;
  const int reason = errno;
  if (file >= 0) close(file);
  if (!synced) throw H5Error(fmt::format("cannot sync '{}': {}", path.string(), std::strerror(reason)));
}

void read_entry(const H5File& in, const std::string& kind, const std::string& path, Checkpoint& into) {
  if (kind == "integers") {
    into.integers[path] = in.read<std::uint64_t>(path).values;
  } else if (kind == "numbers") {
    into.numbers[path] = in.read<double>(path).values;
  } else if (kind == "text") {
    into.texts[path] = in.read_text(path);
  } else if (kind == "float" || kind == "double") {
    H5Array<double> array = in.read<double>(path);
    if (array.shape.size() != 2) throw H5Error(fmt::format("'{}' is not a matrix", path));
    into.blocks[path] = {array.shape[0], array.shape[1], kind == "double" ? 8u : 4u, std::move(array.values)};
  } else {
    throw H5Error("its index cannot be read");
  }
}

std::string remedy_for(const fs::path& file) {
  const fs::path previous = file.parent_path() / "previous.h5";
  std::error_code ignored;
  if (file.filename() != "previous.h5" && fs::exists(previous, ignored)) return fmt::format("go on from the one before it: --checkpoint {}", previous.string());
  return "start the run again without --resume";
}

template <class Map>
const typename Map::mapped_type& entry(const Map& map, const std::string& path, const std::string& file) {
  const auto found = map.find(path);
  if (found == map.end()) fail(exit_io, "AD603", {file}, fmt::format("the checkpoint lacks '{}'", path), remedy_for(file));
  return found->second;
}

}  // namespace

const Checkpoint::Block& Checkpoint::block(const std::string& path) const { return entry(blocks, path, file); }
const std::vector<std::uint64_t>& Checkpoint::integer_list(const std::string& path) const { return entry(integers, path, file); }
const std::vector<double>& Checkpoint::number_list(const std::string& path) const { return entry(numbers, path, file); }
const std::string& Checkpoint::text(const std::string& path) const { return entry(texts, path, file); }

std::uint64_t Checkpoint::integer(const std::string& path) const {
  const std::vector<std::uint64_t>& values = integer_list(path);
  if (values.size() != 1) fail(exit_io, "AD603", {file}, fmt::format("'{}' of the checkpoint is not one number", path), remedy_for(file));
  return values.front();
}

void write_checkpoint(const Checkpoint& checkpoint, const fs::path& file, const fs::path& previous) {
  const fs::path temporary = file.string() + ".tmp";
  try {
    write_file(checkpoint, temporary);
    sync(temporary, O_RDONLY);
    // A second name for the old file first, so that `file` itself is never missing.
    if (!previous.empty() && fs::exists(file)) {
      fs::remove(previous);
      fs::create_hard_link(file, previous);
    }
    fs::rename(temporary, file);
    sync(file.parent_path(), O_RDONLY | O_DIRECTORY);
  } catch (const std::exception& error) {
    std::error_code ignored;
    fs::remove(temporary, ignored);
    fail(exit_io, "AD606", {file.string()}, fmt::format("cannot write the checkpoint: {}", error.what()), "is the disk full, or the folder not writable");
  }
}

Checkpoint read_checkpoint(const fs::path& file) {
  std::error_code ignored;
  if (!fs::is_regular_file(file, ignored)) fail(exit_user, "AD605", {file.string()}, "there is no checkpoint here", "antidrome train … without --resume begins a run");
  Checkpoint c;
  c.file = file.string();
  try {
    const H5File in = H5File::open(file);
    const std::vector<std::uint64_t> version = in.read<std::uint64_t>("format_version").values;
    if (version != std::vector<std::uint64_t>{format_version})
      fail(exit_user, "AD607", {file.string()}, fmt::format("the checkpoint has format version {}, this antidrome reads version {}", version.empty() ? 0 : version[0], format_version),
           "use the antidrome that wrote it");
    std::istringstream index(in.read_text("index"));
    for (std::string line; std::getline(index, line);) {
      const std::size_t space = line.find(' ');
      if (space == std::string::npos) throw H5Error("its index cannot be read");
      read_entry(in, line.substr(0, space), line.substr(space + 1), c);
    }
    if (in.read<std::uint64_t>("checksum").values != std::vector<std::uint64_t>{checksum_of(c)}) throw H5Error("its checksum does not fit its contents");
  } catch (const H5Error& error) {
    fail(exit_io, "AD603", {file.string()}, fmt::format("the checkpoint is truncated or damaged: {}", error.what()), remedy_for(file));
  }
  return c;
}

}  // namespace antidrome
