// dL/d(readout state) of a terminal expression with reductions over the readout's elements.
#include <fmt/format.h>

#include "codegen/passes/adjoint.hpp"

namespace antidrome::passes {

using namespace ir;

namespace {

bool is_reduction(Expr e) { return e.is(Kind::reduce_sum) || e.is(Kind::reduce_max) || e.is(Kind::at_label); }

void find_outermost(Expr e, std::set<Expr>& seen, std::vector<Expr>& found) {
  if (!seen.insert(e).second) return;
  if (is_reduction(e)) { found.push_back(e); return; }
  for (Expr a : e.args()) find_outermost(a, seen, found);
}

/// An expression with its outermost reductions held as variables of their own.
struct Held {
  Expr body;
  std::vector<Expr> reductions;
  Bindings back;                                       ///< variable -> reduction
  std::string variable(std::size_t k) const { return "held" + std::to_string(k); }
};

Held hold(Expr e) {
  Held held;
  std::set<Expr> seen;
  find_outermost(e, seen, held.reductions);
  Bindings to;
  for (std::size_t k = 0; k < held.reductions.size(); ++k) {
    const Expr v = symbol(held.variable(k));
    to.emplace(held.reductions[k], v);
    held.back.emplace(v, held.reductions[k]);
  }
  held.body = substitute(e, to);
  return held;
}

/// What one element of a reduction adds to it, per unit of its body.
Expr share(Expr reduction) {
  if (reduction.is(Kind::at_label)) return make(Kind::is_label, {});
  if (reduction.is(Kind::reduce_max)) return select(make(Kind::equal, {reduction.arg(0), reduction}), 1.0, 0.0);
  return 1.0;
}

/// d(reduction)/d(something that is the same for all elements) from the derivative of its body.
Expr gathered(Expr reduction, Expr of_body) {
  if (reduction.is(Kind::reduce_max)) return make(Kind::reduce_sum, {share(reduction) * of_body});
  return make(reduction.kind(), {of_body});
}

/// d(e)/d(state `name` of one element), through all reductions. e itself is outside any reduction.
Expr by_element(Expr e, const std::string& name) {
  const Held outer = hold(e);
  Expr sum = 0.0;
  for (std::size_t k = 0; k < outer.reductions.size(); ++k) {
    const Expr r = outer.reductions[k], weight = substitute(differentiate(outer.body, outer.variable(k)), outer.back);
    if (weight.is_number(0)) continue;
    const Held inner = hold(r.arg(0));                 // reductions inside the body are the same for all its elements
    sum = sum + weight * share(r) * substitute(differentiate(inner.body, name), inner.back);
    for (std::size_t q = 0; q < inner.reductions.size(); ++q) {
      const Expr through = substitute(differentiate(inner.body, inner.variable(q)), inner.back);
      sum = sum + weight * gathered(r, through) * by_element(inner.reductions[q], name);
    }
  }
  return sum;
}

/// A batch mean has no derivative here, so its argument must have none: a count, or what stop() holds.
void refuse_differentiable_means(const Program& program, const ProgramLoss& loss, Diagnostics& diagnostics) {
  std::set<std::string> moving = real_states(*program.cell(loss.cell));
  moving.merge(trainable_names(program));
  for (Expr mean : nodes_of(loss.value, Kind::batch_mean)) {
    Bindings held;
    for (Expr s : nodes_of(mean, Kind::stop)) held.emplace(s, Expr(0.0));
    if (depends_on(substitute(mean.arg(0), held), moving))
      diagnostics.error("AD250", loss.at, fmt::format("the batch mean of '{}' in loss '{}' has a derivative in every other sample", print(mean.arg(0)), loss.name),
                        "average a count, or hold the value: batch_mean(stop(x))");
  }
}

}  // namespace

void derive_loss(Program& program, ProgramLoss& loss, Diagnostics& diagnostics) {
  refuse_differentiable_means(program, loss, diagnostics);
  for (const std::string& s : real_states(*program.cell(loss.cell)))
    if (const Expr v = simplify(by_element(loss.value, s)); !v.is_number(0)) loss.seed.push_back({adjoint_name(s), v});
  for (const Parameter& p : program.parameters) {
    if (!p.trainable) continue;
    const bool spread = p.axes == Parameter::Axes::neuron;     // else the same for all elements: the derivative passes through the reductions
    const Expr v = simplify(spread ? by_element(loss.value, p.name) : differentiate(loss.value, p.name));
    if (!v.is_number(0)) loss.gradient.push_back({gradient_name(p.name), v});
  }
}

}  // namespace antidrome::passes
