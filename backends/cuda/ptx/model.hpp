// How long a GPU is taken to need for an instruction. Numbers of a device, all of them here.
#pragma once
#include <cstdint>

namespace antidrome::ptx {

/// In cycles. Latency: from the issue to the first instruction that can use the result. Issue: how long the scheduler, or the pipe behind it, is taken.
/// The defaults are for compute capability 9.0, from published microbenchmarks; docs/ptx.md says what of a GPU the model leaves out.
struct DeviceModel {
  std::uint32_t alu = 4;                        ///< integers, single precision, moves
  std::uint32_t convert = 8;
  std::uint32_t fp64 = 8;
  std::uint32_t special = 16;                   ///< reciprocals, roots, powers and logarithms of two
  std::uint32_t divide = 40;                    ///< divisions, exact roots and reciprocals: a sequence of instructions on a GPU
  std::uint32_t parameter = 8;
  std::uint32_t shared = 30, shuffle = 25, vote = 12, barrier = 20;
  std::uint32_t l1 = 35, l2 = 270, local = 35;
  std::uint32_t atomic = 270, shared_atomic = 60;

  std::uint32_t issue = 1, issue_convert = 2, issue_fp64 = 2, issue_special = 8, issue_divide = 16;
  std::uint32_t per_wavefront = 1;              ///< each wavefront of shared memory takes the pipe
  std::uint32_t sectors_per_cycle = 4;          ///< of global memory, out of L1

  std::uint32_t l1_bytes = 128 * 1024;          ///< 0: every load comes from L2
  std::uint32_t schedulers = 4;                 ///< of a multiprocessor; warps are dealt to them in turn
  std::uint32_t multiprocessors = 132;
  std::uint32_t resident_blocks = 1;            ///< of the kernel, on one multiprocessor
};

}  // namespace antidrome::ptx
