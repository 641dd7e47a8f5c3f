// The kernels as their compiler's PTX, interpreted.
#pragma once
#include <filesystem>

#include "backends/cuda/device/device.hpp"
#include "backends/cuda/device/gpu_model.hpp"
#include "backends/cuda/ptx/machine.hpp"

namespace antidrome::cuda {

class InterpretedDevice final : public Device {
 public:
  /// Throws ptx::Error for PTX that the interpreter does not know.
  explicit InterpretedDevice(ptx::Syntax module, const ptx::Options& options = {}) : machine_(std::move(module), options), multiprocessors_(options.model.multiprocessors), resident_(options.model.resident_blocks) {}

  std::string name() const override { return "interpreted"; }
  Address allocate(std::size_t bytes, const std::string& what) override { return machine_.allocate(bytes, what); }
  void free(Address a) override { machine_.free(a); }
  void upload(Address to, const void* from, std::size_t bytes) override { machine_.upload(to, from, bytes); }
  void download(void* to, Address from, std::size_t bytes) override { machine_.download(to, from, bytes); }
  void clear(Address a, std::size_t bytes) override { machine_.clear(a, bytes); }
  void launch(const std::string& kernel, const LaunchShape& shape, std::span<const std::byte> arguments) override;
  void synchronise() override;
  std::uint32_t resident_blocks(const std::string&, std::uint32_t) override { return multiprocessors_ * resident_; }

  ptx::Machine& machine() { return machine_; }
  /// From now on, keep what launches() answers; a training run has too many of them.
  void keep_launches() { keeps_ = true; }
  /// After each batch, the model's times of its launches go there (gpu_model.hpp).
  void report_launches(GpuModel gpu, std::filesystem::path file) { gpu_ = std::move(gpu), report_ = std::move(file), keeps_ = true; }
  /// Counters and predicted cycles of each launch, in their order.
  const std::vector<ptx::LaunchReport>& launches() const { return launches_; }

 private:
  ptx::Machine machine_;
  std::uint32_t multiprocessors_, resident_;
  bool keeps_ = false;
  std::vector<ptx::LaunchReport> launches_;
  GpuModel gpu_;
  std::filesystem::path report_;
};

/// With the kernels that `folder` holds: kernels.ptx. Throws std::runtime_error when there are none.
std::unique_ptr<InterpretedDevice> interpreted_device(const std::filesystem::path& folder, const ptx::Options& options = {});

/// As the environment asks: ANTIDROME_GPU_MODEL names a GPU whose launches are modelled, ANTIDROME_LAUNCHES the file that takes them. Throws std::invalid_argument.
std::unique_ptr<InterpretedDevice> interpreted_device_as_asked(const std::filesystem::path& folder);

}  // namespace antidrome::cuda
