// Sizes of a shape, and straight lines through what they took.
#include "runtime/bench/bench.hpp"

#include <gtest/gtest.h>

namespace antidrome::bench {
namespace {

TEST(Scaling, five_sizes_from_a_quarter_to_four_times) {
  Shape shape;
  shape.length_ms = 100, shape.events = 1000;
  const std::vector<Scaled> batch = scaled(shape, 2, "batch"), length = scaled(shape, 2, "length"), events = scaled(shape, 2, "events");
  ASSERT_EQ(batch.size(), 5u);
  EXPECT_EQ(batch[0].batch, 1u);                                  // half a sample is one
  EXPECT_EQ(batch[4].batch, 8u);
  EXPECT_EQ(batch[4].shape.events, 1000);
  EXPECT_EQ(length[0].shape.length_ms, 25);
  EXPECT_EQ(length[0].shape.events, 250);                         // as many in a step as before
  EXPECT_EQ(length[4].amount, 400);
  EXPECT_EQ(events[1].shape.events, 500);
  EXPECT_EQ(events[1].shape.length_ms, 100);
  EXPECT_EQ(events[1].batch, 2u);
}

TEST(Scaling, a_line_is_found_and_so_is_what_is_none) {
  const Line exact = line_through({1, 2, 4, 8}, {5, 7, 11, 19});
  EXPECT_NEAR(exact.constant, 3, 1e-12);
  EXPECT_NEAR(exact.slope, 2, 1e-12);
  EXPECT_LT(exact.largest, 1e-12);
  EXPECT_GT(line_through({1, 2, 4, 8}, {1, 4, 16, 64}).largest, 0.3);
}

TEST(Scaling, rows_come_from_the_caches_that_hold_them) {
  Roofline r;
  r.l1 = 100, r.l2 = 50, r.l3 = 25, r.l1_bytes = 1000, r.l2_bytes = 4000;
  EXPECT_DOUBLE_EQ(r.of(500), 100);
  EXPECT_DOUBLE_EQ(r.of(2000), 1 / (0.5 / 100 + 0.5 / 50));
  EXPECT_DOUBLE_EQ(r.of(8000), 1 / (0.125 / 100 + 0.375 / 50 + 0.5 / 25));
}

}  // namespace
}  // namespace antidrome::bench
