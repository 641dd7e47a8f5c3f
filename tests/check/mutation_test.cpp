// A check that cannot fail proves nothing: each mistake in the derivation must be seen.
#include <gtest/gtest.h>

#include "codegen/check/gradient_check.hpp"
#include "tests/check/networks.hpp"

namespace antidrome {
namespace {

using namespace fixtures;
using passes::Fault;

double worst(const ir::Network& network, Fault fault) {
  check::GradientCheckOptions o;
  o.fault = fault;
  const check::GradientReport r = check::check_gradient(network, o);
  EXPECT_TRUE(r.applies) << r.why_not;
  double error = 0;
  for (const check::ParameterReport& p : r.parameters) error = std::max(error, p.worst);
  EXPECT_EQ(r.ok, error <= o.tolerance);
  return error;
}

TEST(mutation, without_a_fault_the_same_networks_pass) {
  for (const ir::Network& n : {recurrent(adaptive_lif(), pulse()), recurrent(lif_with_input(), tsodyks_markram())}) EXPECT_LT(worst(n, Fault::none), 1e-6);
}
TEST(mutation, a_dropped_reset_jacobian_of_a_nonlinear_neuron_is_seen) { EXPECT_GT(worst(recurrent(quadratic(), pulse()), Fault::drop_reset_jacobian), 0.01); }
TEST(mutation, a_dropped_reset_jacobian_of_a_hard_reset_is_seen) { EXPECT_GT(worst(recurrent(cuba_lif(), pulse()), Fault::drop_reset_jacobian), 0.01); }
TEST(mutation, a_transposed_flow_jacobian_is_seen) { EXPECT_GT(worst(recurrent(cuba_lif(), pulse()), Fault::transpose_flow_jacobian), 0.01); }
TEST(mutation, a_dropped_acc_is_seen) { EXPECT_GT(worst(recurrent(cuba_lif(), pulse()), Fault::drop_acc), 0.01); }
TEST(mutation, a_state_dependent_jump_held_constant_is_seen) { EXPECT_GT(worst(recurrent(lif_with_input(), tsodyks_markram()), Fault::constant_jump), 0.01); }

}  // namespace
}  // namespace antidrome
