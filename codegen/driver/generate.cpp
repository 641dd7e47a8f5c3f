#include <fmt/format.h>

#include "backends/cuda/emit/emit.hpp"
#include "backends/openmp/emit/emit.hpp"
#include "codegen/driver/manifest.hpp"
#include "codegen/driver/output.hpp"
#include "codegen/driver/request.hpp"
#include "codegen/frontend/frontend.hpp"
#include "codegen/kernel_ir/device/device.hpp"
#include "codegen/passes/passes.hpp"

namespace antidrome::driver {
namespace {

kernel::LowerOptions options_of(const ir::Program& program, const Request& request) {
  kernel::LowerOptions options;
  options.precision = request.precision == "double" ? kernel::Precision::double_precision : kernel::Precision::single_precision;
  options.half_storage = request.precision == "mixed";
  options.fingerprint = fingerprint(program, request);
  return options;
}

/// The pass list up to the stage that was asked for.
std::string dumped(const ir::Network& network, const Request& request, Diagnostics& diagnostics) {
  const passes::PassOptions options{request.time_mode()};
  if (request.dump == "network") return ir::print(network);
  if (request.dump == "joined" || request.dump == "solved") {
    passes::verify(network, diagnostics);
    if (diagnostics.has_errors()) return {};
    ir::Program program = passes::join(network, options, diagnostics);
    if (request.dump == "solved" && !diagnostics.has_errors()) passes::solve(program, diagnostics);
    return ir::print(program);
  }
  const ir::Program program = passes::derive_program(network, options, diagnostics);
  if (diagnostics.has_errors()) return {};
  if (request.dump == "device") return print(kernel::lower_for_device(program, options_of(program, request), diagnostics));
  return request.dump == "kernel" ? print(kernel::lower(program, options_of(program, request), diagnostics)) : ir::print(program);
}

}  // namespace

int generate(const Request& request) {
  Diagnostics diagnostics;
  const frontend::ModelFile model = frontend::load({request.model, request.settings(diagnostics), {}, {}}, diagnostics);
  if (diagnostics.has_errors()) return show(diagnostics);
  const ir::Network& network = model.network();
  if (!request.dump.empty()) {
    const std::string text = dumped(network, request, diagnostics);
    if (!diagnostics.has_errors()) fmt::print("{}", text);
    return show(diagnostics);
  }
  const ir::Program program = passes::derive_program(network, {request.time_mode()}, diagnostics);
  std::vector<std::pair<const char*, std::string>> printed;
  if (!diagnostics.has_errors() && request.backend == "openmp") {
    const kernel::KernelModule module = kernel::lower(program, options_of(program, request), diagnostics);
    if (!diagnostics.has_errors()) printed = {{"simulator.cc", openmp::emit_openmp(module)}, {"cost.json", cost_json(kernel::costs(module))}};
  } else if (!diagnostics.has_errors() && request.backend == "cuda") {
    const kernel::DeviceModule module = kernel::lower_for_device(program, options_of(program, request), diagnostics);
    if (!diagnostics.has_errors()) printed = {{"kernels.cu", cuda::emit_kernels(module)}, {"kernels.json", cuda::emit_plan(module)}};
  }
  if (diagnostics.has_errors()) return show(diagnostics);

  std::error_code failure;
  std::filesystem::create_directories(request.output, failure);
  std::vector<std::pair<const char*, std::string>> files = {
      {"program.air", ir::print(program)}, {"inputs.json", inputs_json(model)}, {"manifest.json", manifest_json(network, program, model, request)}};
  for (auto& file : printed) files.push_back(std::move(file));
  for (const auto& [name, text] : files)
    if (!write_if_changed(request.output / name, text)) {
      fmt::print(stderr, "error: cannot write {}\n", (request.output / name).string());
      return exit_io;
    }
  return show(diagnostics);
}

}  // namespace antidrome::driver
