// What comes back from a device.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "backends/cuda/device/simulator.hpp"

namespace antidrome::cuda {

std::vector<double> DeviceSimulator::fetch_reals(const std::string& name, std::size_t n, std::size_t first) {
  if (plan_.real_bytes() == 8) return fetch<double>(name, n, first);
  const std::vector<float> x = fetch<float>(name, n, first);
  return {x.begin(), x.end()};
}

namespace {

constexpr std::uint32_t none = 0xffffffffu;

/// The state of number `code >> 16`, counted over all populations, and neuron.
void locate(antidrome_status& status, std::uint32_t code, const Plan& plan) {
  std::uint32_t variable = code >> 16;
  for (const PlannedCell& c : plan.cells) {
    if (c.population < 0) continue;
    if (variable < c.states) {
      status.population = static_cast<std::uint32_t>(c.population);
      status.neuron = code & 0xffffu;
      status.variable = variable;
      return;
    }
    variable -= c.states;
  }
}

}  // namespace

void DeviceSimulator::fetch_results(const antidrome_batch& b) {
  const std::size_t n = b.settings->batch;
  const std::vector<double> loss = fetch_reals("loss", n * plan_.losses);
  const auto spikes = fetch<std::uint32_t>("spikes", n), bad = fetch<std::uint32_t>("first_bad", 2 * n), counts = fetch<std::uint32_t>("spike_counts", n * plan_.neurons);
  const auto prediction = fetch<std::int32_t>("prediction", n);
  const auto clamped = b.settings->backward ? fetch<std::uint32_t>("clamped", n) : std::vector<std::uint32_t>(n);
  const std::vector<double> scores = b.scores ? fetch_reals("scores", n * plan_.scores) : std::vector<double>();
  std::copy(scores.begin(), scores.end(), b.scores);
  for (std::size_t s = 0; s < n; ++s) {
    antidrome_status status{};
    status.population = status.neuron = status.variable = status.step = none;
    for (std::size_t j = 0; j < plan_.neurons; ++j) status.spikes += counts[s * plan_.neurons + j];
    status.clamped = clamped[s];
    double total = 0;
    for (std::size_t k = 0; k < plan_.losses; ++k) total += loss[s * plan_.losses + k];
    if (spikes[s] > b.settings->spike_capacity) {
      status.code = ANTIDROME_TAPE_OVERFLOW;
    } else if (bad[2 * s] != none) {
      status.code = ANTIDROME_NONFINITE_FORWARD;
      locate(status, bad[2 * s], plan_);
    } else if (!std::isfinite(total)) {
      status.code = ANTIDROME_NONFINITE_FORWARD;
    } else if (b.settings->backward && bad[2 * s + 1] != none) {
      status.code = ANTIDROME_NONFINITE_BACKWARD;
      locate(status, bad[2 * s + 1], plan_);
    }
    b.status[s] = status;
    if (b.loss) b.loss[s] = total;
    if (b.prediction) b.prediction[s] = prediction[s];
  }
  if (b.spike_counts) std::copy(counts.begin(), counts.end(), b.spike_counts);
}

void DeviceSimulator::fetch_gradients(const antidrome_batch& b) {
  for (std::size_t k = 0; b.gradients && k < plan_.parameters.size(); ++k) {
    const PlannedParameter& p = plan_.parameters[k];
    if (p.trainable && b.gradients[k]) fetch_rows(p, k, b.gradients[k], p.array + "_gradient");
  }
}

void DeviceSimulator::fetch_record(const antidrome_record& record, const antidrome_settings& s) {
  std::size_t index = 0, place = 0;
  for (const PlannedCell& c : plan_.cells) {
    if (c.population < 0) continue;
    const auto population = static_cast<std::size_t>(c.population);
    if (record.spike_count) record.spike_count[population] = 0;
    if (c.fires) {
      const auto begin = fetch<std::uint32_t>("begin_of_" + c.name, s.steps + std::size_t{1}, record.sample * (s.steps + std::size_t{1}));
      auto unit = fetch<std::uint32_t>("unit_of_" + c.name, begin.back(), std::size_t{record.sample} * s.spike_capacity);
      if (record.spike_count) record.spike_count[population] = begin.back();
      for (std::uint32_t t = 0; t < s.steps; ++t) {
        std::sort(unit.begin() + begin[t], unit.begin() + begin[t + 1]);
        for (std::uint32_t k = begin[t]; k < std::min(begin[t + 1], record.spike_capacity); ++k) {
          if (record.spike_unit && record.spike_unit[population]) record.spike_unit[population][k] = unit[k];
          if (record.spike_time_ms && record.spike_time_ms[population]) record.spike_time_ms[population][k] = t * s.dt_ms;
        }
      }
    }
    for (std::uint32_t v = 0; v < c.states; ++v, ++index, place += c.size)
      for (const auto& [to, from] : {std::pair{record.trace, "trace"}, std::pair{s.backward ? record.adjoint : nullptr, "adjoint_trace"}}) {
        if (!to || !to[index] || (to == record.adjoint && !c.adjoints[v])) continue;
        const auto rows = fetch<float>(from, std::size_t{s.steps} * c.size, place * s.steps);
        std::copy(rows.begin(), rows.end(), to[index]);
      }
  }
}

}  // namespace antidrome::cuda
