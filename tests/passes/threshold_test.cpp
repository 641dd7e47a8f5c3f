#include "codegen/passes/threshold.hpp"

#include <gtest/gtest.h>

namespace antidrome {
namespace {

struct Case { const char *predicate, *g; };

TEST(threshold, predicates_become_functions_that_cross_zero) {
  const Case cases[] = {
      {"theta <= v", "v - theta"},
      {"theta < v", "v - theta"},
      {"v < theta", "theta - v"},
      {"!(v < theta)", "v - theta"},
      {"theta <= v && t_ref <= since", "min(v - theta, since - t_ref)"},
      {"theta <= v || 2 <= since", "max(v - theta, since - 2)"},
      {"!(v < theta || since < t_ref)", "min(v - theta, since - t_ref)"},
      {"theta <= v && n == 0", "select(n == 0, v - theta, -1)"},
      {"n == 0 && theta <= v", "select(n == 0, v - theta, -1)"},
      {"theta <= v || n == 0", "select(n == 0, 1, v - theta)"},
  };
  for (const Case& c : cases)
    EXPECT_EQ(ir::print(passes::threshold_function(ir::parse(c.predicate), {"v", "since"})), c.g) << c.predicate;
}

}  // namespace
}  // namespace antidrome
