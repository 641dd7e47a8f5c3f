// The derivative of one node, shared by forward and reverse mode.
#pragma once
#include "codegen/ir/expr.hpp"

namespace antidrome::ir::detail {

/// d e / d arg(k) for a node that is not a reduction; zero for conditions, comparisons, floor and stop.
Expr partial(Expr e, std::size_t k);

/// 1 in the elements that attain reduce_max `top`, divided by how many they are: its derivative by its argument.
Expr share_of_maximum(Expr top);

}  // namespace antidrome::ir::detail
