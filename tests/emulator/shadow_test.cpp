// What the checker remembers of memory and of meetings, without kernels.
#include "backends/cuda/emulator/shadow.hpp"

#include <gtest/gtest.h>

#include "backends/cuda/emulator/warp_clock.hpp"

namespace antidrome::emulator {
namespace {

std::size_t cells_of(Shadow& s, std::size_t offset, std::size_t n) {
  std::size_t count = 0;
  s.visit(offset, n, [&](Cell&) { ++count; });
  return count;
}

TEST(Shadow, has_one_cell_for_four_bytes) {
  Shadow s(64);
  EXPECT_EQ(cells_of(s, 0, 4), 1u);
  EXPECT_EQ(cells_of(s, 16, 16), 4u);
}

TEST(Shadow, has_a_cell_for_each_byte_where_less_than_a_word_was_accessed) {
  Shadow s(64);
  s.initialise(0, 8);
  EXPECT_EQ(cells_of(s, 2, 4), 4u) << "two bytes of each of two words";
  EXPECT_EQ(cells_of(s, 0, 4), 4u);
  EXPECT_EQ(cells_of(s, 8, 4), 1u);
  s.visit(0, 8, [](Cell& c) { EXPECT_TRUE(c.flags & cell_flag::initialised) << "what was known of the word is known of its bytes"; });
}

TEST(Shadow, forgets_accesses_but_not_what_is_initialised) {
  Shadow s(16);
  s.initialise(5, 2);
  s.visit(5, 2, [](Cell& c) { c.write_epoch = 7, c.flags |= cell_flag::atomic; });
  s.forget_accesses();
  s.visit(5, 2, [](Cell& c) {
    EXPECT_EQ(c.write_epoch, 0u);
    EXPECT_EQ(c.flags, cell_flag::initialised);
  });
  s.visit(7, 1, [](Cell& c) { EXPECT_EQ(c.flags, 0); });
}

constexpr std::uint32_t all = 0xffffffffu;

TEST(WarpClock, orders_everything_before_a_meeting_of_all) {
  WarpClock c;
  const std::uint32_t before = c.stamp();
  EXPECT_FALSE(c.before(3, before, 4));
  c.met(all, all);
  EXPECT_TRUE(c.before(3, before, 4));
  EXPECT_FALSE(c.before(3, c.stamp(), 4));
}

TEST(WarpClock, orders_those_that_met_and_no_others) {
  WarpClock c;
  const std::uint32_t before = c.stamp();
  c.met(0x0000000fu, all);
  EXPECT_TRUE(c.before(0, before, 3));
  EXPECT_FALSE(c.before(0, before, 4));
  EXPECT_FALSE(c.before(4, before, 0));
}

TEST(WarpClock, orders_through_a_third_lane) {
  WarpClock c;
  const std::uint32_t before = c.stamp();
  c.met(0x3u, all);                               // 0 and 1
  const std::uint32_t between = c.stamp();
  c.met(0x6u, all);                               // 1 and 2
  EXPECT_TRUE(c.before(0, before, 2));
  EXPECT_FALSE(c.before(0, between, 2)) << "what lane 0 did after it met lane 1";
  EXPECT_FALSE(c.before(2, before, 0)) << "lane 0 has met nobody since";
}

TEST(WarpClock, counts_all_lanes_of_a_warp_that_is_not_full) {
  WarpClock c;
  const std::uint32_t before = c.stamp();
  c.met(0xffu, 0xffu);
  EXPECT_TRUE(c.before(0, before, 7));
}

}  // namespace
}  // namespace antidrome::emulator
