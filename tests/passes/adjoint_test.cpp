// The derived equations of known models, as the literature writes them. That they are the gradient is shown in tests/reference.
#include <cmath>

#include "tests/passes/derive.hpp"

namespace antidrome {
namespace {

using namespace fixtures;

TEST(adjoint, lif_jumps_as_wunderlich_and_pehle_have_it) {
  // tau_mem (dv/dt)- = i - v; lambda_v- = lambda_v+ (i - v_reset)/(i - v) + acc / (dv/dt)-, and the readout of v loses (v - v_reset)
  const ir::Program p = derive(small_network(cuba_lif(), pulse()));
  const ir::Cell& c = *p.cell("cell");
  expect_same(c.slope, "(cell.start_i - cell.v) / cell.tau_mem");
  ASSERT_EQ(c.back_jump.size(), 1u);
  expect_same(expr_of(c.back_jump, "cell.lambda_v"),
              "(cell.acc + cell.lambda_v * (cell.start_i - cell.v_reset) / cell.tau_mem - cell.MeanVoltage.lambda_s * (cell.v - cell.v_reset) / trial) / cell.slope");
}

TEST(adjoint, an_arrival_of_current_sends_back_the_difference_of_the_adjoints) {
  const ir::Program p = derive(small_network(cuba_lif(), pulse()));
  const ir::Edge& e = *p.edge("rec");
  EXPECT_TRUE(e.jump_linear);
  expect_same(expr_of(e.back_operands, "rec.lambda_G0"), "cell.lambda_i");
  expect_same(expr_of(e.back_operands, "rec.kappa_G0"), "cell.lambda_v / cell.tau_mem - cell.lambda_i / cell.tau_syn");
  EXPECT_EQ(ir::print(e.back_acc), "rec.dot_kappa_G0");
  EXPECT_TRUE(e.back_arrive_post.empty());
}

TEST(adjoint, events_of_a_source_need_no_time_shift) {
  const ir::Program p = derive(small_network(cuba_lif(), pulse()));
  EXPECT_FALSE(p.edge("in")->back_acc.defined());
  EXPECT_EQ(p.edge("in")->back_operands.size(), 1u);
}

TEST(adjoint, adaptation_enters_the_slope_and_takes_its_share) {
  const ir::Program p = derive(small_network(adaptive_lif(), pulse()));
  const ir::Cell& c = *p.cell("cell");
  expect_same(c.slope, "(cell.start_i - cell.v) / cell.tau_mem + cell.beta * cell.a / cell.tau_a");
  const std::string nu = "cell.acc - cell.jump * cell.lambda_a / cell.tau_a + cell.theta * cell.lambda_v / cell.tau_mem - cell.theta * cell.MeanVoltage.lambda_s / trial";
  expect_same(expr_of(c.back_jump, "cell.lambda_v"), "cell.lambda_v + (" + nu + ") / cell.slope");
}

TEST(adjoint, a_stopped_value_moves_with_time_so_a_pull_is_nothing_but_a_pull) {
  // pull += v - stop(v) must give lambda_v += lambda_pull and no other term
  const ModelBuilder pull = ModelBuilder("CountPull").count("n").state("s").on(ir::Trigger::spike, {{"n", "n + 1"}, {"s", "s + neuron.v - stop(neuron.v)"}});
  const ModelBuilder target = ModelBuilder("CountTarget").result(ir::Trigger::loss, "sum((out.n - 14) * out.s)");
  NetworkBuilder n;
  n.source("input", 3).population("cell", 2, cuba_lif()).connect("input", "cell", pulse(), {{"w", trainable(number(1))}}).loss("cell", pull, target, false);
  const ir::Program p = derive(n);
  expect_same(expr_of(p.cell("cell")->back_jump, "cell.lambda_v"), "cell.CountPull.lambda_s + (cell.acc + cell.lambda_v * (cell.start_i - cell.v_reset) / cell.tau_mem) / cell.slope");
}

TEST(adjoint, the_time_of_the_first_spike_pushes_by_the_inverse_slope) {
  NetworkBuilder n;
  n.source("input", 3).population("cell", 2, cuba_lif()).connect("input", "cell", pulse(), {{"w", trainable(number(1))}}).loss("cell", first_spike(), spike_time_loss(), false);
  const ir::Program p = derive(n);
  const ir::Cell& c = *p.cell("cell");
  expect_same(expr_of(c.back_jump, "cell.FirstSpike.lambda_t"), "select(cell.FirstSpike.n == 0, 0, cell.FirstSpike.lambda_t)");
  const auto form = ir::linear_form(expr_of(c.back_jump, "cell.lambda_v"), {"cell.FirstSpike.lambda_t"});
  ASSERT_TRUE(form.affine);
  expect_same(form.coefficient.at("cell.FirstSpike.lambda_t"), "-select(cell.FirstSpike.n == 0, 1, 0) / cell.slope");
}

TEST(adjoint, a_running_maximum_hands_its_adjoint_to_the_step_that_set_it) {
  const ModelBuilder loss = ModelBuilder("Sum").result(ir::Trigger::loss, "sum(out.m)");
  NetworkBuilder n;
  n.source("input", 3).population("cell", 2, leaky()).connect("input", "cell", pulse(), {{"w", trainable(number(1))}}).loss("cell", max_voltage(), loss, false);
  const ir::Program p = derive(n);
  const ir::Cell& c = *p.cell("cell");
  EXPECT_EQ(value_of(c.back_after, "cell.MaxVoltage.lambda_m"), "cell.MaxVoltage.lambda_m * select(cell.MaxVoltage.m < cell.v, 0, 1)");
  expect_same(expr_of(c.back_after, "cell.lambda_v"), "cell.lambda_v + cell.MaxVoltage.lambda_m * select(cell.MaxVoltage.m < cell.v, 1, 0)");
}

TEST(adjoint, cross_entropy_seeds_softmax_minus_label) {
  NetworkBuilder n;
  n.source("input", 3).population("cell", 3, leaky()).connect("input", "cell", pulse(), {{"w", trainable(number(1))}}).loss("cell", mean_voltage(), cross_entropy());
  const ir::Program p = derive(n);
  EXPECT_EQ(value_of(p.losses[0].seed, "cell.MeanVoltage.lambda_s"), "exp(cell.MeanVoltage.s) / sum(exp(cell.MeanVoltage.s)) - is_label()");
}

TEST(adjoint, nested_reductions_keep_their_cross_terms) {
  // L = log(sum exp(s - max s)) + max s: the same softmax, whatever the maximum does
  const ModelBuilder loss = ModelBuilder("Stable").result(ir::Trigger::loss, "log(sum(exp(out.s - maxof(out.s)))) + maxof(out.s)");
  NetworkBuilder n;
  n.source("input", 3).population("cell", 3, leaky()).connect("input", "cell", pulse(), {{"w", trainable(number(1))}}).loss("cell", mean_voltage(), loss, false);
  const ir::Program p = derive(n);
  const double s[3] = {0.4, -1.2, 1.1};
  double z = 0;
  for (double x : s) z += std::exp(x);
  for (int k = 0; k < 3; ++k) {
    const double seed = ir::evaluate(expr_of(p.losses[0].seed, "cell.MeanVoltage.lambda_s"), {3, -1, [&](const std::string&, int o) { return s[o]; }}, k, [](const std::string&) { return 0.0; });
    EXPECT_NEAR(seed, std::exp(s[k]) / z, 1e-15);
  }
}

}  // namespace
}  // namespace antidrome
