#include "codegen/kernel_ir/constants.hpp"

#include <fmt/format.h>

namespace antidrome::kernel {

using namespace ir;

const Constants::Axes& Constants::axes(Expr e) {
  if (auto it = axes_.find(e); it != axes_.end()) return it->second;
  Axes a;
  if (e.is(Kind::symbol)) {
    const std::string& n = e.name();
    if (program_.mode == TimeMode::exact && (n == "time" || n == "h")) {
      (segments_ == Segments::none ? a.varies : a.step) = true;
    } else if (n == "time") {
      a.step = true;
    } else if (const Parameter* p = program_.parameter(n)) {
      if (p->axes != Parameter::Axes::shared) a.cells.insert(p->cell);
    } else if (n != "dt" && n != "trial" && n != "training") {
      a.varies = true;
    }
  } else if (e.is(Kind::reduce_sum) || e.is(Kind::reduce_max) || e.is(Kind::at_label) || e.is(Kind::is_label) || e.is(Kind::batch_mean)) {
    a.varies = true;
  }
  for (Expr x : e.args()) {
    const Axes& b = axes(x);
    a.varies |= b.varies;
    a.step |= b.step;
    a.cells.insert(b.cells.begin(), b.cells.end());
  }
  return axes_.emplace(e, a).first->second;
}

bool Constants::hoistable(Expr e) {
  const Axes& a = axes(e);
  return !a.varies && !(a.step && !a.cells.empty()) && a.cells.size() <= 1;
}

Expr Constants::constant(Expr e) {
  if (e.is(Kind::number)) return e;
  const Axes& a = axes(e);
  const bool segment = a.step && program_.mode == TimeMode::exact;
  const std::pair key{e, segment ? segments_ : Segments::none};
  auto it = known_.find(key);
  if (it == known_.end()) {
    Constant c;
    c.name = fmt::format("c{}", module_.constants.size());
    c.backward = segment && segments_ == Segments::backward;
    c.axes = segment ? Constant::Axes::segment : a.step ? Constant::Axes::step : a.cells.empty() ? Constant::Axes::scalar : Constant::Axes::neuron;
    if (!a.cells.empty()) c.cell = *a.cells.begin();
    c.value = e;
    it = known_.emplace(key, module_.constants.size()).first;
    module_.constants.push_back(c);
  }
  return symbol(constant_symbol(module_.constants[it->second]));
}

const Constant* Constants::find(const std::string& symbol) const {
  for (const Constant& c : module_.constants)
    if (constant_symbol(c) == symbol) return &c;
  return nullptr;
}

Expr Constants::hoist(Expr e) {
  if (program_.mode == TimeMode::grid) e = substitute(e, {{symbol("h"), symbol("dt")}});
  if (const Expr affine = hoist_affine(e); affine.defined()) return affine;
  return hoist_tree(e);
}

Expr Constants::hoist_affine(Expr e) {
  std::set<std::string> variables;
  for (const std::string& s : free_symbols(e))
    if (axes(symbol(s)).varies) variables.insert(s);
  if (variables.empty()) return {};
  const LinearForm form = linear_form(e, variables);
  if (!form.affine) return {};
  for (const auto& [name, c] : form.coefficient)
    if (axes(c).varies) return {};
  if (axes(form.constant).varies) return {};
  Expr sum = 0.0;
  for (const auto& [name, c] : form.coefficient) sum = sum + hoist_tree(simplify(c)) * symbol(name);
  return sum + hoist_tree(simplify(form.constant));
}

Expr Constants::hoist_tree(Expr e) {
  if (e.is(Kind::number) || hoistable(e)) return constant(e);
  switch (e.kind()) {
    case Kind::symbol: return e;
    case Kind::add: case Kind::sub: return hoist_sum(e);
    case Kind::mul: case Kind::div: return hoist_product(e);
    default: break;
  }
  if (e.is(Kind::stop)) return hoist_tree(e.arg(0));            // below the derivation a stopped value is its value
  std::vector<Expr> args;
  for (Expr a : e.args()) args.push_back(hoist_tree(a));
  return args.empty() ? e : make(e.kind(), args);
}

namespace {

void flatten_sum(Expr e, bool minus, std::vector<std::pair<Expr, bool>>& terms) {
  if (e.is(Kind::add) || e.is(Kind::sub)) {
    flatten_sum(e.arg(0), minus, terms);
    flatten_sum(e.arg(1), minus != e.is(Kind::sub), terms);
  } else if (e.is(Kind::neg)) {
    flatten_sum(e.arg(0), !minus, terms);
  } else {
    terms.emplace_back(e, minus);
  }
}

void flatten_product(Expr e, bool below, std::vector<std::pair<Expr, bool>>& factors) {
  if (e.is(Kind::mul) || e.is(Kind::div)) {
    flatten_product(e.arg(0), below, factors);
    flatten_product(e.arg(1), below != e.is(Kind::div), factors);
  } else if (e.is(Kind::neg)) {
    factors.emplace_back(Expr(-1.0), false);
    flatten_product(e.arg(0), below, factors);
  } else {
    factors.emplace_back(e, below);
  }
}

}  // namespace

Expr Constants::hoist_sum(Expr e) {
  std::vector<std::pair<Expr, bool>> terms;
  flatten_sum(e, false, terms);
  Expr fixed = 0.0, varying = 0.0;
  for (auto [term, minus] : terms) {
    if (hoistable(term) && !axes(term).step) fixed = minus ? fixed - term : fixed + term;
    else varying = minus ? varying - hoist_tree(term) : varying + hoist_tree(term);
  }
  if (fixed.is_number(0)) return varying;
  return varying + (hoistable(fixed) ? constant(fixed) : fixed);
}

Expr Constants::hoist_product(Expr e) {
  std::vector<std::pair<Expr, bool>> factors;
  flatten_product(e, false, factors);
  Expr fixed = 1.0, above = 1.0, below = 1.0;
  for (auto [factor, is_below] : factors) {
    if (hoistable(factor) && !axes(factor).step) fixed = is_below ? fixed / factor : fixed * factor;
    else if (is_below) below = below * hoist_tree(factor);
    else above = above * hoist_tree(factor);
  }
  const Expr product = hoistable(fixed) ? constant(fixed) * above : fixed * above;
  return below.is_number(1) ? product : product / below;
}

}  // namespace antidrome::kernel
