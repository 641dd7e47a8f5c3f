// Events of dynamic vision sensors: a pixel and a polarity become one unit.
#pragma once
#include "runtime/data/options.hpp"
#include "runtime/data/store/event_store.hpp"

#include <cstdint>
#include <functional>
#include <span>

namespace antidrome::data {

struct Camera {
  std::uint32_t width, height;
  std::uint32_t units() const { return 2 * width * height; }
  /// (y * width + x) * 2 + polarity
  std::uint16_t unit(std::uint32_t x, std::uint32_t y, std::uint32_t polarity) const { return static_cast<std::uint16_t>((y * width + x) * 2 + polarity); }
};

/// Microseconds, as cameras tell the time.
inline StoreTraits camera_traits(const Camera& camera) { return {camera.units(), TimeElement::uint32, 1, 1000}; }

/// `downsample` of the options: squares of so many pixels become one pixel; null for 1. The remainder at the right and lower edge joins
/// the last pixel row and column of its own, so a side of n pixels becomes ceil(n / downsample).
std::function<std::uint32_t(std::uint32_t)> downsampled(const Camera& camera, const OptionReader& options);

/// The format of N-MNIST and N-Caltech101: 5 bytes an event, x, y, then a bit of polarity and 23 bits of microseconds, big endian.
/// y = 240 is no event: the clock has wrapped, and 2^13 us are added to all times that follow.
/// `part` tells the file and the record in messages. Throws DataError AD527 (not a whole number of events), AD520 (a pixel that the camera lacks).
void read_five_byte_events(std::span<const std::uint8_t> content, const Camera& camera, const DataError::Place& part, std::vector<RawEvent>& into);

}  // namespace antidrome::data
