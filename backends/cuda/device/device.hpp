// A device as the simulator needs it: memory, and kernels by name. Implementations: a GPU, the emulator, the interpreter of PTX.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace antidrome::cuda {

using Address = std::uint64_t;

struct LaunchShape {
  std::uint32_t grid_x = 1, grid_y = 1, threads = 32;
};

class Device {
 public:
  virtual ~Device() = default;
  virtual std::string name() const = 0;
  virtual Address allocate(std::size_t bytes, const std::string& name) = 0;
  virtual void free(Address) = 0;
  virtual void upload(Address to, const void* from, std::size_t bytes) = 0;
  virtual void download(void* to, Address from, std::size_t bytes) = 0;
  virtual void clear(Address, std::size_t bytes) = 0;
  /// By way of the host, unless the device knows better.
  virtual void copy(Address to, Address from, std::size_t bytes) {
    std::vector<std::byte> block(bytes);
    download(block.data(), from, bytes);
    upload(to, block.data(), bytes);
  }
  /// Launches are in order with everything else. `arguments`: the bytes of the kernel's one parameter.
  virtual void launch(const std::string& kernel, const LaunchShape& shape, std::span<const std::byte> arguments) = 0;
  virtual void synchronise() {}
  /// Blocks of this kernel that the device holds at once; a trial's block goes on with the next sample when it has finished one.
  virtual std::uint32_t resident_blocks(const std::string& kernel, std::uint32_t threads) = 0;
};

}  // namespace antidrome::cuda
