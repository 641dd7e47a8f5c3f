// Distributions on top of the counter-based generator: draws of one place, each a pure function of (seed, purpose, element, round, number).
#pragma once
#include <antidrome/philox.h>

#include <cmath>
#include <cstdint>
#include <numbers>

namespace antidrome {

/// The draws of one element; `number` counts them, so a rejection method needs no state beyond this object.
class Draws {
 public:
  Draws(std::uint64_t seed, std::uint32_t purpose, std::uint32_t element, std::uint32_t round = 0) : seed_(seed), purpose_(purpose), element_(element), round_(round) {}

  double uniform() {
    const antidrome_philox block = next();
    return unit(block.word[0], block.word[1]);
  }
  /// Box-Muller; the second normal of the pair is not kept, so that a draw never depends on an earlier one.
  double normal() {
    const antidrome_philox block = next();
    return std::sqrt(-2 * std::log(unit(block.word[0], block.word[1]))) * std::cos(2 * std::numbers::pi * unit(block.word[2], block.word[3]));
  }
  /// Marsaglia & Tsang 2000: d v with v = (1 + c x)^3, without the squeeze; shapes below 1 by the power of a uniform.
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
  antidrome_philox next() { return antidrome_philox4x32(number_++, element_, round_, purpose_, seed_); }
  // In (0, 1), 53 bits: never 0, so that its logarithm is finite.
  static double unit(std::uint32_t high, std::uint32_t low) {
    return (static_cast<double>(((std::uint64_t{high} << 32) | low) >> 11) + 0.5) * 0x1p-53;
  }

  std::uint64_t seed_;
  std::uint32_t purpose_, element_, round_, number_ = 0;
};

}  // namespace antidrome
