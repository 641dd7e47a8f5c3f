// The fused schedule for blocks of threads (a GPU): one block owns one sample for the whole trial. The same phases as on a CPU
// (phases.hpp), with other loops around them: neurons live in the registers of the lane that owns them, spikes go from warp to warp through
// lists in shared memory, and barriers stand exactly where one thread reads what another wrote.
#pragma once
#include "codegen/kernel_ir/kernel.hpp"

namespace antidrome::kernel {

/// Consecutive warps that own the neurons of a cell: neuron j belongs to lane j / per_lane % 32 of the cell's warp j / (32 per_lane).
struct Role {
  std::string cell;
  int size = 0, per_lane = 1, warps = 1, first_warp = 0;
  int padded() const { return 32 * per_lane * warps; }
};

/// The numbers that a spike leaves for its own jump on the way back, side by side: [spike][members].
struct SpikeRecord { std::string cell; std::vector<std::string> members; };

/// How many blocks a kernel is launched with.
enum class Grid {
  one,          ///< one block
  samples,      ///< a block per sample, as many as are resident
  chunks,       ///< a warp per 32 steps of a sample
  rows,         ///< a warp per row of a matrix, times the groups of samples that give partial sums
  elements,     ///< a thread per element of a parameter
};

struct DeviceKernel {
  std::string name, note;
  Grid grid = Grid::one;
  int threads = 32;
  int least_blocks = 1;           ///< blocks that shall fit on a multiprocessor: bounds the registers
  bool backward = false;          ///< only where gradients are asked for
  int rows = 0;                   ///< Grid::rows, Grid::elements
  Node body;
};

struct DeviceModule {
  KernelModule base;              ///< cells, edges, parameters, constants, buffers; its `batch` is empty
  std::vector<Role> roles;
  std::vector<SpikeRecord> records;
  std::map<std::string, int> slots;   ///< lane buffers share registers between roles: number of the register array
  int unroll = 4;                 ///< steps of the forward pass unrolled: inputs are fetched this many steps ahead
  int losses = 0;
  std::vector<DeviceKernel> kernels;  ///< in the order of their launches

  const Role* role(std::string_view cell) const;   ///< null: nothing of this cell is computed here (a plain source)
  const SpikeRecord* record(std::string_view cell) const;
  int warps() const;
  int slot_width() const;         ///< largest per_lane
  int slot_count() const;
};

std::string print(const DeviceModule&);            ///< for `--dump-ir=device` and tests

/// Errors: AD306 exact mode, AD307 too many neurons for one block.
DeviceModule lower_for_device(const ir::Program&, const LowerOptions&, Diagnostics&);

}  // namespace antidrome::kernel
