// The proof beside every result: the derived gradient of the user's own model against finite differences (exact mode), and the
// grid's gradient against the exact one as the step shrinks.
#pragma once
#include "codegen/check/rehearsal.hpp"
#include "codegen/passes/passes.hpp"

namespace antidrome::check {

struct GradientCheckOptions {
  RehearsalOptions rehearsal;
  int entries = 12;                  ///< compared per parameter, at most
  double tolerance = 1e-4;           ///< of the largest gradient entry of the parameter
  double relative_step = 2e-6;       ///< of the finite difference: small, since spikes near a grazing threshold bend the loss
  double exact_dt_ms = 0.5;          ///< longest segment of an exactly solved flow
  double runge_kutta_dt_ms = 0.05;   ///< and of one integrated by RK4; a fifth of it where the flow proves stiffer than that
  passes::Fault fault = passes::Fault::none;
};

struct ParameterReport {
  std::string name;
  int compared = 0, skipped = 0;     ///< skipped: a spike appears, vanishes or changes order within the step
  double worst = 0;                  ///< |derived - difference| / (largest entry of the parameter)
  double beyond = 0;                 ///< the same less what rounding of the loss does to a difference: what is judged
  double derived = 0, difference = 0;   ///< at the worst entry
  bool ok = true;
};

struct GradientReport {
  bool applies = true;
  std::string why_not;               ///< the first reason for which the model has no exact mode
  bool user_gradients = false;       ///< stop() shapes its gradient; what was checked is the rest, with stop(x) read as x
  std::vector<ParameterReport> parameters;
  double spikes_per_neuron = 0;
  double dt_ms = 0;                  ///< longest segment used
  bool ok = true;
};
GradientReport check_gradient(const ir::Network&, const GradientCheckOptions&);

struct ConvergenceReport {
  bool applies = true;
  std::string why_not;
  std::vector<double> dt_ms, error;  ///< relative error of the whole gradient at each step, median of the rehearsals; against exact mode, or against half the step
  bool against_exact = true;
  double slope = 0;                  ///< of log error over log dt: least squares in each rehearsal, then the median
  bool ok = true;
};
ConvergenceReport check_convergence(const ir::Network&, const GradientCheckOptions&);

/// The step at which a Program is run in exact mode.
double exact_step(const ir::Program&, const GradientCheckOptions&);

/// True where an equation contains stop(): its gradient is the user's, not the loss's derivative.
bool has_user_gradients(const ir::Program&);

}  // namespace antidrome::check
