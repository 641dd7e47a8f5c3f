// How grey values become spikes.
#pragma once
#include "runtime/data/dataset.hpp"

#include <cstdint>
#include <span>
#include <variant>
#include <vector>

namespace antidrome::data {

/// A pixel g above `threshold` fires once, the brighter the earlier, at (255 - g) / 255 (window - 4 dt) + 2 dt. A unit per pixel.
struct LatencyCode {
  double window_ms, dt_ms;
  std::uint8_t threshold = 1;
};

/// A pixel g above `threshold` fires as a Poisson process of rate g / 255 `rate_hz` during the window. A unit per pixel. The draws are
/// a function of the seed and the record in the file: a sample is the same in every epoch.
struct RateCode {
  double window_ms, rate_hz;
  std::uint64_t seed = 1;
  std::uint8_t threshold = 1;
};

/// Pixels come one after the other, row by row, `pixel_ms` each. Of n units, n odd, the last fires while a pixel is white (255). The others come
/// in pairs, one for each of K = (n - 1) / 2 levels 255 (k + 1/2) / K: unit 2k fires when the sequence, which begins at 0, rises to or above level k, unit
/// 2k + 1 when it falls below. As in the spiking sequential MNIST of Bellec et al. (2018), with 99 units as Tonic has it.
struct SequentialCode {
  double pixel_ms;
  std::uint32_t units = 99;
};

using ImageCode = std::variant<LatencyCode, RateCode, SequentialCode>;

/// The number of units that images of so many pixels need.
std::uint32_t units_of(const ImageCode& code, std::uint32_t pixels);
/// The events of one image, sorted by time, then unit, over `into`.
void encode(const ImageCode& code, std::span<const std::uint8_t> image, std::uint32_t record, std::vector<Event>& into);

}  // namespace antidrome::data
