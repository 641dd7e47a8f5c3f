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

// Algorithm 2 of Loshchilov & Hutter: the decay is beside the adaptive step, not in the gradient.
TEST(Optimiser, adamw_takes_its_share_of_the_weight_whatever_the_gradient) {
  Bench b;
  TrainConfig config;
  config.optimiser = "adamw", config.learning_rate = 0.1, config.weight_decay = 0.2;
  config.weight_decays["output.bias"] = 0;
  const auto adamw = make_optimiser(config, b.manifest, b.simulator);
  double w = b.parameters.get(1, 2, 1), m = 0, v = 0;
  const double still = b.parameters.get(1, 3, 0), bias = b.parameters.get(2, 0, 0);
  for (int t = 1; t <= 20; ++t) {
    const double g = std::sin(t);
    b.gradients.set(1, 2, 1, g);
    adamw->step(b.parameters, b.gradients, {.rate_factor = 0.5});
    m = 0.9 * m + 0.1 * g, v = 0.999 * v + 0.001 * g * g;
    w = w - 0.05 * (m / (1 - std::pow(0.9, t)) / (std::sqrt(v / (1 - std::pow(0.999, t))) + 1e-8) + 0.2 * w);
    EXPECT_NEAR(b.parameters.get(1, 2, 1), w, 1e-13) << t;
  }
  EXPECT_NEAR(b.parameters.get(1, 3, 0), still * std::pow(0.99, 20), 1e-14);
  EXPECT_EQ(b.parameters.get(2, 0, 0), bias);
}

TEST(Optimiser, a_frozen_parameter_keeps_its_bits) {
  Bench b;
  TrainConfig config;
  config.optimiser = "adamw", config.weight_decay = 0.1;
  config.freeze = {"output.bias"};
  const auto adamw = make_optimiser(config, b.manifest, b.simulator);
  const std::vector<double> bias = b.parameters.values(2), w = b.parameters.values(1);
  for (std::uint32_t c = 0; c < 3; ++c) b.gradients.set(2, 0, c, 1), b.gradients.set(1, 0, c, 1);
  adamw->step(b.parameters, b.gradients, {});
  EXPECT_EQ(b.parameters.values(2), bias);
  EXPECT_NE(b.parameters.values(1), w);
}

TEST(Optimiser, norms_are_those_of_the_elements_without_padding) {
  Bench b("float");
  b.gradients.set(1, 0, 0, 3);
  b.gradients.set(1, 4, 2, 4);
  EXPECT_EQ(squared_norms(b.gradients, 2), (std::vector<double>{0, 25, 0}));
}

}  // namespace
}  // namespace antidrome
