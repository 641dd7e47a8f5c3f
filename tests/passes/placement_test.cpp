// Where a synapse's variables live follows from what is written to them.
#include "tests/passes/derive.hpp"

namespace antidrome {
namespace {

using namespace fixtures;

std::vector<std::string> states(const ir::Program& p, const std::string& cell) {
  std::vector<std::string> names;
  for (const ir::State& s : p.cell(cell)->states) names.push_back(s.name);
  return names;
}

TEST(placement, a_linear_current_is_kept_once_per_target_and_joins_the_flow) {
  const ir::Program p = derive(small_network(lif_with_input(), exp_current()));
  EXPECT_EQ(states(p, "input"), std::vector<std::string>{});
  EXPECT_EQ(states(p, "cell"), (std::vector<std::string>{"cell.v", "cell.in.i", "cell.rec.i", "cell.MeanVoltage.s"}));
  expect_same(expr_of(p.cell("cell")->flow, "cell.v"), "(cell.in.i - cell.v + cell.rec.i) / cell.tau_mem");
}

TEST(placement, short_term_plasticity_splits_between_source_and_target) {
  const ir::Program p = derive(small_network(lif_with_input(), tsodyks_markram()));
  EXPECT_EQ(states(p, "input"), (std::vector<std::string>{"input.in.u", "input.in.r"}));
  EXPECT_EQ(states(p, "cell"), (std::vector<std::string>{"cell.v", "cell.in.i", "cell.rec.u", "cell.rec.r", "cell.rec.i", "cell.MeanVoltage.s"}));
  ASSERT_EQ(p.edge("in")->gathers.size(), 1u);
  EXPECT_EQ(p.edge("in")->gathers[0].weight, "in.w");
  expect_same(p.edge("in")->gathers[0].factor, "(input.in.u + in.U * (1 - input.in.u)) * input.in.r");
}

TEST(placement, a_saturating_synapse_couples_its_source_state_every_step) {
  NetworkBuilder n;
  n.source("input", 5).population("cell", 4, lif_with_input()).connect("input", "cell", nmda(), {{"w", trainable(number(0.1))}}, "in").loss("cell", mean_voltage(), square_sum(), false);
  const ir::Program p = derive(n);
  EXPECT_EQ(states(p, "input"), (std::vector<std::string>{"input.in.x", "input.in.s"}));
  ASSERT_EQ(p.edge("in")->gathers.size(), 1u);
  EXPECT_TRUE(p.edge("in")->gathers[0].continuous);
  EXPECT_EQ(ir::print(p.edge("in")->gathers[0].factor), "input.in.s");
  EXPECT_EQ(p.cell("cell")->gathers, std::vector<std::string>{"in.G0"});
}

TEST(placement, a_conductance_keeps_the_driving_force_at_the_target) {
  const ir::Program p = derive(small_network(lif_with_input(), conductance()));
  expect_same(expr_of(p.cell("cell")->flow, "cell.v"), "(cell.in.g * (in.e_rev - cell.v) + cell.rec.g * (rec.e_rev - cell.v) - cell.v) / cell.tau_mem");
}

TEST(placement, a_state_of_each_synapse_is_refused_with_the_reason) {
  const ModelBuilder saturating = ModelBuilder("Saturating").weight("w").state("x").on(ir::Trigger::pre_spike, {{"x", "x + w * (1 - x)"}}).flow({{"x", "-x / 5"}}).contribute({{"post.i", "x"}});
  NetworkBuilder n;
  n.source("input", 5).population("cell", 4, lif_with_input()).connect("input", "cell", saturating).loss("cell", mean_voltage(), square_sum(), false);
  Diagnostics d;
  passes::derive_program(n.network(), {}, d);
  ASSERT_EQ(d.error_count(), 1u) << d.render();
  EXPECT_EQ(d.all()[0].code, "AD220");
  EXPECT_NE(d.all()[0].message.find("'x' of 'Saturating' would need one value per synapse of 'input_cell'"), std::string::npos) << d.render();
}

TEST(placement, a_parameter_spread_over_neurons_has_their_axis) {
  NetworkBuilder n;
  n.source("input", 5).population("cell", 4, cuba_lif(), {{"tau_mem", trainable(per_neuron(number(20)))}}).loss("cell", mean_voltage(), square_sum(), false);
  const ir::Program p = derive(n);
  EXPECT_EQ(p.parameter("cell.tau_mem")->axes, ir::Parameter::Axes::neuron);
  EXPECT_EQ(p.parameter("cell.tau_mem")->cols, 4);
  EXPECT_EQ(p.parameter("cell.theta")->axes, ir::Parameter::Axes::shared);
}

}  // namespace
}  // namespace antidrome
