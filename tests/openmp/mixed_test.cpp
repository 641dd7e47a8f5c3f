// Rows of weights and histories in half precision, against single precision.
#include <gtest/gtest.h>

#include <bit>

#include "tests/openmp/parity.hpp"

namespace antidrome {
namespace {

using namespace fixtures;

/// To the nearest number with eight significant bits.
double bfloat16(double x) {
  const auto u = std::bit_cast<std::uint32_t>(float(x));
  return std::bit_cast<float>((u + 0x7fffu + ((u >> 16) & 1)) & 0xffff0000u);
}

/// The same batch in single and in mixed precision, from weights that eight bits can hold.
void compare_storages(const ir::Program& p, const std::string& name, const std::vector<Sample>& samples, const RunOptions& o, const std::string& march) {
  Simulator full = compile(p, name, {.precision = kernel::Precision::single_precision, .march = march}), half = compile(p, name, {.precision = kernel::Precision::single_precision, .march = march, .half = true});
  full.initialise(3);
  for (const ir::Parameter& q : p.parameters) {
    std::vector<double> v = full.values(q.name);
    if (q.axes == ir::Parameter::Axes::source_target)
      for (double& x : v) x = bfloat16(x);
    full.set(q.name, v);
    half.set(q.name, v);
  }
  const BatchResult a = full.run(samples, o), b = half.run(samples, o);
  ASSERT_EQ(a.code, 0);
  ASSERT_EQ(b.code, 0);
  int spikes = 0;
  for (const std::uint32_t n : a.spike_counts) spikes += int(n);
  EXPECT_GT(spikes, 50);
  EXPECT_EQ(a.spike_counts, b.spike_counts);
  EXPECT_EQ(a.loss, b.loss);                                       // bit for bit: only the way weights are kept differs
  for (std::size_t k = 0; k < a.gradient.size(); ++k) {
    const ir::Parameter& q = p.parameters[k];
    if (!q.trainable) continue;
    if (q.axes != ir::Parameter::Axes::source_target) {
      EXPECT_EQ(a.gradient[k], b.gradient[k]) << q.name;           // adjoints are not rounded
      continue;
    }
    double error = 0, norm = 0;
    for (std::size_t x = 0; x < a.gradient[k].size(); ++x) error += std::pow(a.gradient[k][x] - b.gradient[k][x], 2), norm += std::pow(a.gradient[k][x], 2);
    ASSERT_GT(norm, 0) << q.name;
    EXPECT_LT(std::sqrt(error / norm), std::ldexp(1, -8)) << q.name;   // each term is rounded to 2^-9 of itself; a factor of two for terms that cancel
    EXPECT_GT(error, 0) << q.name;                                 // and it is rounded
  }
}

class Mixed : public ::testing::TestWithParam<const char*> {};

// Sizes that leave half-empty pairs and odd numbers of blocks in a group at some width: 37 are ten vectors of 4 in two groups of five.
TEST_P(Mixed, is_the_network_with_rounded_weights) {
  for (const int hidden : {5, 37, 70, 150})
    compare_storages(derive(two_layers(cuba_lif(), pulse(), mean_voltage(), cross_entropy(), {.hidden = hidden}).network()), "mixed_" + std::to_string(hidden), random_samples(5, 1, 6, 120, 0.5, 3), {.dt_ms = 0.5, .steps = 120}, GetParam());
}

TEST_P(Mixed, knows_delays_layers_and_factors_of_spikes) {
  std::vector<Sample> samples = random_samples(4, 1, 7, 100, 0.5, 5, 1, 80), right = random_samples(4, 1, 4, 100, 0.5, 5, 9, 30);
  for (std::size_t k = 0; k < samples.size(); ++k) samples[k].sources.push_back(right[k].sources[0]);
  compare_storages(derive(layered_network()), "mixed_layers", samples, {.dt_ms = 0.5, .steps = 100}, GetParam());
  compare_storages(derive(two_layers(lif_with_input(), tsodyks_markram(), mean_voltage(), cross_entropy(), {.input_weight = 1.5}).network()), "mixed_factors", random_samples(5, 1, 6, 120, 0.5, 3), {.dt_ms = 0.5, .steps = 120}, GetParam());
}

INSTANTIATE_TEST_SUITE_P(Widths, Mixed, ::testing::Values("native", "x86-64"), [](const auto& c) { return std::string(c.param) == "native" ? "native" : "sse2"; });

TEST(Mixed, results_do_not_depend_on_threads) {
  const ir::Program p = derive(two_layers(cuba_lif(), pulse(), mean_voltage(), cross_entropy(), {.hidden = 37}).network());
  Simulator s = compile(p, "mixed_37", {.precision = kernel::Precision::single_precision, .half = true});
  s.initialise(3);
  const auto samples = random_samples(7, 1, 6, 120, 0.5, 3);
  const BatchResult one = s.run(samples, {.dt_ms = 0.5, .steps = 120, .threads = 1}), three = s.run(samples, {.dt_ms = 0.5, .steps = 120, .threads = 3});
  EXPECT_EQ(one.gradient, three.gradient);
  EXPECT_EQ(one.loss, three.loss);
}

}  // namespace
}  // namespace antidrome
