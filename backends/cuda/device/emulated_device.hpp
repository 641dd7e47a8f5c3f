// The kernels on this machine's processor.
#pragma once
#include "backends/cuda/device/device.hpp"
#include "backends/cuda/emulator/emulator.hpp"

#include <filesystem>

namespace antidrome::cuda {

class EmulatedDevice : public Device {
 public:
  /// `module`: kernels.cu compiled for the emulator. Throws std::runtime_error when it cannot be loaded.
  explicit EmulatedDevice(const std::string& module, emulator::Options options = {}) : module_(emulator::Module::load(module)), device_(options) {}

  std::string name() const override { return "emulated"; }
  Address allocate(std::size_t bytes, const std::string& name) override { return address_of(device_.allocate(bytes, name)); }
  void free(Address a) override { device_.free(pointer_to(a)); }
  void upload(Address to, const void* from, std::size_t bytes) override { device_.upload(pointer_to(to), from, bytes); }
  void download(void* to, Address from, std::size_t bytes) override { device_.download(to, pointer_to(from), bytes); }
  void clear(Address a, std::size_t bytes) override { device_.clear(pointer_to(a), bytes); }
  void launch(const std::string& kernel, const LaunchShape& shape, std::span<const std::byte> arguments) override;
  std::uint32_t resident_blocks(const std::string&, std::uint32_t) override { return 1u << 20; }

  emulator::Device& emulator() { return device_; }

 private:
  static Address address_of(const void* p) { return reinterpret_cast<Address>(p); }
  static void* pointer_to(Address a) { return reinterpret_cast<void*>(a); }

  emulator::Module module_;
  emulator::Device device_;
};

/// Kernels under the emulator's checker, in an order of blocks and threads that ANTIDROME_ORDER draws (0: in order); a launch with a finding throws. Throws std::invalid_argument.
std::unique_ptr<Device> checked_device(const std::filesystem::path& folder);

}  // namespace antidrome::cuda
