// Random numbers in the equations: the same on both backends, whatever the batch, the thread or the direction of time.
#include <antidrome/philox.h>
#include <gtest/gtest.h>

#include "tests/openmp/parity.hpp"

namespace antidrome {
namespace {

using namespace fixtures;

TEST(Draws, agree_with_the_reference_forwards_and_backwards) {
  const std::pair<const char*, ModelBuilder> models[] = {{"dropout", noisy_lif(0.3, 0)}, {"noise", noisy_lif(0, 0.02)}, {"both", noisy_lif(0.2, 0.02)}, {"reset", random_reset()}};
  for (const auto& [name, model] : models) {
    SCOPED_TRACE(name);
    Simulator s = compile(derive(noisy(model).network()), std::string("draws_") + name);
    s.initialise(3);
    const auto r = compare(s, random_samples(5, 1, 5, 122, 0.5, 3), {.dt_ms = 0.5, .steps = 122, .seed = 5, .epoch = 3});
    EXPECT_GT(r.spikes, 50);
    EXPECT_EQ(r.other_spikes, 0);
    EXPECT_LT(r.loss, 1e-12);
    for (const auto& [parameter, error] : r.gradient)
      if (r.norm.at(parameter) > 1e-9) {
        EXPECT_LT(error, 1e-12) << parameter;
      }
  }
}

TEST(Draws, belong_to_the_sample_and_the_epoch_not_to_the_slot_or_the_thread) {
  Simulator s = compile(derive(noisy(noisy_lif(0.2, 0.02)).network()), "draws_both");
  s.initialise(3);
  auto samples = random_samples(6, 1, 5, 122, 0.5, 3);
  for (int k = 0; k < 6; ++k) samples[static_cast<std::size_t>(k)].index = k;
  RunOptions o{.dt_ms = 0.5, .steps = 122};
  const BatchResult straight = s.run(samples, o);
  std::reverse(samples.begin(), samples.end());
  o.threads = 3;
  BatchResult turned = s.run(samples, o);
  std::reverse(turned.loss.begin(), turned.loss.end());
  EXPECT_EQ(straight.loss, turned.loss);
  o.epoch = 1;
  EXPECT_NE(s.run(samples, o).loss, straight.loss);
  o.epoch = 0;
  o.seed = 2;
  EXPECT_NE(s.run(samples, o).loss, straight.loss);
}

TEST(Draws, without_a_use_the_model_is_the_one_without_them) {
  Simulator with = compile(derive(noisy(noisy_lif(0, 0)).network()), "draws_idle"), without = compile(derive(noisy(cuba_lif()).network()), "draws_none");
  with.initialise(3);
  without.initialise(3);
  const auto samples = random_samples(4, 1, 5, 122, 0.5, 3);
  for (bool training : {true, false}) {
    const RunOptions o{.dt_ms = 0.5, .steps = 122, .training = training};
    const BatchResult a = with.run(samples, o), b = without.run(samples, o);
    EXPECT_EQ(a.spike_counts, b.spike_counts);
    EXPECT_EQ(a.loss, b.loss);
  }
  std::ifstream text(scratch("draws_none_double_native") / "simulator.cc");
  const std::string code((std::istreambuf_iterator<char>(text)), {});
  EXPECT_EQ(code.find("draw_rows"), std::string::npos) << "a model without draws has no code for them";
}

TEST(Draws, happen_in_training_only) {
  Simulator s = compile(derive(noisy(noisy_lif(0.3, 0)).network()), "draws_dropout");
  s.initialise(3);
  const auto samples = random_samples(4, 1, 5, 122, 0.5, 3);
  RunOptions o{.dt_ms = 0.5, .steps = 122, .training = false};
  const BatchResult calm = s.run(samples, o);
  o.seed = 7;
  EXPECT_EQ(s.run(samples, o).loss, calm.loss);
  o.training = true;
  EXPECT_NE(s.run(samples, o).loss, calm.loss);
}

TEST(Philox, normals_are_normal_and_independent) {
  double sum = 0, square = 0, fourth = 0, product = 0;
  const int n = 40000;
  for (int k = 0; k < n; ++k) {
    double z[4];
    antidrome_draw(1, 9, 3, 0, 11, static_cast<std::uint32_t>(k / 200), static_cast<std::uint32_t>(k % 200), z);
    for (double x : z) sum += x, square += x * x, fourth += x * x * x * x;
    product += z[0] * z[1] + z[2] * z[3];
  }
  const double m = 4 * n;                                   // standard errors: 1, sqrt 2, sqrt 96, 1 over sqrt m
  EXPECT_NEAR(sum / m, 0, 4 / std::sqrt(m));
  EXPECT_NEAR(square / m, 1, 4 * std::sqrt(2 / m));
  EXPECT_NEAR(fourth / m, 3, 4 * std::sqrt(96 / m));
  EXPECT_NEAR(product / (m / 2), 0, 4 / std::sqrt(m / 2));
}

TEST(Philox, the_polar_form_is_that_of_the_library) {
  for (std::uint32_t a : {0u, 1u, 77777u, 0x7fffffffu, 0x80000000u, 0xb504f333u, 0xfffffffeu, 0xffffffffu})
    for (std::uint32_t b : {0u, 3u, 0x1fffffffu, 0x20000000u, 0x60000000u, 0x9fffffffu, 0xe0000000u, 0xffffffffu}) {
      double first, second;
      antidrome_normal_pair(a, b, &first, &second);
      const double radius = std::sqrt(-2 * std::log(antidrome_uniform(a))), angle = 6.283185307179586477 * antidrome_uniform(b);
      EXPECT_NEAR(first, radius * std::cos(angle), 4e-15 * (1 + radius)) << a << " " << b;
      EXPECT_NEAR(second, radius * std::sin(angle), 4e-15 * (1 + radius)) << a << " " << b;
    }
}

}  // namespace
}  // namespace antidrome
