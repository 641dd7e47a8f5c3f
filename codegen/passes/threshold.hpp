#pragma once
#include <set>
#include <string>

#include "codegen/ir/expr.hpp"

namespace antidrome::passes {

/// A predicate such as `v >= theta && n == 0` as one real function g that is >= 0 exactly where the predicate holds: a
/// conjunction becomes a minimum, so that the gradient is that of the condition which became true last. Conditions that
/// read no real state (`states`) cross nothing continuously: they become a branch.
ir::Expr threshold_function(ir::Expr predicate, const std::set<std::string>& states);

/// The same function where it is known to be >= 0, as at a spike: the branches that would be negative there are gone, and with
/// them the conditions (a refractory count, a draw) that held.
ir::Expr where_it_holds(ir::Expr threshold);

}  // namespace antidrome::passes
