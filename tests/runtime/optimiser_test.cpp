#include "runtime/train/optimiser.hpp"
#include "tests/runtime/fake.hpp"

#include <cmath>

namespace antidrome {
namespace {

using test::Scratch;

struct Bench {
  Scratch scratch;
  Manifest manifest;
  Simulator simulator;
  Arrays parameters, gradients;
  explicit Bench(const std::string& kind = "double")
      : manifest(load_manifest(test::make_build(scratch / "b", kind))), simulator(manifest), parameters(manifest, simulator, false), gradients(manifest, simulator, true) {
    initialise(parameters, manifest, 1);
  }
};

// Algorithm 1 of Kingma & Ba, spelt out for one number.
TEST(Optimiser, adam_does_what_the_paper_says) {
  Bench b;
  TrainConfig config;
  config.learning_rate = 0.1;
  const auto adam = make_optimiser(config, b.manifest, b.simulator);
  double w = b.parameters.get(1, 2, 1), m = 0, v = 0;
  for (int t = 1; t <= 20; ++t) {
    const double sum = std::sin(t), g = sum / 8;
    b.gradients.set(1, 2, 1, sum);
    adam->step(b.parameters, b.gradients, {.gradient_scale = 1.0 / 8});
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    w -= 0.1 * (m / (1 - std::pow(0.9, t))) / (std::sqrt(v / (1 - std::pow(0.999, t))) + 1e-8);
    EXPECT_NEAR(b.parameters.get(1, 2, 1), w, 1e-13) << t;  // some ten roundings a step
  }
}

TEST(Optimiser, sgd_with_momentum_gathers_speed) {
  Bench b;
  TrainConfig config;
  config.optimiser = "sgd";
  config.learning_rate = 0.5;
  config.momentum = 0.9;
  const auto sgd = make_optimiser(config, b.manifest, b.simulator);
  double w = b.parameters.get(2, 0, 0), speed = 0;
  for (int t = 0; t < 5; ++t) {
    b.gradients.set(2, 0, 0, 0.25);
    sgd->step(b.parameters, b.gradients, {});
    speed = 0.9 * speed + 0.25;
    w -= 0.5 * speed;
    EXPECT_NEAR(b.parameters.get(2, 0, 0), w, 1e-14);
  }
}

TEST(Optimiser, a_step_ends_inside_the_bounds_and_leaves_padding_and_fixed_parameters_alone) {
  Bench b("float");
  TrainConfig config;
  config.learning_rate = 100;
  const auto adam = make_optimiser(config, b.manifest, b.simulator);
  for (std::uint32_t c = 0; c < 3; ++c) b.gradients.set(2, 0, c, c == 0 ? 1 : -1);
  adam->step(b.parameters, b.gradients, {});
  EXPECT_EQ(b.parameters.get(2, 0, 0), -5);
  EXPECT_EQ(b.parameters.get(2, 0, 1), 5);
  EXPECT_EQ(b.parameters.get(0, 0, 0), 1);
  for (std::uint32_t c = 3; c < 16; ++c) EXPECT_EQ(static_cast<const float*>(b.parameters.data(2))[c], 0.0f);
}

TEST(Optimiser, a_parameter_may_have_its_own_rate) {
  Bench b;
  TrainConfig config;
  config.rates["output.bias"] = 0;
  const auto adam = make_optimiser(config, b.manifest, b.simulator);
  const double bias = b.parameters.get(2, 0, 0), w = b.parameters.get(1, 0, 0);
  b.gradients.set(1, 0, 0, 1);
  b.gradients.set(2, 0, 0, 1);
  adam->step(b.parameters, b.gradients, {});
  EXPECT_EQ(b.parameters.get(2, 0, 0), bias);
  EXPECT_NEAR(b.parameters.get(1, 0, 0), w - 1e-3, 1e-9);  // the first step of Adam is the rate, up to epsilon
}

TEST(Optimiser, schedules_follow_their_formulas) {
  TrainConfig c;
  c.epochs = 10;
  EXPECT_EQ(rate_factor(c, 9, 3, 5, 100), 1);
  c.schedule = "decay", c.decay = 0.9;
  EXPECT_NEAR(rate_factor(c, 3, 4, 5, 19), 0.729, 1e-15);
  c.schedule = "cosine";
  EXPECT_EQ(rate_factor(c, 0, 0, 5, 0), 1);
  EXPECT_NEAR(rate_factor(c, 5, 0, 5, 25), 0.5, 1e-15);
  EXPECT_NEAR(rate_factor(c, 9, 4, 5, 49), (1 + std::cos(0.98 * 3.14159265358979324)) / 2, 1e-15);
  c.schedule = "constant", c.ease_in = 1.05;
  EXPECT_NEAR(rate_factor(c, 0, 0, 5, 0), 1e-3, 1e-17);
  EXPECT_NEAR(rate_factor(c, 0, 0, 5, 10), 1e-3 * std::pow(1.05, 10), 1e-16);
  EXPECT_EQ(rate_factor(c, 0, 0, 5, 1'000'000'000'000), 1);
}

TEST(Optimiser, norms_are_those_of_the_elements_without_padding) {
  Bench b("float");
  b.gradients.set(1, 0, 0, 3);
  b.gradients.set(1, 4, 2, 4);
  EXPECT_EQ(squared_norms(b.gradients, 2), (std::vector<double>{0, 25, 0}));
}

}  // namespace
}  // namespace antidrome
