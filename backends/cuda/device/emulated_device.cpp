#include "backends/cuda/device/emulated_device.hpp"

#include <cstdlib>
#include <fmt/format.h>
#include <stdexcept>

namespace antidrome::cuda {

void EmulatedDevice::launch(const std::string& kernel, const LaunchShape& shape, std::span<const std::byte> arguments) {
  if (!device_.launch(module_.kernel(kernel), {.grid = {shape.grid_x, shape.grid_y}, .block = {shape.threads}}, arguments))
    throw std::runtime_error("kernel '" + kernel + "' did not come to its end:\n" + device_.report().text());
}

namespace {

class CheckedDevice final : public EmulatedDevice {
 public:
  CheckedDevice(const std::string& module, std::uint64_t order) : EmulatedDevice(module, {.seed = order, .check = true}) {}

  std::string name() const override { return "emulated, checked"; }
  void launch(const std::string& kernel, const LaunchShape& shape, std::span<const std::byte> arguments) override {
    EmulatedDevice::launch(kernel, shape, arguments);
    if (const emulator::Report report = emulator().report(); !report.clean()) throw std::runtime_error("kernel '" + kernel + "' is wrong; this is our bug, please report it with the model:\n" + report.text());
  }
};

}  // namespace

std::unique_ptr<Device> checked_device(const std::filesystem::path& folder) {
  const char* text = std::getenv("ANTIDROME_ORDER");
  char* end = nullptr;
  const unsigned long long order = text && *text ? std::strtoull(text, &end, 10) : 0;
  if (end && *end) throw std::invalid_argument(fmt::format("ANTIDROME_ORDER is '{}': it is the seed of an order, a number; 0: in order", text));
  return std::make_unique<CheckedDevice>((folder / "kernels_checked.so").string(), order);
}

}  // namespace antidrome::cuda
