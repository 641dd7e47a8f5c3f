// Grid mode: the order inside a step, and gradients where the grid is differentiable or converges.
#include <gtest/gtest.h>

#include "codegen/passes/passes.hpp"
#include "tests/fixtures/models.hpp"
#include "tests/reference/trials.hpp"

namespace antidrome::reference {
namespace {

using namespace fixtures;
using namespace test;

Interpreter interpreter(const ir::Network& n, ir::TimeMode mode) {
  Diagnostics diagnostics;
  ir::Program p = passes::derive_program(n, {.mode = mode}, diagnostics);
  EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.render();
  return Interpreter(std::move(p));
}

std::vector<std::uint32_t> steps_of(const std::vector<Spike>& spikes) {
  std::vector<std::uint32_t> steps;
  for (const Spike& s : spikes) steps.push_back(s.step);
  return steps;
}

// A cell that only counts what arrives; fires at 1 and starts again.
const char* const relay = R"(
program relay grid
learn "" clamp 1000
parameter in_a.w source_target 2 1 cell "" edge in_a = 1
parameter a_b.w source_target 1 1 cell "" edge a_b = 1
cell in 2 source { solver automatic "" }
cell a 1 { solver automatic "" state a.v = 0 threshold a.v - 1 jump a.v := 0 jump a.last := time state a.last = -1 }
cell b 1 { solver automatic "" state b.v = 0 threshold b.v - 1 jump b.v := 0 }
edge in_a from in to a dense 1 delay 0 { gather in_a.G0 weight in_a.w event factor 1 arrive_post a.v := a.v + in_a.G0 }
edge a_b from a to b dense 1 delay 3 { gather a_b.G0 weight a_b.w event factor 1 arrive_post b.v := b.v + a_b.G0 }
)";

TEST(Grid, a_spike_of_step_n_arrives_after_its_delay) {
  const Interpreter run(ir::parse_program(relay));
  const Result r = run.run({{events({{2.5, 0}, {7, 1}})}, -1}, {{1, 1}, {1}}, {.dt_ms = 0.5, .steps = 20, .traces = true});
  EXPECT_EQ(steps_of(r.spikes[1]), (std::vector<std::uint32_t>{5, 14}));      // sources arrive in their own step
  EXPECT_EQ(steps_of(r.spikes[2]), (std::vector<std::uint32_t>{8, 17}));
  EXPECT_EQ(r.spikes[1][0].time_ms, 2.5);                                     // n dt
  EXPECT_EQ(r.traces[1][4], -1);
  EXPECT_EQ(r.traces[1][5], 2.5);                                             // time() in a reset is n dt
}

TEST(Grid, events_beyond_the_trial_are_dropped) {
  const Interpreter run(ir::parse_program(relay));
  const Result r = run.run({{events({{9, 0}, {10, 1}, {50, 0}})}, -1}, {{1, 1}, {1}}, {.dt_ms = 0.5, .steps = 20});
  EXPECT_EQ(r.spikes[1].size(), 1u);
  EXPECT_EQ(r.spikes[2].size(), 0u);
}

TEST(Grid, steps_may_be_given_instead_of_times) {
  const Interpreter run(ir::parse_program(relay));
  const Result r = run.run({{Events{{}, {0}, {3}}}, -1}, {{1, 1}, {1}}, {.dt_ms = 0.5, .steps = 20});
  EXPECT_EQ(steps_of(r.spikes[1]), (std::vector<std::uint32_t>{3}));
}

TEST(Grid, arrivals_of_one_step_read_the_state_before_any_of_them_and_add_up) {
  // two edges jump the same state by amounts that read it; the source keeps a state whose factor is read before its own update
  const Interpreter run(ir::parse_program(R"(
program together grid
learn "" clamp 1000
cell in 1 source { solver automatic "" state in.u = 1 }
cell a 1 { solver automatic "" state a.v = 10 }
edge e from in to a dense 1 delay 0 { gather e.G0 weight "" event factor in.u arrive_pre in.u := in.u + 1 arrive_post a.v := a.v + 2 * a.v * e.G0 }
edge f from in to a dense 1 delay 0 { gather f.G0 weight "" event factor 1 arrive_post a.v := a.v + 3 * a.v * f.G0 }
)"));
  const Settings settings{.dt_ms = 1, .steps = 3, .traces = true};
  const Result once = run.run({{events({{1, 0}})}, -1}, {}, settings);
  EXPECT_EQ(once.traces[1], (std::vector<double>{10, 60, 60}));      // 10 + 20 * 1 + 30
  EXPECT_EQ(once.traces[0], (std::vector<double>{1, 2, 2}));
  const Result twice = run.run({{events({{1, 0}, {1.5, 0}})}, -1}, {}, settings);
  EXPECT_EQ(twice.traces[1], (std::vector<double>{10, 110, 110}));   // 10 + 20 * (1 + 1) + 30 * 2
  EXPECT_EQ(twice.traces[0], (std::vector<double>{1, 3, 3}));
}

TEST(Grid, step_hooks_run_after_the_reset) {
  const Interpreter run(ir::parse_program(R"(
program after grid
learn "" clamp 1000
cell a 1 { solver automatic "" state a.v = 0 state a.m = -1 threshold a.v - 3 jump a.v := -5 advance a.v := a.v + h after a.m := max(a.m, a.v) }
)"));
  const Result r = run.run({{}, -1}, {}, {.dt_ms = 1, .steps = 5, .traces = true});
  EXPECT_EQ(r.traces[0], (std::vector<double>{1, 2, -5, -4, -3}));
  EXPECT_EQ(r.traces[1], (std::vector<double>{1, 2, 2, 2, 2}));
}

const char* const scored = R"(
program scored grid
learn "" clamp 1000
cell a 3 { solver automatic "" state a.s = 0 advance a.s := a.s + time * h }
loss L of a WHEN labelled { score 2 * a.s value sum(a.s) - at_label(a.s) }
)";

std::string with(std::string text, const std::string& what, const std::string& by) { return text.replace(text.find(what), what.size(), by); }

TEST(Grid, a_loss_at_each_step_is_the_average_over_the_steps) {
  const Settings settings{.dt_ms = 0.5, .steps = 4};
  const Result end = Interpreter(ir::parse_program(with(scored, "WHEN", "end"))).run({{}, 1}, {}, settings);
  EXPECT_EQ(end.loss, 2 * 1.5);                            // s = 0.5 (0 + 0.5 + 1 + 1.5)
  EXPECT_EQ(end.scores, (std::vector<double>{3, 3, 3}));
  const Result each = Interpreter(ir::parse_program(with(scored, "WHEN", "each_step"))).run({{}, 1}, {}, settings);
  EXPECT_EQ(each.loss, 2 * (0 + 0.25 + 0.75 + 1.5) / 4);
}

TEST(Grid, prediction_is_the_label_of_least_loss_and_none_on_a_tie) {
  const Interpreter tie(ir::parse_program(with(scored, "WHEN", "end")));
  EXPECT_EQ(tie.run({{}, -1}, {}, {.steps = 4}).prediction, -1);
  EXPECT_EQ(tie.run({{}, -1}, {}, {.steps = 4}).loss, 0);   // no label, no labelled loss
  const Interpreter drawn(ir::parse_program(with(with(with(scored, "WHEN", "end"), "a.s = 0", "a.s = a.start"), "cell a", "parameter a.start neuron 1 3 cell a edge \"\" = 0 cell a")));
  EXPECT_EQ(drawn.run({{}, 0}, {{1, 5, 2}}, {.steps = 4}).prediction, 1);
  EXPECT_EQ(drawn.run({{}, 0}, {{5, 1, 5}}, {.steps = 4}).prediction, -1);
}

// ---- gradients

ir::Network feed_forward(const ModelBuilder& synapse, const ModelBuilder& readout, const ModelBuilder& loss, ir::Loss::When when) {
  const ModelBuilder cell = synapse.model().name == "Pulse" ? leaky() : ModelBuilder("Leaky").param("tau_mem", 20).state("v").input("i").flow({{"v", "(i - v) / tau_mem"}});
  NetworkBuilder b;
  b.source("input", 4).population("output", 3, cell).connect("input", "output", synapse, {{"w", normal(0.5, 0.3)}}).loss("output", readout, loss, true, when);
  ir::Network n = b.network();
  for (ir::Population& p : n.populations)
    for (auto& [name, v] : p.values) v = trainable(per_neuron(v));
  for (ir::Projection& p : n.projections)
    for (auto& [name, v] : p.values) v.trainable = true;
  return n;
}

ModelBuilder mean_cross_entropy() { return ModelBuilder("CrossEntropy").result(ir::Trigger::loss, "log(sum(exp(out.s - maxof(out.s)))) + maxof(out.s) - at_label(out.s)"); }

TEST(Grid, without_threshold_the_discrete_adjoint_is_the_gradient) {
  using enum ir::Loss::When;
  const std::vector<ir::Network> networks{
      feed_forward(pulse(), mean_voltage(), mean_cross_entropy(), end), feed_forward(exp_current(), exp_weighted(), cross_entropy(), end),
      feed_forward(alpha(), max_voltage(), max_cross_entropy(), end), feed_forward(conductance(), final_voltage(), cross_entropy(), each_step),
      feed_forward(tsodyks_markram(), mean_voltage(), cross_entropy(), each_step), feed_forward(nmda(), mean_voltage(), cross_entropy(), end),
      feed_forward(nmda(), max_voltage(), max_cross_entropy(), each_step)};
  for (const ir::Network& n : networks) {
    const Interpreter run = interpreter(n, ir::TimeMode::grid);
    std::mt19937 random(5);
    const Parameters parameters = initial_parameters(run.program(), random);
    const Sample sample{{random_events(random, 4, 30, 38)}, 2};
    const Settings settings{.dt_ms = 0.5, .steps = 80};
    const Result r = run.run(sample, parameters, settings);
    for (std::size_t p = 0; p < parameters.size(); ++p) {
      double largest = 0;
      for (const double g : r.gradients[p]) largest = std::max(largest, std::abs(g));
      EXPECT_GT(largest, 0) << run.program().parameters[p].name;
      for (std::size_t k = 0; k < r.gradients[p].size(); ++k)
        EXPECT_NEAR(r.gradients[p][k], finite_difference(run, sample, parameters, settings, p, k, 1e-4).value, 1e-8 * largest + 1e-11)
            << n.projections[0].model.name << " " << run.program().parameters[p].name << "[" << k << "]";
    }
  }
}

double distance(const Parameters& a, const Parameters& b) {
  double difference = 0, size = 0;
  for (std::size_t p = 0; p < a.size(); ++p)
    for (std::size_t k = 0; k < a[p].size(); ++k) {
      difference += (a[p][k] - b[p][k]) * (a[p][k] - b[p][k]);
      size += b[p][k] * b[p][k];
    }
  return std::sqrt(difference / size);
}

TEST(Grid, gradients_converge_to_the_exact_ones) {
  for (const ModelBuilder& neuron : {cuba_lif(), adaptive_lif()}) {
    NetworkBuilder b;
    b.source("input", 5).population("hidden", 4, neuron).population("output", 3, leaky()).connect("input", "hidden", pulse(), {{"w", trainable(normal(1.5, 0.5))}})
        .connect("hidden", "output", pulse(), {{"w", trainable(normal(1, 0.4))}}).loss("output", mean_voltage(), cross_entropy());
    ir::Network n = b.network();
    const Interpreter exact = interpreter(n, ir::TimeMode::exact);
    for (ir::Projection& p : n.projections) p.delay_steps.reset();
    const Interpreter grid = interpreter(n, ir::TimeMode::grid);
    std::mt19937 random(3);
    const Parameters parameters = initial_parameters(exact.program(), random);
    const Sample sample{{random_events(random, 5, 40, 45)}, 1};
    const Result limit = exact.run(sample, parameters, {.dt_ms = 1, .steps = 50});
    EXPECT_GE(limit.spikes[1].size(), 6u);
    double coarse = 0, fine = 0;
    for (const int refinement : {64, 1024}) {
      const Result r = grid.run(sample, parameters, {.dt_ms = 1.0 / refinement, .steps = 50 * refinement});
      EXPECT_EQ(r.spikes[1].size(), limit.spikes[1].size());
      (refinement == 64 ? coarse : fine) = distance(r.gradients, limit.gradients);
    }
    EXPECT_LT(coarse, 0.05) << neuron.model().name;
    EXPECT_LT(fine, coarse / 8) << neuron.model().name;    // first order: a factor of 16, less the luck of where events fall
  }
}

TEST(Grid, a_grazing_threshold_is_clamped_and_counted) {
  NetworkBuilder b;
  b.source("input", 1).population("hidden", 1, cuba_lif()).connect("input", "hidden", pulse(), {{"w", trainable(number(2))}}).loss("hidden", mean_voltage(), square_sum(), false);
  ir::Network n = b.network();
  n.learn.clamp = 1e-3;                                    // every slope is flatter than that
  const Result r = interpreter(n, ir::TimeMode::exact).run({{events({{1, 0}, {2, 0}, {3, 0}})}, -1}, {{20}, {5}, {1}, {0}, {4}}, {.dt_ms = 1, .steps = 30});
  EXPECT_GE(r.spikes[1].size(), 1u);
  EXPECT_EQ(r.clamped, r.spikes[1].size());
}

// ---- draws

NetworkBuilder driven(const ModelBuilder& neuron, int neurons) {
  NetworkBuilder n;
  n.source("input", 1).population("cell", neurons, neuron).connect("input", "cell", pulse(), {{"w", number(0)}}).loss("cell", mean_voltage(), square_sum(), false);
  return n;
}

Result run_noise(const ModelBuilder& neuron, int neurons, int steps, double dt, bool training, std::uint64_t index = 0) {
  const Interpreter run = interpreter(driven(neuron, neurons).network(), ir::TimeMode::grid);
  std::mt19937 random(1);
  return run.run({{Events{}}, -1, index}, initial_parameters(run.program(), random), {.dt_ms = dt, .steps = steps, .training = training, .backward = false, .traces = true});
}

TEST(Draws, dropped_spikes_come_later_and_are_not_lost) {
  // It fires in every step unless the draw forbids: v rises by 2 in a step of 1 ms, and nothing resets it below the threshold.
  const ModelBuilder eager = ModelBuilder("Eager").param("p", 0.3).state("v").state("i").flow({{"v", "2"}, {"i", "-i"}}).fires("v >= 1 && draw_uniform_0 >= p * training").on(Trigger::reset, {{"v", "0"}});
  const double trials = 200 * 400, kept = static_cast<double>(run_noise(eager, 200, 400, 1, true).spikes[1].size());
  EXPECT_NEAR(kept / trials, 0.7, 4 * std::sqrt(0.21 / trials));
  EXPECT_EQ(run_noise(eager, 200, 400, 1, false).spikes[1].size(), 200u * 400u);
  EXPECT_NE(run_noise(eager, 4, 40, 1, true, 0).spikes[1].size(), run_noise(eager, 4, 40, 1, true, 1).spikes[1].size()) << "another sample, other draws";
}

TEST(Draws, noise_gives_the_membrane_its_stationary_variance) {
  const ModelBuilder still = ModelBuilder("Still").param("tau", 10).param("a", 0.3).state("v").state("i").flow({{"v", "-v / tau + a * draw_white_0"}, {"i", "-i"}});
  const double dt = 0.5;
  const int neurons = 300, steps = 400;
  const Result r = run_noise(still, neurons, steps, dt, true);
  double square = 0;
  int count = 0;
  for (int step = 200; step < steps; step += 40)                   // two time constants apart
    for (int n = 0; n < neurons; ++n, ++count) square += std::pow(r.traces[0][static_cast<std::size_t>(step * neurons + n)], 2);
  const double decay = std::exp(-2 * dt / 10), expected = 0.09 * dt / (1 - decay);   // of x <- x e^(-dt/tau) + a sqrt(dt) xi
  EXPECT_NEAR(square / count, expected, 4 * expected * std::sqrt(2.0 / count) * 1.2);
}

}  // namespace
}  // namespace antidrome::reference
