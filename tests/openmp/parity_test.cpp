// Compiled simulators against the reference interpreter: in double the same spikes, and gradients that differ by rounding alone.
#include "tests/openmp/parity.hpp"

#include <gtest/gtest.h>

namespace antidrome {
namespace {

using namespace fixtures;

// A gradient is a sum of some 10^4 products, each with an error of a few ulp, partly cancelling: 1e-12 leaves two digits.
constexpr double rounding = 1e-12;

double largest(const fixtures::Parity& r) {
  double most = 0;
  for (const auto& [name, norm] : r.norm) most = std::fmax(most, norm);
  return most;
}

struct Case {
  std::string name;
  ModelBuilder neuron, synapse, readout, loss;
  double input_weight;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class Parity : public ::testing::TestWithParam<Case> {};

TEST_P(Parity, double_agrees_with_the_reference_to_rounding) {
  const Case& c = GetParam();
  const ir::Program p = derive(two_layers(c.neuron, c.synapse, c.readout, c.loss, {.input_weight = c.input_weight}).network());
  Simulator s = compile(p, "parity_" + c.name);
  s.initialise(3);
  const auto r = compare(s, random_samples(5, 1, 6, 120, 0.5, 3), {.dt_ms = 0.5, .steps = 120});
  EXPECT_GT(r.spikes, 50);
  EXPECT_EQ(r.other_spikes, 0);
  EXPECT_EQ(r.other_predictions, 0);
  EXPECT_EQ(r.clamped, 0);
  EXPECT_LT(r.loss, 1e-12);
  for (const auto& [name, error] : r.gradient) {
    if (r.norm.at(name) < 1e-12 * largest(r)) continue;            // zero but for rounding
    EXPECT_LT(error, rounding) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Models, Parity,
    ::testing::Values(Case{"lif", cuba_lif(), pulse(), mean_voltage(), cross_entropy(), 0.6}, Case{"adaptive", adaptive_lif(), pulse(), exp_weighted(), cross_entropy(), 0.6},
                      Case{"maximum", cuba_lif(), pulse(), max_voltage(), max_cross_entropy(), 0.6}, Case{"refractory", refractory_lif(), pulse(), mean_voltage(), cross_entropy(), 0.6},
                      Case{"quadratic", quadratic(), pulse(), mean_voltage(), square_sum(), 0.6}, Case{"current", lif_with_input(), exp_current(), mean_voltage(), cross_entropy(), 0.6},
                      Case{"alpha", lif_with_input(), alpha(), mean_voltage(), cross_entropy(), 0.6}, Case{"conductance", lif_with_input(), conductance(), mean_voltage(), cross_entropy(), 0.4},
                      Case{"tsodyks_markram", lif_with_input(), tsodyks_markram(), mean_voltage(), cross_entropy(), 1.5}, Case{"nmda", lif_with_input(), nmda(), mean_voltage(), cross_entropy(), 0.1}),
    [](const auto& c) { return c.param.name; });

class ExactParity : public ::testing::TestWithParam<Case> {};

// Crossing times are found to a few units in the last place of the time, in other steps than the reference's bisection; a
// difference of 1e-14 ms in a time moves a gradient by about as much, times the products of slopes along chains of spikes.
constexpr double crossing_rounding = 1e-10;

TEST_P(ExactParity, continuous_time_agrees_with_the_reference) {
  const Case& c = GetParam();
  const ir::Program p = derive(two_layers(c.neuron, c.synapse, c.readout, c.loss, {.hidden = 13, .input_weight = c.input_weight}).network(), ir::TimeMode::exact);
  Simulator s = compile(p, "exact_parity_" + c.name);
  s.initialise(3);
  const auto r = compare(s, random_samples(4, 1, 6, 60, 1, 3), {.dt_ms = 1, .steps = 60});
  EXPECT_GT(r.spikes, 30);
  EXPECT_EQ(r.other_spikes, 0);
  EXPECT_EQ(r.other_predictions, 0);
  EXPECT_EQ(r.clamped, 0);
  EXPECT_LT(r.loss, 1e-11);
  for (const auto& [name, error] : r.gradient) {
    if (r.norm.at(name) < 1e-12 * largest(r)) continue;
    EXPECT_LT(error, crossing_rounding) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Models, ExactParity,
    ::testing::Values(Case{"lif", cuba_lif(), pulse(), mean_voltage(), cross_entropy(), 0.6}, Case{"adaptive", adaptive_lif(), pulse(), exp_weighted(), cross_entropy(), 0.6},
                      Case{"maximum", cuba_lif(), pulse(), max_voltage(), max_cross_entropy(), 0.6}, Case{"quadratic", quadratic(), pulse(), mean_voltage(), square_sum(), 0.6},
                      Case{"conductance", lif_with_input(), conductance(), mean_voltage(), cross_entropy(), 0.2}, Case{"tsodyks_markram", lif_with_input(), tsodyks_markram(), mean_voltage(), cross_entropy(), 1.5},
                      Case{"caused_spikes", lif_with_input(), delta(), mean_voltage(), cross_entropy(), 0.4}),
    [](const auto& c) { return c.param.name; });

TEST(Parity, spiking_outputs_with_first_spike_readouts) {
  Simulator s = compile(derive(first_spike_network()), "parity_first_spike");
  s.initialise(4);
  const auto r = compare(s, random_samples(4, 1, 5, 100, 0.5, 1), {.dt_ms = 0.5, .steps = 100});
  EXPECT_GT(r.spikes, 50);
  EXPECT_EQ(r.other_spikes, 0);
  EXPECT_LT(r.loss, 1e-12);
  for (const auto& [name, error] : r.gradient) EXPECT_LT(error, rounding) << name;
}

TEST(Parity, three_layers_two_sources_delays_and_a_loss_at_each_step) {
  Simulator s = compile(derive(layered_network()), "parity_delays");
  s.initialise(5);
  std::vector<Sample> samples = random_samples(4, 1, 7, 100, 0.5, 5, 1, 80), right = random_samples(4, 1, 4, 100, 0.5, 5, 9, 30);
  for (std::size_t k = 0; k < samples.size(); ++k) samples[k].sources.push_back(right[k].sources[0]);
  samples[2].label = -1;                                           // counts for no loss
  const auto r = compare(s, samples, {.dt_ms = 0.5, .steps = 100});
  EXPECT_GT(r.spikes, 100);
  EXPECT_EQ(r.other_spikes, 0);
  EXPECT_EQ(r.other_predictions, 0);
  EXPECT_LT(r.loss, 1e-12);
  for (const auto& [name, error] : r.gradient) EXPECT_LT(error, rounding) << name;
}

TEST(Parity, parameters_of_readouts_that_differ_between_neurons) {
  const ir::Network network = traced_network();
  for (const ir::TimeMode mode : {ir::TimeMode::grid, ir::TimeMode::exact}) {
    Simulator s = compile(derive(network, mode), mode == ir::TimeMode::grid ? "parity_traced" : "parity_traced_exact");
    s.initialise(4);
    const auto r = compare(s, random_samples(4, 1, 5, 80, 1, 1), {.dt_ms = 1, .steps = 80});
    EXPECT_GT(r.spikes, 50);
    EXPECT_EQ(r.other_spikes, 0);
    EXPECT_LT(r.loss, 1e-11);
    for (const auto& [name, error] : r.gradient) EXPECT_LT(error, mode == ir::TimeMode::grid ? rounding : crossing_rounding) << name;
  }
}

// Exact mode takes a loss at the points of its grid, whether or not a readout has something to do there.
TEST(Parity, a_loss_at_each_step_in_exact_mode_needs_no_step_hook) {
  ir::Network network = two_layers(cuba_lif(), pulse(), mean_voltage(), cross_entropy(), {.hidden = 13}).network();
  network.losses[0].when = ir::Loss::When::each_step;
  Simulator s = compile(derive(network, ir::TimeMode::exact), "parity_no_hook");
  s.initialise(3);
  const auto r = compare(s, random_samples(3, 1, 6, 60, 1, 3), {.dt_ms = 1, .steps = 60});
  EXPECT_GT(r.spikes, 30);
  EXPECT_EQ(r.other_spikes, 0);
  EXPECT_EQ(r.other_predictions, 0);
  EXPECT_LT(r.loss, 1e-11);
  for (const auto& [name, error] : r.gradient) EXPECT_LT(error, crossing_rounding) << name;
}

// A loss at each step has the same limit in both modes: the integral over the trial.
TEST(Parity, a_loss_at_each_step_converges_to_the_exact_one) {
  NetworkBuilder n;
  n.source("input", 5).population("hidden", 6, cuba_lif()).population("output", 3, leaky()).connect("input", "hidden", pulse(), {{"w", trainable(normal(0.8, 0.3))}})
      .connect("hidden", "hidden", pulse(), {{"w", trainable(normal(0, 0.1))}}).connect("hidden", "output", pulse(), {{"w", trainable(normal(0.2, 0.3))}})
      .loss("output", ModelBuilder("Voltage").state("s").on(Trigger::step, {{"s", "neuron.v"}}).result(Trigger::score, "s"), cross_entropy(), true, ir::Loss::When::each_step);
  Simulator grid = compile(derive(n.network()), "parity_each_step"), exact = compile(derive(n.network(), ir::TimeMode::exact), "parity_each_step_exact");
  grid.initialise(6);
  exact.initialise(6);
  std::vector<double> error;
  for (const int steps : {2000, 4000, 8000}) {
    const double dt = 60.0 / steps;
    const auto samples = random_samples(3, 1, 5, steps, dt, 3, 4, 20);
    const RunOptions o{.dt_ms = dt, .steps = static_cast<std::uint32_t>(steps)};
    const BatchResult a = grid.run(samples, o), b = exact.run(samples, o);
    EXPECT_EQ(a.spike_counts, b.spike_counts);
    double distance = 0, length = 0;
    for (std::size_t q = 0; q < a.gradient.size(); ++q)
      for (std::size_t x = 0; x < a.gradient[q].size(); ++x) distance += std::pow(a.gradient[q][x] - b.gradient[q][x], 2), length += std::pow(b.gradient[q][x], 2);
    error.push_back(std::sqrt(distance / length));
  }
  EXPECT_LT(error[2], 0.02);
  EXPECT_LT(error[2], 0.4 * error[0]) << error[0] << " " << error[1] << " " << error[2];   // a quarter, at first order
}

TEST(Parity, single_precision_keeps_the_spikes_of_a_calm_network) {
  const ir::Program p = derive(two_layers(cuba_lif(), pulse(), mean_voltage(), cross_entropy(), {.all_trainable = false}).network());
  Simulator s = compile(p, "parity_single", {.precision = kernel::Precision::single_precision});
  s.initialise(3);
  const auto r = compare(s, random_samples(6, 1, 6, 120, 0.5, 3), {.dt_ms = 0.5, .steps = 120});
  EXPECT_EQ(r.other_spikes, 0);
  for (const auto& [name, error] : r.gradient) EXPECT_LT(error, 1e-3) << name;       // 24-bit numbers, slopes that cancel to a tenth, sums over spikes
}

}  // namespace
}  // namespace antidrome
