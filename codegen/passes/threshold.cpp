#include "codegen/passes/threshold.hpp"

namespace antidrome::passes {
namespace {

using ir::Expr;
using ir::Kind;

/// True when the predicate reads nothing that moves continuously. Names with a dot are symbols of cells; parameters do not move either.
bool discrete(Expr e, const std::set<std::string>& states) { return !ir::depends_on(e, states) && !ir::depends_on(e, {"time"}); }

Expr lift(Expr p, const std::set<std::string>& states, bool negated) {
  if (discrete(p, states)) return ir::select(negated ? ir::make(Kind::logical_not, {p}) : p, 1.0, -1.0);
  switch (p.kind()) {
    case Kind::less:
    case Kind::less_equal: return negated ? p.arg(0) - p.arg(1) : p.arg(1) - p.arg(0);
    case Kind::logical_not: return lift(p.arg(0), states, !negated);
    case Kind::logical_and:
    case Kind::logical_or: {
      const bool both = p.is(Kind::logical_and) != negated;      // De Morgan
      for (int k = 0; k < 2; ++k) {
        const Expr flag = p.arg(static_cast<std::size_t>(k)), other = p.arg(static_cast<std::size_t>(1 - k));
        if (!discrete(flag, states)) continue;
        const Expr condition = negated ? ir::make(Kind::logical_not, {flag}) : flag;
        return both ? ir::select(condition, lift(other, states, negated), -1.0) : ir::select(condition, 1.0, lift(other, states, negated));
      }
      return ir::make(both ? Kind::minimum : Kind::maximum, {lift(p.arg(0), states, negated), lift(p.arg(1), states, negated)});
    }
    case Kind::select: return ir::select(p.arg(0), lift(p.arg(1), states, negated), lift(p.arg(2), states, negated));
    default: return ir::select(negated ? ir::make(Kind::logical_not, {p}) : p, 1.0, -1.0);
  }
}

}  // namespace

Expr threshold_function(Expr predicate, const std::set<std::string>& states) { return lift(predicate, states, false); }

Expr where_it_holds(Expr g) {
  const auto never = [](Expr e) { return e.is(Kind::number) && e.value() < 0; };
  while (g.is(Kind::select) && (never(g.arg(1)) || never(g.arg(2)))) g = g.arg(never(g.arg(1)) ? 2 : 1);
  return g;
}

}  // namespace antidrome::passes
