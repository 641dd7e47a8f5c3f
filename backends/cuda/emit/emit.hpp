// The CUDA printer: a device module as one file of kernels, and the plan by which a host allocates memory and launches them.
#pragma once
#include <string>

#include "codegen/kernel_ir/device/device.hpp"

namespace antidrome::cuda {

/// kernels.cu. It includes <antidrome/device.h> and nothing else of ours; nvcc, NVRTC, clang and (for a CPU) g++ compile it.
std::string emit_kernels(const kernel::DeviceModule& module);

/// kernels.json: arrays in the order of the fields of `Arguments`, kernels in the order of their launches.
std::string emit_plan(const kernel::DeviceModule& module);

}  // namespace antidrome::cuda
