// The reference simulator as the runtime sees it: a library with one symbol and a folder with a program.
#include <dlfcn.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

#include "codegen/passes/passes.hpp"
#include "runtime/include/antidrome/abi.h"
#include "tests/fixtures/models.hpp"
#include "tests/reference/trials.hpp"

namespace antidrome::reference {
namespace {

using namespace fixtures;
using namespace test;

constexpr std::uint32_t steps = 50, batch = 5;

/// Events of one sample in the form of the ABI.
struct Packed {
  std::vector<std::uint32_t> step_begin;
  std::vector<std::uint16_t> unit;
  std::vector<double> time;
  antidrome_events view{};
  explicit Packed(const Events& e) {
    std::size_t k = 0;
    for (std::uint32_t n = 0; n <= steps; ++n) {
      while (k < e.unit.size() && e.time_ms[k] < n) ++k;
      step_begin.push_back(static_cast<std::uint32_t>(k));
    }
    for (const std::uint32_t u : e.unit) unit.push_back(static_cast<std::uint16_t>(u));
    time = e.time_ms;
    view = {step_begin.data(), unit.data(), time.data(), nullptr, nullptr};
  }
};

struct Outputs {
  int code = 0;
  std::vector<double> gradient;      ///< of in.w, padded
  std::vector<double> loss, scores;
  std::vector<std::int32_t> prediction;
  std::vector<std::uint32_t> counts;
  std::vector<antidrome_status> status;
};

class SimulatorTest : public testing::TestWithParam<ir::TimeMode> {
 protected:
  void SetUp() override {
    NetworkBuilder n;
    n.source("input", 5).population("hidden", 3, cuba_lif()).population("output", 2, leaky()).connect("input", "hidden", pulse(), {{"w", trainable(normal(1.5, 0.5))}}, "in")
        .connect("hidden", "output", pulse(), {{"w", normal(1, 0.4)}}, "out").loss("output", mean_voltage(), cross_entropy());
    folder = std::filesystem::temp_directory_path() / ("antidrome_reference_test_" + std::to_string(getpid()));
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "manifest.json") << R"({"fingerprint": "f00d"})";
    use(n.network());
    library = dlopen(ANTIDROME_BINARY_DIR "/lib/libantidrome_reference.so", RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(library, nullptr) << dlerror();
    open = reinterpret_cast<antidrome_open_fn>(dlsym(library, ANTIDROME_OPEN_SYMBOL));
    ASSERT_NE(open, nullptr);
  }
  void use(const ir::Network& network) {
    Diagnostics diagnostics;
    program = passes::derive_program(network, {.mode = GetParam()}, diagnostics);
    ASSERT_FALSE(diagnostics.has_errors()) << diagnostics.render();
    std::ofstream(folder / "program.air") << ir::print(program);
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  Outputs run(const antidrome_simulator& s, const Parameters& parameters, const std::vector<Sample>& samples, std::uint32_t threads) {
    std::vector<std::vector<double>> padded;
    std::vector<const void*> in;
    std::vector<void*> gradients;
    Outputs out;
    for (std::size_t p = 0; p < parameters.size(); ++p) {
      const auto rows = static_cast<std::size_t>(program.parameters[p].rows), cols = static_cast<std::size_t>(program.parameters[p].cols);
      std::vector<double>& block = padded.emplace_back(rows * s.strides[p]);
      for (std::size_t k = 0; k < parameters[p].size(); ++k) block[k / cols * s.strides[p] + k % cols] = parameters[p][k];
      if (program.parameters[p].trainable) out.gradient.assign(block.size(), 99.0);
      gradients.push_back(program.parameters[p].trainable ? out.gradient.data() : nullptr);
    }
    for (const auto& block : padded) in.push_back(block.data());
    std::vector<Packed> packed;
    for (const Sample& sample : samples) packed.emplace_back(sample.sources[0]);
    std::vector<antidrome_sample> views;
    for (std::size_t k = 0; k < samples.size(); ++k) views.push_back({&packed[k].view, k, samples[k].label});
    antidrome_settings settings{};
    settings.dt_ms = 1, settings.steps = steps, settings.batch = batch, settings.threads = threads, settings.backward = 1;
    out.loss.resize(batch), out.scores.resize(batch * 2), out.prediction.resize(batch), out.counts.resize(batch * 5), out.status.resize(batch);
    antidrome_batch b{};
    b.settings = &settings, b.samples = views.data(), b.parameters = in.data(), b.gradients = gradients.data(), b.loss = out.loss.data(), b.scores = out.scores.data();
    b.prediction = out.prediction.data(), b.spike_counts = out.counts.data(), b.status = out.status.data();
    out.code = s.run(s.self, &b);
    return out;
  }

  ir::Program program;
  std::filesystem::path folder;
  void* library = nullptr;
  antidrome_open_fn open = nullptr;
};

TEST_P(SimulatorTest, gives_what_the_interpreter_gives_for_any_number_of_threads) {
  char message[256] = "";
  const antidrome_simulator* s = open(folder.c_str(), message, sizeof message);
  ASSERT_NE(s, nullptr) << message;
  EXPECT_EQ(s->abi_version, ANTIDROME_ABI_VERSION);
  EXPECT_STREQ(s->fingerprint, "f00d");
  ASSERT_EQ(s->n_parameters, program.parameters.size());

  std::mt19937 random(4);
  const Parameters parameters = initial_parameters(program, random);
  std::vector<Sample> samples;
  for (int k = 0; k < static_cast<int>(batch); ++k) samples.push_back({{random_events(random, 5, 40, steps)}, k % 2});
  const Outputs one = run(*s, parameters, samples, 1), three = run(*s, parameters, samples, 3);
  EXPECT_EQ(one.code, ANTIDROME_OK);
  EXPECT_EQ(one.gradient, three.gradient);          // bit by bit

  const Interpreter interpreter(program);
  std::vector<double> sum(15);
  for (std::size_t k = 0; k < batch; ++k) {
    const Result r = interpreter.run(samples[k], parameters, {.dt_ms = 1, .steps = steps});
    EXPECT_EQ(r.loss, one.loss[k]);
    EXPECT_EQ(r.loss, three.loss[k]);
    EXPECT_EQ(r.prediction, one.prediction[k]);
    EXPECT_EQ(r.scores[1], one.scores[2 * k + 1]);
    EXPECT_EQ(r.spikes[1].size(), one.counts[5 * k] + one.counts[5 * k + 1] + one.counts[5 * k + 2]);
    for (std::size_t p = 0; p < parameters.size(); ++p)
      for (std::size_t n = 0; n < r.gradients[p].size(); ++n) sum[n] += r.gradients[p][n];
  }
  for (std::size_t n = 0; n < sum.size(); ++n) EXPECT_EQ(one.gradient[n / 3 * 8 + n % 3], sum[n]);
  EXPECT_EQ(one.gradient[3], 0);                    // padding
}

TEST_P(SimulatorTest, a_value_that_is_not_finite_is_located) {
  char message[256] = "";
  const antidrome_simulator* s = open(folder.c_str(), message, sizeof message);
  ASSERT_NE(s, nullptr) << message;
  std::mt19937 random(4);
  Parameters parameters = initial_parameters(program, random);
  for (std::size_t p = 0; p < parameters.size(); ++p)
    if (program.parameters[p].name == "out.w") parameters[p][1] = std::nan("");
  const std::vector<Sample> samples(batch, {{random_events(random, 5, 60, steps)}, 0});
  const Outputs out = run(*s, parameters, samples, 2);
  EXPECT_EQ(out.code, ANTIDROME_NONFINITE_FORWARD);
  EXPECT_EQ(out.status[0].population, 1u);
  EXPECT_EQ(out.status[0].neuron, 1u);
  EXPECT_LT(out.status[0].step, steps);
}

TEST_P(SimulatorTest, a_damaged_program_is_refused_with_its_place) {
  std::ofstream(folder / "program.air") << "program x grid learn";
  char message[256] = "";
  EXPECT_EQ(open(folder.c_str(), message, sizeof message), nullptr);
  EXPECT_EQ(std::string(message), "program.air, offset 20: expected a name, found the end of the text");
  std::filesystem::remove(folder / "program.air");
  EXPECT_EQ(open(folder.c_str(), message, sizeof message), nullptr);
  EXPECT_NE(std::string(message).find("cannot read"), std::string::npos);
}

TEST_P(SimulatorTest, a_loss_that_reads_the_batch_sees_every_sample_of_the_call) {
  NetworkBuilder n;
  n.source("input", 5).population("hidden", 3, cuba_lif()).population("output", 2, leaky()).connect("input", "hidden", pulse(), {{"w", trainable(normal(1.5, 0.5))}}, "in")
      .connect("hidden", "output", pulse(), {{"w", normal(1, 0.4)}}, "out").loss("output", mean_voltage(), cross_entropy()).loss("hidden", count_pull(), batch_count_target(), false);
  use(n.network());
  char message[256] = "";
  const antidrome_simulator* s = open(folder.c_str(), message, sizeof message);
  ASSERT_NE(s, nullptr) << message;
  std::mt19937 random(4);
  const Parameters parameters = initial_parameters(program, random);
  std::vector<Sample> samples;
  for (std::uint32_t k = 0; k < batch; ++k) samples.push_back({{random_events(random, 5, 10 + 5 * static_cast<int>(k), 45)}, static_cast<int>(k % 2)});
  const Interpreter interpreter(program);
  const std::vector<Result> expected = interpreter.run(samples, parameters, {.dt_ms = 1, .steps = steps, .backward = true});
  double total = 0, found = 0;
  for (const Result& r : expected)
    for (const auto& list : r.gradients)
      for (double g : list) total += g * g;
  ASSERT_GT(total, 0);
  const Outputs one = run(*s, parameters, samples, 1), three = run(*s, parameters, samples, 3);
  EXPECT_EQ(one.code, ANTIDROME_OK);
  EXPECT_EQ(one.gradient, three.gradient);
  std::vector<double> sum(one.gradient.size());
  for (const Result& r : expected)
    for (std::size_t q = 0; q < r.gradients.size(); ++q)
      for (std::size_t k = 0; k < r.gradients[q].size(); ++k) sum[k / 3 * s->strides[q] + k % 3] += r.gradients[q][k];   // in.w alone is trained: 3 columns
  for (std::size_t k = 0; k < sum.size(); ++k) {
    EXPECT_NEAR(one.gradient[k], sum[k], 1e-14 * (1 + std::abs(sum[k])));
    found += one.gradient[k] * one.gradient[k];
  }
  EXPECT_GT(found, 0);
  for (std::size_t k = 0; k < batch; ++k) EXPECT_EQ(one.loss[k], expected[k].loss);
}

INSTANTIATE_TEST_SUITE_P(Modes, SimulatorTest, testing::Values(ir::TimeMode::grid, ir::TimeMode::exact),
                         [](const auto& instance) { return instance.param == ir::TimeMode::grid ? "grid" : "exact"; });

}  // namespace
}  // namespace antidrome::reference
