// IEEE half precision, as SHD files have it.
#pragma once
#include <bit>
#include <cstdint>

namespace antidrome::data {

/// Exact for every finite half. Bits of the half at the place of a float's, then the exponents' bias by one multiplication, which
/// also normalises subnormal halves. Infinities and NaN become large finite numbers: they must not occur.
inline float from_half(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000u) << 16;
  const float magnitude = std::bit_cast<float>(static_cast<std::uint32_t>(half & 0x7fffu) << 13) * 0x1p112f;
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(magnitude) | sign);
}

/// The half of a value that is one: exact for every finite half that is not negative, meaningless for other values.
inline std::uint16_t to_half(double value) {
  return static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(static_cast<float>(value) * 0x1p-112f) >> 13);
}

}  // namespace antidrome::data
