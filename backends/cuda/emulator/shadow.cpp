#include "backends/cuda/emulator/shadow.hpp"

#include <cstring>
#include <new>

namespace antidrome::emulator {

Shadow::Shadow(std::size_t bytes) : count_((bytes + 3) / 4), cells_(static_cast<Cell*>(std::calloc(count_ + 1, sizeof(Cell))), std::free) {
  if (cells_ == nullptr) throw std::bad_alloc();
}

void Shadow::clear() {
  std::memset(static_cast<void*>(cells_.get()), 0, count_ * sizeof(Cell));
  parts_.clear();
}

void Shadow::split(Cell& cell) {
  const auto index = static_cast<std::uint32_t>(parts_.size());
  parts_.push_back({cell, cell, cell, cell});
  cell.flags |= cell_flag::split;
  cell.parts = index;
}

void Shadow::forget_accesses() {
  const auto forget = [](Cell& c) {
    Cell fresh;
    fresh.flags = c.flags & cell_flag::lasting;
    fresh.parts = c.parts;
    c = fresh;
  };
  for (std::size_t k = 0; k < count_; ++k)
    if (cells_[k].flags != 0 || cells_[k].read_epoch != 0) forget(cells_[k]);
  for (auto& cells : parts_)
    for (Cell& c : cells) forget(c);
}

}  // namespace antidrome::emulator
