// What a factory does before it interns a node.
#pragma once
#include <vector>

#include "codegen/ir/expr.hpp"

namespace antidrome::ir::detail {

/// The simpler expression that `kind(args)` is, or an undefined one when there is none. May reorder args (expdd).
/// Every rewrite goes through the factories again, so a node that exists is a fixed point: print and parse give it back.
Expr fold(Kind kind, std::vector<Expr>& args);

/// Value of one operation on numbers (not for symbols and reductions).
double apply(Kind kind, double a, double b, double c);

/// A total order by structure alone, the same in every process; negative, zero, positive like memcmp.
int compare(Expr a, Expr b);

}  // namespace antidrome::ir::detail
