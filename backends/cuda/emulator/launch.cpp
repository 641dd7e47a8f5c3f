// One launch: the blocks one after the other, and what became of them.
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <numeric>

#include <fmt/core.h>

#include "backends/cuda/emulator/device_state.hpp"

namespace antidrome::emulator {

namespace {

emulated::Index index_of(const Dim& d) { return {d.x, d.y, d.z}; }

}  // namespace

Device::State::State(const Options& o) : options(o), memory(o.address_space), order(o.seed), block(order) {
  if (o.check) checker = std::make_unique<Checker>(block, memory, findings);
  block.unknown_source = [this](const Call& call, std::uint32_t thread, std::uint32_t source) {
    findings.add(Defect::unknown_source, call, {}, module_state_->here.block, block.index_of(thread), [&] { return fmt::format("lane {} reads lane {}", thread % warp_size, source); });
  };
}

void Device::State::check(const Kernel& kernel, const Shape& shape, std::span<const std::byte> arguments) const {
  const auto refuse = [&](const std::string& why) { throw std::invalid_argument(fmt::format("launch of {}: {}", kernel.name, why)); };
  if (kernel.run == nullptr) refuse("no kernel");
  if (arguments.size() != kernel.argument_bytes) refuse(fmt::format("its arguments have {} bytes, {} were given", kernel.argument_bytes, arguments.size()));
  if (shape.block.size() == 0 || shape.grid.size() == 0) refuse("no threads or no blocks");
  if (shape.block.size() > most_threads) refuse(fmt::format("{} threads in a block, {} are the most", shape.block.size(), most_threads));
  if (shape.grid.size() > 0xffffffffu) refuse(fmt::format("{} blocks are more than the emulator can number", shape.grid.size()));
  if (shape.dynamic_shared_bytes > options.shared_limit) refuse(fmt::format("{} bytes of dynamic shared memory, {} are the most", shape.dynamic_shared_bytes, options.shared_limit));
  if (options.check && kernel.module->interface->checked == 0) refuse("the device checks, but the module was compiled plain: the checker would not see its writes");
}

bool Device::State::launch(const Kernel& kernel, const Shape& shape, std::span<const std::byte> arguments) {
  check(kernel, shape, arguments);
  findings.of(kernel.name, kernel.module);
  arrays_ = kernel.module->arrays_of(kernel.name);
  order_blocks(shape.grid.size());
  if (!dynamic_shared_) dynamic_shared_.reset(static_cast<std::byte*>(std::aligned_alloc(256, (options.shared_limit + 511) / 256 * 256)));
  dynamic_shared_bytes_ = shape.dynamic_shared_bytes;
  // Arguments of the kernel's alignment, whatever that of the caller's bytes.
  alignas(16) std::array<std::byte, 4096> copy;
  std::memcpy(copy.data(), arguments.data(), arguments.size());

  emulated::State& state = *kernel.module->interface->state;
  module_state_ = &state;
  state.host = {this, &State::barrier, &State::exchange, options.check ? &State::access : nullptr, &State::trap};
  state.here.block_size = index_of(shape.block), state.here.grid_size = index_of(shape.grid);
  state.here.dynamic_shared = dynamic_shared_.get();
  const Work before = block.work();
  block.prepare(state, index_of(shape.block), kernel.run, copy.data(), checker.get());
  const std::uint64_t not_counted = checker ? checker->not_counted() : 0;
  if (checker) checker->begin_launch(kernel, arrays_, dynamic_shared_.get(), shape.dynamic_shared_bytes, options.access_limit);
  FaultGuard guard(block.fibers());
  const bool finished = run_blocks(shape, state, guard);
  if (checker && !finished) checker->stopped();
  KernelCounters& c = counters_of(kernel.name);
  const Work& after = block.work();
  ++c.launches;
  const std::uint64_t threads = after.threads - before.threads, blocks = threads / shape.block.size();
  c.blocks += blocks, c.threads += threads, c.warps += blocks * ((shape.block.size() + warp_size - 1) / warp_size);
  c.warp_barriers += after.warp_barriers - before.warp_barriers;
  c.warp_operations += after.exchanges - before.exchanges;
  c.switches += after.switches - before.switches;
  if (checker) c.not_counted += checker->not_counted() - not_counted;
  return finished;
}

void Device::State::order_blocks(std::uint64_t count) {
  block_order_.resize(count);
  std::iota(block_order_.begin(), block_order_.end(), 0u);
  if (!order.random()) return;
  for (std::size_t k = count; k > 1; --k) std::swap(block_order_[k - 1], block_order_[order.below(static_cast<std::uint32_t>(k))]);
}

bool Device::State::run_blocks(const Shape& shape, emulated::State& state, FaultGuard& guard) {
  if (sigsetjmp(guard.target, 1) != 0) {        // back from a fault, on this stack again
    block.abandon();
    tell(guard.fault());
    return false;
  }
  for (const std::uint32_t b : block_order_) {
    state.here.block = {b % shape.grid.x, b / shape.grid.x % shape.grid.y, b / (shape.grid.x * shape.grid.y)};
    if (options.poison) {
      for (const SharedArray& a : arrays_) std::memset(a.begin, 0xff, a.bytes);
      std::memset(dynamic_shared_.get(), 0xff, dynamic_shared_bytes_);
    }
    if (checker) checker->begin_block(state.here.block);
    if (!block.run()) {
      tell(block.stopped());
      return false;
    }
    if (checker) checker->end_block();
  }
  return true;
}

void Device::State::find(Defect defect, const Call& at, const Call& other, const std::function<std::string()>& what) {
  findings.add(defect, at, other, module_state_->here.block, block.index_of(block.running()), what);
}

void Device::State::tell(const Stopped& s) {
  const emulated::Index thread = block.index_of(s.thread), at = module_state_->here.block;
  const auto add = [&](Defect defect, const std::string& what) { findings.add(defect, s.here, s.other, at, thread, [&] { return what; }); };
  switch (s.why) {
    case Stop::divergent_barrier:
      add(Defect::divergent_barrier, s.returned > 0 ? fmt::format("{} threads wait, {} have returned", s.waiting_at_barrier, s.returned) : fmt::format("{} threads wait at another barrier", s.waiting_at_barrier));
      break;
    case Stop::divergent_exchange: add(Defect::divergent_warp_operation, fmt::format("mask {:#010x}", s.mask)); break;
    case Stop::wrong_mask: add(Defect::wrong_mask, fmt::format("lane {} with mask {:#010x}", s.lane, s.mask)); break;
    case Stop::deadlock:
      add(s.waiting_in_warp == 0 ? Defect::divergent_barrier : Defect::deadlock, fmt::format("{} threads wait at a barrier, {} in warp operations, {} have returned", s.waiting_at_barrier, s.waiting_in_warp, s.returned));
      break;
    case Stop::trap: add(Defect::trap, ""); break;
    case Stop::reported: case Stop::none: break;
  }
}

void Device::State::tell(const Fault& fault) {
  // The address of a call is looked up before it; this one is of the instruction itself.
  const Call at{{}, static_cast<const char*>(fault.pc) + 1};
  if (fault.signal == SIGFPE) return find(Defect::division_by_zero, at, {}, [] { return ""; });
  if (fault.signal == SIGILL) return find(Defect::trap, at, {}, [] { return "unreachable code"; });
  if (block.fibers().in_guard(fault.address)) return find(Defect::stack_overflow, at, {}, [] { return ""; });
  find(memory.contains(fault.address) ? Defect::out_of_bounds : Defect::illegal_address, at, {}, [&] { return fmt::format("{}", memory.describe(fault.address)); });
}

KernelCounters& Device::State::counters_of(const std::string& kernel) {
  for (KernelCounters& c : kernels)
    if (c.kernel == kernel) return c;
  kernels.push_back({});
  kernels.back().kernel = kernel;
  return kernels.back();
}

emulated::Votes Device::State::barrier(void* self, std::uint32_t predicate, emulated::Site site) {
  return static_cast<State*>(self)->block.barrier(predicate, {site, __builtin_return_address(0)});
}
std::uint64_t Device::State::exchange(void* self, std::uint32_t mask, emulated::Exchange what, std::uint64_t value, std::uint32_t source, emulated::Site site) {
  return static_cast<State*>(self)->block.exchange(mask, what, value, source, {site, __builtin_return_address(0)});
}
void Device::State::access(void* self, const volatile void* address, std::uint64_t bytes, emulated::Access kind, const void* pc) { static_cast<State*>(self)->checker->access(address, bytes, kind, pc); }
void Device::State::trap(void* self, emulated::Site site) { static_cast<State*>(self)->block.stop({.why = Stop::trap, .here = {site, __builtin_return_address(0)}}); }

}  // namespace antidrome::emulator
