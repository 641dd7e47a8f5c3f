// DVS128 Gesture: eleven gestures of 29 people before an event camera (Amir et al., 2017). Recordings userNN_LIGHT.aedat with tables
// userNN_LIGHT_labels.csv of the clips in them, and the lists trials_to_train.txt and trials_to_test.txt. Also single clips of one class
// each in 5-byte events: an archive of <class>.bs2.
#include "runtime/data/archive.hpp"
#include "runtime/data/bytes.hpp"
#include "runtime/data/kinds/aedat.hpp"
#include "runtime/data/kinds/kind.hpp"
#include "runtime/data/store/stored_dataset.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <map>

namespace antidrome::data {
namespace {

namespace fs = std::filesystem;
constexpr Camera camera{128, 128};
constexpr std::int32_t classes = 11;
constexpr std::size_t longest_clip = std::size_t{1} << 26;   // bytes; 13 million events

std::vector<std::string> class_names_of() {
  return {"hand clapping", "right hand wave", "left hand wave", "right arm clockwise", "right arm counter-clockwise", "left arm clockwise", "left arm counter-clockwise", "arm roll", "air drums", "air guitar", "other"};
}

fs::path table_of(const fs::path& recording) { return recording.parent_path() / (recording.stem().string() + "_labels.csv"); }

/// Recordings (or the one archive) of a part, in the order of its list, else sorted.
std::vector<fs::path> recordings(const fs::path& path, Split part) {
  std::vector<fs::path> out;
  if (!fs::is_directory(path)) return part == Split::train && fs::exists(path) ? std::vector{path} : out;
  const fs::path list = path / fmt::format("trials_to_{}.txt", to_string(part));
  if (fs::exists(list)) {
    std::ifstream in(list);
    for (std::string line; std::getline(in, line);) {
      while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
      if (!line.empty()) out.push_back(path / line);
    }
    return out;
  }
  if (part != Split::train) return out;
  for (const fs::directory_entry& entry : fs::directory_iterator(path))
    if (entry.path().extension() == ".aedat") out.push_back(entry.path());
  std::sort(out.begin(), out.end());
  return out;
}

/// Writes clips: numbers the people, and each one's repetitions of a gesture.
class Clips {
 public:
  Clips(int out, const std::string& key) : writer_(out, "the cache of events", key, camera_traits(camera)) {}

  void add(std::int32_t label, const std::string& person, std::vector<RawEvent>& events, const DataError::Place& place) {
    const auto known = std::find(people_.begin(), people_.end(), person);
    const auto group = static_cast<std::int32_t>(known - people_.begin());
    if (known == people_.end()) people_.push_back(person);
    writer_.add({label, group, takes_[{group, label}]++}, events, place);
  }

  void add_recording(const fs::path& file) {
    const std::vector<std::uint8_t> content = read_bytes(file), table = read_bytes(table_of(file));
    const std::vector<CameraEvent> events = read_aedat(content, camera, file.string());
    const std::vector<Clip> clips = read_clips({reinterpret_cast<const char*>(table.data()), table.size()}, classes, table_of(file).string());
    std::vector<RawEvent> own;
    for (std::size_t k = 0; k < clips.size(); ++k) {
      own.clear();
      for (const CameraEvent& e : events)
        if (e.time_us >= clips[k].begin_us && e.time_us < clips[k].end_us) own.push_back({static_cast<double>(e.time_us - clips[k].begin_us), e.unit});
      add(clips[k].label, file.stem().string().substr(0, file.stem().string().find('_')), own, {file.string(), k, {}});
    }
  }

  // "3.bs2" is a clip of the third class.
  void add_archive(const fs::path& file) {
    std::vector<RawEvent> events;
    for_each_entry(file, longest_clip, [&](const std::string& name, const std::vector<std::uint8_t>& content) {
      if (fs::path(name).extension() != ".bs2") return;
      const std::string stem = fs::path(name).stem().string();
      std::int32_t number = 0;
      const auto [stop, failure] = std::from_chars(stem.data(), stem.data() + stem.size(), number);
      const DataError::Place place{fmt::format("{}: {}", file.string(), name), {}, {}};
      if (failure != std::errc{} || stop != stem.data() + stem.size() || number < 1 || number > classes)
        throw DataError("AD516", place, fmt::format("the name is not a class of [1, {}]", classes), "name the clips 1.bs2 to 11.bs2");
      read_five_byte_events(content, camera, place, events);
      add(number - 1, "unknown", events, place);
    });
  }

  void finish(const fs::path& source) {
    if (writer_.samples() == 0) throw DataError("AD517", {source.string(), {}, {}}, "no clips are in it");
    StoreNames names{.classes = classes, .classes_named = class_names_of(), .groups = people_, .notes = {}};
    if (writer_.unsorted() > 0) names.notes.push_back(fmt::format("{} samples were not sorted by time, and have been", writer_.unsorted()));
    writer_.finish(std::move(names));
  }

 private:
  EventStoreWriter writer_;
  std::vector<std::string> people_;
  std::map<std::pair<std::int32_t, std::int32_t>, std::int32_t> takes_;
};

std::unique_ptr<Dataset> open(const OptionReader& options, std::string_view, Split split) {
  if (!options.has("path")) throw DataError("AD504", options.place(), "'path' is missing", "give the folder of the .aedat files, one such file, or an archive of clips");
  const fs::path path = options.text("path", "");
  if (recordings(path, Split::train).empty())
    throw DataError("AD510", {path.string(), {}, {}}, "no recordings are there", "the folder holds userNN_LIGHT.aedat, userNN_LIGHT_labels.csv and, for the published split, trials_to_train.txt and trials_to_test.txt");
  StoredKind kind{.name = "dvs_gesture", .has_validation = false, .has_test = !recordings(path, Split::test).empty(), .request = {}, .unit = downsampled(camera, options)};
  kind.request = [path](Split part) {
    const std::vector<fs::path> files = recordings(path, part);
    const bool archive = is_archive(files.front());
    std::vector<fs::path> sources = files;
    if (!archive)
      for (const fs::path& file : files) sources.push_back(table_of(file));
    return StoreRequest{"dvs_gesture", sources, "dvs_gesture 1", [files, archive](int out, const std::string& key) {
                          Clips clips(out, key);
                          for (const fs::path& file : files) archive ? clips.add_archive(file) : clips.add_recording(file);
                          clips.finish(files.front());
                        }};
  };
  return make_stored(kind, options, split);
}

constexpr std::string_view keys[] = {"path", "downsample"};

}  // namespace

const Kind dvs_gesture_kind{"dvs_gesture", keys, true, open, class_names_of, ".aedat"};

}  // namespace antidrome::data
