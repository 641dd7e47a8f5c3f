// The same Program on the reference interpreter and as compiled code.
#pragma once
#include <cmath>

#include "backends/reference/interpreter.hpp"
#include "tests/fixtures/networks.hpp"
#include "tests/openmp/simulator.hpp"

namespace antidrome::fixtures {

inline std::vector<Sample> random_samples(int count, int sources, int units, int steps, double dt, int labels, unsigned seed = 2, int events = 60) {
  std::mt19937 g(seed);
  std::vector<Sample> samples;
  for (int k = 0; k < count; ++k) {
    Sample s;
    for (int q = 0; q < sources; ++q) {
      std::vector<std::pair<double, int>> list;
      for (int e = 0; e < events; ++e) {
        const double time = std::uniform_real_distribution<double>(0, 0.8 * steps * dt)(g);
        list.emplace_back(time, static_cast<int>(g() % static_cast<unsigned>(units)));
      }
      s.sources.emplace_back(list, units, steps, dt);
    }
    s.label = k % labels;
    samples.push_back(std::move(s));
  }
  return samples;
}

struct Parity {
  int samples = 0, other_spikes = 0, spikes = 0, clamped = 0, other_predictions = 0;
  double loss = 0;                ///< largest absolute difference
  std::map<std::string, double> gradient;   ///< per parameter: norm of the difference / norm of the reference
  std::map<std::string, double> norm;
};

inline reference::Sample to_reference(const Sample& s) {
  reference::Sample r;
  for (const SourceEvents& e : s.sources) {
    reference::Events list;
    list.time_ms = e.time_ms;
    list.unit.assign(e.unit.begin(), e.unit.end());
    for (std::size_t n = 0; n + 1 < e.step_begin.size(); ++n)
      for (std::uint32_t k = e.step_begin[n]; k < e.step_begin[n + 1]; ++k) list.step.push_back(static_cast<std::uint32_t>(n));
    r.sources.push_back(list);
  }
  r.label = s.label;
  return r;
}

inline Parity compare(Simulator& simulator, const std::vector<Sample>& samples, const RunOptions& o) {
  const ir::Program& p = simulator.program();
  const reference::Interpreter interpreter(p);
  reference::Parameters values;
  for (const ir::Parameter& q : p.parameters) values.push_back(simulator.values(q.name));
  const BatchResult ours = simulator.run(samples, o);
  Parity r;
  std::vector<std::vector<double>> sum(p.parameters.size());
  std::size_t neurons = 0;
  for (const ir::Cell& c : p.cells) neurons += c.source ? 0 : static_cast<std::size_t>(c.size);
  std::vector<reference::Sample> batch;
  for (std::size_t k = 0; k < samples.size(); ++k) {
    batch.push_back(to_reference(samples[k]));
    batch.back().index = samples[k].index_at(k);
  }
  const std::vector<reference::Result> all =
      interpreter.run(batch, values, {.dt_ms = o.dt_ms, .steps = static_cast<int>(o.steps), .training = o.training, .backward = o.backward, .seed = o.seed, .epoch = o.epoch});
  for (std::size_t k = 0; k < samples.size(); ++k) {
    const reference::Result& one = all[k];
    ++r.samples;
    r.loss = std::fmax(r.loss, std::fabs(one.loss - ours.loss[k]));
    r.other_predictions += one.prediction != ours.prediction[k];
    std::vector<std::uint32_t> counts(neurons, 0);
    std::size_t first = 0;
    for (std::size_t c = 0; c < p.cells.size(); ++c) {
      if (p.cells[c].source) continue;
      for (const reference::Spike& s : one.spikes[c]) ++counts[first + s.unit];
      first += static_cast<std::size_t>(p.cells[c].size);
    }
    for (std::uint32_t n : counts) r.spikes += static_cast<int>(n);
    r.other_spikes += !std::equal(counts.begin(), counts.end(), ours.spike_counts.begin() + static_cast<std::ptrdiff_t>(k * neurons));
    r.clamped += static_cast<int>(one.clamped) - static_cast<int>(ours.status[k].clamped);
    for (std::size_t q = 0; q < sum.size() && o.backward; ++q) {
      if (sum[q].empty()) sum[q].assign(one.gradients[q].size(), 0);
      for (std::size_t x = 0; x < sum[q].size(); ++x) sum[q][x] += one.gradients[q][x];
    }
  }
  for (std::size_t q = 0; q < sum.size() && o.backward; ++q) {
    if (!p.parameters[q].trainable) continue;
    double difference = 0, norm = 0;
    for (std::size_t x = 0; x < sum[q].size(); ++x) {
      difference += (sum[q][x] - ours.gradient[q][x]) * (sum[q][x] - ours.gradient[q][x]);
      norm += sum[q][x] * sum[q][x];
    }
    r.gradient[p.parameters[q].name] = std::sqrt(difference / std::fmax(norm, 1e-300));
    r.norm[p.parameters[q].name] = std::sqrt(norm);
  }
  return r;
}

}  // namespace antidrome::fixtures
