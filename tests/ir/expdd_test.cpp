#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "tests/ir/random_expr.hpp"

namespace antidrome::ir {
namespace {

__extension__ using Quad = __float128;  // 33 digits: the textbook recurrence may lose half of them

Quad quad_exp(Quad x) {
  int halvings = 0;
  while (x > 0.5 || x < -0.5) x /= 2, ++halvings;
  Quad term = 1, sum = 1;
  for (int k = 1; k < 40; ++k) sum += term *= x / k;
  for (; halvings > 0; --halvings) sum *= sum;
  return sum;
}

/// The textbook recurrence over sorted points; equal points take the derivative.
Quad reference(const std::vector<double>& x, std::size_t first, std::size_t last) {
  if (x[first] == x[last]) {
    Quad value = quad_exp(x[first]);
    for (std::size_t k = 1; k <= last - first; ++k) value /= static_cast<double>(k);
    return value;
  }
  return (reference(x, first + 1, last) - reference(x, first, last - 1)) / (Quad(x[last]) - Quad(x[first]));
}

void expect_close(std::vector<double> points, double tolerance) {
  std::sort(points.begin(), points.end());
  const double expected = static_cast<double>(reference(points, 0, points.size() - 1));
  std::string text;
  for (const double p : points) text += std::to_string(p) + " ";
  EXPECT_NEAR(exp_divided_difference(points) / expected, 1, tolerance) << text;
}

TEST(Expdd, two_points_at_any_distance) {
  for (const double a : {-700.0, -40.0, -1.0, -1e-3, 0.0, 0.5, 30.0})
    for (const double d : {0.0, 1e-16, 1e-12, 1e-8, 1e-4, 0.1, 1.0, 7.0, 50.0, 600.0})
      EXPECT_NEAR(exp_divided_difference(std::vector<double>{a, a + d}) / static_cast<double>(reference({a, a + d}, 0, 1)), 1, 1e-15 * 4) << a << " " << d;
}

TEST(Expdd, coincident_points_are_derivatives) {
  double factorial = 1;
  std::vector<double> points{-1.5};
  for (int n = 1; n < 8; ++n) {
    factorial *= n;
    points.push_back(-1.5);
    EXPECT_NEAR(exp_divided_difference(points) * factorial, std::exp(-1.5), 1e-15);
  }
}

TEST(Expdd, clusters_and_spreads) {
  expect_close({-0.05, -0.2, -0.2}, 1e-14);
  expect_close({-0.05, -0.05 - 1e-7, -0.2}, 1e-14);
  expect_close({0, 0, 0, 0, -45}, 1e-14);
  expect_close({0, -45, -45, -45}, 1e-14);
  expect_close({-10, -20, -31, -33, -60}, 1e-14);
  expect_close({-200, 0, 0, -200, -100}, 1e-14);
  expect_close({0, -33, -66, -99, -132, -165}, 1e-14);
}

TEST(Expdd, random_points) {
  test::RandomExpr random(7, true);
  for (int trial = 0; trial < 2000; ++trial) {
    const double scale = std::pow(10.0, random.number(-2, 2.3));
    std::vector<double> points(static_cast<std::size_t>(2 + random.pick(5)));
    for (double& p : points) p = random.pick(4) == 0 ? points[0] : random.number(-scale, 0);
    expect_close(points, 2e-14);
  }
}

TEST(Expdd, is_not_a_number_where_a_point_is_not) {
  EXPECT_TRUE(std::isnan(exp_divided_difference(std::vector<double>{0, std::nan(""), 1})));
  EXPECT_TRUE(std::isnan(exp_divided_difference(std::vector<double>{0, 1, std::numeric_limits<double>::infinity()})));
}

}  // namespace
}  // namespace antidrome::ir
