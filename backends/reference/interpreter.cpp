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

Result Interpreter::run(const Sample& sample, const Parameters& parameters, const Settings& settings) const {
  check_shapes(model_->program, sample, parameters);
  Result result;
  std::size_t states = 0;
  for (const CellMaps& c : model_->cells) states += c.states;
  if (settings.traces) result.traces.resize(states);

  using Clock = std::chrono::steady_clock;
  const auto seconds_since = [](Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); };
  const Clock::time_point start = Clock::now();
  result.spikes.resize(model_->cells.size());
  Trial trial(*model_, sample, parameters, settings, result);
  if (model_->program.mode == ir::TimeMode::grid) run_grid(trial);
  else run_exact(trial);
  if (result.not_finite.seen) return result;
  finish_losses(trial);
  result.forward_s = seconds_since(start);
  if (!settings.backward) return result;
  const Clock::time_point turn = Clock::now();
  run_backward(trial);
  result.backward_s = seconds_since(turn);
  return result;
}

}  // namespace antidrome::reference
