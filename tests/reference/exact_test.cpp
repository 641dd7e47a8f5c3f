// Exact mode: where crossings lie, what fires at one instant, and a derivation done by hand.
#include <gtest/gtest.h>

#include "codegen/passes/passes.hpp"
#include "tests/fixtures/models.hpp"
#include "tests/reference/trials.hpp"

namespace antidrome::reference {
namespace {

using namespace test;

std::vector<std::pair<double, std::uint32_t>> times(const std::vector<Spike>& spikes) {
  std::vector<std::pair<double, std::uint32_t>> list;
  for (const Spike& s : spikes) list.emplace_back(s.time_ms, s.unit);
  return list;
}

// v' = (drive - v) / tau from 0 crosses 1 at tau log(drive / (drive - 1)), over and over
const char* const driven = R"(
program driven exact
learn "" clamp 1000
parameter a.drive neuron 1 2 cell a edge "" = 1.5
cell a 2 { solver automatic "" state a.v = 0 threshold a.v - 1 jump a.v := 0
  advance a.v := a.drive + (a.v - a.drive) * exp(-h / 20) state a.n = 0 after a.n := a.n + 1 }
)";

TEST(Exact, a_crossing_is_found_to_the_last_bits_on_any_grid) {
  const Interpreter run(ir::parse_program(driven));
  for (const double dt : {0.1, 1.0, 7.0}) {
    const Result r = run.run({{}, -1}, {{1.5, 0.5}}, {.dt_ms = dt, .steps = static_cast<int>(140 / dt)});
    const double period = 20 * std::log(1.5 / 0.5);
    ASSERT_EQ(r.spikes[0].size(), static_cast<std::size_t>(140 / period));
    for (std::size_t k = 0; k < r.spikes[0].size(); ++k) EXPECT_NEAR(r.spikes[0][k].time_ms, static_cast<double>(k + 1) * period, 1e-12 * static_cast<double>(k + 1));
  }
}

TEST(Exact, step_hooks_run_at_points_of_the_grid_alone) {
  const Result r = Interpreter(ir::parse_program(driven)).run({{}, -1}, {{1.5, 3}}, {.dt_ms = 10, .steps = 14, .traces = true});
  EXPECT_EQ(r.traces[1].back(), 14);
}

TEST(Exact, ties_go_by_neuron_and_are_counted) {
  const Result r = Interpreter(ir::parse_program(driven)).run({{}, -1}, {{1.5, 1.5}}, {.dt_ms = 1, .steps = 30});
  ASSERT_EQ(r.spikes[0].size(), 2u);
  EXPECT_EQ(r.spikes[0][0].unit, 0u);
  EXPECT_EQ(r.spikes[0][1].unit, 1u);
  EXPECT_EQ(r.spikes[0][0].time_ms, r.spikes[0][1].time_ms);
  EXPECT_EQ(r.ties, 1u);
}

// in -> a -> b and a -> a, all by jumps of v: whatever fires, fires at once
const char* const chain = R"(
program chain exact
learn "" clamp 1000
parameter a_a.w source_target 2 2 cell "" edge a_a = 0
cell in 1 source { solver automatic "" }
cell a 2 { solver automatic "" state a.v = 0 threshold a.v - 1 jump a.v := a.v - 1 }
cell b 1 { solver automatic "" state b.v = 0 threshold b.v - 1 jump b.v := 0 }
edge in_a from in to a dense 1 delay 0 { gather in_a.G0 weight "" event factor 1 arrive_post a.v := a.v + 1.25 * in_a.G0 }
edge a_a from a to a dense 1 delay 0 { gather a_a.G0 weight a_a.w event factor 1 arrive_post a.v := a.v + a_a.G0 }
edge a_b from a to b dense 1 delay 0 { gather a_b.G0 weight "" event factor 1 arrive_post b.v := b.v + 0.5 * a_b.G0 }
)";

TEST(Exact, an_arrival_that_lifts_over_the_threshold_fires_at_its_own_time) {
  const Result r = Interpreter(ir::parse_program(chain)).run({{events({{0.3, 0}})}, -1}, {{0, 0, 0, 0}}, {.dt_ms = 1, .steps = 3});
  EXPECT_EQ(times(r.spikes[1]), (std::vector<std::pair<double, std::uint32_t>>{{0.3, 0}, {0.3, 1}}));
  EXPECT_EQ(times(r.spikes[2]), (std::vector<std::pair<double, std::uint32_t>>{{0.3, 0}}));
  EXPECT_EQ(r.ties, 0u);                                   // caused spikes are no ties
}

TEST(Exact, a_neuron_still_above_after_its_reset_fires_again_at_once) {
  const Result r = Interpreter(ir::parse_program(chain)).run({{events({{0.3, 0}, {0.7, 0}})}, -1}, {{0, 2, 0, 0}}, {.dt_ms = 1, .steps = 3});
  // 0.3: a0 fires (1.25); its spike lifts a1 from 1.25 to 3.25, which then fires three times and keeps 0.25
  EXPECT_EQ(times(r.spikes[1])[0], (std::pair<double, std::uint32_t>{0.3, 0}));
  std::size_t at_once = 0;
  for (const Spike& s : r.spikes[1]) at_once += s.time_ms == 0.3 && s.unit == 1 ? 1 : 0;
  EXPECT_EQ(at_once, 3u);
}

TEST(Exact, firing_without_end_is_reported_with_its_neuron) {
  const Result r = Interpreter(ir::parse_program(chain)).run({{events({{0.3, 0}})}, -1}, {{0, 0, 0, 1}}, {.dt_ms = 1, .steps = 3});
  EXPECT_TRUE(r.not_finite.seen);
  EXPECT_EQ(r.not_finite.state, NotFinite::no_state);
  EXPECT_EQ(r.not_finite.cell, 1u);
  EXPECT_EQ(r.not_finite.neuron, 1u);
}

TEST(Exact, a_value_that_is_not_finite_is_located) {
  const Result r = Interpreter(ir::parse_program(R"(
program nan exact
learn "" clamp 1000
cell a 2 { solver automatic "" state a.v = 0 state a.w = 1 advance a.w := select(time > 2.5, a.w / 0, a.w) }
)")).run({{}, -1}, {}, {.dt_ms = 1, .steps = 9});
  EXPECT_TRUE(r.not_finite.seen);
  EXPECT_EQ(r.not_finite.state, 1u);
  EXPECT_EQ(r.not_finite.step, 3u);
}

// Leaky integrate-and-fire with exponential currents and a readout of the mean voltage. Everything below, solver and adjoint, is
// derived by hand (docs/adjoint.md, section 4), so that the interpreter is judged without the passes.
const char* const by_hand = R"(
program by_hand exact
learn EventProp clamp 1000
parameter h.tau_m shared 1 1 cell h edge "" = 20
parameter h.theta shared 1 1 trainable cell h edge "" = 1
parameter in_h.w source_target 3 4 trainable cell "" edge in_h = normal(1.8, 0.6)
parameter h_h.w source_target 4 4 trainable cell "" edge h_h = normal(0.2, 0.4)
parameter h_o.w source_target 4 2 trainable cell "" edge h_o = normal(1, 0.5)
cell in 3 source { solver automatic "" }
cell h 4 linear {
  solver automatic "exact propagator"
  state h.v = 0
  state h.i = 0
  threshold h.v - h.theta
  jump h.v := 0
  advance h.v := exp(-h / h.tau_m) * h.v + h / h.tau_m * expdd(-h / h.tau_m, -h / 5) * h.i
  advance h.i := exp(-h / 5) * h.i
  back_advance h.lambda_v := exp(-h / h.tau_m) * h.lambda_v
  back_advance h.lambda_i := exp(-h / 5) * h.lambda_i + h / h.tau_m * expdd(-h / h.tau_m, -h / 5) * h.lambda_v
  slope (h.i - h.v) / h.tau_m
  back_jump h.lambda_v := (h.lambda_v * h.i / h.tau_m + h.acc) / h.slope
  back_jump_gradient h.grad_theta := -(h.lambda_v * h.i / h.tau_m + h.acc) / h.slope
}
cell o 2 linear {
  solver automatic "exact propagator"
  state o.v = 0
  state o.i = 0
  state o.s = 0
  advance o.v := exp(-h / 20) * o.v + h / 20 * expdd(-h / 20, -h / 5) * o.i
  advance o.i := exp(-h / 5) * o.i
  advance o.s := o.s + h / trial * (expdd(0, -h / 20) * o.v + h / 20 * expdd(0, -h / 20, -h / 5) * o.i)
  back_advance o.lambda_v := exp(-h / 20) * o.lambda_v + h / trial * expdd(0, -h / 20) * o.lambda_s
  back_advance o.lambda_i := exp(-h / 5) * o.lambda_i + h / 20 * expdd(-h / 20, -h / 5) * o.lambda_v + h / trial * h / 20 * expdd(0, -h / 20, -h / 5) * o.lambda_s
}
edge in_h from in to h dense 1 delay 0 jump_linear {
  gather in_h.G0 weight in_h.w event factor 1
  arrive_post h.i := h.i + in_h.G0
  back_operands in_h.lambda_G0 := h.lambda_i
}
edge h_h from h to h dense 1 delay 0 jump_linear {
  gather h_h.G0 weight h_h.w event factor 1
  arrive_post h.i := h.i + h_h.G0
  back_operands h_h.lambda_G0 := h.lambda_i
  back_operands h_h.kappa_G0 := h.lambda_v / h.tau_m - h.lambda_i / 5
  back_acc h_h.dot_kappa_G0
}
edge h_o from h to o dense 1 delay 0 jump_linear {
  gather h_o.G0 weight h_o.w event factor 1
  arrive_post o.i := o.i + h_o.G0
  back_operands h_o.lambda_G0 := o.lambda_i
  back_operands h_o.kappa_G0 := o.lambda_v / 20 - o.lambda_i / 5
  back_acc h_o.dot_kappa_G0
}
loss CrossEntropy of o end labelled {
  value log(sum(exp(20 * o.s))) - 20 * at_label(o.s)
  seed o.lambda_s := 20 * exp(20 * o.s) / sum(exp(20 * o.s)) - 20 * is_label()
}
)";

TEST(Exact, a_derivation_by_hand_agrees_with_finite_differences) {
  const Interpreter run(ir::parse_program(by_hand));
  std::mt19937 random(2);
  const Parameters parameters = initial_parameters(run.program(), random);
  const Sample sample{{random_events(random, 3, 40, 45)}, 1};
  const Settings settings{.dt_ms = 1, .steps = 50};
  const Result r = run.run(sample, parameters, settings);
  ASSERT_GE(r.spikes[1].size(), 8u);
  for (std::size_t p = 0; p < parameters.size(); ++p)
    for (std::size_t k = 0; k < r.gradients[p].size(); ++k) {
      const Difference d = finite_difference(run, sample, parameters, settings, p, k, 2e-6);
      ASSERT_TRUE(d.smooth);
      EXPECT_NEAR(r.gradients[p][k], d.value, 1e-7 * std::max(1.0, std::abs(d.value))) << run.program().parameters[p].name << "[" << k << "]";
    }
}

}  // namespace
}  // namespace antidrome::reference
