// What must hold whatever the model: threads, batches, widths of vectors, sizes, and trials that go wrong.
#include <gtest/gtest.h>

#include "tests/openmp/parity.hpp"

namespace antidrome {
namespace {

using namespace fixtures;

ir::Program classifier(int hidden = 200, int outputs = 3) {
  return derive(two_layers(cuba_lif(), pulse(), exp_weighted(), cross_entropy(), {.inputs = 5, .hidden = hidden, .outputs = outputs, .input_weight = 0.7}).network());
}

Simulator initialised(const ir::Program& p, const std::string& name, const CompileOptions& o) {
  Simulator s = compile(p, name, o);
  s.initialise(7);
  return s;
}

TEST(Batch, any_number_of_threads_gives_the_same_bits) {
  Simulator s = initialised(classifier(), "batch", {.precision = kernel::Precision::single_precision});
  const auto samples = random_samples(11, 1, 5, 150, 0.5, 3);
  RunOptions o{.dt_ms = 0.5, .steps = 150};
  const BatchResult one = s.run(samples, o);
  EXPECT_EQ(one.code, ANTIDROME_OK);
  for (std::uint32_t threads : {2u, 3u, 4u}) {
    o.threads = threads;
    const BatchResult many = s.run(samples, o);
    EXPECT_EQ(one.loss, many.loss);
    EXPECT_EQ(one.spike_counts, many.spike_counts);
    EXPECT_EQ(one.gradient, many.gradient);
  }
}

TEST(Batch, a_batch_is_the_sum_of_its_samples) {
  Simulator s = initialised(classifier(), "batch", {});
  const auto samples = random_samples(6, 1, 5, 150, 0.5, 3);
  const RunOptions o{.dt_ms = 0.5, .steps = 150};
  const BatchResult whole = s.run(samples, o);
  std::vector<std::vector<double>> sum(whole.gradient.size());
  for (std::size_t k = 0; k < samples.size(); ++k) {
    const BatchResult single = s.run({samples[k]}, o);
    EXPECT_EQ(single.loss[0], whole.loss[k]);
    EXPECT_EQ(single.prediction[0], whole.prediction[k]);
    for (std::size_t q = 0; q < sum.size(); ++q) {
      sum[q].resize(single.gradient[q].size());
      for (std::size_t x = 0; x < sum[q].size(); ++x) sum[q][x] += single.gradient[q][x];
    }
  }
  for (std::size_t q = 0; q < sum.size(); ++q)
    for (std::size_t x = 0; x < sum[q].size(); ++x) EXPECT_NEAR(sum[q][x], whole.gradient[q][x], 1e-13 * (1 + std::fabs(sum[q][x])));
}

class Width : public ::testing::TestWithParam<std::tuple<std::string, int>> {};

TEST_P(Width, every_instruction_set_and_size_agrees_with_the_reference) {
  const auto& [march, hidden] = GetParam();
  if (march == "x86-64-v4" && !__builtin_cpu_supports("avx512f")) GTEST_SKIP() << "SKIP: no AVX-512 here";
  if (march == "x86-64-v3" && !__builtin_cpu_supports("avx2")) GTEST_SKIP() << "SKIP: no AVX2 here";
  Simulator s = initialised(classifier(hidden, 1 + hidden % 5), "width_" + std::to_string(hidden), {.march = march});
  const auto r = compare(s, random_samples(3, 1, 5, 80, 0.5, 1), {.dt_ms = 0.5, .steps = 80, .spike_capacity = 100000});
  EXPECT_GT(r.spikes, 0);
  EXPECT_EQ(r.other_spikes, 0);
  for (const auto& [name, error] : r.gradient) EXPECT_LT(error, 1e-11) << name;
}

INSTANTIATE_TEST_SUITE_P(Targets, Width, ::testing::Combine(::testing::Values("x86-64", "x86-64-v3", "x86-64-v4"), ::testing::Values(1, 33, 600)), [](const auto& c) {
  std::string name = std::get<0>(c.param) + "_" + std::to_string(std::get<1>(c.param));
  for (char& letter : name)
    if (letter == '-') letter = '_';
  return name;
});

TEST(Batch, a_full_tape_is_reported_and_the_other_samples_count) {
  Simulator s = initialised(classifier(), "batch", {});
  auto samples = random_samples(3, 1, 5, 150, 0.5, 3);
  std::vector<std::pair<double, int>> few = {{3.0, 1}};
  samples[0].sources[0] = SourceEvents(few, 5, 150, 0.5);
  const BatchResult r = s.run(samples, {.dt_ms = 0.5, .steps = 150, .spike_capacity = 260});
  EXPECT_EQ(r.code, ANTIDROME_TAPE_OVERFLOW);
  EXPECT_EQ(r.status[0].code, static_cast<std::uint32_t>(ANTIDROME_OK));
  EXPECT_EQ(r.status[1].code, static_cast<std::uint32_t>(ANTIDROME_TAPE_OVERFLOW));
  const BatchResult alone = s.run({samples[0]}, {.dt_ms = 0.5, .steps = 150});
  EXPECT_EQ(r.gradient, alone.gradient);
}

TEST(Batch, a_state_that_is_not_a_number_is_located) {
  Simulator s = initialised(classifier(), "batch", {});
  std::vector<double> w = s.values("input_hidden.w");
  w[2 * 200 + 17] = std::nan("");                                  // source unit 2 -> hidden neuron 17
  s.set("input_hidden.w", w);
  const BatchResult r = s.run(random_samples(2, 1, 5, 150, 0.5, 3), {.dt_ms = 0.5, .steps = 150});
  EXPECT_EQ(r.code, ANTIDROME_NONFINITE_FORWARD);
  EXPECT_EQ(r.status[0].population, 0u);
  EXPECT_EQ(r.status[0].neuron, 17u);
}

TEST(Batch, without_backward_nothing_but_spikes_is_kept) {
  Simulator s = initialised(classifier(), "batch", {});
  const auto samples = random_samples(4, 1, 5, 150, 0.5, 3);
  const BatchResult train = s.run(samples, {.dt_ms = 0.5, .steps = 150}), look = s.run(samples, {.dt_ms = 0.5, .steps = 150, .backward = false});
  EXPECT_EQ(train.loss, look.loss);
  EXPECT_EQ(train.spike_counts, look.spike_counts);
  EXPECT_LT(look.tape, train.tape / 4);
}

/// No sum is contracted or put in another order by a compiler.
TEST(Batch, two_compilers_give_the_same_bits) {
  if (std::system("clang++-19 --version > /dev/null 2>&1") != 0) GTEST_SKIP() << "SKIP: clang++-19 is not installed";
  for (const bool half : {false, true})
    for (const bool conductances : {false, true}) {
      const ir::Program p = derive((conductances ? two_layers(lif_with_input(), conductance(), exp_weighted(), cross_entropy(), {.hidden = 70, .input_weight = 0.1}) : two_layers(cuba_lif(), pulse(), exp_weighted(), cross_entropy(), {.hidden = 70})).network());
      const std::string name = std::string("compilers_") + (conductances ? "conductance" : "lif");
      Simulator gnu = compile(p, name + "_gnu", {.precision = kernel::Precision::single_precision, .half = half});
      Simulator llvm = compile(p, name + "_llvm", {.precision = kernel::Precision::single_precision, .compiler = "clang++-19", .extra = "-fno-openmp -I " ANTIDROME_SOURCE_DIR "/tests/openmp/serial", .half = half});
      gnu.initialise(3);
      llvm.initialise(3);
      const auto samples = random_samples(4, 1, 6, 120, 0.5, 3);
      const BatchResult a = gnu.run(samples, {.dt_ms = 0.5, .steps = 120}), b = llvm.run(samples, {.dt_ms = 0.5, .steps = 120});
      EXPECT_GT(a.status[0].spikes, 0u);
      EXPECT_EQ(a.spike_counts, b.spike_counts);
      EXPECT_EQ(a.loss, b.loss);
      EXPECT_EQ(a.gradient, b.gradient);
    }
}

}  // namespace
}  // namespace antidrome
