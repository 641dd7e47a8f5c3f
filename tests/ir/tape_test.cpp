#include <gtest/gtest.h>

#include "tests/ir/random_expr.hpp"

namespace antidrome::ir {
namespace {

TEST(Tape, agrees_with_evaluate) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    test::RandomExpr random(seed, false);
    const std::vector<Expr> outputs{random(6), random(4), random(2)};
    const Tape tape(outputs, test::variables);
    std::vector<double> scratch(tape.scratch_size());
    for (int k = 0; k < 3; ++k) {
      const test::Point at = test::random_point(random);
      double out[3];
      tape.run(at.value, out, scratch.data());
      for (std::size_t n = 0; n < 3; ++n) {
        const double expected = evaluate(outputs[n], at.lookup());
        EXPECT_TRUE(out[n] == expected || (std::isnan(out[n]) && std::isnan(expected))) << print(outputs[n]);
      }
    }
  }
}

TEST(Tape, shared_parts_are_computed_once) {
  Expr e = symbol("x");
  for (int k = 0; k < 100; ++k) e = e * e;
  EXPECT_EQ(Tape(std::vector<Expr>{e, e * symbol("x")}, test::variables).scratch_size(), 102u);
}

TEST(Tape, unknown_symbols_are_refused) {
  EXPECT_THROW(Tape(std::vector<Expr>{symbol("q")}, test::variables), std::out_of_range);
}

TEST(Evaluate, a_branch_not_taken_is_not_looked_at) {
  EXPECT_EQ(evaluate(parse("select(x < 1, 2, y)"), [](const std::string& n) { return n == "x" ? 0.0 : throw std::out_of_range(n); }), 2);
}

}  // namespace
}  // namespace antidrome::ir
