// The passes from a Network to a Program, in the order in which they run. Each is one function in one file.
#pragma once
#include "codegen/diagnostics/diagnostics.hpp"
#include "codegen/ir/network.hpp"
#include "codegen/ir/program.hpp"

namespace antidrome::passes {

/// Deliberate mistakes in the derivation, for the tests that show that the gradient check would notice them.
enum class Fault { none, drop_reset_jacobian, transpose_flow_jacobian, drop_acc, constant_jump };

struct PassOptions {
  ir::TimeMode mode = ir::TimeMode::grid;
  Fault fault = Fault::none;
};

/// Names resolved, sizes and references checked. Reports; changes nothing.
void verify(const ir::Network&, Diagnostics&);

/// Places every variable on the axis of what is written to it (neuron, source or target of a synapse, readout) and joins all
/// that live on a population into its Cell; what crosses from one cell to another becomes weighted sums on an Edge.
ir::Program join(const ir::Network&, const PassOptions&, Diagnostics&);

/// Chooses a solver for each cell and writes down its step: the exact propagator where the flow is linear with constant
/// coefficients, else exponential Euler (grid) or RK4 (exact), or what the population asked for.
void solve(ir::Program&, Diagnostics&);

/// EventProp: the adjoint of every flow, jump and arrival by the one joint-jump rule (docs/adjoint.md).
void derive_adjoint(ir::Program&, Diagnostics&, Fault fault = Fault::none);

/// The whole list. Returns an incomplete Program when `diagnostics` has errors afterwards.
ir::Program derive_program(const ir::Network&, const PassOptions&, Diagnostics&);

}  // namespace antidrome::passes
