// Every loss in exact mode: derived gradients against finite differences, of time constants, thresholds, resets, feed-forward and
// recurrent weights, and of what the readout and the loss have themselves.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "codegen/check/gradient_check.hpp"
#include "codegen/frontend/frontend.hpp"

namespace antidrome {
namespace {

ir::Network with_loss(const std::string& loss, bool regularised = false, bool delayed = false) {
  Diagnostics diagnostics;
  frontend::LiftOptions options;
  options.file = ANTIDROME_SOURCE_DIR "/tests/check/losses.cc";
  options.set = {{"loss", loss}, {"regularised", regularised ? "true" : "false"}, {"delayed", delayed ? "true" : "false"}};
  ir::Network n = frontend::lift(options, diagnostics);
  EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.render();
  return n;
}

class EveryLoss : public testing::TestWithParam<const char*> {};

TEST_P(EveryLoss, has_the_gradient_of_finite_differences) {
  const check::GradientReport r = check::check_gradient(with_loss(GetParam()), {});
  ASSERT_TRUE(r.applies) << r.why_not;
  EXPECT_GE(r.spikes_per_neuron, 0.5) << "a silent network proves nothing";
  std::vector<std::string> names;
  for (const check::ParameterReport& p : r.parameters) {
    names.push_back(p.name);
    EXPECT_LE(p.worst, 1e-4) << p.name << ": derived " << p.derived << ", difference " << p.difference;
    EXPECT_GT(p.compared, p.skipped) << p.name;
  }
  for (const char* must : {"hidden.tau_mem", "hidden.tau_syn", "hidden.theta", "hidden.v_reset", "output.tau_mem", "output.tau_syn", "input_hidden.w", "hidden_hidden.w", "hidden_output.w"})
    EXPECT_NE(std::find(names.begin(), names.end(), must), names.end()) << must << " was not checked";
  const auto nonzero = [](const check::ParameterReport& p) { return p.derived != 0; };
  EXPECT_TRUE(std::any_of(r.parameters.begin(), r.parameters.end(), nonzero)) << "nothing flows back";
}

// Of the delay that the recurrent synapses share, and of those of single synapses from the input.
TEST_P(EveryLoss, has_the_gradient_of_delays_too) {
  const check::GradientReport r = check::check_gradient(with_loss(GetParam(), false, true), {});
  ASSERT_TRUE(r.applies) << r.why_not;
  int checked = 0;
  for (const check::ParameterReport& p : r.parameters) {
    EXPECT_LE(p.worst, 1e-4) << p.name << ": derived " << p.derived << ", difference " << p.difference;
    if (!p.name.ends_with(".delay")) continue;
    ++checked;
    EXPECT_GT(p.compared, p.skipped) << p.name;
    EXPECT_NE(p.derived, 0) << p.name;
  }
  EXPECT_EQ(checked, 2);
}

constexpr const char* losses[] = {"sum", "sum_weigh_linear", "sum_weigh_exp", "sum_weigh_sigmoid", "sum_weigh_input", "avg_xentropy", "max", "first_spike_exp", "first_spike",
                                  "mean_square", "mean_square_of_a_signal", "last_voltage", "relative_first_spike", "first_spike_at_times", "every_spike"};
INSTANTIATE_TEST_SUITE_P(losses, EveryLoss, testing::ValuesIn(losses), [](const auto& i) { return std::string(i.param); });

TEST(EveryLoss, regularisers_are_user_gradients_and_leave_the_rest_exact) {
  const check::GradientReport r = check::check_gradient(with_loss("sum_weigh_exp", true), {});
  EXPECT_TRUE(r.user_gradients);
  EXPECT_TRUE(r.ok);
}

TEST(EveryLoss, cross_entropy_of_spike_counts_pulls_at_spikes) {
  const check::GradientReport r = check::check_gradient(with_loss("spike_count"), {});
  EXPECT_TRUE(r.user_gradients) << "a count has no derivative of its own";
  EXPECT_TRUE(r.ok);
}

// In a trial shorter than 100 ms, 1 ms after its end lies beyond 1.01 T: the penalty must not turn its sign there.
TEST(EveryLoss, a_silent_label_costs_more_than_any_spike) {
  const ir::Network n = with_loss("first_spike");
  const ir::Expr loss = n.losses[0].model.hooks.at(ir::Trigger::loss).result;
  const auto value = [&](double t, double count) {
    const ir::Lookup shared = [](const std::string& name) { return name == "trial" ? 30.0 : name == "tau0" ? 0.5 : name == "alpha" ? 0.1 : 0.0; };
    const ir::Elements out{3, 1, [&](const std::string& name, int k) { return name == "out.n" ? (k == 1 ? count : 1) : name == "out.t" ? (k == 1 ? t : 10) : shared(name); }};
    return ir::evaluate(loss, out, -1, shared);
  };
  EXPECT_GT(value(0, 0), value(29.9, 1));
  EXPECT_GT(value(29.9, 1), value(20, 1));
}

class EveryLossOnTheGrid : public testing::TestWithParam<const char*> {};

TEST_P(EveryLossOnTheGrid, converges_to_the_exact_gradient) {
  const check::ConvergenceReport r = check::check_convergence(with_loss(GetParam()), {});
  ASSERT_TRUE(r.applies) << r.why_not;
  EXPECT_TRUE(r.against_exact);
  EXPECT_GT(r.slope, 0.7) << testing::PrintToString(r.error);      // as `antidrome check`; first order is 1
  EXPECT_LT(r.error.back(), 0.02);
}

INSTANTIATE_TEST_SUITE_P(losses, EveryLossOnTheGrid, testing::Values("sum", "sum_weigh_linear", "sum_weigh_exp", "sum_weigh_sigmoid", "sum_weigh_input", "max", "first_spike"), [](const auto& i) { return std::string(i.param); });

}  // namespace
}  // namespace antidrome
