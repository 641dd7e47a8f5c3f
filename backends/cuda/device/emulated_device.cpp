#include "backends/cuda/device/emulated_device.hpp"

#include <stdexcept>

namespace antidrome::cuda {

void EmulatedDevice::launch(const std::string& kernel, const LaunchShape& shape, std::span<const std::byte> arguments) {
  if (!device_.launch(module_.kernel(kernel), {.grid = {shape.grid_x, shape.grid_y}, .block = {shape.threads}}, arguments))
    throw std::runtime_error("kernel '" + kernel + "' did not come to its end:\n" + device_.report().text());
}

}  // namespace antidrome::cuda
