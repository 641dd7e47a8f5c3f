// Samples and parameters for tests, and finite differences of the loss.
#pragma once
#include <cmath>
#include <random>
#include <string>

#include "backends/reference/interpreter.hpp"

namespace antidrome::reference::test {

/// `count` events of one source at random times in [0, duration), sorted.
inline Events random_events(std::mt19937& random, int units, int count, double duration) {
  Events e;
  for (int k = 0; k < count; ++k) e.time_ms.push_back(std::uniform_real_distribution<double>(0, duration)(random));
  std::sort(e.time_ms.begin(), e.time_ms.end());
  for (int k = 0; k < count; ++k) e.unit.push_back(static_cast<std::uint32_t>(std::uniform_int_distribution<int>(0, units - 1)(random)));
  return e;
}

inline Events events(std::vector<std::pair<double, std::uint32_t>> list) {
  Events e;
  for (const auto& [time, unit] : list) {
    e.time_ms.push_back(time);
    e.unit.push_back(unit);
  }
  return e;
}

/// Initial values as the Program declares them.
inline Parameters initial_parameters(const ir::Program& program, std::mt19937& random) {
  Parameters all;
  for (const ir::Parameter& p : program.parameters) {
    std::vector<double> numbers(static_cast<std::size_t>(p.rows) * static_cast<std::size_t>(p.cols));
    for (double& x : numbers) {
      if (p.value.kind == ir::Value::Kind::normal) x = std::normal_distribution<double>(p.value.a, p.value.b)(random);
      else if (p.value.kind == ir::Value::Kind::uniform) x = std::uniform_real_distribution<double>(p.value.a, p.value.b)(random);
      else x = p.value.a;
    }
    all.push_back(std::move(numbers));
  }
  return all;
}

inline std::vector<std::size_t> spike_order(const Result& r) {
  std::vector<std::pair<double, std::size_t>> order;
  for (std::size_t c = 0; c < r.spikes.size(); ++c)
    for (const Spike& s : r.spikes[c]) order.emplace_back(s.time_ms, c * 1000 + s.unit);
  std::sort(order.begin(), order.end());
  std::vector<std::size_t> who;
  for (const auto& [time, id] : order) who.push_back(id);
  return who;
}

struct Difference {
  double value = 0;
  bool smooth = true;      ///< the same neurons spiked in the same order on all sides
};

/// d loss / d parameter by a central difference of fourth order.
inline Difference finite_difference(const Interpreter& run, const Sample& sample, Parameters parameters, Settings settings, std::size_t p, std::size_t k, double step) {
  settings.backward = false;
  Difference d;
  double& x = parameters[p][k];
  const double x0 = x, h = step * std::max(1.0, std::abs(x0));
  const auto order = spike_order(run.run(sample, parameters, settings));
  const auto at = [&](double shift) {
    x = x0 + shift;
    const Result r = run.run(sample, parameters, settings);
    d.smooth = d.smooth && spike_order(r) == order;
    return r.loss;
  };
  d.value = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
  return d;
}

}  // namespace antidrome::reference::test
