#include <unordered_set>

#include "codegen/ir/calculus.hpp"
#include "codegen/ir/expr.hpp"

namespace antidrome::ir {
namespace {

/// Forward mode: each shared node is differentiated once.
class Derivative {
 public:
  explicit Derivative(std::string symbol) : symbol_(std::move(symbol)) {}

  Expr operator()(Expr e) {
    if (const auto done = memo_.find(e); done != memo_.end()) return done->second;
    const Expr result = derivative(e);
    memo_.emplace(e, result);
    return result;
  }

 private:
  Expr derivative(Expr e) {
    switch (e.kind()) {
      case Kind::number:
      case Kind::stop: return 0;
      case Kind::symbol: return e.name() == symbol_ ? 1 : 0;
      case Kind::reduce_sum:
      case Kind::at_label: return reduced(e.kind(), (*this)(e.arg(0)));
      case Kind::reduce_max: return reduced(Kind::reduce_sum, detail::share_of_maximum(e) * (*this)(e.arg(0)));
      case Kind::select: return select(e.arg(0), (*this)(e.arg(1)), (*this)(e.arg(2)));
      default: break;
    }
    Expr sum = 0;
    for (std::size_t k = 0; k < e.args().size(); ++k)
      if (const Expr inner = (*this)(e.arg(k)); !inner.is_number(0)) sum = sum + detail::partial(e, k) * inner;
    return sum;
  }

  static Expr reduced(Kind kind, Expr inner) { return inner.is_number(0) ? inner : make(kind, {inner}); }

  std::string symbol_;
  Bindings memo_;
};

}  // namespace

Expr differentiate(Expr e, const std::string& symbol) { return simplify(Derivative(symbol)(e)); }

}  // namespace antidrome::ir
