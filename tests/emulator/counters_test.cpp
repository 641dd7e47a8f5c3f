// Counters of access patterns that are known by hand, line by line, in code of both compilers.
#include <sstream>

#include <gtest/gtest.h>

#include "tests/emulator/modules.hpp"

namespace antidrome {
namespace {

using emulator::Access;
using emulator::Counters;
using emulator::Device;
using emulator::LineCounters;

struct Arguments {
  float* x;
  unsigned* u;
};

/// Runs a kernel of patterns.cu with one warp a block.
Counters counted(const std::string& kernel, const std::string& compiler = "g++", unsigned blocks = 1, unsigned threads = 32, std::uint64_t seed = 0) {
  const emulator::Module module = test::compiled("patterns.cu", emulator::Mode::checked, compiler);
  Device device({.seed = seed, .check = true});
  const Arguments a{device.allocate<float>(16384, "x"), device.allocate<unsigned>(16384, "u")};
  device.clear(a.x, 65536);
  device.clear(a.u, 65536);
  EXPECT_TRUE(device.launch(module.kernel(kernel), {.grid = {blocks}, .block = {threads}}, emulator::bytes_of(a)));
  return device.counters();
}

/// The counters of the line with a mark.
LineCounters at(const Counters& c, const std::string& mark, Access access) {
  std::istringstream text(test::kernel_text("patterns.cu"));
  int number = 0;
  for (std::string line; std::getline(text, line);) {
    ++number;
    if (!line.ends_with("// " + mark)) continue;
    for (const LineCounters& l : c.lines)
      if (l.place.line == number && l.access == access) return l;
    ADD_FAILURE() << "no " << name_of(access) << " at line " << number << " (" << mark << ")\n" << c.text();
    return {};
  }
  ADD_FAILURE() << "no line is marked " << mark;
  return {};
}

class Patterns : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (GetParam() && test::clang().empty()) GTEST_SKIP() << "SKIP: no clang";
    compiler = GetParam() ? test::clang() : "g++";
  }
  std::string compiler;
};
INSTANTIATE_TEST_SUITE_P(, Patterns, testing::Bool(), [](const auto& p) { return p.param ? "clang" : "gcc"; });

TEST_P(Patterns, of_global_memory_have_their_sectors) {
  const Counters c = counted("global_patterns", compiler);
  struct Expected {
    const char* mark;
    Access access;
    unsigned lanes, bytes, sectors, ideal;
  };
  for (const Expected& e : {Expected{"coalesced", Access::global_load, 32, 4, 4, 4}, Expected{"stride 2", Access::global_load, 32, 4, 8, 4}, Expected{"stride 32", Access::global_load, 32, 4, 32, 4},
                            Expected{"broadcast", Access::global_load, 32, 4, 1, 1}, Expected{"shifted by 4 bytes", Access::global_load, 32, 4, 5, 4}, Expected{"a double", Access::global_load, 32, 8, 8, 8},
                            Expected{"2 bytes", Access::global_load, 32, 2, 2, 2}, Expected{"1 byte", Access::global_load, 32, 1, 1, 1}, Expected{"every fourth lane", Access::global_load, 8, 4, 4, 1},
                            Expected{"store", Access::global_store, 32, 4, 4, 4}, Expected{"store 16 bytes", Access::global_store, 32, 16, 16, 16}}) {
    const LineCounters l = at(c, e.mark, e.access);
    EXPECT_EQ(l.requests, 1u) << e.mark;
    EXPECT_EQ(l.lanes, e.lanes) << e.mark;
    EXPECT_EQ(l.bytes, e.lanes * e.bytes) << e.mark;
    EXPECT_EQ(l.sectors, e.sectors) << e.mark;
    EXPECT_EQ(l.ideal_sectors, e.ideal) << e.mark;
  }
}

TEST_P(Patterns, of_vectors_are_single_accesses_of_the_line_that_called) {
  const Counters c = counted("global_patterns", compiler);
  // The loads are in a function of one line: both calls of it count there, 16 bytes a lane, once in neighbours and once in every other.
  std::istringstream text(test::kernel_text("patterns.cu"));
  int number = 0;
  for (std::string line; std::getline(text, line) && line.find("float4 wide(") == std::string::npos;) ++number;
  LineCounters sum;
  for (const LineCounters& l : c.lines)
    if (l.place.line == number + 1 && l.access == Access::global_load) sum += l;
  EXPECT_EQ(sum.requests, 2u);
  EXPECT_EQ(sum.bytes, 2u * 32 * 16);
  EXPECT_EQ(sum.sectors, 16u + 32u);
  EXPECT_EQ(sum.ideal_sectors, 32u);
}

TEST_P(Patterns, of_shared_memory_have_their_wavefronts) {
  const Counters c = counted("shared_patterns", compiler);
  struct Expected {
    const char* mark;
    unsigned wavefronts, ideal;
  };
  for (const Expected& e : {Expected{"one way", 1, 1}, Expected{"two way", 2, 1}, Expected{"four way", 4, 1}, Expected{"thirty-two way", 32, 1}, Expected{"padded column", 1, 1}, Expected{"one word for all", 1, 1},
                            Expected{"four words of one bank", 4, 1}, Expected{"8 bytes", 2, 2}, Expected{"16 bytes", 4, 4}, Expected{"16 bytes for all", 1, 1}, Expected{"16 bytes, stride 2", 8, 4},
                            Expected{"quarters in one column each", 32, 4}, Expected{"bytes of shared words", 1, 1}}) {
    const LineCounters l = at(c, e.mark, Access::shared_load);
    EXPECT_EQ(l.requests, 1u) << e.mark;
    EXPECT_EQ(l.wavefronts, e.wavefronts) << e.mark;
    EXPECT_EQ(l.ideal_wavefronts, e.ideal) << e.mark;
  }
  const LineCounters fill = at(c, "fill", Access::shared_store), store = at(c, "store, two way", Access::shared_store);
  EXPECT_EQ(fill.requests, 128u);
  EXPECT_EQ(fill.conflicts(), 1.0);
  EXPECT_EQ(store.conflicts(), 2.0);
}

TEST_P(Patterns, of_atomics_have_their_depth) {
  const Counters c = counted("atomic_patterns", compiler);
  EXPECT_EQ(at(c, "one address", Access::global_atomic).depth, 32u);
  EXPECT_EQ(at(c, "an address each", Access::global_atomic).depth, 1u);
  EXPECT_EQ(at(c, "an address each", Access::global_atomic).sectors, 4u);
  EXPECT_EQ(at(c, "four on one", Access::global_atomic).depth, 4u);
  EXPECT_EQ(at(c, "shared, sixteen on one", Access::shared_atomic).depth, 16u);
}

TEST_P(Patterns, of_uneven_loops_lose_lanes_round_by_round) {
  const LineCounters l = at(counted("uneven_loops", compiler), "ragged", Access::global_load);
  EXPECT_EQ(l.requests, 32u);
  EXPECT_EQ(l.lanes, 32u * 33 / 2);
}

TEST(CountersOfKernels, are_the_same_in_every_order) {
  for (const char* kernel : {"global_patterns", "shared_patterns", "atomic_patterns", "uneven_loops", "counted_work"}) {
    const std::string in_order = counted(kernel, "g++", 3, 64).text();
    for (const std::uint64_t seed : {1, 2, 3}) {
      Counters c = counted(kernel, "g++", 3, 64, seed);
      Counters d = counted(kernel, "g++", 3, 64);
      c.kernels[0].switches = d.kernels[0].switches;   // those are of the emulation
      EXPECT_EQ(c.text(), in_order) << kernel;
    }
  }
}

TEST(CountersOfKernels, count_blocks_warps_barriers_and_operations) {
  const Counters c = counted("counted_work", "g++", 5, 96);
  const emulator::KernelCounters& k = c.of("counted_work");
  EXPECT_EQ(k.launches, 1u);
  EXPECT_EQ(k.blocks, 5u);
  EXPECT_EQ(k.warps, 15u);
  EXPECT_EQ(k.threads, 480u);
  EXPECT_EQ(k.barriers_per_warp(), 10.0);
  EXPECT_EQ(k.warp_operations, 15u * 21);
  EXPECT_THROW(c.of("another"), std::out_of_range);
}

TEST(CountersOfKernels, add_up_over_launches_until_they_are_forgotten) {
  const emulator::Module module = test::compiled("patterns.cu", emulator::Mode::checked);
  Device device({.check = true});
  const Arguments a{device.allocate<float>(16384), device.allocate<unsigned>(16384)};
  device.clear(a.x, 65536);
  for (int k = 0; k < 3; ++k) device.launch(module.kernel("uneven_loops"), {.grid = {1}, .block = {32}}, emulator::bytes_of(a));
  EXPECT_EQ(device.counters().total("uneven_loops", Access::global_load).requests, 3u * 32);
  EXPECT_EQ(device.counters().of("uneven_loops").launches, 3u);
  device.forget();
  EXPECT_TRUE(device.counters().lines.empty());
  device.launch(module.kernel("uneven_loops"), {.grid = {1}, .block = {32}}, emulator::bytes_of(a));
  EXPECT_EQ(device.counters().total("uneven_loops", Access::global_load).requests, 32u);
}

TEST(CountersOfKernels, say_what_they_did_not_count) {
  const Counters c = counted("a_long_way");
  EXPECT_EQ(c.of("a_long_way").not_counted, (20000u - 16384u) * 32);
  EXPECT_EQ(at(c, "long", Access::global_load).requests, 16384u);
  EXPECT_NE(c.text().find("115712 accesses were not counted"), std::string::npos) << c.text();
}

}  // namespace
}  // namespace antidrome
