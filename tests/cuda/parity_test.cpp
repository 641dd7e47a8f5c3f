// CUDA kernels on the emulated device against the reference interpreter: in double the same spikes, and gradients that differ by rounding alone.
#include <gtest/gtest.h>

#include "tests/cuda/cases.hpp"

namespace antidrome {
namespace {

using namespace fixtures;

// As on the other backend: sums of some 10^4 products, partly cancelling; here a kernel adds them in another order.
constexpr double rounding = 1e-12;

void expect_parity(const fixtures::Parity& r, double tolerance) {
  EXPECT_GT(r.spikes, 50);
  EXPECT_EQ(r.other_spikes, 0);
  EXPECT_EQ(r.other_predictions, 0);
  EXPECT_EQ(r.clamped, 0);
  double largest = 0;
  for (const auto& [name, norm] : r.norm) largest = std::fmax(largest, norm);
  for (const auto& [name, error] : r.gradient) {
    EXPECT_TRUE(std::isfinite(r.norm.at(name)) && std::isfinite(error)) << name;
    if (r.norm.at(name) < 1e-12 * largest) continue;              // zero but for rounding
    EXPECT_LT(error, tolerance) << name;
  }
}

class DeviceParity : public ::testing::TestWithParam<DeviceCase> {};

TEST_P(DeviceParity, double_agrees_with_the_reference_to_rounding) {
  const DeviceCase& c = GetParam();
  const ir::Program p = derive(c.network);
  Emulated e = emulate(p, c.name, {.blocks = 2});                 // blocks that take several samples
  for (const auto& [name, values] : c.values) e.simulator->set(name, values);
  e.simulator->initialise(3);
  const auto r = compare(*e.simulator, c.samples, c.run);
  EXPECT_LT(r.loss, 1e-11);
  expect_parity(r, rounding);
}

INSTANTIATE_TEST_SUITE_P(Networks, DeviceParity, ::testing::ValuesIn(device_cases()), [](const auto& c) { return c.param.name; });

}  // namespace
}  // namespace antidrome
