// Every feature that kernels can have, as a network with samples.
#pragma once
#include <fmt/format.h>

#include "tests/cuda/device.hpp"

namespace antidrome::fixtures {

struct DeviceCase {
  std::string name;
  ir::Network network;
  std::vector<Sample> samples;
  RunOptions run;
  std::map<std::string, std::vector<double>> values = {};
};

inline void PrintTo(const DeviceCase& c, std::ostream* out) { *out << c.name; }

inline std::vector<Sample> two_sources(int count, int steps, double dt) {
  std::vector<Sample> samples = random_samples(count, 1, 7, steps, dt, 5, 1, 80), right = random_samples(count, 1, 4, steps, dt, 5, 9, 30);
  for (std::size_t k = 0; k < samples.size(); ++k) samples[k].sources.push_back(right[k].sources[0]);
  samples[2].label = -1;                                          // counts for no loss
  return samples;
}

inline std::vector<DeviceCase> device_cases() {
  std::vector<DeviceCase> out;
  const auto pair = [&](const std::string& name, const ModelBuilder& neuron, const ModelBuilder& synapse, const ModelBuilder& readout, const ModelBuilder& loss, double weight) {
    out.push_back({name, two_layers(neuron, synapse, readout, loss, {.input_weight = weight}).network(), random_samples(5, 1, 6, 120, 0.5, 3), {.dt_ms = 0.5, .steps = 120}});
  };
  pair("lif", cuba_lif(), pulse(), mean_voltage(), cross_entropy(), 0.6);
  pair("adaptive", adaptive_lif(), pulse(), exp_weighted(), cross_entropy(), 0.6);
  pair("maximum", cuba_lif(), pulse(), max_voltage(), max_cross_entropy(), 0.6);
  pair("refractory", refractory_lif(), pulse(), mean_voltage(), cross_entropy(), 0.6);
  pair("quadratic", quadratic(), pulse(), mean_voltage(), square_sum(), 0.6);
  pair("current", lif_with_input(), exp_current(), mean_voltage(), cross_entropy(), 0.6);
  pair("alpha", lif_with_input(), alpha(), mean_voltage(), cross_entropy(), 0.6);
  pair("conductance", lif_with_input(), conductance(), mean_voltage(), cross_entropy(), 0.4);
  pair("tsodyks_markram", lif_with_input(), tsodyks_markram(), mean_voltage(), cross_entropy(), 1.5);
  pair("nmda", lif_with_input(), nmda(), mean_voltage(), cross_entropy(), 0.1);
  out.push_back({"first_spike", first_spike_network(), random_samples(4, 1, 5, 100, 0.5, 1), {.dt_ms = 0.5, .steps = 100}});
  out.push_back({"layered", layered_network(), two_sources(4, 100, 0.5), {.dt_ms = 0.5, .steps = 100}});
  out.push_back({"traced", traced_network(), random_samples(4, 1, 5, 80, 1, 1), {.dt_ms = 1, .steps = 80}});
  for (const double longer : {0.0, 25.0, 1000.0})                 // the last one: nothing arrives within the trial
    out.push_back({fmt::format("delays_in_ms_{}", longer), network_with_delays_in_ms(), random_samples(4, 1, 7, 100, 0.5, 5, 1, 80), {.dt_ms = 0.5, .steps = 100}, {{"line.delay", {7.2 + longer}}}});
  for (const bool trained : {true, false}) out.push_back({trained ? "scattered" : "delays_alone", scattered_network(trained), random_samples(3, 1, 7, 90, 0.5, 5, 1, 80), {.dt_ms = 0.5, .steps = 90}});
  for (const bool source : {true, false}) out.push_back({source ? "delays_of_source" : "delays_of_target", shared_delays_network(source), random_samples(3, 1, 7, 90, 0.5, 5, 1, 80), {.dt_ms = 0.5, .steps = 90}});
  const std::pair<const char*, ModelBuilder> noise[] = {{"dropout", noisy_lif(0.3, 0)}, {"noise", noisy_lif(0, 0.02)}, {"idle", noisy_lif(0, 0)}, {"reset", random_reset()}};
  for (const auto& [name, model] : noise) out.push_back({name, noisy(model).network(), random_samples(5, 1, 5, 122, 0.5, 3), {.dt_ms = 0.5, .steps = 122, .seed = 5, .epoch = 3}});
  const std::pair<const char*, ModelBuilder> means[] = {{"batch_count", batch_count_target()}, {"batch_population", batch_population_target()}};
  for (const auto& [name, loss] : means) out.push_back({name, regularised(loss).network(), random_samples(5, 1, 5, 120, 0.5, 3), {.dt_ms = 0.5, .steps = 120}});
  return out;
}

}  // namespace antidrome::fixtures
