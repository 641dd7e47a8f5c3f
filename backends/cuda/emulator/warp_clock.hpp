// Which accesses of the lanes of one warp the others know to be done.
#pragma once
#include <array>
#include <cstdint>
#include <memory>

namespace antidrome::emulator {

/// Meetings that order memory (__syncwarp) are numbered from 1. An access with stamp s was made after s of them.
class WarpClock {
 public:
  std::uint32_t stamp() const { return stamp_; }
  std::uint32_t last_full() const { return full_; }

  void reset() { stamp_ = full_ = 0, partial_ = false; }
  /// Lanes have met, out of those that there are.
  void met(std::uint32_t lanes, std::uint32_t existing);
  /// Whether an access of lane `who` at stamp s is done before what lane `me` does now.
  bool before(std::uint32_t who, std::uint32_t s, std::uint32_t me) const { return s < full_ || (partial_ && (*known_)[me][who] > s); }

 private:
  using Row = std::array<std::uint32_t, 32>;    // of one lane: the last meeting by which it knows each of the others, directly or through a third
  std::uint32_t stamp_ = 0, full_ = 0;
  bool partial_ = false;                        // some lanes alone have met since all did: known_ counts
  std::unique_ptr<std::array<Row, 32>> known_;
};

}  // namespace antidrome::emulator
