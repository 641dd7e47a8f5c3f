// A generated simulator on a device: packs a batch, launches its kernels in their order, fetches what came out.
#pragma once
#include "backends/cuda/device/device.hpp"
#include "backends/cuda/device/events.hpp"
#include "backends/cuda/device/plan.hpp"

#include <map>

namespace antidrome::cuda {

class DeviceSimulator {
 public:
  DeviceSimulator(Plan plan, std::unique_ptr<Device> device);
  ~DeviceSimulator();
  DeviceSimulator(const DeviceSimulator&) = delete;

  const antidrome_simulator* abi() const { return &abi_; }
  const Plan& plan() const { return plan_; }
  Device& device() { return *device_; }
  /// Blocks of a trial at once, at most; 0: as many as the device holds. For tests of blocks that take several samples.
  void limit_blocks(std::uint32_t most) { most_blocks_ = most; }

 private:
  struct Array { Address address = 0; std::uint64_t bytes = 0; };

  static std::uint64_t workspace_bytes(void* self, const antidrome_settings* settings, std::uint64_t* tape_bytes);
  static int run(void* self, const antidrome_batch* batch);
  int run_batch(const antidrome_batch& batch);
  Sizes sizes_of(const antidrome_settings& settings) const;
  void reserve(const Sizes& sizes, bool backward, bool recording);
  void upload_parameters(const antidrome_batch& batch);
  void upload_batch(const antidrome_batch& batch);
  std::vector<std::byte> arguments(const antidrome_batch& batch, const Sizes& sizes, const std::vector<std::string>& whole = {}) const;
  void launch(const antidrome_batch& batch, const Sizes& sizes);
  void gather(const antidrome_batch& batch, const std::string& name);
  LaunchShape shape_of(const PlannedKernel& kernel, const Sizes& sizes);
  void fetch_results(const antidrome_batch& batch);
  void fetch_gradients(const antidrome_batch& batch);
  void fetch_record(const antidrome_record& record, const antidrome_settings& settings);
  template <class T> std::vector<T> fetch(const std::string& name, std::size_t n, std::size_t first = 0);
  std::vector<double> fetch_reals(const std::string& name, std::size_t n, std::size_t first = 0);
  template <class T> void put(const std::string& name, const std::vector<T>& values);

  Plan plan_;
  std::unique_ptr<Device> device_;
  std::map<std::string, Array> arrays_, whole_;  ///< of this process's share; of all processes, for kernels that look at the whole batch
  std::vector<PackedEvents> events_;            ///< per source, of this batch
  std::vector<std::uint32_t> strides_;          ///< of the host's parameters
  std::uint32_t most_blocks_ = 0;
  antidrome_simulator abi_{};
};

}  // namespace antidrome::cuda
