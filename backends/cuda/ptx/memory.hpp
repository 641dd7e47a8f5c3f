// Global memory: allocations with bounds.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace antidrome::ptx {

struct Allocation {
  std::uint64_t begin = 0;
  std::size_t bytes = 0;
  std::string name;
  std::unique_ptr<std::byte[]> data;

  bool holds(std::uint64_t address, std::size_t n) const { return address - begin <= bytes && n <= bytes - (address - begin); }
  std::byte* at(std::uint64_t address) const { return data.get() + (address - begin); }
};

/// Addresses depend on the order of allocations alone. Between two allocations lies a gap, so that no index error goes from one into the next.
class Memory {
 public:
  Memory();
  /// Filled with bytes 0xff, which are NaN as numbers and out of range as indices. Aligned to 256 bytes.
  std::uint64_t allocate(std::size_t bytes, std::string name);
  /// At an address of its own, beyond those of allocate().
  void place(std::uint64_t begin, std::size_t bytes, std::string name);
  void free(std::uint64_t begin);
  /// Null: the bytes are not all in one allocation.
  Allocation* find(std::uint64_t address, std::size_t bytes);
  /// For messages: what lies at or before the address.
  std::string describe(std::uint64_t address) const;

 private:
  std::map<std::uint64_t, Allocation> allocations_;
  std::uint64_t next_;
};

}  // namespace antidrome::ptx
