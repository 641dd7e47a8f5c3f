// The same kernels under the emulator's checker: no race, nothing out of bounds, nothing read before it was written, in any order of blocks and threads.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

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

/// What `--device checked` opens: two threads that meet in shared memory without a barrier, and the same with one.
TEST(CheckedDevice, ends_a_launch_that_has_a_finding) {
  constexpr const char* text = R"(#include <antidrome/emulated_device.h>
struct Arguments { float* x; };
extern "C" __global__ void ordered(const Arguments a) {
  __shared__ float buffer[64];
  buffer[threadIdx.x] = a.x[threadIdx.x];
  __syncthreads();
  a.x[threadIdx.x] = buffer[63 - threadIdx.x];
}
ANTIDROME_KERNEL(ordered, Arguments)
extern "C" __global__ void racing(const Arguments a) {
  __shared__ float buffer[64];
  buffer[threadIdx.x] = a.x[threadIdx.x];
  a.x[threadIdx.x] = buffer[63 - threadIdx.x];
}
ANTIDROME_KERNEL(racing, Arguments)
)";
  const std::filesystem::path folder = scratch("checked_device");
  std::filesystem::rename(compile_kernels(text, folder, true), folder / "kernels_checked.so");
  ::setenv("ANTIDROME_ORDER", "7", 1);
  const std::unique_ptr<cuda::Device> device = cuda::checked_device(folder);
  std::vector<float> x(64);
  for (std::size_t k = 0; k < x.size(); ++k) x[k] = static_cast<float>(k);
  const cuda::Address at = device->allocate(x.size() * sizeof(float), "x");
  device->upload(at, x.data(), x.size() * sizeof(float));
  device->launch("ordered", {.threads = 64}, emulator::bytes_of(at));
  std::vector<float> turned(64);
  device->download(turned.data(), at, turned.size() * sizeof(float));
  std::reverse(turned.begin(), turned.end());
  EXPECT_EQ(turned, x);
  try {
    device->launch("racing", {.threads = 64}, emulator::bytes_of(at));
    ADD_FAILURE() << "the race went unnoticed";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("kernel 'racing' is wrong"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("kernels.cu:13"), std::string::npos) << error.what();
  }
  ::setenv("ANTIDROME_ORDER", "seven", 1);
  EXPECT_THROW(cuda::checked_device(folder), std::invalid_argument);
  ::unsetenv("ANTIDROME_ORDER");
}

}  // namespace
}  // namespace antidrome
