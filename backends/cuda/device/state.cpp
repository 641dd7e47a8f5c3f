// Parameters, and what the optimiser keeps beside them: from the host's rows to the device's, and back.
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "backends/cuda/device/simulator.hpp"

namespace antidrome::cuda {

namespace {

const char* const moment_suffix[] = {"_moment1", "_moment2"};

}  // namespace

/// Rows of the host's stride become rows of the device's; what lies between is zero, and so is the row that null units reach.
void DeviceSimulator::put_rows(const PlannedParameter& p, std::size_t number, const void* from, const std::string& array, bool null_row) {
  const std::size_t real = plan_.real_bytes();
  std::vector<std::byte> block((p.rows + std::size_t{null_row}) * p.stride * real);
  for (std::size_t r = 0; from && r < p.rows; ++r) std::memcpy(block.data() + r * p.stride * real, static_cast<const std::byte*>(from) + r * strides_[number] * real, p.cols * real);
  device_->upload(arrays_.reserve(array, block.size()), block.data(), block.size());
}

void DeviceSimulator::fetch_rows(const PlannedParameter& p, std::size_t number, void* to, const std::string& array) {
  const std::size_t real = plan_.real_bytes();
  const auto block = fetch<std::byte>(array, std::size_t{p.rows} * p.stride * real);
  std::memset(to, 0, std::size_t{p.rows} * strides_[number] * real);
  for (std::size_t r = 0; r < p.rows; ++r) std::memcpy(static_cast<std::byte*>(to) + r * strides_[number] * real, block.data() + r * p.stride * real, p.cols * real);
}

void DeviceSimulator::put_parameters(const void* const* parameters) {
  for (std::size_t k = 0; k < plan_.parameters.size(); ++k) put_rows(plan_.parameters[k], k, parameters[k], plan_.parameters[k].array, plan_.parameters[k].matrix);
}

void DeviceSimulator::put(void* self, const antidrome_state* state) { static_cast<DeviceSimulator*>(self)->put_state(*state); }
void DeviceSimulator::fetch(void* self, const antidrome_state* state) { static_cast<DeviceSimulator*>(self)->fetch_state(*state); }

void DeviceSimulator::put_state(const antidrome_state& state) {
  put_parameters(state.parameters);
  holds_ = true;
  moves_ = state.moments[0] != nullptr;
  for (std::size_t k = 0; moves_ && k < plan_.parameters.size(); ++k) {
    const PlannedParameter& p = plan_.parameters[k];
    if (!p.trainable) continue;
    for (std::size_t m = 0; m < 2; ++m) put_rows(p, k, state.moments[m] ? state.moments[m][k] : nullptr, p.array + moment_suffix[m], false);
  }
}

void DeviceSimulator::fetch_state(const antidrome_state& state) {
  for (std::size_t k = 0; k < plan_.parameters.size(); ++k) {
    const PlannedParameter& p = plan_.parameters[k];
    fetch_rows(p, k, state.parameters[k], p.array);
    for (std::size_t m = 0; p.trainable && m < 2; ++m)
      if (state.moments[m]) fetch_rows(p, k, state.moments[m][k], p.array + moment_suffix[m]);
  }
}

/// In the order of device_update.h.
void DeviceSimulator::put_update(const antidrome_update& u) {
  std::vector<std::byte> numbers;
  const auto append = [&](double x) { append_wide(numbers, x, plan_.real_bytes() == 4); };
  for (const double x : {u.kind == ANTIDROME_SGD ? 1.0 : 0.0, u.beta1, u.beta2, u.correct1, u.correct2, u.epsilon, u.momentum, 1 / u.samples, u.clip, u.samples}) append(x);
  for (std::size_t k = 0; k < plan_.parameters.size(); ++k) {
    if (!plan_.parameters[k].trainable) continue;
    const antidrome_move& m = u.moves[k];
    for (const double x : {m.moves ? 1.0 : 0.0, m.rate, m.keep, m.low, m.high}) append(x);
  }
  device_->upload(arrays_.at("update_numbers"), numbers.data(), numbers.size());
}

void DeviceSimulator::fetch_update(antidrome_update& u) {
  std::size_t learned = 0;
  for (const PlannedParameter& p : plan_.parameters) learned += p.trainable;
  u.taken = fetch<std::uint32_t>("step_taken", 1)[0];
  const auto exponents = fetch<std::int32_t>("squared_norm_exponents", learned);
  const bool single = plan_.real_bytes() == 4;
  const std::vector<double> halves = fetch_reals("squared_norms", learned * (single ? 2 : 1));   // hi and lo, or a double
  for (std::size_t k = 0, n = 0; k < plan_.parameters.size(); ++k) {
    u.squared_norms[k] = 0;
    if (!plan_.parameters[k].trainable) continue;
    u.squared_norms[k] = std::ldexp(single ? halves[2 * n] + halves[2 * n + 1] : halves[n], 2 * exponents[n]);
    ++n;
  }
}

}  // namespace antidrome::cuda
