#include "runtime/data/kinds/camera.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace antidrome::data {

std::function<std::uint32_t(std::uint32_t)> downsampled(const Camera& camera, const OptionReader& options) {
  const auto factor = static_cast<std::uint32_t>(std::max<std::uint64_t>(1, options.count("downsample", 1, 128)));
  if (factor == 1) return {};
  const std::uint32_t width = (camera.width + factor - 1) / factor;
  return [camera, factor, width](std::uint32_t unit) {
    const std::uint32_t pixel = unit / 2, x = pixel % camera.width / factor, y = pixel / camera.width / factor;
    return (y * width + x) * 2 + unit % 2;
  };
}

void read_five_byte_events(std::span<const std::uint8_t> content, const Camera& camera, const DataError::Place& part, std::vector<RawEvent>& into) {
  constexpr std::uint32_t wrap_row = 240, wrap_us = 1u << 13;
  into.clear();
  if (content.size() % 5 != 0) {
    DataError::Place at = part;
    at.offset = content.size() / 5 * 5;
    throw DataError("AD527", at, fmt::format("the file has {} bytes, not a whole number of events of 5 bytes", content.size()), "copy or download the file again");
  }
  std::uint64_t wrapped_us = 0;
  for (std::size_t k = 0; k < content.size(); k += 5) {
    const std::uint8_t* e = content.data() + k;
    const std::uint32_t x = e[0], y = e[1];
    if (y == wrap_row) {
      wrapped_us += wrap_us;
      continue;
    }
    if (x >= camera.width || y >= camera.height) {
      DataError::Place at = part;
      at.offset = k;
      throw DataError("AD520", at, fmt::format("event at pixel ({}, {}), expected [0, {}) x [0, {})", x, y, camera.width, camera.height), "copy or download the file again");
    }
    const std::uint64_t time_us = (std::uint64_t{e[2] & 0x7fu} << 16 | std::uint64_t{e[3]} << 8 | e[4]) + wrapped_us;
    into.push_back({static_cast<double>(time_us), camera.unit(x, y, e[2] >> 7)});
  }
}

}  // namespace antidrome::data
