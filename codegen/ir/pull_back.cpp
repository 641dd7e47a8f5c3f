// Reverse mode over the shared graph. Two scopes exist: the sample's own, and that of one element below a reduction.
// An adjoint that crosses from an element to a node that is the same for all elements is summed over the elements.
#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "codegen/ir/calculus.hpp"
#include "codegen/ir/expr.hpp"

namespace antidrome::ir {
namespace {

bool is_reduction(Expr e) { return e.is(Kind::reduce_sum) || e.is(Kind::reduce_max) || e.is(Kind::at_label); }

class ReverseSweep {
 public:
  explicit ReverseSweep(const std::set<std::string>& wanted) : wanted_(wanted) {}

  std::map<std::string, Expr> operator()(std::span<const Seed> seeds) {
    for (const Seed& s : seeds) order_nodes(s.value);
    find_element_nodes(seeds);
    for (const Seed& s : seeds) add(s.value, s.weight);
    for (auto e = order_.rbegin(); e != order_.rend(); ++e) propagate(*e);
    std::map<std::string, Expr> result;
    for (const std::string& name : wanted_) {
      const auto found = adjoint_.find(symbol(name));
      result.emplace(name, found == adjoint_.end() ? Expr(0) : found->second);
    }
    return result;
  }

 private:
  /// Arguments before users; remembers which nodes lead to a wanted symbol.
  bool order_nodes(Expr e) {
    if (const auto seen = matters_.find(e); seen != matters_.end()) return seen->second;
    bool matters = e.is(Kind::symbol) && wanted_.contains(e.name());
    for (const Expr& a : e.args()) matters = order_nodes(a) || matters;
    if (e.is(Kind::stop)) matters = false;
    matters_.emplace(e, matters);
    order_.push_back(e);
    return matters;
  }

  /// Symbols that occur below reductions only are per element, and so is what is made of them outside a nested reduction.
  void find_element_nodes(std::span<const Seed> seeds) {
    std::unordered_set<Expr, ExprHash> outside;
    const std::function<void(Expr)> mark = [&](Expr e) {
      if (is_reduction(e) || !outside.insert(e).second) return;
      for (const Expr& a : e.args()) mark(a);
    };
    for (const Seed& s : seeds) mark(s.value);
    for (const Expr& e : order_) {
      bool element = (e.is(Kind::symbol) || e.is(Kind::is_label)) && !outside.contains(e);
      if (!is_reduction(e))
        for (const Expr& a : e.args()) element = element || elements_.contains(a);
      if (element) elements_.insert(e);
    }
  }

  void add(Expr to, Expr amount) {
    if (amount.is_number(0)) return;
    const auto [at, is_new] = adjoint_.try_emplace(to, amount);
    if (!is_new) at->second = at->second + amount;
  }

  /// `from_element`: the amount is one element's share.
  void push(Expr to, Expr amount, bool from_element) {
    if (!matters_.at(to) || amount.is_number(0)) return;
    add(to, from_element && !elements_.contains(to) ? make(Kind::reduce_sum, {amount}) : amount);
  }

  void propagate(Expr e) {
    const auto found = adjoint_.find(e);
    if (found == adjoint_.end() || e.args().empty() || !matters_.at(e)) return;
    const Expr bar = found->second;
    switch (e.kind()) {
      case Kind::reduce_sum: return push(e.arg(0), bar, true);
      case Kind::reduce_max: return push(e.arg(0), bar * detail::share_of_maximum(e), true);
      case Kind::at_label: return push(e.arg(0), bar * make(Kind::is_label, {}), true);
      case Kind::select:
        push(e.arg(1), select(e.arg(0), bar, 0), elements_.contains(e));
        return push(e.arg(2), select(e.arg(0), 0, bar), elements_.contains(e));
      default: break;
    }
    for (std::size_t k = 0; k < e.args().size(); ++k)
      if (matters_.at(e.arg(k))) push(e.arg(k), detail::partial(e, k) * bar, elements_.contains(e));
  }

  const std::set<std::string>& wanted_;
  std::vector<Expr> order_;
  std::unordered_map<Expr, bool, ExprHash> matters_;
  std::unordered_set<Expr, ExprHash> elements_;
  Bindings adjoint_;
};

}  // namespace

std::map<std::string, Expr> pull_back(std::span<const Seed> seeds, const std::set<std::string>& wanted) {
  return ReverseSweep(wanted)(seeds);
}

}  // namespace antidrome::ir
