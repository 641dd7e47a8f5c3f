#include "backends/reference/interpreter.hpp"

#include <chrono>
#include <stdexcept>
#include <fmt/format.h>

#include "backends/reference/trial.hpp"

namespace antidrome::reference {
namespace {

void check_shapes(const ir::Program& program, const Sample& sample, const Parameters& parameters) {
  std::size_t sources = 0;
  for (const ir::Cell& c : program.cells) sources += c.source ? 1 : 0;
  if (sample.sources.size() != sources) throw std::invalid_argument(fmt::format("the program has {} sources, the sample has {}", sources, sample.sources.size()));
  if (parameters.size() != program.parameters.size())
    throw std::invalid_argument(fmt::format("the program has {} parameters, {} are given", program.parameters.size(), parameters.size()));
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    const auto numbers = static_cast<std::size_t>(program.parameters[p].rows) * static_cast<std::size_t>(program.parameters[p].cols);
    if (parameters[p].size() != numbers)
      throw std::invalid_argument(fmt::format("parameter '{}' has {} numbers, {} are given", program.parameters[p].name, numbers, parameters[p].size()));
  }
}

}  // namespace

Interpreter::Interpreter(ir::Program program) : model_(std::make_unique<const Model>(std::move(program))) {}
Interpreter::~Interpreter() = default;
Interpreter::Interpreter(Interpreter&&) noexcept = default;
Interpreter& Interpreter::operator=(Interpreter&&) noexcept = default;

const ir::Program& Interpreter::program() const { return model_->program; }

namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// To the end of the trial; what follows needs the other samples where a loss reads the whole batch.
std::unique_ptr<Trial> forward(const Model& model, const Sample& sample, const Parameters& parameters, const Settings& settings, Result& result) {
  const Clock::time_point start = Clock::now();
  std::size_t states = 0;
  for (const CellMaps& c : model.cells) states += c.states;
  if (settings.traces) result.traces.resize(states);
  result.spikes.resize(model.cells.size());
  auto trial = std::make_unique<Trial>(model, sample, parameters, settings, result);
  if (model.program.mode == ir::TimeMode::grid) run_grid(*trial);
  else run_exact(*trial);
  result.forward_s = seconds_since(start);
  return trial;
}

void finish(Trial& trial, const BatchMeans* means) {
  if (trial.result.not_finite.seen) return;
  trial.means = means;
  finish_losses(trial);
  if (!trial.settings.backward) return;
  const Clock::time_point turn = Clock::now();
  run_backward(trial);
  trial.result.backward_s = seconds_since(turn);
}

}  // namespace

Result Interpreter::run(const Sample& sample, const Parameters& parameters, const Settings& settings) const {
  return std::move(run(std::vector<Sample>{sample}, parameters, settings).front());
}

std::vector<Result> Interpreter::run(const std::vector<Sample>& samples, const Parameters& parameters, const Settings& settings) const {
  std::vector<Result> results(samples.size());
  std::vector<std::unique_ptr<Trial>> trials;
  std::vector<const Trial*> finished;
  const bool coupled = model_->program.couples_samples();
  for (std::size_t k = 0; k < samples.size(); ++k) {
    check_shapes(model_->program, samples[k], parameters);
    trials.push_back(forward(*model_, samples[k], parameters, settings, results[k]));
    if (!results[k].not_finite.seen) finished.push_back(trials.back().get());
    if (coupled) continue;
    finish(*trials.back(), nullptr);
    trials.back().reset();
  }
  if (!coupled) return results;
  const BatchMeans means = batch_means(finished);
  for (const auto& trial : trials) finish(*trial, &means);
  return results;
}

}  // namespace antidrome::reference
