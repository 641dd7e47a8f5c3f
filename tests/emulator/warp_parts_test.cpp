// Lanes with disjoint masks may be at different operations, and meet again; lanes that wait for each other may not.
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "tests/emulator/modules.hpp"

namespace antidrome {
namespace {

using emulator::Device;

struct Arguments { unsigned* out; };

TEST(EmulatorWarpParts, halves_of_a_warp_meet_again_after_operations_of_their_own) {
  std::vector<unsigned> expected(32);
  std::iota(expected.begin(), expected.end(), 0u);
  for (unsigned k = 0; k < 5; ++k) {
    const std::vector<unsigned> before = expected;
    for (unsigned l = 0; l < 16; ++l) expected[l] += before[l ^ (1u << (k & 3))];
  }
  for (unsigned l = 16; l < 32; ++l) expected[l] = 376;   // 16 + … + 31
  for (unsigned& x : expected) x += 376;
  const emulator::Module module = test::compiled("warp_parts.cu", emulator::Mode::plain);
  for (const std::uint64_t seed : {0u, 1u, 2u, 3u, 4u, 5u}) {
    Device device({.seed = seed});
    auto* out = device.allocate<unsigned>(32, "out");
    EXPECT_TRUE(device.launch(module.kernel("halves_meet_again"), {.grid = {1}, .block = {32}}, emulator::bytes_of(Arguments{out})));
    EXPECT_EQ(device.report().text(), "clean\n") << "seed " << seed;
    EXPECT_EQ(device.download(out, 32), expected) << "seed " << seed;
  }
}

TEST(EmulatorWarpParts, lanes_that_wait_for_each_other_at_different_operations_are_found) {
  const emulator::Module module = test::compiled("warp_parts.cu", emulator::Mode::plain);
  for (const std::uint64_t seed : {0u, 1u, 2u}) {
    Device device({.seed = seed});
    auto* out = device.allocate<unsigned>(32, "out");
    EXPECT_FALSE(device.launch(module.kernel("wait_for_each_other"), {.grid = {1}, .block = {32}}, emulator::bytes_of(Arguments{out})));
    EXPECT_TRUE(device.report().has(emulator::Defect::divergent_warp_operation)) << device.report().text();
  }
}

}  // namespace
}  // namespace antidrome
