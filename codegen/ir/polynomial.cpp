#include "codegen/ir/polynomial.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "codegen/ir/fold.hpp"

namespace antidrome::ir::detail {
namespace {

bool is_small_integer(double x) { return x == std::floor(x) && std::abs(x) < 1e6; }

/// num / den where that quotient is exact, else the pair with the integers reduced.
Coefficient reduced(Coefficient c) {
  if (c.num == 0) return {0, 1};
  if (c.den < 0) c = {-c.num, -c.den};
  const double q = c.num / c.den;
  if (std::isfinite(q) && std::fma(q, c.den, -c.num) == 0) return {q, 1};
  if (is_small_integer(c.num) && is_small_integer(c.den)) {
    long a = std::labs(static_cast<long>(c.num)), b = static_cast<long>(c.den);
    while (b != 0) a = std::exchange(b, a % b);
    return {c.num / static_cast<double>(a), c.den / static_cast<double>(a)};
  }
  return c;
}

}  // namespace

Coefficient operator+(Coefficient a, Coefficient b) {
  if (a.den == b.den) return reduced({a.num + b.num, a.den});
  if (is_small_integer(a.num) && is_small_integer(b.num) && is_small_integer(a.den) && is_small_integer(b.den))
    return reduced({a.num * b.den + b.num * a.den, a.den * b.den});
  return {a.value() + b.value(), 1};
}

Coefficient operator*(Coefficient a, Coefficient b) { return reduced({a.num * b.num, a.den * b.den}); }

bool MonomialLess::operator()(const Monomial& a, const Monomial& b) const {
  for (std::size_t k = 0; k < a.size() && k < b.size(); ++k) {
    if (const int order = compare(a[k].base, b[k].base); order != 0) return order < 0;
    if (a[k].power != b[k].power) return a[k].power > b[k].power;
  }
  return a.size() < b.size();
}

Monomial operator*(const Monomial& a, const Monomial& b) {
  Monomial product;
  auto i = a.begin();
  auto j = b.begin();
  while (i != a.end() || j != b.end()) {
    const int order = i == a.end() ? 1 : j == b.end() ? -1 : compare(i->base, j->base);
    if (order < 0) product.push_back(*i++);
    else if (order > 0) product.push_back(*j++);
    else {
      if (const int power = i->power + j->power; power != 0) product.push_back({i->base, power});
      ++i, ++j;
    }
  }
  return product;
}

Monomial raised(Monomial m, int power) {
  if (power == 0) return {};
  for (Factor& f : m) f.power *= power;
  return m;
}

bool has_large_power(const Monomial& m) {
  return std::any_of(m.begin(), m.end(), [](const Factor& f) { return std::abs(f.power) > 32; });
}

Term operator*(const Term& a, const Term& b) { return {a.coefficient * b.coefficient, a.monomial * b.monomial}; }

void add_term(Polynomial& p, const Term& t) {
  if (t.coefficient.num == 0) return;
  const auto [at, is_new] = p.try_emplace(t.monomial, t.coefficient);
  if (is_new) return;
  at->second = at->second + t.coefficient;
  if (at->second.num == 0) p.erase(at);
}

Polynomial negated(const Polynomial& p) {
  Polynomial result = p;
  for (auto& [monomial, coefficient] : result) coefficient = coefficient.negated();
  return result;
}

Monomial common_factor(const Polynomial& p) {
  if (p.empty()) return {};
  Monomial common = p.begin()->first;
  for (const auto& [monomial, coefficient] : p) {
    Monomial shared;
    for (const Factor& f : common)
      for (const Factor& g : monomial)
        if (f.base == g.base && (f.power > 0) == (g.power > 0)) {
          const int power = std::abs(f.power) < std::abs(g.power) ? f.power : g.power;
          shared.push_back({f.base, power});
        }
    common = std::move(shared);
  }
  return common;
}

}  // namespace antidrome::ir::detail
