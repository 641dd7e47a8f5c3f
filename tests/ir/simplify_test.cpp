#include <gtest/gtest.h>

#include "tests/ir/random_expr.hpp"

namespace antidrome::ir {
namespace {

struct Case { const char *before, *after; };

TEST(Simplify, cleans_up) {
  const Case table[] = {
      {"a / b * b", "a"},
      {"x + x", "2 * x"},
      {"x / 3 + x / 3 + x / 3", "x"},
      {"x / 3", "x / 3"},
      {"y * x - x * y", "0"},
      {"l * (-i / tau) - l * (-i / tau)", "0"},
      {"l * ((i + G - v) / tau) - l * ((i - v) / tau)", "G * l / tau"},
      {"l * (i - v) / tau + l * v / tau", "i * l / tau"},
      {"l * (a + b) + l * (a + c)", "l * (2 * a + b + c)"},
      {"a * x + b * x", "x * (a + b)"},
      {"(a - b) / (b - a)", "-1"},
      {"(v_rest - v) / tau", "(v_rest - v) / tau"},
      {"exp(-(h / tau)) - exp(-h / tau)", "0"},
      {"pow(x, 2) - x * x", "0"},
      {"x * x * x * x * x * x / x", "pow(x, 5)"},
      {"1 / x * x", "1"},
      {"a * b / (c * d) - a / (d * c) * b", "0"},
      {"2 * (a + b) - 2 * a", "2 * b"},
      {"select(c, x + x, 2 * x)", "2 * x"},
      {"-(a - b)", "b - a"},
      {"-3 * x * -2", "6 * x"},
      {"1 / 0 * x", "x * (1 / 0)"},
      {"x + (y + (z - x))", "y + z"},
  };
  for (const auto& [before, after] : table) EXPECT_EQ(print(simplify(parse(before))), after) << before;
}

TEST(Simplify, what_does_not_cancel_is_not_multiplied_out) {
  EXPECT_LE(dag_size(simplify(parse("(a + b) * (c + d) * (e + f) * (g + h) + (a + b) * (i + j)"))), dag_size(parse("(a + b) * (c + d) * (e + f) * (g + h) + (a + b) * (i + j)")));
}

TEST(Simplify, keeps_the_value_and_is_idempotent) {
  for (unsigned seed = 0; seed < 400; ++seed) {
    test::RandomExpr random(seed, false);
    const Expr e = random(6), s = simplify(e);
    EXPECT_EQ(simplify(s), s) << print(e) << "\n" << print(s) << "\n" << print(simplify(s));
    for (int k = 0; k < 5; ++k) {
      const test::Point at = test::random_point(random);
      const double before = evaluate(e, at.lookup()), after = evaluate(s, at.lookup());
      if (!std::isfinite(before)) continue;
      EXPECT_NEAR(after, before, 1e-9 * (1 + std::abs(before))) << print(e) << "\n" << print(s);
    }
  }
}

TEST(Simplify, composed_steps_stay_small) {
  // RK4 of a quadratic neuron, four steps: shared heavily; must neither hang nor grow
  Expr v = symbol("v");
  const Expr h = symbol("h"), i = symbol("i"), tau = symbol("tau");
  const auto flow = [&](Expr x) { return (x * x - x + i) / tau; };
  for (int step = 0; step < 4; ++step) {
    const Expr k1 = flow(v), k2 = flow(v + h / 2 * k1), k3 = flow(v + h / 2 * k2), k4 = flow(v + h * k3);
    v = v + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4);
  }
  EXPECT_LE(dag_size(simplify(v)), 2 * dag_size(v));
}

}  // namespace
}  // namespace antidrome::ir
