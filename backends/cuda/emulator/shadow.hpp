// What the checker remembers of memory: of every 4 bytes, and of single bytes where something smaller was accessed, who wrote and read them last.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

namespace antidrome::emulator {

/// Times are epochs: one begins with every block and at every barrier, so that their order tells what a barrier orders. Within an epoch the stamp counts
/// the meetings of the warp. What a cell says of an earlier launch is void.
struct Cell {
  std::uint32_t write_epoch = 0, write_stamp = 0;   // epoch 0: never
  std::uint32_t read_epoch = 0, read_stamp = 0;
  std::uint32_t read_lanes = 0;                 // of read_warp, in read_epoch, that nothing has ordered among each other
  std::uint32_t parts = 0;                      // of a split cell: which
  std::uint16_t write_site = 0, read_site = 0;
  std::uint16_t writer = 0;                     // thread in its block
  std::uint8_t read_warp = 0;
  std::uint8_t flags = 0;
};
static_assert(sizeof(Cell) == 32);

namespace cell_flag {
constexpr std::uint8_t initialised = 1, split = 2;                                    // these two outlive a launch
constexpr std::uint8_t atomic = 4;                                                    // the last write was
constexpr std::uint8_t lanes_wrote = 8, warps_wrote = 16;                             // atomically, in write_epoch: several of one warp, several warps
constexpr std::uint8_t warps_read = 32;                                               // in read_epoch: several
constexpr std::uint8_t other_block_read = 64, other_block_atomic = 128;               // earlier in this launch, before this block's own
constexpr std::uint8_t lasting = initialised | split;
}  // namespace cell_flag

class Shadow {
 public:
  explicit Shadow(std::size_t bytes);

  /// f(Cell&) for what covers the bytes [offset, offset + n).
  template <class F>
  void visit(std::size_t offset, std::size_t n, F f) {
    for (const std::size_t end = offset + n; offset < end;) {
      Cell& cell = cells_[offset / 4];
      const std::size_t first = offset % 4, count = std::min<std::size_t>(4 - first, end - offset);
      offset += count;
      if (count == 4 && (cell.flags & cell_flag::split) == 0) {
        f(cell);
        continue;
      }
      if ((cell.flags & cell_flag::split) == 0) split(cell);
      for (std::size_t k = first; k < first + count; ++k) f(parts_[cell.parts][k]);
    }
  }
  void initialise(std::size_t offset, std::size_t n) {
    visit(offset, n, [](Cell& c) { c.flags |= cell_flag::initialised; });
  }
  /// As new.
  void clear();
  /// Accesses are forgotten, and what is initialised is not.
  void forget_accesses();

 private:
  void split(Cell& cell);
  std::size_t count_;
  std::unique_ptr<Cell[], void (*)(void*)> cells_;   // from calloc: what is never touched costs nothing
  std::vector<std::array<Cell, 4>> parts_;
};

}  // namespace antidrome::emulator
