// Global memory of the emulated device: allocations in a range of addresses of their own, far apart.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "backends/cuda/emulator/shadow.hpp"

namespace antidrome::emulator {

struct Allocation {
  std::byte* begin = nullptr;
  std::size_t bytes = 0;
  std::string name;
  std::unique_ptr<Shadow> shadow;               // what the checker knows of it; none without one
  bool contains(const void* p, std::size_t n) const { return static_cast<std::size_t>(static_cast<const std::byte*>(p) - begin) <= bytes && n <= bytes - static_cast<std::size_t>(static_cast<const std::byte*>(p) - begin); }
};

/// Each allocation has pages of its own, and at least as many inaccessible addresses behind it: what goes far beyond an array faults even without a checker.
class Memory {
 public:
  /// Reserves addresses, not memory.
  explicit Memory(std::size_t address_space);
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  /// Aligned to 256 bytes. Throws std::bad_alloc.
  Allocation& allocate(std::size_t bytes, std::string name);
  /// Throws std::invalid_argument for an address that is not the beginning of an allocation.
  void free(void* begin);

  bool contains(const void* p) const { return static_cast<std::size_t>(static_cast<const std::byte*>(p) - base_) < size_; }
  /// The allocation of these pages, or null. The address may still lie beside it.
  Allocation* on_page_of(const void* p) { return contains(p) ? granules_[static_cast<std::size_t>(static_cast<const std::byte*>(p) - base_) >> granule_bits] : nullptr; }
  /// The allocation that holds all n bytes. Throws std::invalid_argument that says what is there.
  Allocation& holding(const void* p, std::size_t n);
  template <class F>
  void for_each(F f) {
    for (auto& [begin, a] : allocations_) f(*a.first);
  }
  /// "4 bytes past the end of 'weights' (1024 bytes)": by the nearest allocation.
  std::string describe(const void* p) const;

 private:
  static constexpr unsigned granule_bits = 16;
  static constexpr std::size_t granule = std::size_t{1} << granule_bits;
  struct Range { std::size_t first, count; };   // of granules

  std::byte* base_ = nullptr;
  std::size_t size_ = 0, fresh_ = 1, serial_ = 0;
  std::size_t count_ = 0;                       // of granules
  std::unique_ptr<Allocation*[], void (*)(void*)> granules_;   // from calloc: pages that are never touched cost nothing
  std::map<std::byte*, std::pair<std::unique_ptr<Allocation>, Range>> allocations_;
  std::multimap<std::size_t, std::size_t> free_;   // granules of a range that can be used again → its first
};

}  // namespace antidrome::emulator
