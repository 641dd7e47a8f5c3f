// The adjoint, in rooms: cells (flow, threshold, step), edges (arrivals, couplings), losses. One rule serves all jumps.
//
// Sign convention: lambda_s = +dL/ds. Backwards through a jump x+ = r(x-, p, t) of the joint state:
//   lambda~ = Dr^T lambda+,    nu = lambda+ . (f+ - d_t r) - lambda~ . f- + acc,    dL/dp += lambda+ . d_p r,
// with f-, f+ the flow before and after. nu is minus the derivative of L by the time of the jump. An arrival: lambda- = lambda~
// and nu goes to acc of the spike that sent it. A threshold: lambda- = lambda~ + grad g nu / (dg/dt), dL/dp += d_p g nu / (dg/dt).
// (DESIGN: docs/adjoint.md; Wunderlich & Pehle 2021 for LIF; saltation matrices of hybrid systems in general.)
#pragma once
#include <map>
#include <string>

#include "codegen/ir/names.hpp"
#include "codegen/passes/passes.hpp"

namespace antidrome::passes {

using StateMap = std::map<std::string, ir::Expr>;      ///< per real state: its flow, or its value after a map

inline ir::Expr adjoint(const std::string& state) { return ir::symbol(ir::adjoint_name(state)); }

/// simplify(), but for expressions so large that they are better left as they are shared.
ir::Expr tidy(ir::Expr);

std::set<std::string> real_states(const ir::Cell&);
std::set<std::string> trainable_names(const ir::Program&);

/// The listed updates as a map over all real states of the cell; `missing` for those that are not listed: 0 (flow) or the state itself.
StateMap complete(const std::vector<ir::Update>&, const ir::Cell&, bool identity);

/// e without its stop(): how the nominal trajectory moves.
ir::Expr without_stops(ir::Expr);

/// Total time derivative of e along the flow, stopped values included.
ir::Expr motion(ir::Expr e, const StateMap& flow);

/// d_t r: the explicit dependence on time, and the motion of stopped values along the flow before the jump.
ir::Expr explicit_motion(ir::Expr e, const StateMap& flow);

/// lambda~ and nu (without acc) of the jump `after` of a state with the given flow.
struct JumpAdjoint { StateMap tilde; ir::Expr nu; };
JumpAdjoint jump_adjoint(const StateMap& flow, const StateMap& after, bool identity_jacobian = false);

/// sum_k lambda_k d(value_k)/d(name) for each wanted name.
std::map<std::string, ir::Expr> weigh(const StateMap& values, const std::set<std::string>& wanted);

/// Appends (target, value) for every entry that is not zero / not the adjoint itself.
void list_gradients(const std::map<std::string, ir::Expr>& pulled, const std::set<std::string>& parameters, std::vector<ir::Update>& out);
void list_adjoints(const StateMap& tilde, std::vector<ir::Update>& out);

void derive_cell(ir::Program&, ir::Cell&, Diagnostics&, Fault);
void derive_edge(ir::Program&, ir::Edge&, Diagnostics&, Fault);
void derive_loss(ir::Program&, ir::ProgramLoss&, Diagnostics&);

}  // namespace antidrome::passes
