#include "backends/cuda/ptx/memory.hpp"

#include <cstring>
#include <stdexcept>

#include <fmt/core.h>

#include "backends/cuda/ptx/kernel.hpp"

namespace antidrome::ptx {

namespace {
constexpr std::uint64_t gap = 4096, alignment = 256;
}

Memory::Memory() : next_(global_begin) {}

std::uint64_t Memory::allocate(std::size_t bytes, std::string name) {
  const std::uint64_t begin = next_;
  place(begin, bytes, std::move(name));
  next_ += (bytes + gap + alignment - 1) / alignment * alignment;
  return begin;
}

void Memory::place(std::uint64_t begin, std::size_t bytes, std::string name) {
  Allocation a{begin, bytes, std::move(name), std::make_unique<std::byte[]>(bytes + 1)};
  std::memset(a.data.get(), 0xff, bytes);
  allocations_.emplace(begin, std::move(a));
}

void Memory::free(std::uint64_t begin) {
  if (allocations_.erase(begin) == 0) throw std::invalid_argument(fmt::format("{:#x} is not the beginning of an allocation", begin));
}

Allocation* Memory::find(std::uint64_t address, std::size_t bytes) {
  auto after = allocations_.upper_bound(address);
  if (after == allocations_.begin()) return nullptr;
  Allocation& a = std::prev(after)->second;
  return a.holds(address, bytes) ? &a : nullptr;
}

std::string Memory::describe(std::uint64_t address) const {
  const auto after = allocations_.upper_bound(address);
  if (after == allocations_.begin()) return "no allocation is near";
  const Allocation& a = std::prev(after)->second;
  const std::uint64_t at = address - a.begin;
  return fmt::format("that is byte {} of '{}', which has {}", at, a.name, a.bytes);
}

}  // namespace antidrome::ptx
