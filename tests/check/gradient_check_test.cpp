// Exact mode: derived against finite differences. Grid mode: towards the exact gradient at first order in dt.
#include <gtest/gtest.h>

#include "codegen/check/gradient_check.hpp"
#include "tests/check/networks.hpp"

namespace antidrome {
namespace {

using namespace fixtures;

struct Case { const char* name; ir::Network network; };
std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }

class GradientCheck : public testing::TestWithParam<Case> {};

TEST_P(GradientCheck, exact_mode_agrees_with_finite_differences) {
  const check::GradientReport r = check::check_gradient(GetParam().network, {});
  ASSERT_TRUE(r.applies) << r.why_not;
  EXPECT_GE(r.spikes_per_neuron, 1) << "a silent network proves nothing";
  ASSERT_FALSE(r.parameters.empty());
  for (const check::ParameterReport& p : r.parameters) {
    EXPECT_LE(p.beyond, 1e-6) << p.name << ": derived " << p.derived << ", difference " << p.difference;   // 100 times below the bar of `antidrome check`
    EXPECT_GT(p.compared, p.skipped) << p.name;
  }
}

INSTANTIATE_TEST_SUITE_P(models, GradientCheck,
                         testing::Values(Case{"Alif", recurrent(adaptive_lif(), pulse(), exp_weighted())}, Case{"Delta", recurrent(cuba_lif(), delta())},
                                         Case{"TwoSynapses", two_synapses(tsodyks_markram(), conductance())}, Case{"Layered", layered()}, Case{"Delays", delayed()}),
                         [](const auto& i) { return i.param.name; });

class GridCheck : public testing::TestWithParam<Case> {};

TEST_P(GridCheck, converges_at_first_order) {
  const check::ConvergenceReport r = check::check_convergence(GetParam().network, {});
  ASSERT_TRUE(r.applies) << r.why_not;
  EXPECT_GT(r.slope, 0.7);
  EXPECT_LT(r.error.back(), 0.02);
}

INSTANTIATE_TEST_SUITE_P(models, GridCheck,
                         testing::Values(Case{"Lif", recurrent(cuba_lif(), pulse())}, Case{"Quadratic", recurrent(quadratic(), pulse())}, Case{"TsodyksMarkram", recurrent(lif_with_input(), tsodyks_markram())},
                                         Case{"Nmda", recurrent(lif_with_input(), nmda())}, Case{"Layered", layered()}, Case{"Delays", delayed()}),
                         [](const auto& i) { return i.param.name; });

TEST(gradient_check, of_a_model_with_stop_the_rest_is_checked) {
  const ModelBuilder pull = ModelBuilder("Pull").state("s").on(ir::Trigger::spike, {{"s", "s + neuron.v - stop(neuron.v)"}}).flow({{"s", "neuron.v / trial"}});
  const check::GradientReport r = check::check_gradient(recurrent(cuba_lif(), pulse(), pull), {});
  EXPECT_TRUE(r.user_gradients);
  EXPECT_TRUE(r.ok);
  EXPECT_FALSE(r.parameters.empty());
  EXPECT_FALSE(check::check_gradient(recurrent(cuba_lif(), pulse()), {}).user_gradients);
}

TEST(gradient_check, looks_at_every_delay) {
  std::map<std::string, int> compared;
  for (const check::ParameterReport& p : check::check_gradient(delayed(), {}).parameters) compared[p.name] = p.compared;
  EXPECT_GE(compared.at("of_synapse.delay"), 12);  // of 20
  EXPECT_EQ(compared.at("of_source.delay"), 5);
  EXPECT_EQ(compared.at("of_target.delay"), 4);
  EXPECT_EQ(compared.at("one.delay"), 1);
}

TEST(gradient_check, a_mistake_in_the_derivation_fails_it) {
  check::GradientCheckOptions o;
  o.fault = passes::Fault::drop_acc;
  EXPECT_FALSE(check::check_gradient(recurrent(cuba_lif(), pulse()), o).ok);
}

}  // namespace
}  // namespace antidrome
