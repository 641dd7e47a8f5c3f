#include <array>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "codegen/diagnostics/diagnostics.hpp"
#include "codegen/ir/expr.hpp"
#include "codegen/ir/fold.hpp"

namespace antidrome::ir {
namespace {

/// Evaluates in one scope: the sample's own (element < 0), or one element's. A symbol in the scope of an element is asked of
/// `elements`, any other of `shared`. Values are kept per node; a reduction opens a scope per element.
class Evaluator {
 public:
  Evaluator(const Elements* elements, int element, const Lookup& shared) : elements_(elements), element_(element), shared_(shared) {}

  double operator()(Expr e) {
    if (const auto done = memo_.find(e); done != memo_.end()) return done->second;
    const double value = compute(e);
    memo_.emplace(e, value);
    return value;
  }

 private:
  double compute(Expr e) {
    switch (e.kind()) {
      case Kind::number: return e.value();
      case Kind::symbol: return element_ >= 0 ? elements_->value(e.name(), element_) : shared_(e.name());
      case Kind::select: return (*this)((*this)(e.arg(0)) != 0 ? e.arg(1) : e.arg(2));
      case Kind::reduce_sum:
      case Kind::reduce_max:
      case Kind::at_label: return reduce(e);
      case Kind::is_label: return view().label == element_ ? 1 : 0;
      case Kind::batch_mean: return view().batch_mean ? view().batch_mean(e, element_) : (*this)(e.arg(0));
      case Kind::expdd: {
        std::vector<double> points;
        for (const Expr& a : e.args()) points.push_back((*this)(a));
        return exp_divided_difference(points);
      }
      default: break;
    }
    std::array<double, 3> x{};
    for (std::size_t k = 0; k < e.args().size(); ++k) x[k] = (*this)(e.arg(k));
    return detail::apply(e.kind(), x[0], x[1], x[2]);
  }

  double reduce(Expr e) {
    const auto at = [&](int k) { return Evaluator(elements_, k, shared_)(e.arg(0)); };
    if (e.is(Kind::at_label)) {
      ANTIDROME_ASSERT(view().label >= 0 && view().label < view().count, "at_label needs a sample with a label");
      return at(view().label);
    }
    double sum = 0, top = -std::numeric_limits<double>::infinity();
    for (int k = 0; k < view().count; ++k) {
      const double x = at(k);
      sum += x;
      top = top < x || std::isnan(x) ? x : top;
    }
    return e.is(Kind::reduce_sum) ? sum : top;
  }

  const Elements& view() const {
    ANTIDROME_ASSERT(elements_ != nullptr, "a reduction outside a loss");
    return *elements_;
  }

  const Elements* elements_;
  int element_;
  const Lookup& shared_;
  std::unordered_map<Expr, double, ExprHash> memo_;
};

}  // namespace

double evaluate(Expr e, const Lookup& lookup) { return Evaluator(nullptr, -1, lookup)(e); }

double evaluate(Expr e, const Elements& elements, int element, const Lookup& shared) { return Evaluator(&elements, element, shared)(e); }

}  // namespace antidrome::ir
