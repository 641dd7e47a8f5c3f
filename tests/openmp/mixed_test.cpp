// Rows of weights and histories in half precision, against single precision.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "tests/openmp/parity.hpp"

namespace antidrome {
namespace {

using namespace fixtures;

// Blocks of a row, and those that are read together, at a width of vectors: lanes.h says the same at compile time.
int divisor(int n, int most) {
  int d = std::min(n, most);
  while (n % d) --d;
  return d;
}
int blocks_of(int neurons, int lanes, int accumulators) {
  int n = (neurons + lanes - 1) / lanes;
  while (2 * divisor(n, accumulators) < std::min(n, accumulators)) ++n;
  return n;
}
int tile_of(int n, int sums, int accumulators) {
  const int most = sums < accumulators ? accumulators / sums : 1, tile = divisor(n, most);
  return 2 * tile < std::min(n, most) ? divisor(n, accumulators) : tile;
}

/// The weights that a row stands for: in the low half of a word the nearest with eight significant bits, in the high half the nearest that ends in
/// the bits of the low half.
std::vector<double> as_kept(const std::vector<double>& weights, int cols, int lanes, int sums) {
  const auto bits = [](double x) { return std::bit_cast<std::uint32_t>(float(x)); };
  const auto number = [](std::uint32_t u) { return std::abs(std::bit_cast<float>(u)) < 0x1p-126f ? 0.0 : double(std::bit_cast<float>(u)); };
  const int accumulators = lanes == 16 ? 16 : 8, blocks = blocks_of(cols, lanes, accumulators), group = sums ? tile_of(blocks, sums, accumulators) : blocks;
  std::vector<double> kept = weights;
  for (std::size_t row = 0; row < weights.size() / std::size_t(cols); ++row)
    for (int c = 0; c < cols; ++c) {
      const std::size_t at = row * std::size_t(cols) + std::size_t(c);
      const int in_group = c / lanes % group;
      if (in_group % 2 == 0) {
        kept[at] = number((bits(weights[at]) + 0x8000u) & 0xffff0000u);
        continue;
      }
      const std::int64_t end = (bits(weights[at - std::size_t(lanes)]) + 0x8000u) >> 16, size = bits(weights[at]) & 0x7fffffffu;
      std::int64_t nearest = end;
      for (const std::int64_t high : {(size >> 16) - 1, size >> 16, (size >> 16) + 1})
        if (high >= 0 && std::abs((high << 16) + end - size) < std::abs(nearest - size)) nearest = (high << 16) + end;
      kept[at] = number(std::uint32_t(nearest) | (bits(weights[at]) & 0x80000000u));
    }
  return kept;
}

/// The same batch in mixed precision, and in single precision with the weights that mixed precision keeps.
void compare_storages(const ir::Program& p, const std::string& name, const std::vector<Sample>& samples, const RunOptions& o, const std::string& march) {
  Simulator full = compile(p, name, {.precision = kernel::Precision::single_precision, .march = march}), half = compile(p, name, {.precision = kernel::Precision::single_precision, .march = march, .half = true});
  full.initialise(3);
  Diagnostics diagnostics;
  const kernel::KernelModule module = kernel::lower(p, {.precision = kernel::Precision::single_precision, .half_storage = true}, diagnostics);
  for (const ir::Parameter& q : p.parameters) {
    const std::vector<double> v = full.values(q.name);
    half.set(q.name, v);
    if (const kernel::ParameterLayout& layout = module.parameter(q.name); layout.half) {
      const std::vector<double> kept = as_kept(v, layout.cols, int(half.raw()->lanes), layout.half_sums);
      for (std::size_t k = 0; k < v.size(); ++k) EXPECT_LE(std::abs(kept[k] - v[k]), std::ldexp(std::abs(v[k]), -8)) << q.name << " " << k;
      full.set(q.name, kept);
    }
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
    EXPECT_LT(std::sqrt(error / norm), std::ldexp(1, -8)) << q.name;   // each term is rounded by 2^-8 of itself at most
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
