// GPUs as a model of time knows them. Nothing here was measured by us: data sheets and published microbenchmarks.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "backends/cuda/ptx/machine.hpp"

namespace antidrome::cuda {

struct GpuModel {
  std::string name, title;
  double ghz = 1, l2_gb_s = 1, memory_gb_s = 1;
  double launch_us = 1;                         ///< from the end of one node of a graph to the beginning of the next
  ptx::DeviceModel cycles;
};

/// Throws std::invalid_argument with the names that there are.
GpuModel gpu_model(std::string_view name);

/// One launch with the times that bound it, in microseconds: the longest of them is what it takes.
struct ModelledLaunch {
  ptx::LaunchReport counted;
  double cycles_us = 0;                         ///< the chain of dependent instructions and the issue slots of a multiprocessor
  double sectors_us = 0;                        ///< 32-byte sectors that L1 did not have, by way of L2
  double longest_us() const { return cycles_us < sectors_us ? sectors_us : cycles_us; }
};
std::vector<ModelledLaunch> model_time(const std::vector<ptx::LaunchReport>& launches, const GpuModel& gpu);

/// The launches of a batch as JSON, each number beside the counter that it comes from.
std::string launches_text(const std::vector<ptx::LaunchReport>& launches, const GpuModel& gpu);

}  // namespace antidrome::cuda
