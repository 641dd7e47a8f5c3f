#include <cmath>

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

}  // namespace

ConvergenceReport check_convergence(const Network& network, const GradientCheckOptions& o) {
  ConvergenceReport report;
  const Network small = shrink(network, o.rehearsal);
  Diagnostics refused, not_exact;
  Program grid_program = passes::derive_program(small, {.mode = TimeMode::grid, .fault = o.fault}, refused);
  if (refused.has_errors()) {
    report.applies = false;
    report.why_not = refused.all().front().message;
    return report;
  }
  Program exact_program = passes::derive_program(small, {.mode = TimeMode::exact, .fault = o.fault}, not_exact);
  report.against_exact = !not_exact.has_errors();
  const Interpreter grid(std::move(grid_program));
  auto gradient = [&](const Interpreter& run, const Rehearsal& r, double dt) {
    return run.run(r.sample, r.parameters, {.dt_ms = dt, .steps = static_cast<int>(std::lround(o.rehearsal.trial_ms / dt))}).gradients;
  };
  report.dt_ms = {0.04, 0.02, 0.01, 0.005};
  if (report.against_exact) {
    const Interpreter exact(std::move(exact_program));
    const double dt = exact_step(exact.program(), o);
    const Rehearsal r = rehearse(exact, {.dt_ms = dt, .steps = static_cast<int>(std::lround(o.rehearsal.trial_ms / dt))}, o.rehearsal);
    const reference::Parameters truth = gradient(exact, r, dt);
    for (double step : report.dt_ms) report.error.push_back(distance(gradient(grid, r, step), truth));
  } else {
    const Rehearsal r = rehearse(grid, {.dt_ms = report.dt_ms.front(), .steps = static_cast<int>(std::lround(o.rehearsal.trial_ms / report.dt_ms.front()))}, o.rehearsal);
    reference::Parameters coarse = gradient(grid, r, report.dt_ms.front());
    for (double step : report.dt_ms) {                            // distance to the next finer grid falls with the same slope
      reference::Parameters fine = gradient(grid, r, step / 2);
      report.error.push_back(distance(coarse, fine));
      coarse = std::move(fine);
    }
  }
  report.slope = fitted_slope(report.dt_ms, report.error);
  report.ok = report.slope > 0.7 && report.error.back() < 0.1;    // first order, and small: a wrong term leaves an error that does not fall
  return report;
}

}  // namespace antidrome::check
