// The same kernels under the emulator's checker: no race, nothing out of bounds, nothing read before it was written, in any order of blocks and threads.
#include <gtest/gtest.h>

#include "tests/cuda/cases.hpp"

namespace antidrome {
namespace {

using namespace fixtures;

class DeviceChecker : public ::testing::TestWithParam<DeviceCase> {};

/// A short trial of an odd number of steps; blocks that take several samples, so that one sample's memory is the next one's.
TEST_P(DeviceChecker, finds_nothing_in_any_order) {
  DeviceCase c = GetParam();
  const ir::Program p = derive(c.network);
  const kernel::DeviceModule module = device_module(p, c.name, kernel::Precision::single_precision);
  const std::filesystem::path compiled = compile_kernels(cuda::emit_kernels(module), scratch("checked_" + c.name), true);
  c.run.steps = 61;
  c.run.update = true;
  for (Sample& s : c.samples)
    for (SourceEvents& e : s.sources) e = e.cut(61);
  BatchResult in_order;
  for (const std::uint64_t seed : {0, 1, 2, 3, 4, 5}) {
    Emulated e = on_device(p, compiled, cuda::emit_plan(module), {.checked = true, .seed = seed, .blocks = 2});
    for (const auto& [name, values] : c.values) e.simulator->set(name, values);
    e.simulator->initialise(3);
    const BatchResult r = e.simulator->run(c.samples, c.run);
    EXPECT_TRUE(e.emulator->report().clean()) << "seed " << seed << "\n" << e.emulator->report().text();
    if (seed == 0) in_order = r;
    EXPECT_EQ(r.loss, in_order.loss);
    EXPECT_EQ(r.gradient, in_order.gradient);
    EXPECT_TRUE(r.taken);
    EXPECT_EQ(r.moved, in_order.moved);
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, DeviceChecker, ::testing::ValuesIn(device_cases()), [](const auto& c) { return c.param.name; });

}  // namespace
}  // namespace antidrome
