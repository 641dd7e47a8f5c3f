// What a factory does before it interns a node.
#pragma once
#include <cmath>
#include <vector>

#include "codegen/ir/expr.hpp"

namespace antidrome::ir::detail {

/// The simpler expression that `kind(args)` is, or an undefined one when there is none. May reorder args (expdd).
/// Every rewrite goes through the factories again, so a node that exists is a fixed point: print and parse give it back.
Expr fold(Kind kind, std::vector<Expr>& args);

[[noreturn]] void refuse_number(Kind kind);
/// Value of one operation on numbers (not for symbols and reductions). Inline: the reference spends its time here.
inline double apply(Kind kind, double a, double b, double c) {
  switch (kind) {
    case Kind::add: return a + b;
    case Kind::sub: return a - b;
    case Kind::mul: return a * b;
    case Kind::div: return a / b;
    case Kind::neg: return -a;
    case Kind::less: return a < b ? 1 : 0;
    case Kind::less_equal: return a <= b ? 1 : 0;
    case Kind::equal: return a == b ? 1 : 0;
    case Kind::not_equal: return a != b ? 1 : 0;
    case Kind::logical_and: return a != 0 && b != 0 ? 1 : 0;
    case Kind::logical_or: return a != 0 || b != 0 ? 1 : 0;
    case Kind::logical_not: return a == 0 ? 1 : 0;
    case Kind::select: return a != 0 ? b : c;
    case Kind::minimum: return b < a ? b : a;
    case Kind::maximum: return a < b ? b : a;
    case Kind::absolute: return a < 0 ? -a : a;
    case Kind::floor: return std::floor(a);
    case Kind::exp: return std::exp(a);
    case Kind::log: return std::log(a);
    case Kind::sqrt: return std::sqrt(a);
    case Kind::sin: return std::sin(a);
    case Kind::cos: return std::cos(a);
    case Kind::tanh: return std::tanh(a);
    case Kind::pow: return std::pow(a, b);
    case Kind::stop: return a;
    case Kind::number:
    case Kind::symbol:
    case Kind::expdd:
    case Kind::reduce_sum:
    case Kind::reduce_max:
    case Kind::at_label:
    case Kind::is_label:
    case Kind::batch_mean: break;
  }
  refuse_number(kind);
}

/// A total order by structure alone, the same in every process; negative, zero, positive like memcmp.
int compare(Expr a, Expr b);

}  // namespace antidrome::ir::detail
