// The fused schedule for blocks of threads (a GPU): one block owns one sample for the whole trial. The same phases as on a CPU
// (phases.hpp), with other loops around them: neurons live in the registers of the lane that owns them, spikes go from warp to warp through
// lists in shared memory, and barriers stand exactly where one thread reads what another wrote.
#pragma once
#include <algorithm>

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
  elements,     ///< as many blocks as `rows`, whose threads take the elements of parameters in turns
};
/// Blocks of Grid::elements.
constexpr int element_blocks = 64;

struct DeviceKernel {
  std::string name, note;
  Grid grid = Grid::one;
  int threads = 32;
  int least_blocks = 1;           ///< blocks that shall fit on a multiprocessor: bounds the registers
  bool backward = false;          ///< only where gradients are asked for
  bool updates = false;           ///< only where the optimiser's step is asked for
  int rows = 0;                   ///< Grid::rows, Grid::elements; Grid::chunks: times so many
  int slice = 0;                  ///< columns that a block stays with, so that what it reads again comes from L1; 0: whole rows
  int rows_of_lane = 1;           ///< rows of a matrix that the lanes of one slice of it sum beside each other
  std::vector<std::string> whole; ///< arrays of which it reads every sample, or chunk, of the batch: several processes exchange them first
  Node body;
};

/// An array in the memory of a device: `count` elements times every factor.
struct DeviceArray {
  enum class Type { real, wide, f32, u32, u16, i32 };
  enum class Factor { samples, steps, steps_and_one, capacity, listed_capacity, chunks, events };   ///< listed_capacity: spikes by unit, each unit's filled up to groups of four
  std::string name;
  Type type = Type::real;
  int count = 1;
  std::vector<Factor> factors;
  std::string of;               ///< parameter or source that it belongs to
  bool zeroed = false;          ///< zero when a batch begins
  bool backward = false;        ///< only where gradients are asked for
  bool updates = false;         ///< only where the device moves parameters
  std::string note;
};

/// A parameter in that memory: rows of `stride` elements; a matrix has one row of zeros more, which the null unit reaches.
struct DeviceParameter { std::string name; int rows = 1, cols = 1, stride = 1; bool matrix = false, trainable = false; };

struct DeviceModule {
  KernelModule base;              ///< cells, edges, parameters, constants, buffers; its `batch` is empty
  std::vector<Role> roles;
  std::vector<SpikeRecord> records;
  int dot_warps = 0;              ///< warps of the backward pass that take the spikes of each step,
  int first_dot_warp = 0;         ///< from this one on: those of the last populations, where they do not fire, and others behind them
  std::map<std::string, int> slots;   ///< lane buffers share registers between roles: number of the register array
  int unroll = 4;                 ///< steps of the forward pass unrolled: inputs are fetched this many steps ahead
  int losses = 0;
  std::vector<DeviceKernel> kernels;  ///< in the order of their launches
  std::vector<DeviceArray> arrays;
  std::vector<DeviceParameter> parameters;

  const Role* role(std::string_view cell) const;   ///< null: nothing of this cell is computed here (a plain source)
  const SpikeRecord* record(std::string_view cell) const;
  int warps() const;              ///< that own neurons
  int backward_warps() const { return std::max(warps(), first_dot_warp + dot_warps); }
  int slot_width() const;         ///< largest per_lane
  int slot_count() const;
  int padded(std::string_view cell) const;             ///< neurons of the cell's lanes, the unused ones included; of a plain source: its units
  int neurons() const;                                 ///< of all populations
  const DeviceParameter& parameter(std::string_view name) const;
};

const char* spelling(DeviceArray::Type);
const char* spelling(DeviceArray::Factor);

std::string print(const DeviceModule&);            ///< for `--dump-ir=device` and tests

/// Errors: AD306 exact mode, AD307 too many neurons for one block.
DeviceModule lower_for_device(const ir::Program&, const LowerOptions&, Diagnostics&);

}  // namespace antidrome::kernel
