#include "runtime/data/kinds/images.hpp"

#include "runtime/data/kinds/kind.hpp"
#include "runtime/data/permutation.hpp"

#include <antidrome/philox.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <utility>

namespace antidrome::data {
namespace {

class Images final : public Dataset {
 public:
  Images(std::string name, std::uint32_t pixels, std::uint32_t classes, ImageCode code)
      : name_(std::move(name)), image_pixels_(pixels), sizes_{units_of(code, pixels)}, classes_(classes), code_(code) {}

  void add(const std::uint8_t* pixels, std::uint8_t label, std::uint32_t record) {
    pixels_.insert(pixels_.end(), pixels, pixels + image_pixels_);
    labels_.push_back(label);
    records_.push_back(record);
  }
  void reserve(std::size_t records) {
    pixels_.reserve(records * image_pixels_);
    labels_.reserve(records), records_.reserve(records);
  }

  std::string name() const override { return name_; }
  std::size_t size() const override { return labels_.size(); }
  const std::vector<std::uint32_t>& source_sizes() const override { return sizes_; }
  std::uint32_t classes() const override { return classes_; }
  SampleInfo info(std::size_t index) const override { return {.label = labels_.at(index)}; }

  void read(std::size_t index, EventSample& into) const override {
    into.label = labels_.at(index);
    into.sources.resize(1);
    encode(code_, {pixels_.data() + index * image_pixels_, image_pixels_}, records_[index], into.sources[0]);
  }

 private:
  std::string name_;
  std::uint32_t image_pixels_;
  std::vector<std::uint32_t> sizes_;
  std::uint32_t classes_;
  ImageCode code_;
  std::vector<std::uint8_t> pixels_, labels_;
  std::vector<std::uint32_t> records_;   // their places in the file
};

void check_pair(const IdxFile& images, const IdxFile& labels) {
  if (images.records() != labels.records())
    throw DataError("AD515", {labels.path.string(), {}, {}},
                    fmt::format("{} labels for {} images in '{}'", labels.records(), images.records(), images.path.string()), "take both files from the same set");
  if (images.records() == 0 || images.record_bytes() == 0) throw DataError("AD517", {images.path.string(), {}, {}}, "the file holds no images");
  if (images.record_bytes() > 65536)
    throw DataError("AD518", {images.path.string(), {}, {}}, fmt::format("an image has {} pixels, a source holds at most 65536 units", images.record_bytes()),
                    "scale the images down");
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
std::vector<std::uint32_t> records_of(const OptionReader& options, Split split, std::uint32_t available) {
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

ImageCode code_of(const OptionReader& options, const CodeWindow& t, std::uint64_t pixels) {
  constexpr std::string_view encodings[] = {"latency", "rate", "sequential"};
  const std::string encoding = options.choice("encoding", "latency", encodings, "AD502");
  const auto threshold = static_cast<std::uint8_t>(options.count("threshold", 1, 255));
  if (encoding == "latency") return LatencyCode{t.window_ms, t.dt_ms, threshold};
  if (encoding == "rate") return RateCode{t.window_ms, options.number("rate_hz", 100, 1e-3, 1e5), options.count("rate_seed", 1), threshold};
  const SequentialCode code{options.number("pixel_ms", 1, 1e-6, day_ms), static_cast<std::uint32_t>(options.count("sequence_units", 99, 511))};
  if (code.units % 2 == 0 || code.units < 3) throw DataError("AD504", options.place(), fmt::format("sequence_units = {} is not an odd number of at least 3", code.units), "99 are 49 pairs and one unit for white");
  if (static_cast<double>(pixels) * code.pixel_ms > t.window_ms)
    throw DataError("AD505", options.place(), fmt::format("{} pixels of {} ms do not fit the window of {} ms", pixels, code.pixel_ms, t.window_ms), "lengthen the trial or shorten pixel_ms");
  return code;
}

std::unique_ptr<Dataset> open(const OptionReader& options, std::string_view kind, Split split) {
  const CodeWindow t = read_window(options, 0);
  const std::string name = to_string(split);
  if (options.count(name + "_size", 1) == 0) return nullptr;
  const ImageFolder folder = image_folder(options, kind);
  const std::string stem = split == Split::test ? "t10k" : "train";
  const IdxFile pixels = read_idx(find_idx(folder.path, stem + "-images", 3, folder.remedy), 3);
  const IdxFile labels = read_idx(find_idx(folder.path, stem + "-labels", 1, folder.remedy), 1);
  const std::vector<std::uint32_t> records = records_of(options, split, pixels.records());
  return make_images(fmt::format("{} {}", kind, name), pixels, labels, records, folder.classes, code_of(options, t, pixels.record_bytes()));
}

constexpr std::string_view keys[] = {"path", "encoding", "window_ms", "threshold", "rate_hz", "rate_seed", "pixel_ms", "sequence_units", "classes", "train_size", "validation_size", "test_size", "split_seed"};

}  // namespace

const Kind mnist_kind{"mnist", keys, false, open, nullptr};
const Kind fashion_mnist_kind{"fashion_mnist", keys, false, open,
                              [] { return std::vector<std::string>{"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"}; }};
const Kind idx_kind{"idx", keys, false, open, nullptr, "-ubyte"};

std::unique_ptr<Dataset> make_images(std::string name, const IdxFile& images, const IdxFile& labels, const std::vector<std::uint32_t>& records, std::uint32_t classes,
                                     ImageCode code) {
  check_pair(images, labels);
  if (classes == 0) classes = 1u + *std::max_element(labels.content.begin() + static_cast<std::ptrdiff_t>(labels.header), labels.content.end());
  auto out = std::make_unique<Images>(std::move(name), static_cast<std::uint32_t>(images.record_bytes()), classes, code);
  out->reserve(records.size());
  for (const std::uint32_t r : records) {
    const std::uint8_t label = *labels.record(r);
    if (label >= classes)
      throw DataError("AD516", {labels.path.string(), r, labels.header + r}, fmt::format("label {} is outside [0, {})", label, classes),
                      "set 'classes' to the number of labels, or check that the file is whole");
    out->add(images.record(r), label, r);
  }
  return out;
}

}  // namespace antidrome::data
