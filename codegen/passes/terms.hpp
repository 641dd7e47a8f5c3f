// Sums of products, taken apart into what belongs to the source of a synapse and what belongs to its target.
#pragma once
#include <set>
#include <string>
#include <vector>

#include "codegen/ir/expr.hpp"

namespace antidrome::passes {

struct Term { ir::Expr source, target; };

/// e = sum_k source_k * target_k, where source_k reads no name of `target_names` and target_k none of `source_names`; what
/// reads neither goes to the target (one factor per neuron is cheaper than one per synapse). False when e has no such form.
bool split_terms(ir::Expr e, const std::set<std::string>& source_names, const std::set<std::string>& target_names, std::vector<Term>& out);

}  // namespace antidrome::passes
