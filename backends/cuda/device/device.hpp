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
  bool operator==(const LaunchShape&) const = default;
};

struct Upload {
  Address to = 0;
  const void* from = nullptr;
  std::size_t bytes = 0;
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
  /// What is cleared and launched between these two goes to the device at once, as one graph, where it has such.
  virtual void begin_graph() {}
  virtual void launch_graph() {}
  /// Uploads into memory that nothing launched so far uses, beside what runs. The sources may go when this returns.
  virtual void upload_beside(std::span<const Upload> uploads) {
    for (const Upload& u : uploads) upload(u.to, u.from, u.bytes);
  }
  /// What comes from here on finds these uploads done.
  virtual void join_uploads() {}
  /// Launches are in order with everything else. `arguments`: the bytes of the kernel's one parameter.
  virtual void launch(const std::string& kernel, const LaunchShape& shape, std::span<const std::byte> arguments) = 0;
  virtual void synchronise() {}
  /// Blocks of this kernel that the device holds at once; a trial's block goes on with the next sample when it has finished one.
  virtual std::uint32_t resident_blocks(const std::string& kernel, std::uint32_t threads) = 0;
};

}  // namespace antidrome::cuda
