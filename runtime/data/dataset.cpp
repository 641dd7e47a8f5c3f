// From options to a data set: one function per kind.
#include "runtime/data/dataset.hpp"

#include "runtime/data/images.hpp"
#include "runtime/data/options.hpp"
#include "runtime/data/permutation.hpp"
#include "runtime/data/yinyang.hpp"

#include <antidrome/philox.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <numeric>
#include <utility>

namespace antidrome::data {
namespace {

using Names = std::span<const std::string_view>;
constexpr std::string_view kinds[] = {"yinyang", "mnist", "fashion_mnist", "idx"};
constexpr std::string_view encodings[] = {"latency"};
constexpr std::string_view keys[] = {"kind",       "path",            "encoding",  "dt_ms",      "trial_ms",        "window_ms", "t_min_ms",   "t_max_ms",     "bias_ms",
                                     "threshold",  "classes",         "train_size", "validation_size", "test_size", "train_seed", "validation_seed", "test_seed", "split_seed", "input_dropout"};
constexpr double day_ms = 86400e3;  // upper bound of every time: catches seconds and microseconds taken for milliseconds

struct Trial {
  double dt_ms, trial_ms, window_ms;
};

Trial read_trial(const OptionReader& options, double window_ms) {
  Trial t{};
  t.dt_ms = options.number("dt_ms", 1e-6, day_ms);
  t.trial_ms = options.number("trial_ms", t.dt_ms, day_ms);
  t.window_ms = options.number("window_ms", window_ms > 0 ? window_ms : t.trial_ms, 0, day_ms);
  if (t.window_ms <= 4 * t.dt_ms)
    throw DataError("AD505", options.place(), fmt::format("window_ms = {} leaves no time to code values: two steps of {} ms are kept free at each end", t.window_ms, t.dt_ms),
                    "lengthen the window or shorten dt");
  if (t.window_ms > t.trial_ms)
    throw DataError("AD505", options.place(), fmt::format("window_ms = {} is longer than the trial of {} ms", t.window_ms, t.trial_ms), "shorten the window or lengthen the trial");
  return t;
}

std::vector<YinYangPoint> yinyang_points(const OptionReader& options, Split split) {
  constexpr std::array<std::uint64_t, 3> sizes{5000, 1000, 1000}, seeds{42, 41, 40};  // of the published sets
  const auto s = static_cast<std::size_t>(split);
  const std::string name = to_string(split);
  const std::uint64_t size = options.count(name + "_size", sizes[s], 1u << 30);
  return data::yinyang_points(size, static_cast<std::uint32_t>(options.count(name + "_seed", seeds[s], UINT32_MAX)));
}

std::unique_ptr<Dataset> yinyang(const OptionReader& options, Split split) {
  const Trial t = read_trial(options, 30);
  const YinYangCode code{options.number("t_min_ms", 2 * t.dt_ms, 0, t.trial_ms), options.number("t_max_ms", t.window_ms - 2 * t.dt_ms, 0, t.trial_ms),
                         options.number("bias_ms", 0, 0, t.trial_ms)};
  std::vector<YinYangPoint> points = yinyang_points(options, split);
  if (points.empty()) return nullptr;
  return make_yinyang(fmt::format("yinyang {}", to_string(split)), std::move(points), code);
}

struct ImageFolder {
  std::string path, remedy;
  std::uint32_t classes;
};

ImageFolder image_folder(const OptionReader& options, std::string_view kind) {
  const auto classes = static_cast<std::uint32_t>(options.count("classes", kind == "idx" ? 0 : 10, 256));
  const char* root = std::getenv("ANTIDROME_DATA");
  if (kind == "fashion_mnist")
    return {options.text("path", "/usr/share/datasets/fashion-mnist"), "install it with 'apt-get install dataset-fashion-mnist', or give its folder with 'path'", classes};
  if (kind == "mnist")
    return {options.text("path", fmt::format("{}/mnist", root ? root : "data")),
            "put the four MNIST files into $ANTIDROME_DATA/mnist, or give their folder with 'path'", classes};
  if (!options.has("path")) throw DataError("AD504", options.place(), "'path' is missing", "give the folder with the four IDX files");
  return {options.text("path", ""), "the folder of kind 'idx' holds train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz and the two t10k files", classes};
}

// Which records of the file make up the split: the test file from its start; the training file cut into training and
// validation records, the latter its last ones or, with split_seed, a random choice.
std::vector<std::uint32_t> split_records(const OptionReader& options, Split split, std::uint32_t available) {
  std::vector<std::uint32_t> records(available);
  std::iota(records.begin(), records.end(), 0u);
  const std::string name = to_string(split);
  if (split == Split::test) {
    const std::uint64_t size = options.count("test_size", available);
    if (size > available) throw DataError("AD506", options.place(), fmt::format("test_size = {}, but the file holds {} records", size, available), "ask for fewer");
    records.resize(size);
    return records;
  }
  const std::uint64_t held_out = options.count("validation_size", std::min<std::uint64_t>(5000, available / 10));
  const std::uint64_t training = options.count("train_size", available - std::min<std::uint64_t>(held_out, available));
  if (held_out > available || training > available - held_out)
    throw DataError("AD506", options.place(), fmt::format("train_size = {} and validation_size = {}, but the file holds {} records", training, held_out, available), "ask for fewer");
  if (options.has("split_seed")) {
    const std::vector<std::size_t> order = permutation(available, options.count("split_seed", 0), 0, ANTIDROME_DRAW_SPLIT);
    std::copy(order.begin(), order.end(), records.begin());
  }
  const auto cut = records.end() - static_cast<std::ptrdiff_t>(held_out);
  std::vector<std::uint32_t> chosen = split == Split::validation ? std::vector<std::uint32_t>(cut, records.end())
                                                                 : std::vector<std::uint32_t>(records.begin(), records.begin() + static_cast<std::ptrdiff_t>(training));
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

std::unique_ptr<Dataset> images(const OptionReader& options, const std::string& kind, Split split) {
  const Trial t = read_trial(options, 0);
  const std::string name = to_string(split);
  if (options.count(name + "_size", 1) == 0) return nullptr;
  const ImageFolder folder = image_folder(options, kind);
  const std::string stem = split == Split::test ? "t10k" : "train";
  const IdxFile pixels = read_idx(find_idx(folder.path, stem + "-images", 3, folder.remedy), 3);
  const IdxFile labels = read_idx(find_idx(folder.path, stem + "-labels", 1, folder.remedy), 1);
  const std::vector<std::uint32_t> records = split_records(options, split, pixels.records());
  const LatencyCode code{t.window_ms, t.dt_ms, static_cast<std::uint8_t>(options.count("threshold", 1, 255))};
  return make_images(kind + " " + name, pixels, labels, records, folder.classes, code);
}

}  // namespace

std::vector<YinYangPoint> yinyang_points(const DatasetOptions& options, Split split) { return yinyang_points(OptionReader(options), split); }

const std::vector<std::string>& Dataset::groups() const {
  static const std::vector<std::string> none;
  return none;
}

const char* to_string(Split split) { return split == Split::train ? "train" : split == Split::validation ? "validation" : "test"; }

std::vector<std::string> class_names(std::string_view kind, std::uint32_t classes) {
  std::vector<std::string> names;
  if (kind == "yinyang") names = {"yin", "yang", "dot"};
  if (kind == "fashion_mnist") names = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"};
  for (std::uint32_t c = static_cast<std::uint32_t>(names.size()); c < classes; ++c) names.push_back(fmt::format("{}", c));
  return names;
}

std::unique_ptr<Dataset> make_dataset(const DatasetOptions& given, Split split) {
  const OptionReader options(given);
  options.check_keys(keys);
  const std::string kind = options.choice("kind", "", kinds, "AD501");
  options.choice("encoding", "latency", encodings, "AD502");
  options.number("input_dropout", 0, 0, 1);
  return kind == "yinyang" ? yinyang(options, split) : images(options, kind, split);
}

}  // namespace antidrome::data
