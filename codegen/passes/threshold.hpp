#pragma once
#include <set>
#include <string>

#include "codegen/ir/expr.hpp"

namespace antidrome::passes {

/// A predicate such as `v >= theta && n == 0` as one real function g that is >= 0 exactly where the predicate holds: a
/// conjunction becomes a minimum, so that the gradient is that of the condition which became true last. Conditions that
/// read no real state (`states`) cross nothing continuously: they become a branch.
ir::Expr threshold_function(ir::Expr predicate, const std::set<std::string>& states);

}  // namespace antidrome::passes
