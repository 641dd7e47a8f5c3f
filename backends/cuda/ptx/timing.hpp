// The model of time: each warp issues in order, an instruction when its operands are ready; warps share schedulers. docs/ptx.md states it.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "backends/cuda/ptx/kernel.hpp"
#include "backends/cuda/ptx/model.hpp"

namespace antidrome::ptx {

/// Cycles of an instruction, apart from what its traffic adds.
struct Cost {
  std::uint32_t latency = 0, issue = 1;
};

std::vector<Cost> costs(const Kernel& kernel, const DeviceModel& model);

/// All instructions in the order in which a warp that runs through them issues them: each piece by itself.
std::vector<std::uint32_t> issue_order(const Kernel& kernel, const std::vector<Cost>& costs, const DeviceModel& model);

struct Warp;
struct Moved;

/// The time of one block, from its first instruction.
class BlockClock {
 public:
  explicit BlockClock(const DeviceModel& model) : model_(&model), busy_(std::max(1u, model.schedulers)) {}

  /// `w` issues the instruction, whose traffic is known.
  void issue(Warp& w, const Instruction& i, std::uint32_t number, Cost cost, const Moved& moved);
  /// A barrier opens for these warps; whole: for all that are left.
  void release(const std::vector<Warp*>& warps, bool whole);
  /// When the last warp has issued its last instruction.
  void finish(std::uint64_t warp_clock) { end_ = std::max(end_, warp_clock); }
  std::uint64_t cycles() const;
  std::uint64_t issued() const { return issued_; }

 private:
  std::uint64_t busiest() const;

  const DeviceModel* model_;
  std::vector<std::uint64_t> busy_;             ///< of each scheduler, since the last barrier
  std::uint64_t since_ = 0, end_ = 0, issued_ = 0;
};

/// Blocks on the multiprocessors of a device, dealt in turn; each holds so many at once.
class DeviceClock {
 public:
  explicit DeviceClock(const DeviceModel& model);
  void add_block(std::uint64_t cycles, std::uint64_t issued);
  /// When the last multiprocessor is done: the longest chain of blocks, or its schedulers.
  std::uint64_t cycles() const;

 private:
  const DeviceModel& model_;
  std::vector<std::uint64_t> places_;           ///< [multiprocessor][resident block]: when the block there ends
  std::vector<std::uint64_t> issued_;           ///< [multiprocessor]
  std::uint64_t blocks_ = 0;
};

}  // namespace antidrome::ptx
