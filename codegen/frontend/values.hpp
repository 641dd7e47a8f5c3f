// The numbers in a model object: read from its bytes, checked, and given an axis.
#pragma once
#include "codegen/frontend/lifted.hpp"

namespace antidrome::frontend {

/// What the object's parameters may spread over: one row and a column per neuron, or sources x targets.
struct Shape { StructKind kind; int rows, columns; };

/// Default of a state or count in this object.
double initial_of(const Member&, const void* object);

ir::Values values_of(const LiftedStruct&, const void* object, Shape, const Location& at, Diagnostics&);

}  // namespace antidrome::frontend
