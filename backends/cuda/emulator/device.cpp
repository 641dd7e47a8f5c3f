#include "backends/cuda/emulator/emulator.hpp"

#include <cstring>

#include "backends/cuda/emulator/device_state.hpp"

namespace antidrome::emulator {

Device::Device(const Options& options) : state_(std::make_unique<State>(options)) {}
Device::~Device() = default;
Device::Device(Device&&) noexcept = default;
Device& Device::operator=(Device&&) noexcept = default;

void* Device::allocate(std::size_t bytes, std::string name) {
  Allocation& a = state_->memory.allocate(bytes, std::move(name));
  if (state_->checker) a.shadow = std::make_unique<Shadow>(bytes);
  if (state_->options.poison) std::memset(a.begin, 0xff, bytes);
  return a.begin;
}

/// By the host.
void Device::State::written(void* to, std::size_t bytes) {
  Allocation& a = memory.holding(to, bytes);
  if (a.shadow) a.shadow->initialise(static_cast<std::size_t>(static_cast<std::byte*>(to) - a.begin), bytes);
}

void Device::free(void* memory) { state_->memory.free(memory); }

void Device::upload(void* to, const void* from, std::size_t bytes) {
  if (bytes == 0) return;
  state_->written(to, bytes);
  std::memcpy(to, from, bytes);
}

void Device::download(void* to, const void* from, std::size_t bytes) {
  if (bytes == 0) return;
  state_->memory.holding(from, bytes);
  std::memcpy(to, from, bytes);
}

void Device::clear(void* to, std::size_t bytes, int byte) {
  if (bytes == 0) return;
  state_->written(to, bytes);
  std::memset(to, byte, bytes);
}

bool Device::launch(const Kernel& kernel, const Shape& shape, std::span<const std::byte> arguments) { return state_->launch(kernel, shape, arguments); }

Report Device::report() { return state_->findings.report(state_->places); }

Counters Device::counters() { return {state_->kernels, state_->checker ? state_->checker->lines(state_->places) : std::vector<LineCounters>()}; }

void Device::forget() {
  state_->findings.clear();
  state_->kernels.clear();
  if (state_->checker) state_->checker->forget();
}

}  // namespace antidrome::emulator
