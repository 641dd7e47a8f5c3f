// A CUDA GPU, by the runtime library alone.
#pragma once
#include <filesystem>

#include "backends/cuda/device/device.hpp"

namespace antidrome::cuda {

/// The first GPU, with the kernels that `folder` holds for it: kernels.sm_90.cubin and the like. Throws std::runtime_error that says in one line what is
/// missing: a driver, a GPU, kernels for its architecture.
std::unique_ptr<Device> open_gpu(const std::filesystem::path& folder);

}  // namespace antidrome::cuda
