#include "codegen/passes/terms.hpp"

namespace antidrome::passes {
namespace {

using ir::Expr;
using ir::Kind;

/// The product e as (factors that read `names`) * (the rest). Anything that is not a product is one factor.
void peel(Expr e, const std::set<std::string>& names, Expr& dependent, Expr& rest) {
  if (!ir::depends_on(e, names)) {
    rest = rest * e;
  } else if (e.is(Kind::mul)) {
    peel(e.arg(0), names, dependent, rest);
    peel(e.arg(1), names, dependent, rest);
  } else if (e.is(Kind::neg)) {
    rest = -rest;
    peel(e.arg(0), names, dependent, rest);
  } else if (e.is(Kind::div)) {
    peel(e.arg(0), names, dependent, rest);
    Expr below_dependent = 1.0, below_rest = 1.0;
    peel(e.arg(1), names, below_dependent, below_rest);
    dependent = dependent / below_dependent;
    rest = rest / below_rest;
  } else {
    dependent = dependent * e;
  }
}

/// One level of distribution: (a + b) * c -> a * c, b * c. Empty when there is no sum to open.
std::vector<Expr> distribute(Expr e) {
  auto opened = [](Expr sum, auto&& rebuild) -> std::vector<Expr> {
    if (sum.is(Kind::add)) return {rebuild(sum.arg(0)), rebuild(sum.arg(1))};
    if (sum.is(Kind::sub)) return {rebuild(sum.arg(0)), rebuild(-sum.arg(1))};
    std::vector<Expr> parts;
    for (Expr part : distribute(sum)) parts.push_back(rebuild(part));
    return parts;
  };
  if (e.is(Kind::add)) return {e.arg(0), e.arg(1)};
  if (e.is(Kind::sub)) return {e.arg(0), -e.arg(1)};
  if (e.is(Kind::neg)) return opened(e.arg(0), [](Expr x) { return -x; });
  if (e.is(Kind::div)) return opened(e.arg(0), [&](Expr x) { return x / e.arg(1); });
  if (e.is(Kind::mul)) {
    auto left = opened(e.arg(0), [&](Expr x) { return x * e.arg(1); });
    return left.empty() ? opened(e.arg(1), [&](Expr x) { return e.arg(0) * x; }) : left;
  }
  return {};
}

}  // namespace

bool split_terms(Expr e, const std::set<std::string>& source_names, const std::set<std::string>& target_names, std::vector<Term>& out) {
  if (e.is_number(0)) return true;
  Expr source = 1.0, target = 1.0;
  if (!e.is(Kind::add) && !e.is(Kind::sub)) {
    peel(e, source_names, source, target);
    if (!ir::depends_on(source, target_names)) {
      out.push_back({source, target});
      return true;
    }
  }
  const std::vector<Expr> parts = distribute(e);
  for (Expr part : parts)
    if (!split_terms(part, source_names, target_names, out)) return false;
  return !parts.empty();
}

}  // namespace antidrome::passes
