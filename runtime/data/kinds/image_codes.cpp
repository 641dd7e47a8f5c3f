#include "runtime/data/kinds/image_codes.hpp"

#include <antidrome/philox.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace antidrome::data {
namespace {

struct Units {
  std::uint32_t pixels;
  std::uint32_t operator()(const SequentialCode& code) const { return code.units; }
  template <class Code>
  std::uint32_t operator()(const Code&) const { return pixels; }
};

struct Encoder {
  std::span<const std::uint8_t> image;
  std::uint32_t record;
  std::vector<Event>& into;

  // Counting sort by grey value: brightest first, and by pixel among equals.
  void operator()(const LatencyCode& code) const {
    std::array<std::uint32_t, 257> begin{};
    for (const std::uint8_t g : image)
      if (g > code.threshold) ++begin[256u - g];
    for (std::size_t g = 1; g < begin.size(); ++g) begin[g] += begin[g - 1];
    into.resize(begin[256]);
    const double span_ms = code.window_ms - 4 * code.dt_ms;
    for (std::uint32_t p = 0; p < image.size(); ++p)
      if (image[p] > code.threshold) into[begin[255u - image[p]]++] = {(255 - image[p]) / 255.0 * span_ms + 2 * code.dt_ms, static_cast<std::uint16_t>(p)};
  }

  // Exponential times between the events of a pixel, four from each block of the generator.
  void operator()(const RateCode& code) const {
    into.clear();
    for (std::uint32_t p = 0; p < image.size(); ++p) {
      if (image[p] <= code.threshold) continue;
      const double mean_ms = 1000 / (code.rate_hz * image[p] / 255.0);
      antidrome_philox block{};
      double time = 0;
      for (std::uint32_t number = 0;; ++number) {
        if (number % 4 == 0) block = antidrome_philox4x32(number / 4, record, p, ANTIDROME_DRAW_DATA, code.seed);
        time -= std::log(antidrome_uniform(block.word[number % 4])) * mean_ms;
        if (!(time < code.window_ms)) break;
        into.push_back({time, static_cast<std::uint16_t>(p)});
      }
    }
    std::sort(into.begin(), into.end(), [](const Event& a, const Event& b) { return a.time_ms != b.time_ms ? a.time_ms < b.time_ms : a.unit < b.unit; });
  }

  void operator()(const SequentialCode& code) const {
    into.clear();
    const std::uint32_t levels = (code.units - 1) / 2;
    // How many levels a grey value reaches: 255 (k + 1/2) / K <= g, in whole numbers 255 (2 k + 1) <= 2 K g.
    const auto reached = [levels](std::uint32_t g) { return (2 * levels * g + 255) / 510; };
    std::uint32_t before = 0;
    for (std::size_t p = 0; p < image.size(); ++p) {
      const std::uint32_t now = reached(image[p]);
      const double time = static_cast<double>(p) * code.pixel_ms;
      for (std::uint32_t k = before; k < now; ++k) into.push_back({time, static_cast<std::uint16_t>(2 * k)});
      for (std::uint32_t k = now; k < before; ++k) into.push_back({time, static_cast<std::uint16_t>(2 * k + 1)});
      if (image[p] == 255) into.push_back({time, static_cast<std::uint16_t>(code.units - 1)});
      before = now;
    }
  }
};

}  // namespace

std::uint32_t units_of(const ImageCode& code, std::uint32_t pixels) { return std::visit(Units{pixels}, code); }

void encode(const ImageCode& code, std::span<const std::uint8_t> image, std::uint32_t record, std::vector<Event>& into) { std::visit(Encoder{image, record, into}, code); }

}  // namespace antidrome::data
