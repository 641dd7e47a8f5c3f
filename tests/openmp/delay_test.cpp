// Delays on the grid: compiled simulators against the reference interpreter, in double.
#include "tests/openmp/parity.hpp"

#include <gtest/gtest.h>

namespace antidrome {
namespace {

using namespace fixtures;

constexpr double rounding = 1e-12;      // as in parity_test.cpp

ir::Value delay_of(double ms, bool learned = false) {
  ir::Value v = number(ms);
  v.low = 0;
  v.spread = ir::Value::Spread::shared;
  v.trainable = learned;
  return v;
}

/// Depression of the source's own resources: what arrives depends on when it arrives.
ModelBuilder depressing() {
  return ModelBuilder("Depressing").param("tau_rec", 30).weight("w").state("r", 1).on(Trigger::pre_spike, {{"post.i", "post.i + w * r"}, {"r", "r - 0.4 * r"}}).flow({{"r", "(1 - r) / tau_rec"}});
}

TEST(Delays, delays_in_ms_are_run_time_numbers_and_learn) {
  const ir::Values w = {{"w", trainable(normal(0.3, 0.2))}};
  NetworkBuilder n;
  n.source("in", 7).population("hidden", 40, cuba_lif()).population("output", 5, leaky())
      .connect("in", "hidden", pulse(), w).connect("in", "hidden", pulse(), w, "line").connect("hidden", "hidden", depressing(), {{"w", trainable(normal(0, 0.1))}})
      .connect("hidden", "output", pulse(), w).loss("output", mean_voltage(), cross_entropy());
  ir::Network network = n.network();
  network.projections[0].delay = delay_of(0);
  network.projections[1].delay = delay_of(7.2, true);
  network.projections[1].delay_steps = 1;
  network.projections[2].delay = delay_of(3.1, true);
  network.projections[3].delay = delay_of(0, true);                // a population's spikes act one step later at the earliest
  Simulator s = compile(derive(network), "parity_delays_in_ms");
  s.initialise(5);
  const std::vector<Sample> samples = random_samples(4, 1, 7, 100, 0.5, 5, 1, 80);
  std::vector<std::vector<std::uint32_t>> counts;
  for (const double longer : {0.0, 4.0, 25.0, 1000.0}) {           // the last one: nothing arrives within the trial
    s.set("line.delay", {7.2 + longer});
    const auto r = compare(s, samples, {.dt_ms = 0.5, .steps = 100});
    EXPECT_GT(r.spikes, 100);
    EXPECT_EQ(r.other_spikes, 0);
    EXPECT_LT(r.loss, 1e-12);
    for (const auto& [name, error] : r.gradient) EXPECT_LT(error, rounding) << name << " at " << longer;
    for (const char* name : {"hidden_hidden.delay", "hidden_output.delay"}) EXPECT_GT(r.norm.at(name), 1e-6) << name;
    EXPECT_EQ(r.norm.at("line.delay") > 0, longer < 100);
    counts.push_back(s.run(samples, {.dt_ms = 0.5, .steps = 100}).spike_counts);
  }
  EXPECT_NE(counts[0], counts[1]);
}

}  // namespace
}  // namespace antidrome
