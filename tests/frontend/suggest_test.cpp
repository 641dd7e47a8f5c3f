#include "codegen/frontend/suggest.hpp"

#include <gtest/gtest.h>

namespace antidrome::frontend {
namespace {

TEST(Suggest, the_nearest_word_is_found) { EXPECT_EQ(closest("hiden", {"layers", "hidden", "loss"}), "hidden"); }
TEST(Suggest, nothing_is_suggested_for_a_word_that_is_far_from_all) { EXPECT_EQ(did_you_mean("batch", {"layers", "hidden", "loss"}), ""); }
TEST(Suggest, a_list_ends_after_eight) {
  EXPECT_EQ(quoted_list(std::vector<std::string>(10, "x")), "'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x' and 2 more");
}

}  // namespace
}  // namespace antidrome::frontend
