// Named arrays in the memory of a device, which grow when a batch asks for more.
#pragma once
#include <algorithm>
#include <map>

#include "backends/cuda/device/device.hpp"

namespace antidrome::cuda {

class Memory {
 public:
  explicit Memory(Device& device) : device_(device) {}
  Memory(const Memory&) = delete;
  ~Memory() {
    for (const auto& [name, array] : arrays_)
      if (array.address) device_.free(array.address);
  }

  /// What is there of a smaller array is lost. `spare`: an array that grows is to have some room left over, since batches differ.
  Address reserve(const std::string& name, std::uint64_t bytes, bool spare = false) {
    Array& mine = arrays_[name];
    bytes = std::max<std::uint64_t>(bytes, 16);
    if (bytes <= mine.bytes) return mine.address;
    if (mine.address) device_.free(mine.address);
    if (mine.address && spare) bytes += bytes / 4;
    mine = {};
    mine.address = device_.allocate(bytes, name);
    mine.bytes = bytes;
    return mine.address;
  }
  /// 0: not there.
  Address find(const std::string& name) const {
    const auto found = arrays_.find(name);
    return found == arrays_.end() ? 0 : found->second.address;
  }
  Address at(const std::string& name) const { return arrays_.at(name).address; }

 private:
  struct Array { Address address = 0; std::uint64_t bytes = 0; };
  Device& device_;
  std::map<std::string, Array> arrays_;
};

}  // namespace antidrome::cuda
