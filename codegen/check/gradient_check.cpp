#include "codegen/check/gradient_check.hpp"
#include "codegen/check/in_parallel.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "codegen/passes/adjoint.hpp"

namespace antidrome::check {
namespace {

using namespace ir;
using reference::Interpreter;

bool contains_stop(Expr e, std::set<Expr>& seen) {
  if (!e.defined() || !seen.insert(e).second) return false;
  if (e.is(Kind::stop)) return true;
  return std::any_of(e.args().begin(), e.args().end(), [&](Expr a) { return contains_stop(a, seen); });
}

struct Difference {
  double value = 0;
  double noise = 0;             ///< what rounding of the loss can make of it
  bool smooth = true;
};

/// Central difference of fourth order in one number; not smooth where the order of spikes changes within its reach.
Difference central_difference(const Interpreter& run, const reference::Settings& settings, const reference::Sample& sample, reference::Parameters parameters,
                              std::size_t p, std::size_t k, double relative_step, const std::vector<std::pair<std::size_t, std::uint32_t>>& order) {
  double& x = parameters[p][k];
  const double centre = x, h = relative_step * (centre == 0 ? 1 : std::max(std::fabs(centre), 1e-2));
  Difference d;
  auto loss = [&](double shift) {
    x = centre + shift;
    const reference::Result r = run.run(sample, parameters, settings);
    d.smooth = d.smooth && spike_order(r) == order;
    d.noise = std::max(d.noise, 64 * std::numeric_limits<double>::epsilon() * std::fabs(r.loss) / h);
    return r.loss;
  };
  d.value = (8 * (loss(h) - loss(-h)) - (loss(2 * h) - loss(-2 * h))) / (12 * h);
  return d;
}

ParameterReport compare(const Interpreter& run, const reference::Settings& settings, const Rehearsal& r, const reference::Result& result, std::size_t p, const GradientCheckOptions& o) {
  ParameterReport report;
  report.name = run.program().parameters[p].name;
  const std::vector<double>& derived = result.gradients[p];
  const auto order = spike_order(result);
  double largest = 0;
  for (double g : derived) largest = std::max(largest, std::fabs(g));
  const std::size_t stride = std::max<std::size_t>(1, derived.size() / static_cast<std::size_t>(o.entries));
  for (std::size_t k = 0; k < derived.size(); k += stride) {
    // A small step suffers from rounding where the loss hardly moves, a large one from curvature where a spike grazes: two are tried.
    Difference d;
    double error = std::numeric_limits<double>::infinity(), seen = 0;
    for (double step : {o.relative_step, 20 * o.relative_step}) {
      const Difference tried = central_difference(run, settings, r.sample, r.parameters, p, k, step, order);
      const double scale = std::max({largest, std::fabs(tried.value), 1e-9 * std::max(1.0, std::fabs(result.loss))});   // below it, differences are rounding
      const double e = std::max(0.0, std::fabs(derived[k] - tried.value) - tried.noise) / scale;
      if (!tried.smooth || e >= error) continue;
      d = tried;
      error = e;
      seen = std::fabs(derived[k] - tried.value) / scale;
      if (error <= o.tolerance / 10) break;
    }
    if (!std::isfinite(error)) { ++report.skipped; continue; }
    ++report.compared;
    report.beyond = std::max(report.beyond, error);
    if (seen < report.worst) continue;
    report.worst = seen;
    report.derived = derived[k];
    report.difference = d.value;
  }
  report.ok = report.beyond <= o.tolerance;
  return report;
}

/// Whether stop() changes what the loss seeds: a maximum taken out of a softmax for safety is stopped and changes nothing.
bool seeds_differ(const Program& program, const ProgramLoss& loss) {
  ProgramLoss plain = loss, as_written = loss;
  plain.value = passes::without_stops(loss.value);
  Program scratch = program;
  Diagnostics none;
  for (ProgramLoss* l : {&plain, &as_written}) {
    l->seed.clear();
    l->gradient.clear();
    passes::derive_loss(scratch, *l, none);
  }
  if (plain.seed.size() != as_written.seed.size()) return true;
  constexpr int elements = 4;
  for (int trial = 0; trial < 8; ++trial) {
    auto number = [&](const std::string& name, int element) { return std::sin(static_cast<double>(std::hash<std::string>{}(name) % 1000) + 7.1 * element + 3.3 * trial); };
    const Elements view{elements, trial % elements, number};
    auto shared = [&](const std::string& name) { return 2 + number(name, 0); };
    for (std::size_t k = 0; k < plain.seed.size(); ++k)
      for (int e = 0; e < elements; ++e) {
        const double a = evaluate(plain.seed[k].value, view, e, shared), b = evaluate(as_written.seed[k].value, view, e, shared);
        if (std::fabs(a - b) > 1e-9 * std::max(1.0, std::fabs(a))) return true;
      }
  }
  return false;
}

}  // namespace

bool has_user_gradients(const Program& program) {
  std::set<Expr> seen;
  for (const Cell& c : program.cells) {
    for (const auto* list : {&c.flow, &c.jump, &c.after})
      for (const Update& u : *list)
        if (contains_stop(u.value, seen)) return true;
    if (contains_stop(c.threshold, seen)) return true;
  }
  for (const Edge& e : program.edges)
    for (const auto* list : {&e.arrive_pre, &e.arrive_post})
      for (const Update& u : *list)
        if (contains_stop(u.value, seen)) return true;
  for (const ProgramLoss& l : program.losses)
    if (contains_stop(l.value, seen) && seeds_differ(program, l)) return true;
  return false;
}

double exact_step(const Program& program, const GradientCheckOptions& o) {
  for (const Cell& c : program.cells)
    if (c.solver == "RK4") return o.runge_kutta_dt_ms;
  return o.exact_dt_ms;
}

namespace {

GradientReport compare_all(const Interpreter& run, double dt, const GradientCheckOptions& o) {
  GradientReport report;
  report.dt_ms = dt;
  reference::Settings settings{.dt_ms = dt, .steps = static_cast<int>(std::lround(o.rehearsal.trial_ms / dt))};
  const Rehearsal r = rehearse(run, settings, o.rehearsal);
  const reference::Result result = run.run(r.sample, r.parameters, settings);
  report.spikes_per_neuron = r.spikes_per_neuron;
  settings.backward = false;
  std::vector<std::size_t> compared;
  for (std::size_t p = 0; p < run.program().parameters.size(); ++p)
    if (!result.gradients[p].empty()) compared.push_back(p);
  report.parameters.resize(compared.size());
  in_parallel(compared.size(), [&](std::size_t k) { report.parameters[k] = compare(run, settings, r, result, compared[k], o); });
  for (const ParameterReport& p : report.parameters) report.ok = report.ok && p.ok;
  return report;
}

}  // namespace

GradientReport check_gradient(const Network& network, const GradientCheckOptions& o) {
  GradientReport skipped;
  skipped.applies = false;
  Diagnostics diagnostics;
  const Network small = shrink(network, o.rehearsal);
  const passes::PassOptions exact{.mode = TimeMode::exact, .fault = o.fault};
  Program program = passes::derive_program(small, exact, diagnostics);
  if (diagnostics.has_errors()) {
    skipped.why_not = diagnostics.all().front().message;
    return skipped;
  }
  const bool user_gradients = has_user_gradients(program);
  if (user_gradients) program = passes::derive_program(without_user_gradients(small), exact, diagnostics);
  const Interpreter run(std::move(program));
  const double dt = exact_step(run.program(), o);
  GradientReport report = compare_all(run, dt, o);
  // The derivation holds for the flow; differences see its numerical solution. Where RK4 is too coarse, both agree at a finer step.
  if (!report.ok && dt == o.runge_kutta_dt_ms) report = compare_all(run, dt / 5, o);
  report.user_gradients = user_gradients;
  return report;
}

}  // namespace antidrome::check
