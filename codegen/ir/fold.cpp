#include "codegen/ir/fold.hpp"

#include <algorithm>
#include <cmath>

#include "codegen/diagnostics/diagnostics.hpp"
#include "codegen/ir/kinds.hpp"

namespace antidrome::ir::detail {
namespace {

bool is_reduction(Kind k) { return k == Kind::reduce_sum || k == Kind::reduce_max || k == Kind::at_label || k == Kind::is_label || k == Kind::batch_mean; }
bool is_negative_number(Expr e) { return e.is(Kind::number) && e.value() < 0; }

Expr fold_numbers(Kind kind, const std::vector<Expr>& args) {
  if (args.empty() || args.size() > 3 || is_reduction(kind) || kind == Kind::select || kind == Kind::expdd) return {};
  double x[3] = {};
  for (std::size_t k = 0; k < args.size(); ++k) {
    if (!args[k].is(Kind::number)) return {};
    x[k] = args[k].value();
  }
  const double value = apply(kind, x[0], x[1], x[2]);
  if (!std::isfinite(value) && kind != Kind::neg) return {};  // 1 / 0 stays visible
  return value;
}

Expr fold_add(Expr a, Expr b) {
  if (a.is_number(0)) return b;
  if (b.is_number(0)) return a;
  if (b.is(Kind::neg)) return a - b.arg(0);
  if (is_negative_number(b)) return a - Expr(-b.value());
  return {};
}

Expr fold_sub(Expr a, Expr b) {
  if (b.is_number(0)) return a;
  if (a == b) return 0;
  if (a.is_number(0)) return -b;
  if (b.is(Kind::neg)) return a + b.arg(0);
  if (is_negative_number(b)) return a + Expr(-b.value());
  return {};
}

Expr fold_mul(Expr a, Expr b) {
  if (a.is_number(0) || b.is_number(0)) return 0;
  if (a.is_number(1)) return b;
  if (b.is_number(1)) return a;
  if (a.is_number(-1)) return -b;
  if (b.is_number(-1)) return -a;
  if (a.is(Kind::neg) && b.is(Kind::neg)) return a.arg(0) * b.arg(0);
  return {};
}

Expr fold_div(Expr a, Expr b) {
  if (b.is_number(1)) return a;
  if (b.is_number(-1)) return -a;
  if (a.is_number(0) && !b.is_number(0)) return 0;
  return {};
}

Expr fold_select(Expr condition, Expr a, Expr b) {
  if (a == b) return a;
  if (condition.is(Kind::number)) return condition.value() != 0 ? a : b;
  if (condition.is(Kind::logical_not)) return select(condition.arg(0), b, a);
  return {};
}

Expr fold_logic(Kind kind, Expr a, Expr b) {
  const bool is_and = kind == Kind::logical_and;
  for (int side = 0; side < 2; ++side, std::swap(a, b)) {
    if (!a.is(Kind::number)) continue;
    if ((a.value() != 0) != is_and) return is_and ? 0 : 1;  // 0 && x, 1 || x
    if (is_truth_value(b.kind())) return b;                 // 1 && x, 0 || x
  }
  return a == b && is_truth_value(a.kind()) ? a : Expr();
}

}  // namespace

Expr fold(Kind kind, std::vector<Expr>& args) {
  if (kind == Kind::expdd) {
    if (args.size() == 1) return exp(args[0]);
    std::sort(args.begin(), args.end(), [](Expr a, Expr b) { return compare(a, b) < 0; });
    std::vector<double> points;
    for (Expr a : args)
      if (a.is(Kind::number)) points.push_back(a.value());
    return points.size() == args.size() ? Expr(exp_divided_difference(points)) : Expr();
  }
  if (const Expr number = fold_numbers(kind, args); number.defined()) return number;
  switch (kind) {
    case Kind::add: return fold_add(args[0], args[1]);
    case Kind::sub: return fold_sub(args[0], args[1]);
    case Kind::mul: return fold_mul(args[0], args[1]);
    case Kind::div: return fold_div(args[0], args[1]);
    case Kind::select: return fold_select(args[0], args[1], args[2]);
    case Kind::logical_and:
    case Kind::logical_or: return fold_logic(kind, args[0], args[1]);
    case Kind::neg: return args[0].is(Kind::neg) ? args[0].arg(0) : Expr();
    case Kind::logical_not: return args[0].is(Kind::logical_not) && is_truth_value(args[0].arg(0).kind()) ? args[0].arg(0) : Expr();
    case Kind::minimum:
    case Kind::maximum: return args[0] == args[1] ? args[0] : Expr();
    case Kind::absolute:
    case Kind::stop: return args[0].is(kind) ? args[0] : Expr();
    case Kind::pow: return args[1].is_number(0) ? Expr(1) : args[1].is_number(1) ? args[0] : Expr();
    default: return {};
  }
}

void refuse_number(Kind kind) { throw InternalError("internal error: no numeric meaning for kind '" + std::string(spelling_of(kind)) + "', please report it"); }

int compare(Expr a, Expr b) {
  if (a == b) return 0;
  if (a.kind() != b.kind()) return a.kind() < b.kind() ? -1 : 1;
  if (a.is(Kind::number)) return a.value() < b.value() ? -1 : 1;
  if (a.is(Kind::symbol)) return a.name() < b.name() ? -1 : 1;
  if (a.args().size() != b.args().size()) return a.args().size() < b.args().size() ? -1 : 1;
  // Interning makes unequal handles unequal structures: only the first difference is followed, so shared graphs cost their depth.
  for (std::size_t k = 0; k < a.args().size(); ++k)
    if (a.arg(k) != b.arg(k)) return compare(a.arg(k), b.arg(k));
  return 0;
}

}  // namespace antidrome::ir::detail
