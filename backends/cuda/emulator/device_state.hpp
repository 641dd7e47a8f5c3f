// What a Device has inside, and what running kernels call.
#pragma once
#include <array>
#include <cstdlib>
#include <map>
#include <memory>
#include <vector>

#include "backends/cuda/emulator/block.hpp"
#include "backends/cuda/emulator/checker.hpp"
#include "backends/cuda/emulator/faults.hpp"
#include "backends/cuda/emulator/findings.hpp"
#include "backends/cuda/emulator/memory.hpp"
#include "backends/cuda/emulator/module.hpp"
#include "backends/cuda/emulator/places.hpp"

namespace antidrome::emulator {

struct Device::State {
  explicit State(const Options& o);

  bool launch(const Kernel& kernel, const Shape& shape, std::span<const std::byte> arguments);

  void written(void* to, std::size_t bytes);

  Options options;
  Memory memory;
  Order order;
  Block block;
  Findings findings;
  Places places;
  std::unique_ptr<Checker> checker;             // of a device that checks
  std::vector<KernelCounters> kernels;          // by the order of their first launches

 private:
  void check(const Kernel& kernel, const Shape& shape, std::span<const std::byte> arguments) const;
  void order_blocks(std::uint64_t count);
  bool run_blocks(const Shape& shape, emulated::State& state, FaultGuard& guard);
  void tell(const Stopped& stopped);
  void tell(const Fault& fault);
  void find(Defect defect, const Call& at, const Call& other, const std::function<std::string()>& what);
  KernelCounters& counters_of(const std::string& kernel);

  // The functions of emulated::Host.
  static emulated::Votes barrier(void* self, std::uint32_t predicate, emulated::Site site);
  static std::uint64_t exchange(void* self, std::uint32_t mask, emulated::Exchange what, std::uint64_t value, std::uint32_t source, emulated::Site site);
  static void access(void* self, const volatile void* address, std::uint64_t bytes, emulated::Access access, const void* pc);
  static void trap(void* self, emulated::Site site);

  // Of the launch that runs.
  emulated::State* module_state_ = nullptr;
  std::vector<SharedArray> arrays_;
  std::vector<std::uint32_t> block_order_;
  std::unique_ptr<std::byte, void (*)(void*)> dynamic_shared_{nullptr, std::free};
  std::uint32_t dynamic_shared_bytes_ = 0;
};

}  // namespace antidrome::emulator
