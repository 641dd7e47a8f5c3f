#include "codegen/ir/expr.hpp"

#include <bit>
#include <deque>
#include <mutex>
#include <unordered_set>

#include "codegen/diagnostics/diagnostics.hpp"
#include "codegen/ir/fold.hpp"
#include "codegen/ir/kinds.hpp"

namespace antidrome::ir {
namespace {

std::size_t mix(std::size_t seed, std::size_t value) { return seed ^ (value + 0x9e3779b97f4a7c15u + (seed << 6) + (seed >> 2)); }

struct NodeHash {
  std::size_t operator()(const Node* n) const {
    std::size_t h = mix(static_cast<std::size_t>(n->kind), std::bit_cast<std::uint64_t>(n->value));
    h = mix(h, std::hash<std::string>{}(n->name));
    for (const Expr& a : n->args) h = mix(h, static_cast<std::size_t>(a.id()));
    return h;
  }
};

struct NodeEqual {
  bool operator()(const Node* a, const Node* b) const {
    return a->kind == b->kind && std::bit_cast<std::uint64_t>(a->value) == std::bit_cast<std::uint64_t>(b->value) &&
           a->name == b->name && a->args == b->args;
  }
};

/// All nodes of the process. Never destroyed: an Expr may live in any static object.
class Interner {
 public:
  Expr intern(Node candidate) {
    const std::lock_guard lock(mutex_);
    if (const auto found = table_.find(&candidate); found != table_.end()) return Expr(*found);
    candidate.id = nodes_.size() + 1;
    nodes_.push_back(std::move(candidate));
    table_.insert(&nodes_.back());
    return Expr(&nodes_.back());
  }

 private:
  std::mutex mutex_;
  std::deque<Node> nodes_;
  std::unordered_set<const Node*, NodeHash, NodeEqual> table_;
};

Interner& interner() {
  static Interner* const all = new Interner;
  return *all;
}

}  // namespace

Expr::Expr(double value) {
  Node n;
  n.kind = Kind::number;
  n.value = value == 0 ? 0.0 : value;  // one zero only
  *this = interner().intern(std::move(n));
}

std::span<const Expr> Expr::args() const { return node_->args; }
const Expr& Expr::arg(std::size_t k) const { return node_->args[k]; }

Expr symbol(std::string_view name) {
  ANTIDROME_ASSERT(!name.empty(), "a symbol needs a name");
  Node n;
  n.kind = Kind::symbol;
  n.name = name;
  return interner().intern(std::move(n));
}

Expr make(Kind kind, std::vector<Expr> args) {
  ANTIDROME_ASSERT(kind != Kind::number && kind != Kind::symbol, "numbers and symbols have their own factories");
  const int arity = arity_of(kind);
  ANTIDROME_ASSERT(arity < 0 ? !args.empty() : args.size() == static_cast<std::size_t>(arity),
                   std::string("wrong number of arguments of '") + spelling_of(kind) + "'");
  for (const Expr& a : args) ANTIDROME_ASSERT(a.defined(), std::string("undefined argument of '") + spelling_of(kind) + "'");
  if (const Expr folded = detail::fold(kind, args); folded.defined()) return folded;
  Node n;
  n.kind = kind;
  n.args = std::move(args);
  return interner().intern(std::move(n));
}

Expr operator+(Expr a, Expr b) { return make(Kind::add, {a, b}); }
Expr operator-(Expr a, Expr b) { return make(Kind::sub, {a, b}); }
Expr operator*(Expr a, Expr b) { return make(Kind::mul, {a, b}); }
Expr operator/(Expr a, Expr b) { return make(Kind::div, {a, b}); }
Expr operator-(Expr a) { return make(Kind::neg, {a}); }
Expr select(Expr condition, Expr a, Expr b) { return make(Kind::select, {condition, a, b}); }
Expr exp(Expr x) { return make(Kind::exp, {x}); }
Expr stop(Expr x) { return make(Kind::stop, {x}); }
Expr expdd(std::vector<Expr> points) { return make(Kind::expdd, std::move(points)); }

}  // namespace antidrome::ir
