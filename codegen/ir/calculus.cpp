#include "codegen/ir/calculus.hpp"

#include "codegen/diagnostics/diagnostics.hpp"

namespace antidrome::ir::detail {

Expr share_of_maximum(Expr top) {
  const Expr attains = make(Kind::equal, {top.arg(0), top});
  return attains / make(Kind::reduce_sum, {attains});
}

Expr partial(Expr e, std::size_t k) {
  const auto arg = [&](std::size_t n) { return e.arg(n); };
  const auto less = [](Expr a, Expr b) { return make(Kind::less, {a, b}); };
  switch (e.kind()) {
    case Kind::number:
    case Kind::symbol:
    case Kind::less:
    case Kind::less_equal:
    case Kind::equal:
    case Kind::not_equal:
    case Kind::logical_and:
    case Kind::logical_or:
    case Kind::logical_not:
    case Kind::floor:
    case Kind::stop:
    case Kind::is_label:
    case Kind::batch_mean: return 0;
    case Kind::add: return 1;
    case Kind::sub: return k == 0 ? 1 : -1;
    case Kind::mul: return k == 0 ? arg(1) : arg(0);
    case Kind::div: return k == 0 ? 1 / arg(1) : -arg(0) / (arg(1) * arg(1));
    case Kind::neg: return -1;
    case Kind::select: return k == 0 ? Expr(0) : k == 1 ? select(arg(0), 1, 0) : select(arg(0), 0, 1);
    // ties go to the first argument, as std::min and std::max return it
    case Kind::minimum: return k == 0 ? select(less(arg(1), arg(0)), 0, 1) : select(less(arg(1), arg(0)), 1, 0);
    case Kind::maximum: return k == 0 ? select(less(arg(0), arg(1)), 0, 1) : select(less(arg(0), arg(1)), 1, 0);
    case Kind::absolute: return select(less(arg(0), 0), -1, 1);
    case Kind::exp: return e;
    case Kind::log: return 1 / arg(0);
    case Kind::sqrt: return 1 / (2 * e);
    case Kind::sin: return make(Kind::cos, {arg(0)});
    case Kind::cos: return -make(Kind::sin, {arg(0)});
    case Kind::tanh: return 1 - e * e;
    case Kind::pow:
      // d a^b = b a^(b-1) da + a^b log(a) db
      return k == 0 ? arg(1) * make(Kind::pow, {arg(0), arg(1) - 1}) : e * make(Kind::log, {arg(0)});
    case Kind::expdd: {
      // d exp[x0 … xn] / d xk = exp[x0 … xn, xk]; by position, so equal points count once each
      std::vector<Expr> points(e.args().begin(), e.args().end());
      points.push_back(arg(k));
      return expdd(std::move(points));
    }
    case Kind::reduce_sum:
    case Kind::reduce_max:
    case Kind::at_label: break;
  }
  throw InternalError("internal error: a reduction has no derivative by position, please report it");
}

}  // namespace antidrome::ir::detail
