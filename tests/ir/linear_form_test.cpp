#include <gtest/gtest.h>

#include "codegen/ir/expr.hpp"

namespace antidrome::ir {
namespace {

TEST(LinearForm, reads_coefficients) {
  const LinearForm f = linear_form(parse("(i - v) / tau + select(c, 2 * v, i) - 3"), {"v", "i"});
  ASSERT_TRUE(f.affine);
  EXPECT_EQ(f.constant, Expr(-3));
  EXPECT_EQ(f.coefficient.at("v"), simplify(parse("select(c, 2, 0) - 1 / tau")));
  EXPECT_EQ(f.coefficient.at("i"), simplify(parse("select(c, 0, 1) + 1 / tau")));
}

TEST(LinearForm, coefficients_that_cancel_are_not_listed) {
  const LinearForm f = linear_form(parse("l * (-i / tau) - l * (-i / tau) + m"), {"l", "m"});
  ASSERT_TRUE(f.affine);
  EXPECT_EQ(f.coefficient.size(), 1u);
  EXPECT_EQ(f.coefficient.at("m"), Expr(1));
}

TEST(LinearForm, products_of_symbols_are_not_affine) {
  EXPECT_FALSE(linear_form(parse("v * v"), {"v"}).affine);
  EXPECT_FALSE(linear_form(parse("v / (1 + v)"), {"v"}).affine);
  EXPECT_FALSE(linear_form(parse("select(v < 1, v, 0)"), {"v"}).affine);
  EXPECT_FALSE(linear_form(parse("exp(v)"), {"v"}).affine);
  EXPECT_TRUE(linear_form(parse("exp(v) * i"), {"i"}).affine);
}

TEST(LinearForm, cancels_before_it_gives_up) {
  const LinearForm f = linear_form(parse("v * v + v - v * v"), {"v"});
  ASSERT_TRUE(f.affine);
  EXPECT_EQ(f.coefficient.at("v"), Expr(1));
}

TEST(LinearForm, shared_graphs_cost_their_nodes) {
  Expr e = symbol("v");
  for (int k = 0; k < 60; ++k) e = (e + e * symbol("a")) / 2;
  EXPECT_TRUE(linear_form(e, {"v"}).affine);
}

TEST(SplitProduct, separates_factors) {
  Expr dependent, rest;
  EXPECT_TRUE(split_product(parse("-w * pre.u * g / (tau * pre.r)"), {"pre.u", "pre.r"}, dependent, rest));
  EXPECT_EQ(simplify(dependent), simplify(parse("pre.u / pre.r")));
  EXPECT_EQ(simplify(rest), simplify(parse("-w * g / tau")));
}

TEST(SplitProduct, takes_a_common_factor_out_first) {
  Expr dependent, rest;
  EXPECT_TRUE(split_product(parse("w * a + w * b"), {"w"}, dependent, rest));
  EXPECT_EQ(dependent, symbol("w"));
  EXPECT_EQ(rest, parse("a + b"));
}

TEST(SplitProduct, tells_when_nothing_depends) {
  Expr dependent, rest;
  EXPECT_FALSE(split_product(parse("a * b"), {"w"}, dependent, rest));
  EXPECT_EQ(dependent, Expr(1));
}

}  // namespace
}  // namespace antidrome::ir
