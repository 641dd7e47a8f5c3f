// Kernels of a Program on the emulated device, for tests.
#pragma once
#include <sstream>

#include "backends/cuda/device/emulated_device.hpp"
#include "backends/cuda/device/simulator.hpp"
#include "backends/cuda/emit/emit.hpp"
#include "tests/openmp/parity.hpp"

namespace antidrome::fixtures {

struct DeviceOptions {
  kernel::Precision precision = kernel::Precision::double_precision;
  bool checked = false;                         ///< races, bounds, uninitialised reads; counters
  std::uint64_t seed = 0;                       ///< order of blocks and threads
  std::uint32_t blocks = 0;                     ///< of a trial at once; 0: one for each sample
  std::uint64_t most_accesses = std::uint64_t{1} << 36;   ///< of a launch that ends
  std::string extra = {};
};

inline kernel::DeviceModule device_module(const ir::Program& program, const std::string& name, kernel::Precision precision) {
  Diagnostics diagnostics;
  kernel::DeviceModule module = kernel::lower_for_device(program, {.precision = precision, .fingerprint = name}, diagnostics);
  if (diagnostics.has_errors()) throw std::runtime_error(diagnostics.render());
  return module;
}

/// Compiles kernel text for the emulator; answers the module.
inline std::filesystem::path compile_kernels(const std::string& text, const std::filesystem::path& folder, bool checked, const std::string& file = "kernels.cu") {
  const std::filesystem::path source = folder / file, module = folder / (file + (checked ? ".checked.so" : ".so"));
  std::ofstream(source) << text;
  emulator::compile(source.string(), module.string(), checked ? emulator::Mode::checked : emulator::Mode::plain, {.include_folders = {ANTIDROME_SOURCE_DIR "/runtime/include"}, .flags = {}});
  return module;
}

/// A simulator on the emulated device, and the device itself.
struct Emulated {
  std::unique_ptr<cuda::DeviceSimulator> device;
  emulator::Device* emulator = nullptr;
  std::unique_ptr<Simulator> simulator;
};

inline Emulated on_device(const ir::Program& program, const std::filesystem::path& module, const std::string& plan, const DeviceOptions& o) {
  Emulated e;
  auto device = std::make_unique<cuda::EmulatedDevice>(module.string(), emulator::Options{.seed = o.seed, .check = o.checked, .access_limit = o.most_accesses});
  e.emulator = &device->emulator();
  e.device = std::make_unique<cuda::DeviceSimulator>(cuda::parse_plan(plan), std::move(device));
  e.device->limit_blocks(o.blocks);
  e.simulator = std::make_unique<Simulator>(program, e.device->abi());
  return e;
}

inline Emulated emulate(const ir::Program& program, const std::string& name, const DeviceOptions& o = {}) {
  const kernel::DeviceModule module = device_module(program, name, o.precision);
  const std::filesystem::path folder = scratch("device_" + name + (o.precision == kernel::Precision::double_precision ? "_double" : "_float"));
  return on_device(program, compile_kernels(cuda::emit_kernels(module), folder, o.checked), cuda::emit_plan(module), o);
}

}  // namespace antidrome::fixtures
