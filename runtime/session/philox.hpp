// Counter-based random numbers: Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
// A draw is a pure function of (seed, purpose, index, element, attempt); there is no state to save and no order to keep.
#pragma once
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace antidrome {

using PhiloxBlock = std::array<std::uint32_t, 4>;

/// Ten rounds of Philox4x32 on a counter and a key.
constexpr PhiloxBlock philox4x32(PhiloxBlock counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53u} * counter[0], p1 = std::uint64_t{0xCD9E8D57u} * counter[2];
    counter = {static_cast<std::uint32_t>(p1 >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(p1),
               static_cast<std::uint32_t>(p0 >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(p0)};
    key[0] += 0x9E3779B9u;  // golden ratio
    key[1] += 0xBB67AE85u;  // sqrt(3) - 1
  }
  return counter;
}

/// What a draw is for; two purposes never share a random number.
enum class DrawPurpose : std::uint32_t { initial_value = 1, shuffle = 2, augmentation = 3, test = 4 };

/// Draws of one place (purpose, index, element): `attempt` counts them.
class Draws {
 public:
  Draws(std::uint64_t seed, DrawPurpose purpose, std::uint32_t index, std::uint32_t element)
      : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}, counter_{element, index, static_cast<std::uint32_t>(purpose), 0} {}

  PhiloxBlock block() {
    const PhiloxBlock b = philox4x32(counter_, key_);
    ++counter_[3];
    return b;
  }
  /// In (0, 1), 53 bits: never 0, so that its logarithm is finite.
  static double unit(std::uint32_t high, std::uint32_t low) {
    const std::uint64_t bits = ((std::uint64_t{high} << 32) | low) >> 11;
    return (static_cast<double>(bits) + 0.5) * 0x1p-53;
  }
  double uniform() {
    const PhiloxBlock b = block();
    return unit(b[0], b[1]);
  }
  /// Box-Muller; the second normal of the pair is not kept, so that a draw never depends on an earlier one.
  double normal() {
    const PhiloxBlock b = block();
    return std::sqrt(-2 * std::log(unit(b[0], b[1]))) * std::cos(2 * std::numbers::pi * unit(b[2], b[3]));
  }
  /// In [0, n), by multiplication (bias below n / 2^64).
  std::uint64_t below(std::uint64_t n) {
    const PhiloxBlock b = block();
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((Wide{(std::uint64_t{b[0]} << 32) | b[1]} * n) >> 64);
  }
  /// Marsaglia & Tsang 2000: d v with v = (1 + c x)^3, squeeze left out; shapes below 1 by the power of a uniform.
  double gamma(double shape, double scale) {
    if (shape < 1) {
      const double boost = std::pow(uniform(), 1 / shape);
      return boost * gamma(shape + 1, scale);
    }
    const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
    for (;;) {
      const double x = normal(), t = 1 + c * x, v = t * t * t;
      if (v > 0 && std::log(uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return scale * d * v;
    }
  }

 private:
  std::array<std::uint32_t, 2> key_;
  PhiloxBlock counter_;
};

}  // namespace antidrome
