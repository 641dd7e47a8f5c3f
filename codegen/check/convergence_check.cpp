#include <algorithm>
#include <cmath>
#include <optional>

#include "codegen/check/gradient_check.hpp"
#include "codegen/check/in_parallel.hpp"

namespace antidrome::check {
namespace {

using namespace ir;
using reference::Interpreter;

/// All gradients as one vector, each parameter scaled to unit length in `reference`, so that no parameter hides another.
double distance(const reference::Parameters& a, const reference::Parameters& truth) {
  double sum = 0;
  int counted = 0;
  for (std::size_t p = 0; p < truth.size(); ++p) {
    double difference = 0, length = 0;
    for (std::size_t k = 0; k < truth[p].size(); ++k) {
      difference += (a[p][k] - truth[p][k]) * (a[p][k] - truth[p][k]);
      length += truth[p][k] * truth[p][k];
    }
    if (length == 0) continue;
    sum += difference / length;
    ++counted;
  }
  return counted ? std::sqrt(sum / counted) : 0;
}

double fitted_slope(const std::vector<double>& dt, const std::vector<double>& error) {
  double n = 0, x = 0, y = 0, xx = 0, xy = 0;
  for (std::size_t k = 0; k < dt.size(); ++k) {
    if (!(error[k] > 0)) continue;
    const double a = std::log(dt[k]), b = std::log(error[k]);
    n += 1; x += a; y += b; xx += a * a; xy += a * b;
  }
  return n > 1 ? (n * xy - x * y) / (n * xx - x * x) : 0;
}

/// Segments of the exact run. A readout that samples at steps must see as much as on the finest grid.
double truth_step(const Program& exact, const GradientCheckOptions& o) {
  const bool samples = std::any_of(exact.cells.begin(), exact.cells.end(), [](const Cell& c) { return !c.after.empty(); });
  return samples ? std::min(exact_step(exact, o), 0.002) : exact_step(exact, o);
}

/// One rehearsal, and its error at any step. Without an exact mode: the distance to half the step, which falls with the same slope.
/// The grid itself finds the parameters, on a coarse step: they only have to make the neurons fire.
class Trial {
 public:
  /// `exact`, in segments of `segment` ms, tells the gradient that the grid should reach; null where there is no exact mode.
  Trial(const Interpreter& grid, const Interpreter* exact, double segment, const RehearsalOptions& o) : grid_(grid), trial_ms_(o.trial_ms) {
    constexpr double coarse = 0.1;
    rehearsal_ = rehearse(grid, settings(coarse), o);
    if (exact) truth_ = gradient(*exact, segment);
  }
  double error(double dt) const { return distance(gradient(grid_, dt), truth_.empty() ? gradient(grid_, dt / 2) : truth_); }

 private:
  reference::Settings settings(double dt) const { return {.dt_ms = dt, .steps = static_cast<int>(std::lround(trial_ms_ / dt))}; }
  reference::Parameters gradient(const Interpreter& run, double dt) const { return run.run(rehearsal_.sample, rehearsal_.parameters, settings(dt)).gradients; }

  const Interpreter& grid_;
  double trial_ms_;
  Rehearsal rehearsal_;
  reference::Parameters truth_;
};

double median(std::vector<double> all) {
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
  std::nth_element(all.begin(), middle, all.end());
  return *middle;
}

/// Shrinks the step until the error is small. The error at one step is dt times a number of order one that depends on where in
/// their steps the events fall: it scatters. Many steps and many rehearsals show the slope through that; the medians leave out
/// rehearsals in which an event and a spike share a step. Large errors are not first order yet, and no part of the fit.
void measure(const std::vector<std::optional<Trial>>& trials, double trial_ms, ConvergenceReport& report) {
  constexpr double small = 0.02, first_order = 0.3;
  constexpr std::size_t least = 6;                              // steps in a fit
  constexpr int most_steps = 100000;
  std::vector<std::vector<double>> errors;                       // [step][trial]
  for (double steps = 300; steps <= most_steps; steps *= 1.5) {
    report.dt_ms.push_back(trial_ms / std::round(steps));
    errors.emplace_back(trials.size());
    in_parallel(trials.size(), [&](std::size_t k) { errors.back()[k] = trials[k]->error(report.dt_ms.back()); });
    report.error.push_back(median(errors.back()));
    if (errors.size() >= least && report.error[errors.size() - least] < first_order && report.error.back() < small) break;
  }
  std::size_t first = 0;
  while (first + least < errors.size() && report.error[first] >= first_order) ++first;
  std::vector<double> slopes;
  for (std::size_t k = 0; k < trials.size(); ++k) {
    std::vector<double> own;
    for (std::size_t d = first; d < errors.size(); ++d) own.push_back(errors[d][k]);
    slopes.push_back(fitted_slope({report.dt_ms.begin() + static_cast<std::ptrdiff_t>(first), report.dt_ms.end()}, own));
  }
  report.slope = median(slopes);
  report.ok = report.slope > 0.7 && report.error.back() < 0.1;   // first order, and small: a wrong term leaves an error that does not fall
}

}  // namespace

ConvergenceReport check_convergence(const Network& network, const GradientCheckOptions& options) {
  constexpr std::size_t rehearsals = 11;
  RehearsalOptions o = options.rehearsal;
  o.trial_ms /= 2;                                               // long enough to spike, and errors have less time to grow
  o.events_per_unit = std::max(2, o.events_per_unit / 2);
  ConvergenceReport report;
  const Network small = shrink(network, o);
  Diagnostics refused, not_exact;
  Program grid_program = passes::derive_program(small, {.mode = TimeMode::grid, .fault = options.fault}, refused);
  if (refused.has_errors()) {
    report.applies = false;
    report.why_not = refused.all().front().message;
    return report;
  }
  Program exact_program = passes::derive_program(small, {.mode = TimeMode::exact, .fault = options.fault}, not_exact);
  report.against_exact = !not_exact.has_errors();
  const Interpreter grid(std::move(grid_program));
  std::optional<Interpreter> exact;
  if (report.against_exact) exact.emplace(std::move(exact_program));
  std::vector<std::optional<Trial>> trials(rehearsals);
  const double segment = exact ? truth_step(exact->program(), options) : 0;
  in_parallel(trials.size(), [&](std::size_t k) {
    RehearsalOptions own = o;
    own.seed += k;
    trials[k].emplace(grid, exact ? &*exact : nullptr, segment, own);
  });
  measure(trials, o.trial_ms, report);
  return report;
}

}  // namespace antidrome::check
