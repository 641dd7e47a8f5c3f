// Puts the accesses of single threads together to requests of warps, and sums up their traffic.
//
// Threads run one by one, so the lanes of a request come one by one too: the k-th access of each lane at one place, counted since its warp last met as a
// whole (at a barrier, or with all its lanes), are one request. Lanes that leave a loop early leave its later requests.
#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "backends/cuda/emulator/counters.hpp"
#include "backends/cuda/emulator/traffic.hpp"

namespace antidrome::emulator {

class Requests {
 public:
  /// Sums of one place and space.
  struct Sum {
    Access access{};
    LineCounters counters;
  };

  /// The sums of the next accesses.
  void into(std::vector<Sum>& sums) { sums_ = &sums; }
  void note(std::uint32_t warp, std::uint32_t lane, std::uint32_t key, Access access, std::uint64_t address, std::uint32_t bytes);
  /// The lanes of a warp have met: what they did before is complete.
  void met(std::uint32_t warp);
  void all_met();
  /// What was begun is forgotten.
  void drop();
  std::uint64_t not_counted() const { return not_counted_; }

 private:
  static constexpr std::size_t most = 16384;    // accesses of one lane at one place between two meetings: of a warp 4 MB
  struct Place {
    std::uint32_t key = 0, bytes = 0;
    bool open = false;
    Access access{};
    std::array<std::vector<std::uint64_t>, 32> addresses;   // of each lane, in its order
  };
  struct Warp {
    std::vector<std::uint32_t> place_of;        // by key, from 1
    std::vector<Place> places;
    std::vector<std::uint32_t> open;            // that have accesses
  };
  void add(Place& place);
  static void close(Place& place);

  std::vector<Sum>* sums_ = nullptr;
  std::array<Warp, 32> warps_;
  std::uint64_t not_counted_ = 0;
};

}  // namespace antidrome::emulator
