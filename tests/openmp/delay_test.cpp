// Delays on the grid: compiled simulators against the reference interpreter, in double.
#include "tests/openmp/parity.hpp"

#include <gtest/gtest.h>

namespace antidrome {
namespace {

using namespace fixtures;

constexpr double rounding = 1e-12;      // as in parity_test.cpp
constexpr double crossing_rounding = 1e-8;   // crossings are found to some ulps of the time only, in both

TEST(Delays, delays_in_ms_are_run_time_numbers_and_learn) {
  Simulator s = compile(derive(network_with_delays_in_ms()), "parity_delays_in_ms");
  s.initialise(5);
  const std::vector<Sample> samples = random_samples(4, 1, 7, 100, 0.5, 5, 1, 80);
  std::vector<std::vector<std::uint32_t>> counts;
  for (const double longer : {0.0, 4.0, 25.0, 1000.0}) {           // the last one: nothing arrives within the trial
    s.set("line.delay", {7.2 + longer});
    const auto r = compare(s, samples, {.dt_ms = 0.5, .steps = 100});
    EXPECT_GT(r.spikes, 100);
    EXPECT_EQ(r.other_spikes, 0);
    EXPECT_LT(r.loss, 1e-12);
    for (const auto& [name, error] : r.gradient) EXPECT_LT(error, rounding) << name << " at " << longer;
    for (const char* name : {"hidden_hidden.delay", "hidden_output.delay"}) EXPECT_GT(r.norm.at(name), 1e-6) << name;
    EXPECT_EQ(r.norm.at("line.delay") > 0, longer < 100);
    counts.push_back(s.run(samples, {.dt_ms = 0.5, .steps = 100}).spike_counts);
  }
  EXPECT_NE(counts[0], counts[1]);
}

TEST(Delays, of_single_synapses_agree_with_the_reference) {
  for (const bool trained_weights : {true, false}) {
    Simulator s = compile(derive(scattered_network(trained_weights)), trained_weights ? "delays_scattered" : "delays_only");
    s.initialise(5);
    const auto r = compare(s, random_samples(3, 1, 7, 90, 0.5, 5, 1, 80), {.dt_ms = 0.5, .steps = 90, .threads = 2});
    EXPECT_GT(r.spikes, 200);
    EXPECT_EQ(r.other_spikes, 0);
    EXPECT_LT(r.loss, 1e-12);
    EXPECT_EQ(r.gradient.size(), trained_weights ? 8u : 3u);
    for (const auto& [name, error] : r.gradient) EXPECT_LT(error, rounding) << name;
    for (const auto& [name, norm] : r.norm) EXPECT_GT(norm, 1e-6) << name;
  }
}

TEST(Delays, that_synapses_share_by_source_or_target_are_learned) {
  for (const bool source : {true, false}) {
    Simulator s = compile(derive(shared_delays_network(source)), source ? "delays_of_source" : "delays_of_target");
    s.initialise(5);
    const auto r = compare(s, random_samples(3, 1, 7, 90, 0.5, 5, 1, 80), {.dt_ms = 0.5, .steps = 90, .threads = 2});
    EXPECT_GT(r.spikes, 200);
    EXPECT_EQ(r.other_spikes, 0);
    EXPECT_LT(r.loss, 1e-12);
    EXPECT_EQ(r.gradient.size(), source ? 9u : 4u);
    for (const auto& [name, error] : r.gradient) EXPECT_LT(error, rounding) << name;
    for (const auto& [name, norm] : r.norm) EXPECT_GT(norm, 1e-6) << name;
  }
}

TEST(Delays, results_do_not_depend_on_threads_and_nothing_is_left_for_the_next_trial) {
  Simulator s = compile(derive(scattered_network()), "delays_scattered_float", {.precision = kernel::Precision::single_precision});
  s.initialise(5);
  const std::vector<Sample> samples = random_samples(6, 1, 7, 90, 0.5, 5, 1, 80);
  const RunOptions one{.dt_ms = 0.5, .steps = 90, .threads = 1}, three{.dt_ms = 0.5, .steps = 90, .threads = 3};
  const BatchResult a = s.run(samples, one), b = s.run(samples, three), last = s.run({samples[5]}, one);
  EXPECT_EQ(a.loss, b.loss);
  EXPECT_EQ(a.gradient, b.gradient);
  EXPECT_EQ(a.loss[5], last.loss[0]);                              // after five others in the same scratch, and alone
}

TEST(Delays, two_compilers_give_the_same_bits_at_the_widest_and_the_narrowest_vectors) {
  if (std::system("clang++-19 --version > /dev/null 2>&1") != 0) GTEST_SKIP() << "SKIP: clang++-19 is not installed";
  const std::vector<Sample> samples = random_samples(4, 1, 7, 90, 0.5, 5, 1, 80);
  for (const auto& [precision, march] : {std::pair{kernel::Precision::single_precision, "native"}, {kernel::Precision::double_precision, "x86-64"}}) {
    Simulator gnu = compile(derive(scattered_network()), "delays_gnu", {.precision = precision, .march = march});
    Simulator llvm = compile(derive(scattered_network()), "delays_llvm", {.precision = precision, .march = march, .compiler = "clang++-19", .extra = "-fno-openmp -I " ANTIDROME_SOURCE_DIR "/tests/openmp/serial"});
    gnu.initialise(5);
    llvm.initialise(5);
    const BatchResult a = gnu.run(samples, {.dt_ms = 0.5, .steps = 90}), b = llvm.run(samples, {.dt_ms = 0.5, .steps = 90});
    EXPECT_GT(a.status[0].spikes, 0u);
    EXPECT_EQ(a.loss, b.loss) << march;
    EXPECT_EQ(a.gradient, b.gradient) << march;
  }
}

/// Per-synapse delays that are all equal are one delay.
TEST(Delays, equal_delays_of_synapses_are_the_delay_of_the_projection) {
  ir::Network scattered = scattered_network(), plain = scattered_network();
  for (ir::Network* n : {&scattered, &plain})
    for (ir::Projection& p : n->projections)
      if (p.delay) p.delay = spread(number(6), n == &plain ? ir::Value::Spread::shared : ir::Value::Spread::per_synapse, p.name == "hidden_hidden");
  Simulator a = compile(derive(scattered), "delays_equal"), b = compile(derive(plain), "delays_one");
  a.initialise(5);
  b.initialise(5);
  const auto samples = random_samples(3, 1, 7, 90, 0.5, 5, 1, 80);
  for (const ir::Parameter& p : b.program().parameters)
    if (p.name.find("delay") == std::string::npos) a.set(p.name, b.values(p.name));
  const BatchResult x = a.run(samples, {.dt_ms = 0.5, .steps = 90}), y = b.run(samples, {.dt_ms = 0.5, .steps = 90});
  EXPECT_EQ(x.spike_counts, y.spike_counts);
  for (std::size_t k = 0; k < x.gradient.size(); ++k) {
    if (x.gradient[k].empty()) continue;
    if (x.gradient[k].size() == y.gradient[k].size()) {
      for (std::size_t q = 0; q < x.gradient[k].size(); ++q) EXPECT_NEAR(x.gradient[k][q], y.gradient[k][q], 1e-10) << a.program().parameters[k].name;
    } else {
      double sum = 0;
      for (const double g : x.gradient[k]) sum += g;
      EXPECT_NEAR(sum, y.gradient[k][0], 1e-9);
    }
  }
}

TEST(Delays, in_continuous_time_agree_with_the_reference) {
  for (const bool lifts : {false, true}) {
    NetworkBuilder n;
    const ModelBuilder last = lifts ? delta() : pulse();
    n.source("in", 6).population("hidden", 21, cuba_lif()).population("output", 3, leaky()).connect("in", "hidden", pulse(), {{"w", trainable(normal(0.6, 0.3))}})
        .connect("in", "hidden", last, {{"w", trainable(normal(0.1, 0.1))}}, "line").connect("hidden", "hidden", last, {{"w", trainable(normal(0.02, 0.05))}})
        .connect("hidden", "hidden", pulse(), {{"w", trainable(normal(0.02, 0.05))}}, "later").connect("hidden", "output", pulse(), {{"w", trainable(normal(0.3, 0.5))}}).loss("output", mean_voltage(), cross_entropy());
    ir::Network network = n.network();
    network.projections[0].delay = spread(uniform(0, 20), ir::Value::Spread::per_synapse, true);
    network.projections[1].delay = spread(number(3.3), lifts ? ir::Value::Spread::per_target : ir::Value::Spread::shared, true);
    network.projections[2].delay = spread(uniform(0.5, 9), ir::Value::Spread::per_synapse, true);
    network.projections[3].delay_steps = 3;
    network.projections[4].delay = spread(number(2.5), ir::Value::Spread::per_source, lifts);
    Simulator s = compile(derive(network, ir::TimeMode::exact), lifts ? "delays_exact_delta" : "delays_exact");
    s.initialise(3);
    const auto r = compare(s, random_samples(2, 1, 6, 60, 1, 3, 2, 25), {.dt_ms = 1, .steps = 60, .spike_capacity = 100000, .event_capacity = 100000});
    EXPECT_GT(r.spikes, 20);
    EXPECT_EQ(r.other_spikes, 0);
    EXPECT_LT(r.loss, 1e-9);
    for (const auto& [name, error] : r.gradient) EXPECT_LT(error, crossing_rounding) << name << (lifts ? " with jumps of v" : "");
    for (const char* name : {"in_hidden.delay", "line.delay", "hidden_hidden.delay"}) EXPECT_GT(r.norm.at(name), 1e-6) << name;
  }
}

}  // namespace
}  // namespace antidrome
