#include <fmt/format.h>

#include "codegen/check/gradient_check.hpp"
#include "codegen/driver/request.hpp"
#include "codegen/frontend/frontend.hpp"

namespace antidrome::driver {

namespace {

bool lift_check(const frontend::ModelFile& model) {
  fmt::print("lift check: every hook as compiled, against the equations that were read from it\n");
  bool ok = true;
  for (const frontend::HookCheck& c : model.lift_check()) {
    const std::string where = c.worst > 0 ? fmt::format(" in {}", c.variable) : "";
    fmt::print("  {} {:<28} {:<24} {} states, largest relative difference {:.1e}{}\n", c.ok ? "ok  " : "FAIL", c.name, c.owner, c.states, c.worst, where);
    ok = ok && c.ok;
  }
  return ok;
}

bool gradient_check(const ir::Network& network) {
  const check::GradientReport r = check::check_gradient(network, {});
  fmt::print("gradient check: exact mode, double, populations of at most {}; derived against central differences\n", check::RehearsalOptions{}.neurons);
  if (!r.applies) fmt::print("  skipped: {}\n", r.why_not);
  if (r.user_gradients) fmt::print("  the model has user gradients; checked is the rest, with stop(x) read as x\n");
  for (const check::ParameterReport& p : r.parameters)
    fmt::print("  {} {:<32} {:>3} numbers, largest relative difference {:.1e}{}\n", p.ok ? "ok  " : "FAIL", p.name, p.compared, p.worst,
               p.ok ? "" : fmt::format(" (derived {:.9g}, difference {:.9g})", p.derived, p.difference));
  return r.ok;
}

bool convergence_check(const ir::Network& network) {
  const check::ConvergenceReport r = check::check_convergence(network, {});
  fmt::print("grid check: the gradient on the grid as dt shrinks, against {}\n", r.against_exact ? "exact mode" : "half the step");
  if (!r.applies) {
    fmt::print("  skipped: {}\n", r.why_not);
    return true;
  }
  for (std::size_t k = 0; k < r.dt_ms.size(); ++k) fmt::print("       dt {:<8.3g} relative difference {:.1e}\n", r.dt_ms[k], r.error[k]);
  fmt::print("  {} slope {:.2f} (1 is first order)\n", r.ok ? "ok  " : "FAIL", r.slope);
  return r.ok;
}

}  // namespace

int check(const Request& request) {
  Diagnostics diagnostics;
  const frontend::ModelFile model = frontend::load({request.model, request.settings(diagnostics), {}, {}}, diagnostics);
  if (diagnostics.has_errors()) return show(diagnostics);
  show(diagnostics);
  bool ok = lift_check(model);
  if (model.network().learn.name.empty()) {
    fmt::print("gradient check: skipped, the network does not learn\n");
    return ok ? exit_ok : exit_check_failed;
  }
  passes::verify(model.network(), diagnostics);
  if (diagnostics.has_errors()) return show(diagnostics);
  ok = gradient_check(model.network()) && ok;
  ok = convergence_check(model.network()) && ok;
  return ok ? exit_ok : exit_check_failed;
}

}  // namespace antidrome::driver
