// The step that `solve` writes down, against the matrix exponential by brute force.
#include <cmath>
#include <map>

#include "tests/passes/derive.hpp"

namespace antidrome {
namespace {

using namespace fixtures;

using Numbers = std::map<std::string, double>;

double at(ir::Expr e, const Numbers& x) {
  return ir::evaluate(e, [&](const std::string& name) { return x.at(name); });
}

/// The flow integrated by RK4 in 300 steps: accurate to about 1e-12 for these time constants.
Numbers integrate(const ir::Cell& c, Numbers x, double h) {
  const int n = 300;
  const double dt = h / n;
  auto slope = [&](const Numbers& y) {
    Numbers f;
    for (const ir::Update& u : c.flow) f[u.target] = at(u.value, y);
    return f;
  };
  auto moved = [](Numbers y, const Numbers& f, double by) {
    for (const auto& [name, v] : f) y[name] += by * v;
    return y;
  };
  for (int k = 0; k < n; ++k) {
    const Numbers k1 = slope(x), k2 = slope(moved(x, k1, dt / 2)), k3 = slope(moved(x, k2, dt / 2)), k4 = slope(moved(x, k3, dt));
    for (const auto& [name, v] : k1) x[name] += dt / 6 * (v + 2 * k2.at(name) + 2 * k3.at(name) + k4.at(name));
  }
  return x;
}

void expect_exact(const ir::Program& p, Numbers x, double tolerance) {
  const ir::Cell& c = *p.cell("cell");
  EXPECT_EQ(c.solver, "exact propagator");
  x["h"] = 3;
  const Numbers truth = integrate(c, x, 3);
  for (const ir::Update& u : c.advance) EXPECT_NEAR(at(u.value, x), truth.at(u.target), tolerance) << u.target << " := " << ir::print(u.value);
}

TEST(solve, a_linear_flow_gets_its_exact_propagator) {
  const ir::Program p = derive(small_network(cuba_lif(), pulse()));
  expect_exact(p, {{"cell.v", 0.3}, {"cell.i", 1.7}, {"cell.MeanVoltage.s", 0.1}, {"cell.tau_mem", 20}, {"cell.tau_syn", 5}, {"trial", 50}}, 1e-12);
}

TEST(solve, equal_time_constants_are_no_singularity) {
  const ir::Program p = derive(small_network(cuba_lif(), pulse()));
  for (double close : {10.0, 10 * (1 + 1e-15), 10 * (1 + 1e-9), 10 * (1 + 1e-5)})
    expect_exact(p, {{"cell.v", 0.3}, {"cell.i", 1.7}, {"cell.MeanVoltage.s", 0.1}, {"cell.tau_mem", 10}, {"cell.tau_syn", close}, {"trial", 50}}, 1e-12);
}

TEST(solve, a_second_order_synapse_joins_the_propagator) {
  const ir::Program p = derive(small_network(lif_with_input(), alpha()));
  expect_exact(p, {{"cell.v", 0.3}, {"cell.in.x", 1.7}, {"cell.in.g", 0.2}, {"cell.rec.x", -0.4}, {"cell.rec.g", 0.5}, {"cell.MeanVoltage.s", 0.1},
                   {"cell.tau_mem", 20}, {"in.tau", 5}, {"rec.tau", 7}, {"trial", 50}}, 1e-12);
}

TEST(solve, a_constant_drive_is_part_of_the_propagator) {
  const ModelBuilder driven = ModelBuilder("Driven").param("tau", 20).param("bias", 1.5).state("v").flow({{"v", "(bias - v) / tau"}}).fires("v >= 1").on(ir::Trigger::reset, {{"v", "0"}});
  NetworkBuilder n;
  n.population("cell", 2, driven).loss("cell", mean_voltage(), square_sum(), false);
  expect_exact(derive(n), {{"cell.v", 0.3}, {"cell.MeanVoltage.s", 0.1}, {"cell.tau", 20}, {"cell.bias", 1.5}, {"trial", 50}}, 1e-12);
}

TEST(solve, the_remaining_states_of_a_mixed_flow_take_their_own_steps) {
  const ir::Program p = derive(small_network(cuba_lif(), pulse(), exp_weighted()));
  EXPECT_EQ(p.cell("cell")->solver, "exact propagator, exponential Euler for the rest");
  expect_same(expr_of(p.cell("cell")->advance, "cell.ExpWeighted.s"), "cell.ExpWeighted.s + h * exp(-time / trial) * cell.v / trial");
}

TEST(solve, rk4_has_order_four) {
  const ir::Program p = derive(small_network(quadratic(), pulse()), ir::TimeMode::exact);
  const ir::Cell& c = *p.cell("cell");
  EXPECT_EQ(c.solver, "RK4");
  Numbers x = {{"cell.v", 0.3}, {"cell.i", 1.7}, {"cell.w", 0.2}, {"cell.MeanVoltage.s", 0.1}, {"cell.tau_mem", 20}, {"cell.tau_syn", 5}, {"cell.tau_w", 60},
               {"cell.c", 0.3}, {"cell.b", 0.2}, {"trial", 50}, {"time", 4}};
  auto error = [&](double h) {
    x["h"] = h;
    return std::fabs(at(expr_of(c.advance, "cell.v"), x) - integrate(c, x, h).at("cell.v"));
  };
  const double order = std::log2(error(4) / error(2));
  EXPECT_NEAR(order, 5, 0.3);                                     // local error of a fourth-order method
}

TEST(solve, a_solver_that_does_not_fit_is_refused) {
  EXPECT_EQ(refusal(small_network(quadratic(), pulse()).solver("cell", ir::Solver::exact)), "AD230");
  EXPECT_EQ(refusal(small_network(cuba_lif(), pulse()).solver("cell", ir::Solver::euler), ir::TimeMode::exact), "AD231");
}

}  // namespace
}  // namespace antidrome
