#include <unordered_map>

#include "codegen/ir/expr.hpp"

namespace antidrome::ir {
namespace {

/// Reads e as constant + sum of coefficient * symbol; a shared node is read once.
class LinearReader {
 public:
  explicit LinearReader(const std::set<std::string>& symbols) : symbols_(symbols) {}

  const LinearForm& operator()(Expr e) {
    if (const auto done = memo_.find(e); done != memo_.end()) return done->second;
    LinearForm form = read(e);
    return memo_.emplace(e, std::move(form)).first->second;
  }

 private:
  static bool is_free(const LinearForm& f) { return f.affine && f.coefficient.empty(); }
  static LinearForm free_form(Expr e) { return {true, {}, e}; }

  static LinearForm scaled(const LinearForm& f, const std::function<Expr(Expr)>& by) {
    LinearForm result{f.affine, {}, f.affine ? by(f.constant) : Expr()};
    for (const auto& [name, c] : f.coefficient) result.coefficient.emplace(name, by(c));
    return result;
  }

  /// Combines constants and coefficients of two forms by op(a, b).
  static LinearForm joined(const LinearForm& a, const LinearForm& b, const std::function<Expr(Expr, Expr)>& op) {
    if (!a.affine || !b.affine) return {};
    LinearForm result{true, {}, op(a.constant, b.constant)};
    for (const auto& [name, c] : a.coefficient) {
      const auto other = b.coefficient.find(name);
      result.coefficient.emplace(name, op(c, other == b.coefficient.end() ? Expr(0) : other->second));
    }
    for (const auto& [name, c] : b.coefficient) result.coefficient.try_emplace(name, op(0, c));
    return result;
  }

  LinearForm read(Expr e) {
    if (e.is(Kind::symbol)) return symbols_.contains(e.name()) ? LinearForm{true, {{e.name(), 1}}, 0} : free_form(e);
    bool all_free = true;
    for (const Expr& a : e.args()) all_free = is_free((*this)(a)) && all_free;
    if (all_free) return free_form(e);
    const auto arg = [&](std::size_t k) -> const LinearForm& { return (*this)(e.arg(k)); };
    switch (e.kind()) {
      case Kind::add: return joined(arg(0), arg(1), [](Expr a, Expr b) { return a + b; });
      case Kind::sub: return joined(arg(0), arg(1), [](Expr a, Expr b) { return a - b; });
      case Kind::neg: return scaled(arg(0), [](Expr a) { return -a; });
      case Kind::mul:
        if (is_free(arg(1))) return scaled(arg(0), [&](Expr a) { return a * e.arg(1); });
        if (is_free(arg(0))) return scaled(arg(1), [&](Expr a) { return e.arg(0) * a; });
        return {};
      case Kind::div: return is_free(arg(1)) ? scaled(arg(0), [&](Expr a) { return a / e.arg(1); }) : LinearForm{};
      case Kind::select:
        return is_free(arg(0)) ? joined(arg(1), arg(2), [&](Expr a, Expr b) { return select(e.arg(0), a, b); }) : LinearForm{};
      default: return {};
    }
  }

  const std::set<std::string>& symbols_;
  std::unordered_map<Expr, LinearForm, ExprHash> memo_;
};

LinearForm tidied(const LinearForm& form) {
  if (!form.affine) return {};
  LinearForm result{true, {}, simplify(form.constant)};
  for (const auto& [name, c] : form.coefficient)
    if (const Expr s = simplify(c); !s.is_number(0)) result.coefficient.emplace(name, s);
  return result;
}

void split(Expr e, const std::set<std::string>& names, bool below, Expr& dependent, Expr& rest) {
  if (e.is(Kind::mul) || e.is(Kind::div)) {
    split(e.arg(0), names, below, dependent, rest);
    split(e.arg(1), names, e.is(Kind::div) ? !below : below, dependent, rest);
    return;
  }
  if (e.is(Kind::neg)) {
    rest = -rest;
    return split(e.arg(0), names, below, dependent, rest);
  }
  Expr& side = depends_on(e, names) ? dependent : rest;
  side = below ? side / e : side * e;
}

}  // namespace

LinearForm linear_form(Expr e, const std::set<std::string>& symbols) {
  const LinearForm form = tidied(LinearReader(symbols)(e));
  if (form.affine) return form;
  const Expr simple = simplify(e);  // what is not affine as written may be once it has cancelled
  return simple == e ? LinearForm{} : tidied(LinearReader(symbols)(simple));
}

bool split_product(Expr e, const std::set<std::string>& names, Expr& dependent, Expr& rest) {
  dependent = 1;
  rest = 1;
  split(simplify(e), names, false, dependent, rest);
  return !dependent.is_number(1);
}

}  // namespace antidrome::ir
