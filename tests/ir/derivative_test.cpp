#include <gtest/gtest.h>

#include "tests/ir/random_expr.hpp"

namespace antidrome::ir {
namespace {

struct Case { const char *e, *derivative; };

TEST(Differentiate, table) {
  const Case table[] = {
      {"y", "0"}, {"x", "1"}, {"x * x", "2 * x"}, {"1 / x", "-1 / (x * x)"}, {"exp(-x / y)", "-exp(-x / y) / y"}, {"log(x)", "1 / x"},
      {"sqrt(x)", "0.5 / sqrt(x)"}, {"tanh(x)", "1 - tanh(x) * tanh(x)"}, {"pow(x, 3)", "3 * (x * x)"}, {"pow(y, x)", "log(y) * pow(y, x)"},
      {"min(x, y)", "select(y < x, 0, 1)"}, {"max(y, x)", "select(y < x, 1, 0)"}, {"abs(x)", "select(x < 0, -1, 1)"}, {"floor(x)", "0"},
      {"x < y", "0"}, {"select(x < 1, x * y, y)", "select(x < 1, y, 0)"}, {"stop(x) * x", "stop(x)"},
      {"expdd(x, y)", "expdd(x, x, y)"}, {"expdd(x, x)", "2 * expdd(x, x, x)"}, {"sum(x * out.s)", "sum(out.s)"}};
  for (const auto& [e, derivative] : table) EXPECT_EQ(print(differentiate(parse(e), "x")), derivative) << e;
}

/// Central difference, Richardson-extrapolated: error h^4 f^(5), about 1e-10 for functions of order one.
double finite_difference(Expr e, test::Point at, std::size_t k) {
  const auto slope = [&](double h) {
    test::Point up = at, down = at;
    up.value[k] += h;
    down.value[k] -= h;
    return (evaluate(e, up.lookup()) - evaluate(e, down.lookup())) / (2 * h);
  };
  return (4 * slope(5e-4) - slope(1e-3)) / 3;
}

TEST(Differentiate, random_expressions_agree_with_finite_differences) {
  int compared = 0;
  for (unsigned seed = 0; seed < 300; ++seed) {
    test::RandomExpr random(seed, true);
    const Expr e = random(5);
    const auto pulled = pull_back(std::vector<Seed>{{e, 1}}, {test::variables.begin(), test::variables.end()});
    for (std::size_t k = 0; k < test::variables.size(); ++k) {
      const Expr d = differentiate(e, test::variables[k]);
      const test::Point at = test::random_point(random);
      const double value = evaluate(e, at.lookup()), expected = finite_difference(e, at, k);
      if (!(std::abs(value) < 100) || !(std::abs(expected) < 100)) continue;  // steep ones need a smaller step than rounding allows
      ++compared;
      EXPECT_NEAR(evaluate(d, at.lookup()), expected, 2e-6 * (1 + std::abs(value) + std::abs(expected))) << print(e);
      EXPECT_NEAR(evaluate(pulled.at(test::variables[k]), at.lookup()), evaluate(d, at.lookup()), 1e-9 * (1 + std::abs(expected))) << print(e);
    }
  }
  EXPECT_GT(compared, 1000);
}

TEST(PullBack, weighs_several_values_in_one_sweep) {
  const std::vector<Seed> seeds{{parse("x * y"), symbol("l")}, {parse("exp(x)"), symbol("m")}, {parse("x * y * y"), 2}};
  const auto pulled = pull_back(seeds, {"x", "y", "z"});
  EXPECT_EQ(simplify(pulled.at("x") - parse("l * y + m * exp(x) + 2 * y * y")), Expr(0));
  EXPECT_EQ(simplify(pulled.at("y") - parse("l * x + 4 * x * y")), Expr(0));
  EXPECT_EQ(pulled.at("z"), Expr(0));
}

TEST(PullBack, shared_graphs_cost_their_nodes) {
  Expr e = symbol("x");
  for (int k = 0; k < 40; ++k) e = make(Kind::sin, {e * e + e});
  EXPECT_LT(dag_size(pull_back(std::vector<Seed>{{e, 1}}, {"x"}).at("x")), 1000u);
  EXPECT_LT(dag_size(differentiate(e, "x")), 1000u);
}

TEST(PullBack, reductions_give_each_element_its_share) {
  // s differs per element and c is the same for all; the loss also divides by a sum and picks the label
  const Expr loss = parse("log(sum(exp(c * out.s - maxof(out.s)))) * c + maxof(out.s) - at_label(out.s * out.s) / sum(out.s * c)");
  const auto pulled = pull_back(std::vector<Seed>{{loss, 1}}, {"out.s", "c"});
  std::vector<double> s{0.3, -0.7, 1.1, 0.2};
  double c = 1.3;
  const auto elements = [&] { return Elements{4, 1, [&](const std::string& name, int k) { return name == "c" ? c : s[static_cast<std::size_t>(k)]; }}; };
  const Lookup shared = [&](const std::string&) { return c; };
  const auto loss_now = [&] { return evaluate(loss, elements(), -1, shared); };
  const auto slope = [&](double& x) {
    const double x0 = x, h = 1e-5;
    x = x0 + h;
    const double up = loss_now();
    x = x0 - h;
    const double down = loss_now();
    x = x0;
    return (up - down) / (2 * h);
  };
  for (int k = 0; k < 4; ++k) {
    const double expected = slope(s[static_cast<std::size_t>(k)]);
    EXPECT_NEAR(evaluate(pulled.at("out.s"), elements(), k, shared), expected, 1e-8) << k;
  }
  EXPECT_NEAR(evaluate(pulled.at("c"), elements(), -1, shared), slope(c), 1e-8);
}

TEST(PullBack, tied_maxima_share_the_derivative) {
  const Expr d = pull_back(std::vector<Seed>{{parse("maxof(out.s)"), 1}}, {"out.s"}).at("out.s");
  const Elements elements{4, -1, [](const std::string&, int k) { return k == 3 ? 0.0 : 1.0; }};
  for (int k = 0; k < 4; ++k) EXPECT_DOUBLE_EQ(evaluate(d, elements, k, nullptr), k == 3 ? 0 : 1.0 / 3);
}

}  // namespace
}  // namespace antidrome::ir
