#include "backends/cuda/device/interpreted_device.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace antidrome::cuda {

void InterpretedDevice::launch(const std::string& kernel, const LaunchShape& shape, std::span<const std::byte> arguments) {
  ptx::LaunchReport report = machine_.launch(kernel, {.grid = {shape.grid_x, shape.grid_y}, .block = {shape.threads}}, arguments);
  if (keeps_) launches_.push_back(std::move(report));
}

void InterpretedDevice::synchronise() {
  if (report_.empty()) return;
  std::ofstream(report_) << launches_text(launches_, gpu_);
  launches_.clear();
}

std::unique_ptr<InterpretedDevice> interpreted_device(const std::filesystem::path& folder, const ptx::Options& options) {
  const std::filesystem::path file = folder / "kernels.ptx";
  std::ifstream in(file, std::ios::binary);
  if (!in) throw std::runtime_error("there is no " + file.string() + ": antidrome-kernels " + folder.string() + " --device interpreted makes it, where there is a CUDA toolkit");
  std::string text(std::istreambuf_iterator<char>(in), {});
  return std::make_unique<InterpretedDevice>(ptx::parse(std::move(text), file.string()), options);
}

std::unique_ptr<InterpretedDevice> interpreted_device_as_asked(const std::filesystem::path& folder) {
  const char* model = std::getenv("ANTIDROME_GPU_MODEL");
  const char* file = std::getenv("ANTIDROME_LAUNCHES");
  if (!model || !file) return interpreted_device(folder);
  const GpuModel gpu = gpu_model(model);
  auto device = interpreted_device(folder, {.model = gpu.cycles});
  device->report_launches(gpu, file);
  return device;
}

}  // namespace antidrome::cuda
