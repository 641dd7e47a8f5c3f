#include "runtime/session/draws.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace antidrome {
namespace {

struct Moments { double mean, variance; };

Moments moments(const std::function<double(Draws&)>& draw) {
  constexpr std::uint32_t n = 200'000;
  double sum = 0, squares = 0;
  for (std::uint32_t k = 0; k < n; ++k) {
    Draws draws(7, 1, k);
    const double x = draw(draws);
    sum += x, squares += x * x;
  }
  return {sum / n, squares / n - sum / n * (sum / n)};
}

// Five standard errors of n = 2e5 draws: sd 5 / sqrt(n) for the mean, sd^2 5 sqrt((kurtosis - 1) / n) for the variance.
TEST(Draws, normal_has_mean_zero_and_variance_one) {
  const Moments m = moments([](Draws& d) { return d.normal(); });
  EXPECT_NEAR(m.mean, 0, 0.0112);
  EXPECT_NEAR(m.variance, 1, 0.0159);
}

TEST(Draws, gamma_has_mean_shape_scale_and_variance_shape_scale_squared) {
  for (const double shape : {0.5, 1.0, 3.0, 13.36}) {
    const double scale = 1.642;
    const Moments m = moments([=](Draws& d) { return d.gamma(shape, scale); });
    EXPECT_NEAR(m.mean, shape * scale, 0.0112 * scale * std::sqrt(shape)) << shape;
    EXPECT_NEAR(m.variance, shape * scale * scale, 0.0112 * shape * scale * scale * std::sqrt(2 + 6 / shape)) << shape;
  }
}

TEST(Draws, uniform_stays_inside_the_open_interval) {
  for (std::uint32_t k = 0; k < 10'000; ++k) {
    const double u = Draws(1, 2, k).uniform();
    EXPECT_GT(u, 0);
    EXPECT_LT(u, 1);
  }
}

TEST(Draws, a_draw_depends_on_seed_purpose_element_and_number_and_on_nothing_else) {
  Draws first(1, 2, 3);
  const double a = first.uniform(), b = first.uniform();
  EXPECT_NE(a, b);
  EXPECT_EQ(a, Draws(1, 2, 3).uniform());
  EXPECT_NE(a, Draws(2, 2, 3).uniform());
  EXPECT_NE(a, Draws(1, 3, 3).uniform());
  EXPECT_NE(a, Draws(1, 2, 4).uniform());
}

}  // namespace
}  // namespace antidrome
