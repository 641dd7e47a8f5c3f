#include "runtime/cli/build.hpp"
#include "runtime/cli/cli.hpp"
#include "runtime/cli/model_source.hpp"
#include "runtime/cli/parity.hpp"
#include "runtime/cli/process.hpp"
#include "runtime/session/failure.hpp"

#include <fmt/format.h>

namespace antidrome::cli {
namespace {

struct Options {
  ModelOptions model;
  ParityOptions parity;
  bool only_parity = false;
};

bool lift_and_gradients(const Options& o) {
  std::vector<std::string> command = {generator().string(), "check", o.model.model, "--mode", o.model.mode};
  for (const std::string& text : o.model.set) command.insert(command.end(), {"--set", text});
  const ProcessResult result = run_process(command, false);
  if (result.exit_code == exit_check_failed) return false;
  if (result.exit_code == exit_ok) return true;
  if (result.signal != 0)
    fail(exit_internal, "AD445", {o.model.model}, fmt::format("the generator crashed (signal {}): this is our bug, please report it with the model file", result.signal), command_line(command) + " shows it");
  throw Failure(result.exit_code == exit_user || result.exit_code == exit_io ? static_cast<ExitCode>(result.exit_code) : exit_internal, {});
}

Manifest build_in_double(ModelOptions model, const std::string& backend) {
  model.backend = backend;
  model.precision = "double";
  return load_manifest(simulator_folder(model, true));
}

bool parity(const Options& o) {
  const ParityReport report = compare_backends(build_in_double(o.model, "reference"), build_in_double(o.model, o.model.backend), o.parity);
  const std::string backend = o.model.backend == "cuda" ? "cuda (" + o.model.device + ")" : o.model.backend;
  fmt::print("backend parity ({}, double, {} samples of {} steps of {} ms)\n", o.model.mode, o.parity.batch, o.parity.steps, o.parity.dt_ms);
  fmt::print("  spikes: reference {}, {} {}, neurons that differ {}\n", report.spikes_first, backend, report.spikes_second, report.spike_counts_differ);
  fmt::print("  loss: largest relative difference {:.2g}\n", report.loss_difference);
  for (const ParityReport::Row& row : report.gradients)
    fmt::print("  gradient of {}: largest {:.3g}, largest difference {:.2g}{}\n", row.name, row.largest, row.difference, row.agrees ? "" : "  DIFFERS");
  if (report.spikes_first == 0) fmt::print("  note: nothing fired, so little was compared; raise --rate or the initial weights\n");
  fmt::print("backend parity: {} (tolerance {:.0e} of the largest)\n", report.agrees ? "agrees" : "DIFFERS", report.tolerance);
  return report.agrees;
}

void check(const Options& o, Context& context) {
  if (!std::filesystem::is_regular_file(o.model.model)) fail(exit_user, "AD410", {o.model.model}, "there is no such model file", "antidrome check takes a model file, not a build");
  const bool lifted = o.only_parity || lift_and_gradients(o);
  const bool agrees = parity(o);
  if (!lifted || !agrees) context.exit_code = exit_check_failed;
  fmt::print("{}\n", context.exit_code == exit_ok ? "all checks passed" : "a check failed");
}

}  // namespace

void add_check(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("check", "prove a model: lift against execution, gradients against finite differences, a backend against the reference");
  auto o = std::make_shared<Options>();
  o->model.add_to(*command, true, false);
  command->add_flag("--parity-only", o->only_parity, "compare with the reference only");
  command->add_option("--dt", o->parity.dt_ms, "time step of the comparison in ms")->check(CLI::PositiveNumber)->capture_default_str();
  command->add_option("--steps", o->parity.steps, "steps of a trial")->check(CLI::Range(1u, 65535u))->capture_default_str();
  command->add_option("--batch", o->parity.batch, "samples")->check(CLI::Range(1u, 4096u))->capture_default_str();
  command->add_option("--rate", o->parity.events_per_unit, "input events of a unit in a trial")->check(CLI::PositiveNumber)->capture_default_str();
  command->add_option("--seed", o->parity.seed, "of events and initial values")->capture_default_str();
  command->callback([o, &context] { check(*o, context); });
}

}  // namespace antidrome::cli
