// Losses that read the mean over the batch: all forward passes come first.
#include <gtest/gtest.h>

#include "tests/openmp/parity.hpp"

namespace antidrome {
namespace {

using namespace fixtures;

void expect_parity(const fixtures::Parity& r, double rounding) {
  EXPECT_GT(r.spikes, 50);
  EXPECT_EQ(r.other_spikes, 0);
  EXPECT_EQ(r.other_predictions, 0);
  EXPECT_LT(r.loss, 1e-11);
  for (const auto& [name, error] : r.gradient)
    if (r.norm.at(name) > 1e-9) {
      EXPECT_LT(error, rounding) << name;
    }
}

TEST(BatchMean, of_a_count_and_of_a_whole_population_agree_with_the_reference) {
  for (const ModelBuilder& loss : {batch_count_target(), batch_population_target()}) {
    SCOPED_TRACE(loss.model().name);
    Simulator s = compile(derive(regularised(loss).network()), "batch_mean_" + loss.model().name);
    s.initialise(3);
    expect_parity(compare(s, random_samples(5, 1, 5, 120, 0.5, 3), {.dt_ms = 0.5, .steps = 120}), 1e-12);
  }
}

TEST(BatchMean, in_exact_mode_agrees_with_the_reference) {
  Simulator s = compile(derive(regularised(batch_count_target()).network(), ir::TimeMode::exact), "batch_mean_exact");
  s.initialise(3);
  expect_parity(compare(s, random_samples(4, 1, 5, 60, 1, 3), {.dt_ms = 1, .steps = 60}), 1e-9);
}

TEST(BatchMean, any_number_of_threads_gives_the_same_bits) {
  Simulator s = compile(derive(regularised(batch_count_target()).network()), "batch_mean_single", {.precision = kernel::Precision::single_precision});
  s.initialise(3);
  const auto samples = random_samples(11, 1, 5, 150, 0.5, 3);
  RunOptions o{.dt_ms = 0.5, .steps = 150};
  const BatchResult one = s.run(samples, o);
  for (std::uint32_t threads : {2u, 3u, 4u}) {
    o.threads = threads;
    const BatchResult many = s.run(samples, o);
    EXPECT_EQ(one.loss, many.loss);
    EXPECT_EQ(one.gradient, many.gradient);
  }
}

TEST(BatchMean, of_one_sample_is_its_own_value_and_a_batch_is_not_the_sum_of_its_samples) {
  Simulator mean = compile(derive(regularised(batch_count_target()).network()), "batch_mean_BatchCountTarget"), own = compile(derive(regularised(count_target()).network()), "batch_mean_own");
  mean.initialise(3);
  own.initialise(3);
  const auto samples = random_samples(4, 1, 5, 120, 0.5, 3);
  const RunOptions o{.dt_ms = 0.5, .steps = 120};
  const BatchResult alone = mean.run({samples[0]}, o), plain = own.run({samples[0]}, o);
  for (std::size_t q = 0; q < alone.gradient.size(); ++q)
    for (std::size_t x = 0; x < alone.gradient[q].size(); ++x) EXPECT_NEAR(alone.gradient[q][x], plain.gradient[q][x], 1e-13 * (1 + std::fabs(plain.gradient[q][x])));
  const BatchResult together = mean.run(samples, o), apart = own.run(samples, o);
  EXPECT_EQ(together.spike_counts, apart.spike_counts);
  EXPECT_NE(together.gradient, apart.gradient);
}

TEST(BatchMean, a_sample_that_fails_is_not_in_it) {
  Simulator s = compile(derive(regularised(batch_count_target()).network()), "batch_mean_BatchCountTarget");
  s.initialise(3);
  auto samples = random_samples(2, 1, 5, 120, 0.5, 3);
  samples[0].sources[0] = SourceEvents({{3.0, 1}}, 5, 120, 0.5);
  const BatchResult both = s.run(samples, {.dt_ms = 0.5, .steps = 120, .spike_capacity = 60});
  EXPECT_EQ(both.code, ANTIDROME_TAPE_OVERFLOW);
  EXPECT_EQ(both.gradient, s.run({samples[0]}, {.dt_ms = 0.5, .steps = 120}).gradient);
}

}  // namespace
}  // namespace antidrome
