#include <unordered_set>

#include "codegen/ir/expr.hpp"

namespace antidrome::ir {
namespace {

/// Rebuilds a graph bottom-up; every shared node is visited once.
class Rewriter {
 public:
  explicit Rewriter(std::function<Expr(Expr)> replace) : replace_(std::move(replace)) {}

  Expr operator()(Expr e) {
    if (const auto done = memo_.find(e); done != memo_.end()) return done->second;
    Expr result = replace_(e);
    if (!result.defined()) result = e.args().empty() ? e : rebuild(e);
    memo_.emplace(e, result);
    return result;
  }

 private:
  Expr rebuild(Expr e) {
    std::vector<Expr> args;
    args.reserve(e.args().size());
    bool changed = false;
    for (const Expr& a : e.args()) {
      args.push_back((*this)(a));
      changed = changed || args.back() != a;
    }
    return changed ? make(e.kind(), std::move(args)) : e;
  }

  std::function<Expr(Expr)> replace_;   ///< undefined: keep and descend
  Bindings memo_;
};

/// Calls f once per distinct node, arguments first.
void visit(Expr e, std::unordered_set<Expr, ExprHash>& seen, const std::function<void(Expr)>& f) {
  if (!e.defined() || !seen.insert(e).second) return;
  for (const Expr& a : e.args()) visit(a, seen, f);
  f(e);
}

}  // namespace

Expr substitute(Expr e, const Bindings& bindings) {
  if (!e.defined() || bindings.empty()) return e;
  return Rewriter([&](Expr x) {
    const auto found = bindings.find(x);
    return found == bindings.end() ? Expr() : found->second;
  })(e);
}

Expr rename(Expr e, const std::function<std::string(const std::string&)>& f) {
  if (!e.defined()) return e;
  return Rewriter([&](Expr x) { return x.is(Kind::symbol) ? symbol(f(x.name())) : Expr(); })(e);
}

std::set<std::string> free_symbols(Expr e) {
  std::set<std::string> names;
  std::unordered_set<Expr, ExprHash> seen;
  visit(e, seen, [&](Expr x) {
    if (x.is(Kind::symbol)) names.insert(x.name());
  });
  return names;
}

bool depends_on(Expr e, const std::set<std::string>& names) {
  bool found = false;
  std::unordered_set<Expr, ExprHash> seen;
  visit(e, seen, [&](Expr x) { found = found || (x.is(Kind::symbol) && names.contains(x.name())); });
  return found;
}

std::vector<Expr> nodes_of(Expr e, Kind kind) {
  std::vector<Expr> found;
  std::unordered_set<Expr, ExprHash> seen;
  visit(e, seen, [&](Expr x) {
    if (x.is(kind)) found.push_back(x);
  });
  return found;
}

std::size_t dag_size(Expr e) {
  std::unordered_set<Expr, ExprHash> seen;
  visit(e, seen, [](Expr) {});
  return seen.size();
}

}  // namespace antidrome::ir
