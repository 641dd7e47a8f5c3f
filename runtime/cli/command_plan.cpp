#include "runtime/cli/cli.hpp"
#include "runtime/cli/model_source.hpp"
#include "runtime/cli/plan_cost.hpp"
#include "runtime/cli/plan_gpu.hpp"

#include <fmt/format.h>
#include <fstream>
#include <optional>

namespace antidrome::cli {
namespace {

struct Options {
  ModelOptions model;
  std::string config;
  double dt_ms = 1, length_ms = 0;
  std::optional<std::uint32_t> batch;           ///< else that of the configuration, or 32
  std::uint32_t threads = 0, chunks = 4, spikes = 0;
  bool cost = false;
  std::string gpu;                              ///< a GPU whose time is modelled
  int events = 1000, lines = 0;
};

std::string bytes_text(std::uint64_t bytes) {
  const auto b = static_cast<double>(bytes);
  if (bytes < 10'000) return fmt::format("{} B", bytes);
  if (b < 0x1p20) return fmt::format("{:.1f} KiB", b / 0x1p10);
  if (b < 0x1p30) return fmt::format("{:.1f} MiB", b / 0x1p20);
  return fmt::format("{:.2f} GiB", b / 0x1p30);
}

std::string bounds_text(const ParameterInfo& p) {
  if (!p.low && !p.high) return "";
  return fmt::format("[{}, {}]", p.low ? fmt::format("{}", *p.low) : "-inf", p.high ? fmt::format("{}", *p.high) : "inf");
}

// The Program's text says of each cell how it is solved and of each edge how it is delayed: its head lines are readable as they are.
void print_structure(const Manifest& m) {
  std::ifstream in(m.directory / "program.air");
  std::string cell;
  bool coupled = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("cell ") || line.starts_with("edge ")) {
      cell = line.substr(0, line.find_last_not_of(" {") + 1);
      if (const std::size_t place = cell.find(" @\""); place != std::string::npos) cell.resize(place);
      if (line.starts_with("edge ")) fmt::print("  {}\n", cell);
    } else if (line.starts_with("  solver ") && !cell.empty()) {
      const std::size_t quote = line.find('"');
      const std::string solver = quote == std::string::npos ? line.substr(9) : line.substr(quote + 1, line.rfind('"') - quote - 1);
      fmt::print("  {}{}\n", cell, solver.empty() ? "" : "  solved by " + solver);
    }
    coupled = coupled || line.find("batch_mean(") != std::string::npos;
  }
  if (coupled) fmt::print("  two phases: a loss reads the mean over the batch, so all forward passes come before the losses and the backward passes\n");
}

void print_parameters(const Manifest& m) {
  fmt::print("parameters\n  {:<32} {:>14} {:<14} {:<10} {:<24} {}\n", "name", "shape", "axes", "trained", "begins as", "bounds");
  for (const ParameterInfo& p : m.parameters)
    fmt::print("  {:<32} {:>14} {:<14} {:<10} {:<24} {}\n", p.name, fmt::format("{} x {}", p.rows, p.cols), p.axes, p.trainable ? "yes" : "", p.init.str(), bounds_text(p));
}

void plan(const Options& o) {
  std::optional<RunConfig> config;
  if (!o.config.empty()) config = load_config(o.config, {override_text("model.file", std::filesystem::absolute(o.model.model).lexically_normal().string())});
  ModelOptions model = o.model;
  if (!o.gpu.empty()) count_launches(o.gpu, config ? config->model.backend : model.backend, config ? config->model.device : model.device);
  Manifest m = load_manifest(config ? simulator_folder(config->model, true) : simulator_folder(model, true));
  SessionOptions options{.dt_ms = o.dt_ms, .threads = o.threads == 0 ? default_threads() : o.threads, .chunks = o.chunks, .spike_capacity = o.spikes};
  const std::uint32_t batch = o.batch.value_or(config ? static_cast<std::uint32_t>(config->train.batch) : 32);
  double length = o.length_ms;
  if (config) {
    apply_overrides(*config, m);
    options.dt_ms = config->trial.dt_ms;
    options.chunks = config->train.chunks;
    if (length <= 0) length = config->trial.length_ms;
  }
  if (length <= 0) length = 100 * options.dt_ms;
  options.steps = static_cast<std::uint32_t>(std::max(1.0, length / options.dt_ms + 0.5));
  Session session(m, options);

  fmt::print("model {}  backend {}  mode {}  {}  {}\n", m.model, m.backend, m.mode, m.precision, m.rule.empty() ? "does not learn" : "learns by " + m.rule);
  fmt::print("structure\n");
  print_structure(m);
  print_parameters(m);
  for (const LossInfo& loss : m.losses) fmt::print("loss {} of {} at {}{}\n", loss.name, loss.readout, loss.when, loss.labelled ? ", with labels" : "");

  std::uint64_t forward_tape = 0, tape = 0;
  const std::uint64_t forward = session.simulator().workspace_bytes(session.settings(batch, {}), &forward_tape);
  const std::uint64_t training = session.simulator().workspace_bytes(session.settings(batch, {.training = true, .backward = true}), &tape);
  const std::uint64_t parameters = session.parameters().bytes(), gradients = session.gradients().bytes();
  fmt::print("memory, batch {} of {} steps of {} ms, {} threads, room for {} spikes a sample\n", batch, options.steps, options.dt_ms, options.threads, session.spike_capacity());
  fmt::print("  parameters       {:>12}\n  gradients        {:>12}\n  Adam's averages  {:>12}\n", bytes_text(parameters), bytes_text(gradients), bytes_text(2 * gradients));
  fmt::print("  workspace        {:>12}  of which tape {} ({} a sample)\n", bytes_text(training), bytes_text(tape), bytes_text(tape / batch));
  fmt::print("  without backward {:>12}\n", bytes_text(forward));
  fmt::print("  together         {:>12}\n", bytes_text(parameters + 3 * gradients + training));
  if (!o.cost && o.gpu.empty()) return;
  initialise(session.parameters(), m, 1);
  if (o.cost) print_cost(session, batch, o.events);
  if (!o.gpu.empty()) print_gpu_time(session, batch, o.events, o.lines);
}

}  // namespace

void add_plan(CLI::App& app, Context&) {
  CLI::App* command = app.add_subcommand("plan", "what a model will allocate and how it is solved, before it runs");
  auto o = std::make_shared<Options>();
  o->model.add_to(*command);
  command->add_option("-c,--config", o->config, "take [model], step, length, batch and [params] from a run configuration")->type_name("RUN.toml");
  command->add_option("-b,--batch", o->batch, "samples of a batch (default: that of the configuration, or 32)")->check(CLI::Range(1u, 1000000u));
  command->add_option("--dt", o->dt_ms, "time step in ms")->check(CLI::PositiveNumber)->capture_default_str();
  command->add_option("--length", o->length_ms, "length of a trial in ms (default: 100 steps)")->check(CLI::PositiveNumber);
  command->add_option("-j,--threads", o->threads, "worker threads (default: all processors)")->check(CLI::Range(1u, 4096u));
  command->add_option("--spikes", o->spikes, "spikes a sample that the tape has room for (default: 8 a neuron; it grows by itself)");
  command->add_flag("--cost", o->cost, "measure a batch too: bytes by cache, operations and time of each kernel");
  command->add_option("--device-model", o->gpu, "backend cuda: count a batch's instructions in the interpreter of PTX, and model what they take on h100 or rtx4090")->check(CLI::IsMember({"h100", "rtx4090"}));
  command->add_option("--events", o->events, "events of each source in a sample, for --cost and --device-model")->check(CLI::Range(1, 10000000))->capture_default_str();
  command->add_option("--lines", o->lines, "with --device-model: the lines of each kernel on which its chain spends most")->check(CLI::Range(0, 1000))->capture_default_str();
  command->callback([o] { plan(*o); });
}

}  // namespace antidrome::cli
