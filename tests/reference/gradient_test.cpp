// The derived adjoint against finite differences, in exact mode, for every trainable number of each network.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "codegen/passes/passes.hpp"
#include "tests/fixtures/models.hpp"
#include "tests/reference/trials.hpp"

namespace antidrome::reference {
namespace {

using namespace fixtures;
using namespace test;

struct Case {
  std::string name;
  ir::Network network;
  double dt = 1;
  double tolerance = 1e-6;     ///< of the largest gradient of its parameter: differences of order h^4 with rounding 1e-15 / 2e-6, times the
                               ///< curvature near grazing spikes; for Runge-Kutta cells also (dt / tau)^4, hence their smaller dt
};

/// Every parameter trainable; the shared ones as one number, so that sums over neurons are tested too.
ir::Network all_trainable(const NetworkBuilder& builder) {
  ir::Network n = builder.network();
  for (ir::Population& p : n.populations)
    for (auto& [name, v] : p.values) v.trainable = true;
  for (ir::Projection& p : n.projections)
    for (auto& [name, v] : p.values) v.trainable = true;
  return n;
}

ir::Network recurrent(const ModelBuilder& neuron, const ModelBuilder& in, const ModelBuilder& rec, double scale, const ModelBuilder& readout = mean_voltage(),
                         const ModelBuilder& loss = square_sum()) {
  NetworkBuilder n;
  n.source("input", 5).population("hidden", 4, neuron).connect("input", "hidden", in, {{"w", normal(scale, scale / 3)}})
      .connect("hidden", "hidden", rec, {{"w", normal(scale / 5, scale / 3)}}, "rec").loss("hidden", readout, loss, false);
  return all_trainable(n);
}

ir::Network layered(const ModelBuilder& neuron, const ModelBuilder& in, const ModelBuilder& out, double scale) {
  NetworkBuilder n;
  n.source("input", 5).population("hidden", 4, neuron).population("output", 3, leaky()).connect("input", "hidden", in, {{"w", normal(scale, scale / 3)}})
      .connect("hidden", "output", out, {{"w", normal(1, 0.4)}}).loss("output", exp_weighted(), cross_entropy());
  return all_trainable(n);
}

/// Conductance-based, with a delta port: the flow is not affine in what jumps, so nu is taken pair by pair.
ModelBuilder coba_lif() {
  return ModelBuilder("CobaLif").param("tau_mem", 20).param("tau_g", 5).param("e_rev", 3).param("theta", 1).state("v").state("g")
      .flow({{"v", "(g * (e_rev - v) - v) / tau_mem"}, {"g", "-g / tau_g"}}).fires("v >= theta").on(Trigger::reset, {{"v", "0"}});
}
ModelBuilder two_port() {
  return ModelBuilder("TwoPort").weight("w").param("share", 0.1).on(Trigger::pre_spike, {{"post.g", "post.g + w"}, {"post.v", "post.v + share * w * (2 - post.v)"}});
}

/// Jumps of v make spikes, without a loop: in a loop of them spike times are sums of delays, which tie whenever two paths have the same synapses.
ir::Network chain() {
  NetworkBuilder n;
  n.source("input", 5).population("hidden", 4, cuba_lif()).population("second", 4, cuba_lif()).connect("input", "hidden", pulse(), {{"w", normal(1.5, 0.5)}})
      .connect("hidden", "second", delta(), {{"w", normal(0.7, 0.2)}}).loss("second", mean_voltage(), square_sum(), false);
  return all_trainable(n);
}

/// One learned delay for each projection, or one for each of its synapses. The first projection's begins a step later.
ir::Network delayed(ir::Network n, bool per_synapse) {
  double ms = 3.3;
  for (ir::Projection& p : n.projections) {
    p.delay = per_synapse ? uniform(0.5, 9) : number(ms += 1.7);
    p.delay->spread = per_synapse ? ir::Value::Spread::per_synapse : ir::Value::Spread::shared;
    p.delay->trainable = true;
  }
  n.projections.front().delay_steps = 1;
  return n;
}

std::vector<Case> cases() {
  return {
      {"LifPulse", recurrent(cuba_lif(), pulse(), pulse(), 1.5)},
      {"LifExpCurrent", recurrent(lif_with_input(), exp_current(), exp_current(), 1.5)},
      {"LifAlpha", recurrent(lif_with_input(), alpha(), alpha(), 1.5)},
      {"LifDelta", recurrent(cuba_lif(), pulse(), delta(), 1.5)},
      {"LifStrongDelta", recurrent(cuba_lif(), delta(), delta(), 0.7)},
      {"AlifPulse", recurrent(adaptive_lif(), pulse(), pulse(), 1.5)},
      {"AlifDelta", recurrent(adaptive_lif(), pulse(), delta(), 1.5)},
      {"RefractoryLif", recurrent(refractory_lif(), pulse(), pulse(), 2.0)},
      {"Quadratic", recurrent(quadratic(), pulse(), pulse(), 1.5), 0.05},
      {"Conductance", recurrent(lif_with_input(), conductance(), conductance(), 0.5), 0.1},
      {"QuadraticDelta", recurrent(quadratic(), pulse(), delta(), 1.5), 0.05},
      {"ConductanceDelta", recurrent(coba_lif(), two_port(), two_port(), 0.5), 0.1},
      {"NonlinearReadout", recurrent(cuba_lif(), pulse(), pulse(), 1.5, final_voltage()), 0.025},
      {"TsodyksMarkram", recurrent(lif_with_input(), tsodyks_markram(), tsodyks_markram(), 3.0)},
      {"FirstSpike", recurrent(cuba_lif(), pulse(), pulse(), 1.5, first_spike(), spike_time_loss())},
      {"LifDelayed", delayed(recurrent(cuba_lif(), pulse(), pulse(), 1.5), false)},
      {"LifScattered", delayed(recurrent(cuba_lif(), pulse(), pulse(), 1.5), true)},
      {"AlifScattered", delayed(recurrent(adaptive_lif(), pulse(), pulse(), 1.5), true)},
      {"DeltaDelayed", delayed(recurrent(cuba_lif(), delta(), delta(), 0.7), false)},
      {"DeltaScattered", delayed(chain(), true)},
      {"ConductanceDeltaScattered", delayed(recurrent(coba_lif(), two_port(), two_port(), 0.5), true), 0.05},
      {"TsodyksMarkramDelayed", delayed(recurrent(lif_with_input(), tsodyks_markram(), tsodyks_markram(), 3.0), false)},
      {"LayeredScattered", delayed(layered(cuba_lif(), pulse(), pulse(), 1.5), true), 0.25},
      {"Layered", layered(cuba_lif(), pulse(), pulse(), 1.5), 0.25},
      {"LayeredAdaptive", layered(adaptive_lif(), pulse(), pulse(), 1.5), 0.25},
  };
}

struct Comparison {
  double worst = 0;            ///< largest difference over the largest gradient of its parameter
  std::string where;
  int compared = 0, skipped = 0;
  std::size_t spikes = 0;
};

Comparison compare(const Case& c, passes::Fault fault) {
  Comparison result;
  Diagnostics diagnostics;
  const Interpreter run(passes::derive_program(c.network, {.mode = ir::TimeMode::exact, .fault = fault}, diagnostics));
  EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.render();
  std::mt19937 random(11);
  const Parameters parameters = initial_parameters(run.program(), random);
  const Settings settings{.dt_ms = c.dt, .steps = static_cast<int>(60 / c.dt)};
  const Sample sample{{random_events(random, 5, 60, 55)}, 1};
  const Result r = run.run(sample, parameters, settings);
  EXPECT_EQ(r.clamped, 0u);
  for (const auto& list : r.spikes) result.spikes += list.size();
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    double largest = 0;
    for (const double g : r.gradients[p]) largest = std::max(largest, std::abs(g));
    for (std::size_t k = 0; k < r.gradients[p].size(); ++k) {
      const Difference d = finite_difference(run, sample, parameters, settings, p, k, 2e-6);
      if (!d.smooth) { ++result.skipped; continue; }
      ++result.compared;
      const double error = std::abs(r.gradients[p][k] - d.value) / (std::max(largest, std::abs(d.value)) + 1e-4);
      if (error > result.worst || std::isnan(error)) {
        result.worst = error;
        result.where = fmt::format("{}[{}]: {} instead of {}", run.program().parameters[p].name, k, r.gradients[p][k], d.value);
      }
    }
  }
  return result;
}

class Gradient : public testing::TestWithParam<Case> {};

TEST_P(Gradient, agrees_with_finite_differences) {
  const Comparison c = compare(GetParam(), passes::Fault::none);
  EXPECT_LT(c.worst, GetParam().tolerance) << c.where;
  EXPECT_GE(c.spikes, 8u);
  EXPECT_GT(c.compared, 4 * c.skipped);
}

TEST(GradientCheck, would_notice_a_wrong_derivation) {
  const std::map<std::string, passes::Fault> wrong{{"LifPulse", passes::Fault::drop_reset_jacobian}, {"Quadratic", passes::Fault::transpose_flow_jacobian},
                                                   {"AlifPulse", passes::Fault::drop_acc}, {"TsodyksMarkram", passes::Fault::constant_jump}};
  std::size_t tried = 0;
  for (const Case& c : cases()) {
    if (!wrong.contains(c.name)) continue;
    ++tried;
    EXPECT_GT(compare(c, wrong.at(c.name)).worst, 1e-2) << c.name;
  }
  EXPECT_EQ(tried, wrong.size());
}

INSTANTIATE_TEST_SUITE_P(Models, Gradient, testing::ValuesIn(cases()), [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace antidrome::reference
