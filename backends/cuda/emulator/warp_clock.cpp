#include "backends/cuda/emulator/warp_clock.hpp"

#include <algorithm>

namespace antidrome::emulator {

void WarpClock::met(std::uint32_t lanes, std::uint32_t existing) {
  ++stamp_;
  if (lanes == existing) {
    full_ = stamp_;
    partial_ = false;
    return;
  }
  if (!known_) known_ = std::make_unique<std::array<Row, 32>>();
  if (!partial_) known_->fill(Row{});
  partial_ = true;
  Row all{};
  for (std::uint32_t m = 0; m < 32; ++m) {
    if ((lanes >> m & 1) == 0) continue;
    for (std::uint32_t a = 0; a < 32; ++a) all[a] = std::max(all[a], (*known_)[m][a]);
  }
  for (std::uint32_t a = 0; a < 32; ++a)
    if ((lanes >> a & 1) != 0) all[a] = stamp_;
  for (std::uint32_t m = 0; m < 32; ++m)
    if ((lanes >> m & 1) != 0) (*known_)[m] = all;
}

}  // namespace antidrome::emulator
