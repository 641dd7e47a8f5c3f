// The model of memory traffic, on addresses by hand.
#include "backends/cuda/emulator/traffic.hpp"

#include <functional>

#include <gtest/gtest.h>

namespace antidrome::emulator {
namespace {

Request request(const std::function<std::uint64_t(unsigned)>& address, std::uint32_t lanes = 0xffffffffu) {
  Request r;
  r.lanes = lanes;
  for (unsigned l = 0; l < 32; ++l) r.address[l] = address(l);
  return r;
}
void expect(const Traffic& t, unsigned needed, unsigned ideal) {
  EXPECT_EQ(t.needed, needed);
  EXPECT_EQ(t.ideal, ideal);
}

TEST(Sectors, of_neighbours_are_as_few_as_can_be) {
  expect(sectors(request([](unsigned l) { return 4 * l; }), 4), 4, 4);
  expect(sectors(request([](unsigned l) { return 8 * l; }), 8), 8, 8);
  expect(sectors(request([](unsigned l) { return 16 * l; }), 16), 16, 16);
  expect(sectors(request([](unsigned l) { return 2 * l; }), 2), 2, 2);
  expect(sectors(request([](unsigned l) { return 4 * (31 - l); }), 4), 4, 4);
}
TEST(Sectors, of_a_stride_are_one_each) { expect(sectors(request([](unsigned l) { return 128 * l; }), 4), 32, 4); }
TEST(Sectors, of_one_address_are_one) { expect(sectors(request([](unsigned) { return 100; }), 4), 1, 1); }
TEST(Sectors, of_neighbours_beside_the_grid_are_one_more) { expect(sectors(request([](unsigned l) { return 4 * l + 4; }), 4), 5, 4); }
TEST(Sectors, of_few_lanes_are_theirs_alone) { expect(sectors(request([](unsigned l) { return 32 * l; }, 0x101), 4), 2, 1); }

TEST(Wavefronts, without_conflicts_are_as_few_as_can_be) {
  expect(wavefronts(request([](unsigned l) { return 4 * l; }), 4), 1, 1);
  expect(wavefronts(request([](unsigned l) { return 8 * l; }), 8), 2, 2);
  expect(wavefronts(request([](unsigned l) { return 16 * l; }), 16), 4, 4);
}
TEST(Wavefronts, are_as_many_as_words_in_one_bank) {
  expect(wavefronts(request([](unsigned l) { return 8 * l; }), 4), 2, 1);
  expect(wavefronts(request([](unsigned l) { return 16 * l; }), 4), 4, 1);
  expect(wavefronts(request([](unsigned l) { return 128 * l; }), 4), 32, 1);
  expect(wavefronts(request([](unsigned l) { return 132 * l; }), 4), 1, 1);
}
TEST(Wavefronts, of_one_word_for_all_lanes_are_one) {
  expect(wavefronts(request([](unsigned) { return 20; }), 4), 1, 1);
  expect(wavefronts(request([](unsigned) { return 64; }), 16), 1, 1);
  expect(wavefronts(request([](unsigned l) { return l; }), 1), 1, 1);
}
TEST(Wavefronts, of_sixteen_bytes_conflict_within_a_quarter_of_a_warp) {
  expect(wavefronts(request([](unsigned l) { return 32 * l; }), 16), 8, 4);
  // Each quarter has a column of its own: all lanes together fill 16 banks 8 times, and yet no phase has more than 4 banks.
  expect(wavefronts(request([](unsigned l) { return 512 * (l % 8) + 16 * (l / 8); }), 16), 32, 4);
}
TEST(Wavefronts, of_eight_bytes_conflict_within_half_a_warp) {
  expect(wavefronts(request([](unsigned l) { return 16 * l; }), 8), 4, 2);
  expect(wavefronts(request([](unsigned l) { return 8 * (l % 16); }), 8), 1, 1);   // the second half finds what the first one fetched
}
TEST(Wavefronts, of_few_lanes_leave_phases_out) { expect(wavefronts(request([](unsigned l) { return 16 * l; }, 0x000000ff), 16), 1, 1); }

TEST(Depth, is_the_most_lanes_on_one_address) {
  EXPECT_EQ(depth(request([](unsigned) { return 4; })), 32u);
  EXPECT_EQ(depth(request([](unsigned l) { return 4 * l; })), 1u);
  EXPECT_EQ(depth(request([](unsigned l) { return 4 * (l % 3); })), 11u);
}

}  // namespace
}  // namespace antidrome::emulator
