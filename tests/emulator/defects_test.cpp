// Every kind of defect is found, at its line, whatever the order of threads; and what is no defect is not.
#include <algorithm>
#include <sstream>

#include <gtest/gtest.h>

#include "tests/emulator/modules.hpp"

namespace antidrome {
namespace {

using emulator::Defect;
using emulator::Device;
using emulator::Mode;

struct Arguments {
  float* x;
  unsigned* u;
  unsigned short* s;
  float* fresh;
  unsigned n;
};
constexpr unsigned n = 256;

Arguments arguments(Device& device) {
  const std::vector<float> ones(n, 1.0f);
  const Arguments a{device.upload<float>(std::span<const float>(ones), "x"), device.allocate<unsigned>(n, "u"), device.allocate<unsigned short>(n, "s"), device.allocate<float>(n, "fresh"), n};
  device.clear(a.u, n * sizeof(unsigned));
  device.clear(a.s, n * sizeof(unsigned short));
  return a;
}

/// Lines of a kernel's text with a mark.
std::vector<int> marked(const std::string& kernel, const std::string& mark) {
  std::istringstream text(test::kernel_text("defects.cu"));
  std::vector<int> lines;
  bool inside = false;
  int number = 0;
  for (std::string line; std::getline(text, line);) {
    ++number;
    if (line.find("__global__") != std::string::npos) inside = line.find(" " + kernel + "(") != std::string::npos;
    const std::size_t comment = line.find("/*");
    if (inside && comment != std::string::npos && line.find(mark, comment) != std::string::npos) lines.push_back(number);
  }
  return lines;
}

struct Case {
  std::string kernel;
  Defect defect;
  unsigned blocks, threads;
  bool finishes;
  std::uint32_t dynamic = 0;
};
const std::vector<Case> cases = {
    {"shared_read_after_write", Defect::read_after_write, 1, 64, true},
    {"shared_write_after_read", Defect::write_after_read, 1, 64, true},
    {"shared_write_after_write", Defect::write_after_write, 1, 64, true},
    {"lanes_of_a_warp_race_without_syncwarp", Defect::read_after_write, 1, 32, true},
    {"a_shuffle_orders_no_memory", Defect::read_after_write, 1, 32, true},
    {"syncwarp_orders_its_own_warp_only", Defect::read_after_write, 1, 64, true},
    {"syncwarp_orders_its_own_mask_only", Defect::read_after_write, 1, 32, true},
    {"a_write_after_reads_of_several_warps", Defect::write_after_read, 1, 64, true},
    {"global_read_after_write", Defect::read_after_write, 1, 64, true},
    {"global_write_after_read", Defect::write_after_read, 1, 64, true},
    {"a_barrier_orders_no_other_block", Defect::read_after_write, 2, 32, true},
    {"blocks_write_the_same", Defect::write_after_write, 2, 64, true},
    {"a_block_writes_what_another_has_read", Defect::write_after_read, 3, 32, true},
    {"a_plain_store_beside_an_atomic", Defect::plain_and_atomic, 1, 64, true},
    {"an_accumulation_that_is_not_atomic", Defect::read_after_write, 1, 64, true},
    {"a_read_of_a_running_sum", Defect::plain_and_atomic, 1, 64, true},
    {"one_above", Defect::out_of_bounds, 5, 64, false},
    {"one_below", Defect::out_of_bounds, 1, 64, false},
    {"one_above_in_shared_memory", Defect::out_of_bounds, 1, 64, false},
    {"one_below_in_shared_memory", Defect::out_of_bounds, 1, 64, false},
    {"one_above_in_dynamic_shared_memory", Defect::out_of_bounds, 1, 64, false, 256},
    {"a_wrong_stride", Defect::out_of_bounds, 1, 64, false},
    {"a_null_pointer", Defect::illegal_address, 1, 64, false},
    {"a_local_variable_of_another_thread", Defect::illegal_address, 1, 64, false},
    {"a_misaligned_vector", Defect::misaligned, 1, 1, false},
    {"uninitialised_global_memory", Defect::uninitialised, 1, 64, true},
    {"uninitialised_shared_memory", Defect::uninitialised, 1, 64, true},
    {"shared_memory_of_the_block_before", Defect::uninitialised, 2, 64, true},
    {"a_barrier_in_a_branch", Defect::divergent_barrier, 1, 64, false},
    {"a_barrier_that_some_never_reach", Defect::divergent_barrier, 1, 64, false},
    {"a_barrier_after_an_early_return", Defect::divergent_barrier, 1, 64, false},
    {"a_loop_with_a_barrier_and_another_count_in_each_warp", Defect::divergent_barrier, 1, 64, false},
    {"a_ballot_in_a_branch", Defect::divergent_warp_operation, 1, 64, false},
    {"lanes_that_wait_for_lanes_at_a_barrier", Defect::deadlock, 1, 64, false},
    {"a_mask_without_the_lane", Defect::wrong_mask, 1, 32, false},
    {"a_shuffle_of_a_lane_outside_the_mask", Defect::unknown_source, 1, 64, true},
    {"a_trap", Defect::trap, 1, 64, false},
    {"a_division_by_zero", Defect::division_by_zero, 1, 1, false},
    {"an_endless_recursion", Defect::stack_overflow, 1, 1, false},
    {"a_loop_without_end", Defect::too_long, 1, 1, false},
};

class Defects : public testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(, Defects, testing::ValuesIn(cases), [](const auto& c) { return c.param.kernel; });

void expect_found(const Case& c, std::uint64_t seed, const std::string& compiler) {
  const emulator::Module module = test::compiled("defects.cu", Mode::checked, compiler);
  Device device({.seed = seed, .check = true, .access_limit = 100000});
  const bool finished = device.launch(module.kernel(c.kernel), {.grid = {c.blocks}, .block = {c.threads}, .dynamic_shared_bytes = c.dynamic}, emulator::bytes_of(arguments(device)));
  EXPECT_EQ(finished, c.finishes);
  const emulator::Report report = device.report();
  ASSERT_FALSE(report.clean());
  std::vector<int> at = marked(c.kernel, "at*/"), others = marked(c.kernel, "other*/");
  for (const int line : marked(c.kernel, "/*at other")) at.push_back(line), others.push_back(line);
  for (const int line : marked(c.kernel, "/*either")) at.push_back(line), others.push_back(line);
  const bool race = c.defect <= Defect::plain_and_atomic, symmetric = race || c.defect == Defect::divergent_barrier;
  bool seen = false;
  for (const emulator::Finding& f : report.findings) {
    EXPECT_EQ(f.kernel, c.kernel);
    // Of a race: which access comes first depends on the order; a read that comes before the first write is one of uninitialised memory besides.
    EXPECT_TRUE(f.defect == c.defect || (race && (f.defect <= Defect::plain_and_atomic || f.defect == Defect::uninitialised))) << f.text();
    seen |= f.defect == c.defect;
    const auto in = [](const std::vector<int>& lines, int line) { return std::find(lines.begin(), lines.end(), line) != lines.end(); };
    if (at.empty()) continue;
    EXPECT_EQ(f.at.file.substr(f.at.file.rfind('/') + 1), "defects.cu") << f.text();
    EXPECT_TRUE(in(at, f.at.line) || (symmetric && in(others, f.at.line))) << f.text();
    EXPECT_TRUE(f.other.file.empty() || in(others, f.other.line) || (symmetric && in(at, f.other.line))) << f.text();
  }
  EXPECT_TRUE(seen || seed != 0) << report.text();
}

TEST_P(Defects, is_found_in_order) { expect_found(GetParam(), 0, "g++"); }
TEST_P(Defects, is_found_in_random_orders) {
  for (const std::uint64_t seed : {1, 2, 3}) expect_found(GetParam(), seed, "g++");
}
TEST_P(Defects, is_found_in_code_of_the_second_compiler) {
  if (test::clang().empty()) GTEST_SKIP() << "SKIP: no clang";
  expect_found(GetParam(), 0, test::clang());
}

class Clean : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(, Clean, testing::Values("clean_halves_of_words", "clean_exchange_by_barriers", "clean_exchange_within_warps", "clean_groups_of_eight_lanes", "clean_halves_of_a_warp_at_different_places",
                                                  "clean_atomics", "clean_local_arrays", "clean_warps_that_leave", "clean_persistent_blocks"),
                         [](const auto& c) { return c.param; });

TEST_P(Clean, has_no_findings_and_one_result) {
  std::vector<std::string> compilers = {"g++"};
  if (!test::clang().empty()) compilers.push_back(test::clang());
  std::vector<float> expected;
  for (const std::string& compiler : compilers) {
    const emulator::Module module = test::compiled("defects.cu", Mode::checked, compiler);
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      Device device({.seed = seed, .check = true});
      const Arguments a = arguments(device);
      const bool one_block = GetParam() != "clean_persistent_blocks" && GetParam() != "clean_atomics" && GetParam() != "clean_local_arrays";
      const unsigned threads = GetParam() == "clean_persistent_blocks" ? 64 : 128;
      ASSERT_TRUE(device.launch(module.kernel(GetParam()), {.grid = {one_block ? 1u : 2u}, .block = {threads}}, emulator::bytes_of(a)));
      EXPECT_TRUE(device.report().clean()) << device.report().text();
      std::vector<float> result = device.download(a.x, n);
      for (const unsigned v : device.download(a.u, n)) result.push_back(static_cast<float>(v));
      for (const unsigned v : device.download(a.s, n)) result.push_back(static_cast<float>(v));
      if (expected.empty()) expected = result;
      EXPECT_EQ(result, expected) << "seed " << seed;
    }
  }
}

TEST(Report, says_what_where_and_who) {
  const emulator::Module module = test::compiled("defects.cu", Mode::checked);
  Device device({.check = true});
  device.launch(module.kernel("one_above"), {.grid = {5}, .block = {64}}, emulator::bytes_of(arguments(device)));
  const std::string line = std::to_string(marked("one_above", "at*/").at(0));
  EXPECT_EQ(device.report().text(), "one_above: out of bounds at defects.cu:" + line + ": 4 bytes, 0 bytes past the end of 'x' (1024 bytes) (block 4,0,0 thread 0,0,0)\n");
  device.forget();
  EXPECT_EQ(device.report().text(), "clean\n");
}

TEST(Report, names_shared_arrays_and_counts_repetitions) {
  const emulator::Module module = test::compiled("defects.cu", Mode::checked);
  Device device({.check = true});
  device.launch(module.kernel("shared_read_after_write"), {.grid = {1}, .block = {64}}, emulator::bytes_of(arguments(device)));
  const auto findings = device.report().findings;
  ASSERT_FALSE(findings.empty());
  EXPECT_NE(findings[0].what.find("of shared_read_after_write::buffer (256 bytes)"), std::string::npos) << findings[0].text();
  EXPECT_GT(findings[0].times, 1u);
}

TEST(Report, of_what_was_inlined_names_the_line_of_the_function_in_the_text) {
  const emulator::Module module = test::compiled("defects.cu", Mode::checked);
  Device device({.check = true});
  device.launch(module.kernel("uninitialised_global_memory"), {.grid = {1}, .block = {64}}, emulator::bytes_of(arguments(device)));
  std::istringstream text(test::kernel_text("defects.cu"));
  int number = 0;
  for (std::string line; std::getline(text, line);) {
    ++number;
    if (line.find("from_header_like(const") != std::string::npos) break;
  }
  EXPECT_EQ(device.report().findings.at(0).at.line, number);
}

TEST(Launch, survives_a_bad_kernel_and_runs_the_next_one) {
  const emulator::Module module = test::compiled("defects.cu", Mode::checked);
  Device device({.check = true, .access_limit = 100000});
  const Arguments a = arguments(device);
  for (const Case& c : cases) device.launch(module.kernel(c.kernel), {.grid = {c.blocks}, .block = {c.threads}, .dynamic_shared_bytes = c.dynamic}, emulator::bytes_of(a));
  device.forget();
  device.clear(a.u, n * sizeof(unsigned));
  EXPECT_TRUE(device.launch(module.kernel("clean_exchange_within_warps"), {.grid = {1}, .block = {128}}, emulator::bytes_of(a)));
  EXPECT_TRUE(device.report().clean()) << device.report().text();
}

}  // namespace
}  // namespace antidrome
