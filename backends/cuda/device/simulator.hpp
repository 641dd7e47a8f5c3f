// A generated simulator on a device: packs a batch, launches its kernels in their order, fetches what came out.
#pragma once
#include "backends/cuda/device/device.hpp"
#include "backends/cuda/device/inputs.hpp"
#include "backends/cuda/device/memory.hpp"
#include "backends/cuda/device/plan.hpp"

namespace antidrome::cuda {

class DeviceSimulator {
 public:
  DeviceSimulator(Plan plan, std::unique_ptr<Device> device);
  DeviceSimulator(const DeviceSimulator&) = delete;

  const antidrome_simulator* abi() const { return &abi_; }
  const Plan& plan() const { return plan_; }
  Device& device() { return *device_; }
  /// Blocks of a trial at once, at most; 0: as many as the device holds. For tests of blocks that take several samples.
  void limit_blocks(std::uint32_t most) { most_blocks_ = most; }

 private:
  static std::uint64_t workspace_bytes(void* self, const antidrome_settings* settings, std::uint64_t* tape_bytes);
  static int run(void* self, const antidrome_batch* batch);
  int run_batch(const antidrome_batch& batch);
  Sizes sizes_of(const antidrome_settings& settings) const;
  void reserve(const Sizes& sizes, const antidrome_batch& batch);
  std::vector<std::byte> arguments(const antidrome_batch& batch, const Sizes& sizes, const std::vector<std::string>& whole = {}) const;
  void launch(const antidrome_batch& batch, const Sizes& sizes);
  void gather(const antidrome_batch& batch, const std::string& name);
  LaunchShape shape_of(const PlannedKernel& kernel, const Sizes& sizes);
  // state.cpp: parameters, what the optimiser keeps beside them, the numbers of its step
  static void put(void* self, const antidrome_state* state);
  static void fetch(void* self, const antidrome_state* state);
  void put_parameters(const void* const* parameters);
  void put_state(const antidrome_state& state);
  void fetch_state(const antidrome_state& state);
  void put_rows(const PlannedParameter& parameter, std::size_t number, const void* from, const std::string& array, bool null_row);
  void fetch_rows(const PlannedParameter& parameter, std::size_t number, void* to, const std::string& array);
  void put_update(const antidrome_update& update);
  void fetch_update(antidrome_update& update);
  // results.cpp
  void fetch_results(const antidrome_batch& batch);
  void fetch_gradients(const antidrome_batch& batch);
  void fetch_record(const antidrome_record& record, const antidrome_settings& settings);
  template <class T> std::vector<T> fetch(const std::string& name, std::size_t n, std::size_t first = 0) {
    std::vector<T> out(n);
    if (n > 0) device_->download(out.data(), arrays_.at(name) + first * sizeof(T), n * sizeof(T));
    return out;
  }
  std::vector<double> fetch_reals(const std::string& name, std::size_t n, std::size_t first = 0);

  Plan plan_;
  std::unique_ptr<Device> device_;
  Memory arrays_, whole_;                       ///< of this process's share; of all processes, for kernels that look at the whole batch
  Inputs inputs_;
  const Input* input_ = nullptr;                ///< of the batch that runs
  std::vector<std::uint32_t> strides_;          ///< of the host's parameters
  std::uint32_t most_blocks_ = 0;
  bool holds_ = false, moves_ = false;          ///< parameters were put; with what the optimiser keeps
  antidrome_simulator abi_{};
};

/// `wide` of the kernels: two floats that add up to x, or x itself.
void append_wide(std::vector<std::byte>& out, double x, bool single);

}  // namespace antidrome::cuda
