// The kernels of every feature as nvcc's PTX, interpreted, against the reference and against the same text on the emulated device.
#include <gtest/gtest.h>

#include "backends/cuda/device/interpreted_device.hpp"
#include "tests/cuda/cases.hpp"
#include "tests/ptx/compile.hpp"

namespace antidrome {
namespace {

using namespace fixtures;

struct Interpreted {
  std::unique_ptr<cuda::DeviceSimulator> device;
  cuda::InterpretedDevice* ptx = nullptr;
  std::unique_ptr<Simulator> simulator;
};

Interpreted interpret(const ir::Program& program, const std::string& name) {
  const kernel::DeviceModule module = device_module(program, name, kernel::Precision::double_precision);
  Interpreted out;
  auto device = std::make_unique<cuda::InterpretedDevice>(ptx::parse(test::ptx_of(cuda::emit_kernels(module), "kernels.cu"), "kernels.ptx"));
  out.ptx = device.get();
  out.device = std::make_unique<cuda::DeviceSimulator>(cuda::parse_plan(cuda::emit_plan(module)), std::move(device));
  out.device->limit_blocks(2);                                   // blocks that take several samples
  out.simulator = std::make_unique<Simulator>(program, out.device->abi());
  return out;
}

class Networks : public ::testing::TestWithParam<DeviceCase> {};
INSTANTIATE_TEST_SUITE_P(, Networks, ::testing::ValuesIn(device_cases()), [](const auto& c) { return c.param.name; });

TEST_P(Networks, interpreted_agree_with_the_reference) {
  ANTIDROME_NEEDS_NVCC();
  const DeviceCase& c = GetParam();
  const ir::Program p = derive(c.network);
  Interpreted i = interpret(p, c.name);
  for (const auto& [name, values] : c.values) i.simulator->set(name, values);
  i.simulator->initialise(3);
  const fixtures::Parity r = compare(*i.simulator, c.samples, c.run);
  EXPECT_GT(r.spikes, 50);
  EXPECT_EQ(r.other_spikes, 0);
  EXPECT_EQ(r.other_predictions, 0);
  EXPECT_EQ(r.clamped, 0);
  EXPECT_LT(r.loss, 1e-11);
  double largest = 0;
  for (const auto& [name, norm] : r.norm) largest = std::fmax(largest, norm);
  for (const auto& [name, error] : r.gradient) {
    if (r.norm.at(name) < 1e-12 * largest) continue;              // zero but for rounding
    EXPECT_LT(error, 1e-12) << name;
  }
}

double ulps(double a, double b, double scale) { return std::fabs(a - b) / (scale * std::numeric_limits<double>::epsilon()); }

TEST_P(Networks, interpreted_agree_with_the_emulated_device_in_their_last_bits) {
  ANTIDROME_NEEDS_NVCC();
  const DeviceCase& c = GetParam();
  const ir::Program p = derive(c.network);
  Interpreted i = interpret(p, c.name);
  Emulated e = emulate(p, c.name, {.blocks = 2});
  for (Simulator* s : {i.simulator.get(), e.simulator.get()}) {
    for (const auto& [name, values] : c.values) s->set(name, values);
    s->initialise(3);
  }
  const BatchResult a = i.simulator->run(c.samples, c.run), b = e.simulator->run(c.samples, c.run);
  EXPECT_EQ(a.spike_counts, b.spike_counts);
  EXPECT_EQ(a.prediction, b.prediction);
  double loss = 0, gradient = 0;
  for (std::size_t k = 0; k < a.loss.size(); ++k) loss = std::fmax(loss, ulps(a.loss[k], b.loss[k], std::fabs(b.loss[k])));
  for (std::size_t q = 0; q < a.gradient.size(); ++q) {
    double largest = 0;
    for (const double x : b.gradient[q]) largest = std::fmax(largest, std::fabs(x));
    for (std::size_t x = 0; x < a.gradient[q].size(); ++x)
      if (largest > 0) gradient = std::fmax(gradient, ulps(a.gradient[q][x], b.gradient[q][x], largest));
  }
  printf("ULPS %s loss %g gradient %g\n", c.name.c_str(), loss, gradient);
}

}  // namespace
}  // namespace antidrome
