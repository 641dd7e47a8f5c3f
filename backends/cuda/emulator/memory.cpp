#include "backends/cuda/emulator/memory.hpp"

#include <sys/mman.h>

#include <cstdlib>
#include <new>
#include <stdexcept>

#include <fmt/core.h>

namespace antidrome::emulator {

Memory::Memory(std::size_t address_space)
    : size_(address_space / granule * granule), count_(size_ / granule), granules_(static_cast<Allocation**>(std::calloc(count_, sizeof(Allocation*))), std::free) {
  if (granules_ == nullptr) throw std::bad_alloc();
  void* p = mmap(nullptr, size_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) throw std::bad_alloc();
  base_ = static_cast<std::byte*>(p);
}

Memory::~Memory() { munmap(base_, size_); }

Allocation& Memory::allocate(std::size_t bytes, std::string name) {
  // An allocation begins somewhere in its first granule: arrays that all began at multiples of 64 KB would lie in the same sets of the cache.
  const std::size_t offset = serial_++ * 7 % 61 * 256 + 256, used = (offset + bytes + granule - 1) / granule, count = 2 * used;
  if (bytes > size_) throw std::bad_alloc();
  std::size_t first = fresh_;
  if (const auto again = free_.lower_bound(count); again != free_.end() && again->first <= 2 * count) {
    first = again->second;
    const std::size_t rest = again->first - count;
    free_.erase(again);
    if (rest > 0) free_.emplace(rest, first + count);
  } else {
    if (fresh_ + count > count_) throw std::bad_alloc();
    fresh_ += count;
  }
  std::byte* pages = base_ + first * granule;
  if (mprotect(pages, used * granule, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
  auto made = std::make_unique<Allocation>(Allocation{pages + offset, bytes, std::move(name), nullptr});
  for (std::size_t g = first; g < first + used; ++g) granules_[g] = made.get();
  Allocation& a = *made;
  allocations_.emplace(a.begin, std::make_pair(std::move(made), Range{first, count}));
  return a;
}

void Memory::free(void* begin) {
  const auto at = allocations_.find(static_cast<std::byte*>(begin));
  if (at == allocations_.end()) throw std::invalid_argument(fmt::format("free of {}, which is {}", begin, describe(begin)));
  const auto [first, count] = at->second.second;
  std::byte* pages = base_ + first * granule;
  madvise(pages, count * granule, MADV_DONTNEED);
  mprotect(pages, count * granule, PROT_NONE);
  for (std::size_t g = first; g < first + count; ++g) granules_[g] = nullptr;
  allocations_.erase(at);
  free_.emplace(count, first);
}

Allocation& Memory::holding(const void* p, std::size_t n) {
  Allocation* a = on_page_of(p);
  if (a == nullptr || !a->contains(p, n)) throw std::invalid_argument(fmt::format("{} bytes at {}: that is {}", n, p, a != nullptr && a->contains(p, 0) ? fmt::format("more than '{}' has from there ({} bytes in all)", a->name, a->bytes) : describe(p)));
  return *a;
}

std::string Memory::describe(const void* p) const {
  if (!contains(p)) return "no address of the device";
  const auto* at = static_cast<const std::byte*>(p);
  const auto above = allocations_.upper_bound(const_cast<std::byte*>(at));
  const Allocation* before = above == allocations_.begin() ? nullptr : std::prev(above)->second.first.get();
  const Allocation* behind = above == allocations_.end() ? nullptr : above->second.first.get();
  if (before != nullptr && at < before->begin + before->bytes) return fmt::format("byte {} of '{}' ({} bytes)", at - before->begin, before->name, before->bytes);
  if (before != nullptr && (behind == nullptr || at - (before->begin + before->bytes) <= behind->begin - at))
    return fmt::format("{} bytes past the end of '{}' ({} bytes)", at - (before->begin + before->bytes), before->name, before->bytes);
  if (behind != nullptr) return fmt::format("{} bytes before '{}' ({} bytes)", behind->begin - at, behind->name, behind->bytes);
  return "memory of the device that was never allocated";
}

}  // namespace antidrome::emulator
