#include "runtime/data/images.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace antidrome::data {
namespace {

class Images final : public Dataset {
 public:
  Images(std::string name, std::uint32_t pixels, std::uint32_t classes, LatencyCode code)
      : name_(std::move(name)), sizes_{pixels}, classes_(classes), threshold_(code.threshold) {
    for (int g = 0; g < 256; ++g) time_ms_[static_cast<std::size_t>(g)] = (255 - g) / 255.0 * (code.window_ms - 4 * code.dt_ms) + 2 * code.dt_ms;
  }

  void add(const std::uint8_t* pixels, std::uint8_t label) {
    pixels_.insert(pixels_.end(), pixels, pixels + sizes_[0]);
    labels_.push_back(label);
  }
  void reserve(std::size_t records) {
    pixels_.reserve(records * sizes_[0]);
    labels_.reserve(records);
  }

  std::string name() const override { return name_; }
  std::size_t size() const override { return labels_.size(); }
  const std::vector<std::uint32_t>& source_sizes() const override { return sizes_; }
  std::uint32_t classes() const override { return classes_; }
  SampleInfo info(std::size_t index) const override { return {.label = labels_.at(index)}; }

  // Counting sort by grey value: brightest first, and by pixel among equals.
  void read(std::size_t index, EventSample& into) const override {
    into.label = labels_.at(index);
    into.sources.resize(1);
    std::vector<Event>& events = into.sources[0];
    const std::uint8_t* image = pixels_.data() + index * sizes_[0];
    std::array<std::uint32_t, 257> begin{};
    for (std::uint32_t p = 0; p < sizes_[0]; ++p)
      if (image[p] > threshold_) ++begin[256u - image[p]];
    for (std::size_t g = 1; g < begin.size(); ++g) begin[g] += begin[g - 1];
    events.resize(begin[256]);
    for (std::uint32_t p = 0; p < sizes_[0]; ++p)
      if (image[p] > threshold_) events[begin[255u - image[p]]++] = {time_ms_[image[p]], static_cast<std::uint16_t>(p)};
  }

 private:
  std::string name_;
  std::vector<std::uint32_t> sizes_;
  std::uint32_t classes_;
  std::uint8_t threshold_;
  std::array<double, 256> time_ms_{};
  std::vector<std::uint8_t> pixels_, labels_;
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

}  // namespace

std::unique_ptr<Dataset> make_images(std::string name, const IdxFile& images, const IdxFile& labels, const std::vector<std::uint32_t>& records, std::uint32_t classes,
                                     LatencyCode code) {
  check_pair(images, labels);
  if (classes == 0) classes = 1u + *std::max_element(labels.content.begin() + static_cast<std::ptrdiff_t>(labels.header), labels.content.end());
  auto out = std::make_unique<Images>(std::move(name), static_cast<std::uint32_t>(images.record_bytes()), classes, code);
  out->reserve(records.size());
  for (const std::uint32_t r : records) {
    const std::uint8_t label = *labels.record(r);
    if (label >= classes)
      throw DataError("AD516", {labels.path.string(), r, labels.header + r}, fmt::format("label {} is outside [0, {})", label, classes),
                      "set 'classes' to the number of labels, or check that the file is whole");
    out->add(images.record(r), label);
  }
  return out;
}

}  // namespace antidrome::data
