#include "runtime/train/silence.hpp"
#include "tests/runtime/fake.hpp"

namespace antidrome {
namespace {

using test::Scratch;

struct Bench {
  Scratch scratch;
  Manifest manifest;
  Simulator simulator;
  Arrays parameters;
  TrainConfig config;
  Bench() : manifest(load_manifest(test::make_build(scratch / "b", "double"))), simulator(manifest), parameters(manifest, simulator, false) { initialise(parameters, manifest, 1); }
  std::vector<double> column(std::uint32_t c) const {
    std::vector<double> out;
    for (std::uint32_t r = 0; r < 5; ++r) out.push_back(parameters.get(1, r, c));
    return out;
  }
};

TEST(Silence, only_the_weights_into_silent_neurons_are_lifted) {
  Bench b;
  b.config.lift_silent["output"] = 0.25;
  const std::vector<double> bias = b.parameters.values(2), first = b.column(0), second = b.column(1), third = b.column(2);
  EXPECT_EQ(wake_silent(b.parameters, b.manifest, b.config, {3, 0, 1}, 1), 1u);
  EXPECT_EQ(b.column(0), first);
  EXPECT_EQ(b.column(2), third);
  for (std::size_t r = 0; r < 5; ++r) EXPECT_EQ(b.column(1)[r], second[r] + 0.25);
  EXPECT_EQ(b.parameters.values(2), bias);  // not a weight
}

TEST(Silence, a_weight_may_be_named_by_itself_and_goes_before_its_population) {
  Bench b;
  b.config.lift_silent = {{"output", 1}, {"input_output.w", 0.5}};
  const std::vector<double> before = b.column(2);
  wake_silent(b.parameters, b.manifest, b.config, {1, 1, 0}, 1);
  EXPECT_EQ(b.column(2)[3], before[3] + 0.5);
}

TEST(Silence, redrawn_weights_come_from_the_initial_distribution_and_differ_by_epoch) {
  Bench b;
  b.config.redraw_silent = {"output"};
  const std::vector<double> before = b.column(0);
  wake_silent(b.parameters, b.manifest, b.config, {0, 1, 1}, 1);
  const std::vector<double> once = b.column(0);
  EXPECT_NE(once, before);
  for (const double w : once) EXPECT_LT(std::abs(w), 0.6);  // six s.d. of normal(0, 0.1)
  wake_silent(b.parameters, b.manifest, b.config, {0, 1, 1}, 2);
  EXPECT_NE(b.column(0), once);
  wake_silent(b.parameters, b.manifest, b.config, {0, 1, 1}, 1);
  EXPECT_EQ(b.column(0), once);
}

TEST(Silence, lifted_weights_stay_within_their_bounds) {
  Bench b;
  b.manifest.parameters[1].high = 0.05;
  b.config.lift_silent["output"] = 1;
  wake_silent(b.parameters, b.manifest, b.config, {0, 0, 0}, 1);
  for (const double w : b.parameters.values(1)) EXPECT_EQ(w, 0.05);
}

TEST(Silence, nothing_happens_unless_it_is_asked_for) {
  Bench b;
  const std::vector<double> before = b.parameters.values(1);
  EXPECT_EQ(wake_silent(b.parameters, b.manifest, b.config, {0, 0, 0}, 1), 0u);
  EXPECT_EQ(b.parameters.values(1), before);
}

}  // namespace
}  // namespace antidrome
