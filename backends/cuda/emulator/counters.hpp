// What kernels did: per kernel, and per line and kind of access.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "backends/cuda/emulator/report.hpp"

namespace antidrome::emulator {

enum class Access { global_load, global_store, global_atomic, shared_load, shared_store, shared_atomic };
std::string_view name_of(Access access);

/// Accesses of one line. A request is one access by the lanes of a warp that make it together. docs/emulator.md defines the model.
struct LineCounters {
  std::string kernel;
  Place place;
  Access access{};
  std::uint64_t requests = 0, lanes = 0, bytes = 0;
  std::uint64_t sectors = 0, ideal_sectors = 0;         ///< of 32 bytes; global memory
  std::uint64_t wavefronts = 0, ideal_wavefronts = 0;   ///< of 32 banks of 4 bytes; shared memory
  std::uint64_t depth = 0;                              ///< atomics: the most lanes on one address, summed over requests

  double lanes_per_request() const { return requests == 0 ? 0 : static_cast<double>(lanes) / static_cast<double>(requests); }
  double sector_efficiency() const { return sectors == 0 ? 1 : static_cast<double>(ideal_sectors) / static_cast<double>(sectors); }
  double conflicts() const { return ideal_wavefronts == 0 ? 1 : static_cast<double>(wavefronts) / static_cast<double>(ideal_wavefronts); }   ///< 1: none
  LineCounters& operator+=(const LineCounters& o);
};

struct KernelCounters {
  std::string kernel;
  std::uint64_t launches = 0, blocks = 0, warps = 0, threads = 0;
  std::uint64_t warp_barriers = 0;                      ///< __syncthreads, once for each warp
  std::uint64_t warp_operations = 0;                    ///< shuffles, votes, __syncwarp: once for the lanes that meet
  std::uint64_t switches = 0;                           ///< between threads: what the emulation costs
  std::uint64_t not_counted = 0;                        ///< accesses beyond what one warp may make between two meetings

  double barriers_per_warp() const { return warps == 0 ? 0 : static_cast<double>(warp_barriers) / static_cast<double>(warps); }
};

struct Counters {
  std::vector<KernelCounters> kernels;
  std::vector<LineCounters> lines;                      ///< by kernel, place and access

  /// Throws std::out_of_range for a kernel that was not launched.
  const KernelCounters& of(std::string_view kernel) const;
  /// All lines of a kernel together.
  LineCounters total(std::string_view kernel, Access access) const;
  std::string text() const;                             ///< two tables
};

}  // namespace antidrome::emulator
