// dL/d(readout state) of a terminal expression with reductions over the readout's elements.
#include "codegen/passes/adjoint.hpp"

namespace antidrome::passes {

using namespace ir;

namespace {

bool is_reduction(Expr e) { return e.is(Kind::reduce_sum) || e.is(Kind::reduce_max) || e.is(Kind::at_label); }

/// The outermost reductions in e, in order of creation.
void outermost(Expr e, std::set<Expr>& seen, std::set<Expr>& found) {
  if (!seen.insert(e).second) return;
  if (is_reduction(e)) { found.insert(e); return; }
  for (Expr a : e.args()) outermost(a, seen, found);
}

/// d(e)/d(reduction), the reduction taken as a variable of its own.
Expr by_reduction(Expr e, Expr reduction) {
  const Expr held = symbol("held");
  return substitute(differentiate(substitute(e, {{reduction, held}}), "held"), {{held, reduction}});
}

/// Weight of one element of the reduction in its value.
Expr share(Expr reduction) {
  if (reduction.is(Kind::at_label)) return make(Kind::is_label, {});
  if (reduction.is(Kind::reduce_max)) return select(make(Kind::equal, {reduction.arg(0), reduction}), 1.0, 0.0);
  return 1.0;
}

/// d(e)/d(name of one element), through all reductions; `e` itself is outside any reduction.
Expr by_element(Expr e, const std::string& name) {
  std::set<Expr> seen, reductions;
  outermost(e, seen, reductions);
  Expr sum = 0.0;
  for (Expr r : reductions) {
    const Expr outer = by_reduction(e, r);
    if (outer.is_number(0)) continue;
    const Expr body = r.arg(0);
    sum = sum + outer * share(r) * differentiate(body, name);
    std::set<Expr> inner_seen, inner;                           // reductions inside the body are the same for all its elements
    outermost(body, inner_seen, inner);
    for (Expr i : inner) {
      const Expr within = by_reduction(body, i);
      const Expr gathered = r.is(Kind::reduce_max) ? make(Kind::reduce_sum, {share(r) * within}) : make(r.kind(), {within});
      sum = sum + outer * gathered * by_element(i, name);
    }
  }
  return sum;
}

/// d(e)/d(shared parameter).
Expr by_shared(Expr e, const std::string& name) {
  std::set<Expr> seen, reductions;
  outermost(e, seen, reductions);
  Expr sum = differentiate(e, name);
  for (Expr r : reductions) {
    const Expr inner = by_shared(r.arg(0), name);
    if (inner.is_number(0)) continue;
    const Expr gathered = r.is(Kind::reduce_max) ? make(Kind::reduce_sum, {share(r) * inner}) : make(r.kind(), {inner});
    sum = sum + by_reduction(e, r) * gathered;
  }
  return sum;
}

}  // namespace

void derive_loss(Program& program, ProgramLoss& loss, Diagnostics&) {
  for (const std::string& s : real_states(*program.cell(loss.cell)))
    if (const Expr v = simplify(by_element(loss.value, s)); !v.is_number(0)) loss.seed.push_back({adjoint_name(s), v});
  for (const std::string& p : trainable_names(program))
    if (const Expr v = simplify(by_shared(loss.value, p)); !v.is_number(0)) loss.gradient.push_back({gradient_name(p), v});
}

}  // namespace antidrome::passes
