// The normal form behind simplify: a sum of monomials over atoms, with rational-looking coefficients.
#pragma once
#include <map>
#include <vector>

#include "codegen/ir/expr.hpp"

namespace antidrome::ir::detail {

/// num / den, so that x / 3 stays x / 3 and does not become 0.333… * x.
struct Coefficient {
  double num = 1, den = 1;
  double value() const { return num / den; }
  Coefficient negated() const { return {-num, den}; }
};
Coefficient operator+(Coefficient a, Coefficient b);
Coefficient operator*(Coefficient a, Coefficient b);

struct Factor {
  Expr base;
  int power = 1;
};

/// Product of powers of atoms, ordered by structure, no power zero. Empty: 1.
using Monomial = std::vector<Factor>;
struct MonomialLess { bool operator()(const Monomial& a, const Monomial& b) const; };
Monomial operator*(const Monomial& a, const Monomial& b);
Monomial raised(Monomial m, int power);
bool has_large_power(const Monomial& m);

struct Term {
  Coefficient coefficient;
  Monomial monomial;
};
Term operator*(const Term& a, const Term& b);

using Polynomial = std::map<Monomial, Coefficient, MonomialLess>;
void add_term(Polynomial& p, const Term& t);      ///< merges; removes a term that becomes zero
Polynomial negated(const Polynomial& p);

/// The largest monomial that divides every term (negative powers included: the common denominator).
Monomial common_factor(const Polynomial& p);

inline bool is_sum(Expr e) { return e.is(Kind::add) || e.is(Kind::sub); }

}  // namespace antidrome::ir::detail
