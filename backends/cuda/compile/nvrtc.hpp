// NVIDIA's run-time compiler. It needs neither a driver nor a GPU.
#pragma once
#include <string>
#include <vector>

namespace antidrome::cuda {

struct GpuCompile {
  std::string source;                           ///< file
  std::string architecture;                     ///< "sm_90", or "compute_90" for PTX
  std::vector<std::string> include, options;
  bool ptx = false;
};
struct Compiled { bool ok = false; std::string binary, log; };

/// Throws std::runtime_error when a file cannot be read or NVRTC does not start.
Compiled compile_with_nvrtc(const GpuCompile& request);

/// "sm_90" of the first GPU; empty when there is none.
std::string native_architecture();

}  // namespace antidrome::cuda
