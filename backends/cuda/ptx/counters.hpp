// What launches did: per kernel and per line, by class of instruction; and how long a device model takes for them.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "backends/cuda/ptx/classes.hpp"

namespace antidrome::ptx {

struct Dim {
  std::uint32_t x = 1, y = 1, z = 1;
  std::uint64_t size() const { return std::uint64_t{x} * y * z; }
  bool operator==(const Dim&) const = default;
};

/// Executions of instructions, each by one warp.
struct Executed {
  std::uint64_t warps = 0;                      ///< executions
  std::uint64_t lanes = 0;                      ///< lanes that took part, summed
  std::uint64_t traffic = 0, ideal = 0;         ///< sectors of 32 bytes of global memory, wavefronts of shared memory: asked for, and the fewest for as many bytes
  std::uint64_t hits = 0;                       ///< sectors of loads that L1 had, by the model
  std::uint64_t chain = 0;                      ///< cycles that the last warp at each barrier spent issuing this, and waiting for its result

  double lanes_per_warp() const { return warps == 0 ? 0 : static_cast<double>(lanes) / static_cast<double>(warps); }
  double efficiency() const { return traffic == 0 ? 1 : static_cast<double>(ideal) / static_cast<double>(traffic); }
  Executed& operator+=(const Executed& o);
  bool operator==(const Executed&) const = default;
};

using ByClass = std::array<Executed, classes>;

/// Instructions of one class at one line of the kernel's text. Line 0: the compiler's own.
struct LineReport {
  std::string kernel, file;
  std::uint32_t line = 0;
  Class cls{};
  Executed count;
};

/// One launch, by the model of time (DeviceModel, docs/ptx.md).
struct LaunchReport {
  std::string kernel;
  Dim grid, block;
  ByClass of{};
  std::uint64_t cycles = 0;                     ///< predicted: of the multiprocessor that is done last
  std::uint64_t longest_block = 0;              ///< cycles of the longest block alone
  std::uint64_t block_cycles = 0;               ///< summed over blocks
  std::uint64_t issue_cycles = 0;               ///< summed over warps: what the schedulers are busy for
  std::vector<LineReport> lines;                ///< by file, line and class

  const Executed& count(Class c) const { return of[static_cast<std::size_t>(c)]; }
  std::uint64_t instructions() const;           ///< of warps
};

struct KernelReport {
  std::string kernel;
  std::uint64_t launches = 0, blocks = 0, warps = 0;
  ByClass of{};
  std::uint64_t cycles = 0;                     ///< summed over launches

  const Executed& count(Class c) const { return of[static_cast<std::size_t>(c)]; }
  std::uint64_t instructions() const;
};

struct Counters {
  std::vector<KernelReport> kernels;            ///< in the order of their first launch
  std::vector<LineReport> lines;                ///< by kernel, file, line and class

  /// Throws std::out_of_range for a kernel that was not launched.
  const KernelReport& of(std::string_view kernel) const;
  std::string text() const;                     ///< a table of kernels, and one of the lines that access memory
};

}  // namespace antidrome::ptx
