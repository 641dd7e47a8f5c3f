// Random numbers that decide who runs next.
#pragma once
#include <cstdint>

namespace antidrome::emulator {

/// xorshift64 (Marsaglia 2003): any generator serves, and this one costs nothing.
class Order {
 public:
  /// Seed 0: in order.
  explicit Order(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u), random_(seed != 0) {}
  bool random() const { return random_; }
  /// From [0, n).
  std::uint32_t below(std::uint32_t n) {
    state_ ^= state_ << 13, state_ ^= state_ >> 7, state_ ^= state_ << 17;
    return static_cast<std::uint32_t>((state_ >> 32) * n >> 32);
  }

 private:
  std::uint64_t state_;
  bool random_;
};

}  // namespace antidrome::emulator
