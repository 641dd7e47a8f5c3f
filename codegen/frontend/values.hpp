// The numbers in a model object: read from its bytes, checked, and given an axis.
#pragma once
#include <antidrome/recorder.h>

#include "codegen/frontend/lifted.hpp"

namespace antidrome::frontend {

/// What the object's parameters may spread over: one row and a column per neuron, or sources x targets.
struct Shape { StructKind kind; int rows, columns; };

/// Default of a state or count in this object.
double initial_of(const Member&, const void* object);

ir::Values values_of(const LiftedStruct&, const void* object, Shape, const Location& at, Diagnostics&);

/// The part of a delay that is given in ms: a number is one for the projection, a draw or host function one per synapse. It has bounds:
/// [0, .max_delay], narrowed by .clamp; where neither is given and the delay is fixed, the largest value it can take (AD124, AD132).
ir::Value delay_of(const detail::DelayRecord&, Shape, const std::string& projection, const Location& at, Diagnostics&);

}  // namespace antidrome::frontend
