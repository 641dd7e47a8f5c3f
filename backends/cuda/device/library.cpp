// The library that every manifest of this backend names: opens the device that ANTIDROME_DEVICE asks for, and the kernels beside the manifest.
#include <cstdio>
#include <cstdlib>

#include "backends/cuda/device/emulated_device.hpp"
#include "backends/cuda/device/interpreted_device.hpp"
#include "backends/cuda/device/simulator.hpp"
#ifdef ANTIDROME_WITH_GPU
#include "backends/cuda/device/gpu_device.hpp"
#endif

namespace {

using namespace antidrome::cuda;

std::unique_ptr<Device> open_device(const std::filesystem::path& folder) {
  const char* asked = std::getenv("ANTIDROME_DEVICE");
  const std::string device = asked && *asked ? asked : "gpu";
  if (device == "checked") return checked_device(folder);
  if (device == "emulated") return std::make_unique<EmulatedDevice>((folder / "kernels.so").string());
  if (device == "interpreted") return interpreted_device_as_asked(folder);
  if (device != "gpu") throw std::runtime_error("the device is 'gpu', 'emulated', 'checked' or 'interpreted', not '" + device + "'");
#ifdef ANTIDROME_WITH_GPU
  return open_gpu(folder);
#else
  throw std::runtime_error("antidrome was built without the CUDA toolkit and cannot use a GPU. Run with --device emulated, or build antidrome where nvcc and cudart are found");
#endif
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const antidrome_simulator* antidrome_open(const char* directory, char* message, std::uint64_t message_bytes) {
  try {
    const std::filesystem::path folder(directory);
    // lives as long as the process, like the library itself
    auto* simulator = new DeviceSimulator(read_plan(folder / "kernels.json"), open_device(folder));
    return simulator->abi();
  } catch (const std::exception& error) {
    std::snprintf(message, message_bytes, "%s", error.what());
    return nullptr;
  }
}
