#include <algorithm>
#include <cmath>
#include <optional>

#include "codegen/check/gradient_check.hpp"

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

/// Errors at each step of one rehearsal. Without an exact mode: distance to the next finer grid, which falls with the same slope.
std::vector<double> errors(const Interpreter& grid, const Interpreter* exact, const std::vector<double>& steps, const GradientCheckOptions& o) {
  auto settings = [&](double dt) { return reference::Settings{.dt_ms = dt, .steps = static_cast<int>(std::lround(o.rehearsal.trial_ms / dt))}; };
  auto gradient = [&](const Interpreter& run, const Rehearsal& r, double dt) { return run.run(r.sample, r.parameters, settings(dt)).gradients; };
  std::vector<double> all;
  if (exact) {
    double dt = exact_step(exact->program(), o);
    for (const Cell& c : exact->program().cells)
      if (!c.after.empty()) dt = std::min(dt, steps.back());       // a readout that samples at steps sees as much as on the finest grid
    const Rehearsal r = rehearse(*exact, settings(dt), o.rehearsal);
    const reference::Parameters truth = gradient(*exact, r, dt);
    for (double step : steps) all.push_back(distance(gradient(grid, r, step), truth));
    return all;
  }
  const Rehearsal r = rehearse(grid, settings(steps.front()), o.rehearsal);
  reference::Parameters coarse = gradient(grid, r, steps.front());
  for (double step : steps) {
    reference::Parameters fine = gradient(grid, r, step / 2);
    all.push_back(distance(coarse, fine));
    coarse = std::move(fine);
  }
  return all;
}

}  // namespace

ConvergenceReport check_convergence(const Network& network, const GradientCheckOptions& options) {
  constexpr int rehearsals = 5;                  // in one of them an event and a spike may share a step until the step is very fine; the median is of the others
  ConvergenceReport report;
  const Network small = shrink(network, options.rehearsal);
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
  const std::optional<Interpreter> exact = report.against_exact ? std::optional<Interpreter>(std::in_place, std::move(exact_program)) : std::nullopt;
  report.dt_ms = {0.02, 0.01, 0.005, 0.0025};
  std::vector<std::vector<double>> at_step(report.dt_ms.size());
  for (int k = 0; k < rehearsals; ++k) {
    GradientCheckOptions o = options;
    o.rehearsal.seed += static_cast<std::uint64_t>(k);
    const std::vector<double> error = errors(grid, exact ? &*exact : nullptr, report.dt_ms, o);
    for (std::size_t d = 0; d < error.size(); ++d) at_step[d].push_back(error[d]);
  }
  for (std::vector<double>& all : at_step) {
    std::nth_element(all.begin(), all.begin() + rehearsals / 2, all.end());
    report.error.push_back(all[rehearsals / 2]);
  }
  report.slope = fitted_slope(report.dt_ms, report.error);
  report.ok = report.slope > 0.7 && report.error.back() < 0.1;    // first order, and small: a wrong term leaves an error that does not fall
  return report;
}

}  // namespace antidrome::check
