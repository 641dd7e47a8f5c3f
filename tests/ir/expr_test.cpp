#include <gtest/gtest.h>
#include <thread>

#include "codegen/diagnostics/diagnostics.hpp"
#include "codegen/ir/expr.hpp"
#include "codegen/ir/names.hpp"

namespace antidrome::ir {
namespace {

TEST(Expr, equal_structure_is_the_same_node) {
  const Expr x = symbol("x"), y = symbol("y");
  EXPECT_EQ(x * y + 1, symbol("x") * symbol("y") + 1.0);
  EXPECT_NE(x * y, y * x);
  EXPECT_EQ(Expr(0.0), Expr(-0.0));
}

TEST(Expr, threads_agree_on_nodes) {
  std::vector<Expr> made(8);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < made.size(); ++t)
    threads.emplace_back([&made, t] {
      Expr e = symbol("x");
      for (int k = 0; k < 2000; ++k) e = e * symbol("s" + std::to_string(k % 50)) + k;
      made[t] = e;
    });
  for (std::thread& t : threads) t.join();
  for (const Expr& e : made) EXPECT_EQ(e, made[0]);
}

struct Folding { const char *before, *after; };

TEST(Expr, factories_fold) {
  const Folding table[] = {
      {"0 + x", "x"}, {"x + 0", "x"}, {"x - 0", "x"}, {"0 - x", "-x"}, {"x - x", "0"}, {"1 * x", "x"}, {"x * 1", "x"},
      {"0 * x", "0"}, {"x * -1", "-x"}, {"x / 1", "x"}, {"0 / x", "0"}, {"--x", "x"}, {"x + -y", "x - y"}, {"x - -y", "x + y"},
      {"x + -3", "x - 3"}, {"x - -3", "x + 3"}, {"-x * -y", "x * y"}, {"2 * 3 + 4", "10"}, {"1 / 0", "1 / 0"}, {"log(0)", "log(0)"},
      {"exp(0)", "1"}, {"pow(x, 1)", "x"}, {"pow(x, 0)", "1"}, {"select(1, x, y)", "x"}, {"select(0, x, y)", "y"}, {"select(c, x, x)", "x"},
      {"select(!c, x, y)", "select(c, y, x)"}, {"1 < 2", "1"}, {"0 && x", "0"}, {"1 || x", "1"}, {"1 && x < y", "x < y"}, {"1 && x", "1 && x"},
      {"!!(x < y)", "x < y"}, {"min(x, x)", "x"}, {"abs(abs(x))", "abs(x)"}, {"stop(stop(x))", "stop(x)"}, {"stop(2)", "2"}, {"floor(2.5)", "2"},
      {"expdd(x)", "exp(x)"}, {"expdd(y, x)", "expdd(x, y)"}, {"x > y", "y < x"}, {"x >= y", "y <= x"}};
  for (const auto& [before, after] : table) EXPECT_EQ(print(parse(before)), after) << before;
}

TEST(Expr, wrong_arity_is_our_bug) { EXPECT_THROW(make(Kind::exp, {1, 2}), InternalError); }

TEST(Expr, substitution_replaces_sub_expressions_once) {
  const Expr x = symbol("x"), y = symbol("y"), e = parse("x * y + exp(x * y) + x");
  EXPECT_EQ(print(substitute(e, {{x, y}, {y, x}})), "y * x + exp(y * x) + y");       // parallel, not one after the other
  EXPECT_EQ(print(substitute(e, {{x * y, symbol("q")}})), "q + exp(q) + x");
  EXPECT_EQ(print(rename(e, [](const std::string& n) { return "cell." + n; })), "cell.x * cell.y + exp(cell.x * cell.y) + cell.x");
}

TEST(Expr, queries) {
  const Expr e = parse("(x + y) * (x + y)");
  EXPECT_EQ(free_symbols(e), (std::set<std::string>{"x", "y"}));
  EXPECT_TRUE(depends_on(e, {"z", "y"}));
  EXPECT_FALSE(depends_on(e, {"z"}));
  EXPECT_EQ(dag_size(e), 4u);
}

TEST(Expr, shared_graphs_cost_their_nodes) {
  Expr e = symbol("x");
  for (int k = 0; k < 200; ++k) e = e * e + symbol("y");  // as a tree: 2^200 nodes
  EXPECT_EQ(free_symbols(e).size(), 2u);
  EXPECT_EQ(dag_size(e), 402u);
  EXPECT_TRUE(depends_on(substitute(e, {{symbol("y"), symbol("z")}}), {"z"}));
}

TEST(Names, prefixes_go_to_the_last_component) {
  EXPECT_EQ(adjoint_name("hidden.v"), "hidden.lambda_v");
  EXPECT_EQ(adjoint_name("output.MeanVoltage.s"), "output.MeanVoltage.lambda_s");
  EXPECT_EQ(gradient_name("w"), "grad_w");
}

}  // namespace
}  // namespace antidrome::ir
