// Bottom-up: the arguments of a node are simple already; sums become polynomials over atoms and products become monomials, like
// terms merge, common factors come out, and the result is built back in an order that depends on structure alone.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>

#include "codegen/ir/expr.hpp"
#include "codegen/ir/fold.hpp"
#include "codegen/ir/polynomial.hpp"

namespace antidrome::ir {
namespace {

using namespace detail;

constexpr std::size_t most_expanded_terms = 64;   // products of sums are multiplied out up to here when looking for cancellation

class Simplifier {
 public:
  Expr operator()(Expr e) {
    if (const auto done = memo_.find(e); done != memo_.end()) return done->second;
    const Expr result = simplified(e);
    memo_.emplace(e, result);
    return result;
  }

 private:
  Expr simplified(Expr e) {
    if (e.args().empty()) return e;
    std::vector<Expr> args;
    for (const Expr& a : e.args()) args.push_back((*this)(a));
    const Expr plain = make(e.kind(), std::move(args));
    switch (plain.kind()) {
      case Kind::add:
      case Kind::sub: return build_sum(factored_whole(polynomial_of(plain)));
      case Kind::neg:
      case Kind::mul:
      case Kind::div:
      case Kind::pow: return is_negated_sum(plain) ? build_sum(polynomial_of(plain)) : build_product(term_of(plain));
      default: return plain;
    }
  }

  static bool is_negated_sum(Expr e) { return e.is(Kind::neg) && is_sum(e.arg(0)); }

  // ---- reading

  /// A simple expression as one product.
  const Term& term_of(Expr e) {
    if (const auto done = terms_.find(e); done != terms_.end()) return done->second;
    return terms_.emplace(e, read_term(e)).first->second;
  }

  Term read_term(Expr e) {
    switch (e.kind()) {
      case Kind::number: return std::isfinite(e.value()) ? Term{{e.value(), 1}, {}} : atom(e);
      case Kind::neg: {
        const Term t = term_of(e.arg(0));
        return {t.coefficient.negated(), t.monomial};
      }
      case Kind::mul: return product_of(e, term_of(e.arg(0)), term_of(e.arg(1)));
      case Kind::div: {
        const Term below = term_of(e.arg(1));
        return below.coefficient.num == 0 ? atom(e) : product_of(e, term_of(e.arg(0)), power_of(below, -1));
      }
      case Kind::pow: {
        const double n = e.arg(1).is(Kind::number) ? e.arg(1).value() : 0.5;
        const Term base = term_of(e.arg(0));
        if (n != std::floor(n) || std::abs(n) > 16 || base.coefficient.num == 0) return atom(e);
        const Term power = power_of(base, static_cast<int>(n));
        return has_large_power(power.monomial) ? atom(e) : power;
      }
      case Kind::add:
      case Kind::sub: return sum_as_factor(e);
      default: return atom(e);
    }
  }

  static Term atom(Expr e) { return {{}, {{e, 1}}}; }

  static Term product_of(Expr whole, const Term& a, const Term& b) {
    Term product = a * b;
    const bool overflow = !std::isfinite(product.coefficient.num) || !std::isfinite(product.coefficient.den) || product.coefficient.den == 0;
    return overflow || has_large_power(product.monomial) ? atom(whole) : product;
  }

  static Term power_of(const Term& t, int n) {
    Coefficient c;
    const Coefficient base = n < 0 ? Coefficient{t.coefficient.den, t.coefficient.num} : t.coefficient;
    for (int k = 0; k < std::abs(n); ++k) c = c * base;
    return {c, raised(t.monomial, n)};
  }

  /// a - b and b - a are the same factor up to the sign: the first term of a factor is positive.
  Term sum_as_factor(Expr e) {
    const Polynomial p = polynomial_of(e);
    if (p.empty() || p.begin()->second.num > 0) return atom(e);
    return {{-1, 1}, {{build_sum(negated(p)), 1}}};
  }

  Polynomial polynomial_of(Expr e) {
    Polynomial p;
    accumulate(p, e, {});
    return p;
  }

  /// p += c * e, opening nested sums.
  void accumulate(Polynomial& p, Expr e, Coefficient c) {
    if (is_sum(e)) {
      accumulate(p, e.arg(0), c);
      accumulate(p, e.arg(1), e.is(Kind::sub) ? c.negated() : c);
      return;
    }
    if (e.is(Kind::neg)) return accumulate(p, e.arg(0), c.negated());
    add_or_open(p, term_of(e), c);
  }

  void add_or_open(Polynomial& p, const Term& t, Coefficient c) {
    const Coefficient product = t.coefficient * c;
    const bool is_bare_sum = t.monomial.size() == 1 && t.monomial[0].power == 1 && is_sum(t.monomial[0].base) && std::abs(product.value()) == 1;
    if (is_bare_sum) accumulate(p, t.monomial[0].base, product);
    else add_term(p, {product, t.monomial});
  }

  // ---- cancelling

  /// Merges what cancels only when multiplied out, then takes out what all terms share.
  Polynomial factored_whole(Polynomial p) {
    if (p.size() >= 2) p = cancelled(p);
    const Monomial common = p.size() >= 2 ? common_factor(p) : Monomial();
    if (common.empty()) return p;
    Polynomial rest;
    for (const auto& [monomial, coefficient] : p) add_or_open(rest, {coefficient, monomial * raised(common, -1)}, {});
    const Term inner = term_of(build_sum(factored_whole(std::move(rest))));
    Polynomial result;
    if (inner.coefficient.num != 0) result.emplace(inner.monomial * common, inner.coefficient);
    return result;
  }

  /// Terms whose expansions meet are replaced by their merged expansion where that is smaller:
  /// l * (i + G - v) / tau - l * (i - v) / tau becomes l * G / tau, and a * (b + c) + d * (b + c) stays as it is.
  Polynomial cancelled(const Polynomial& p) {
    std::vector<Term> terms;
    std::vector<Polynomial> expansions;
    for (const auto& [monomial, coefficient] : p) {
      terms.push_back({coefficient, monomial});
      expansions.push_back(expanded(terms.back()));
    }
    const std::vector<std::size_t> group = groups_that_meet(expansions);
    Polynomial result;
    for (std::size_t leader = 0; leader < terms.size(); ++leader) {
      if (group[leader] != leader) continue;
      Polynomial as_is, merged;
      for (std::size_t k = leader; k < terms.size(); ++k) {
        if (group[k] != leader) continue;
        add_term(as_is, terms[k]);
        for (const auto& [m, c] : expansions[k]) add_term(merged, {c, m});
      }
      const bool smaller = as_is.size() >= 2 && cost(merged) < cost(as_is);
      for (const auto& [m, c] : smaller ? merged : as_is) add_term(result, {c, m});
    }
    return result;
  }

  static std::vector<std::size_t> groups_that_meet(const std::vector<Polynomial>& expansions) {
    std::vector<std::size_t> group(expansions.size());
    std::iota(group.begin(), group.end(), std::size_t{0});
    const auto leader = [&](std::size_t k) {
      while (group[k] != k) k = group[k];
      return k;
    };
    std::map<Monomial, std::size_t, MonomialLess> owner;
    for (std::size_t k = 0; k < expansions.size(); ++k)
      for (const auto& [monomial, coefficient] : expansions[k]) {
        const auto [at, is_new] = owner.try_emplace(monomial, k);
        if (is_new) continue;
        const std::size_t a = leader(at->second), b = leader(k);
        group[std::max(a, b)] = std::min(a, b);
      }
    for (std::size_t k = 0; k < group.size(); ++k) group[k] = leader(k);
    return group;
  }

  /// The product multiplied out, or the product itself where that would take more terms than the limit.
  Polynomial expanded(const Term& t) {
    const auto sums = std::count_if(t.monomial.begin(), t.monomial.end(), [](const Factor& f) { return f.power > 0 && is_sum(f.base); });
    if (sums > 5) return {{t.monomial, t.coefficient}};  // at least 2^6 terms
    Polynomial result;
    std::vector<Term> pending{t};
    for (std::size_t made = 1; !pending.empty();) {
      const Term next = std::move(pending.back());
      pending.pop_back();
      const auto sum = std::find_if(next.monomial.begin(), next.monomial.end(), [](const Factor& f) { return f.power >= 1 && f.power <= 2 && is_sum(f.base); });
      if (sum == next.monomial.end()) {
        add_term(result, next);
        continue;
      }
      const Term rest{next.coefficient, next.monomial * Monomial{{sum->base, -1}}};
      const Polynomial p = polynomial_of(sum->base);
      if ((made += p.size()) > most_expanded_terms) return {{t.monomial, t.coefficient}};
      for (const auto& [m, c] : p) pending.push_back(Term{c, m} * rest);
    }
    return result;
  }

  /// Operations of the polynomial written as a tree; saturates, so that shared graphs stay cheap.
  double cost(const Polynomial& p) {
    double total = 0;
    for (const auto& [monomial, coefficient] : p) {
      total += std::abs(coefficient.value()) == 1 ? 1 : 2;
      for (const Factor& f : monomial) total += std::abs(f.power) + (is_sum(f.base) ? cost_of_sum(f.base) : 0);
    }
    return std::min(total, 1e9);
  }

  double cost_of_sum(Expr e) {
    if (const auto done = costs_.find(e); done != costs_.end()) return done->second;
    const double c = cost(polynomial_of(e));
    costs_.emplace(e, c);
    return c;
  }

  // ---- building

  static Expr power(Expr base, int n) {
    if (n > 4) return make(Kind::pow, {base, Expr(n)});
    Expr result = base;
    for (int k = 1; k < n; ++k) result = result * base;
    return result;
  }

  Expr build_product(Term t) {
    if (t.coefficient.num < 0)  // the sign goes into a sum, where it costs nothing
      for (Factor& f : t.monomial)
        if (f.power == 1 && is_sum(f.base)) {
          f.base = build_sum(negated(polynomial_of(f.base)));
          t.coefficient = t.coefficient.negated();
          break;
        }
    Expr above(t.coefficient.num == -1 ? 1.0 : t.coefficient.num), below(t.coefficient.den);
    bool negate = t.coefficient.num == -1;
    for (const Factor& f : t.monomial) {
      if (f.power < 0) { below = below * power(f.base, -f.power); continue; }
      const Expr x = power(f.base, f.power);
      above = above * (negate ? -x : x);
      negate = false;
    }
    return (negate ? -above : above) / below;
  }

  Expr build_sum(const Polynomial& p) {
    if (p.empty()) return 0;
    if (p.size() == 1) return build_product({p.begin()->second, p.begin()->first});
    auto first = std::find_if(p.begin(), p.end(), [](const auto& t) { return t.second.num > 0; });
    if (first == p.end()) first = p.begin();
    Expr sum = build_product({first->second, first->first});
    for (auto t = p.begin(); t != p.end(); ++t) {
      if (t == first) continue;
      if (t->second.num < 0) sum = sum - build_product({t->second.negated(), t->first});
      else sum = sum + build_product({t->second, t->first});
    }
    return sum;
  }

  Bindings memo_;
  std::unordered_map<Expr, Term, ExprHash> terms_;
  std::unordered_map<Expr, double, ExprHash> costs_;
};

}  // namespace

Expr simplify(Expr e) {
  if (!e.defined()) return e;
  for (int round = 0; round < 8; ++round) {  // cancelling can open new chances one level up; two rounds are the rule
    const Expr next = Simplifier()(e);
    if (next == e) break;
    e = next;
  }
  return e;
}

}  // namespace antidrome::ir
