#include <unordered_map>
#include <fmt/format.h>

#include "codegen/ir/kinds.hpp"
#include "codegen/ir/text.hpp"

namespace antidrome::ir {
namespace {

constexpr double largest_plain_tree = 400;   // nodes; beyond it shared parts get names
constexpr double smallest_shared_part = 4;

Precedence level_of(Expr e) {
  if (e.is(Kind::number)) return e.value() < 0 ? Precedence::prefix : Precedence::call;
  return precedence_of(e.kind());
}

/// Writes one expression. A graph whose tree would be long is written as definitions and a body: "[%0 = …; %1 = … %0 …] body".
class Writer {
 public:
  std::string operator()(Expr root) {
    if (count(root) > largest_plain_tree) {
      for (const Expr& e : order_)
        if (uses_.at(e) > 1 && tree_size_.at(e) >= smallest_shared_part && e != root) define(e);
      if (!named_.empty()) out_ += "] ";
    }
    write(root);
    return std::move(out_);
  }

 private:
  /// Size of the tree, shared parts counted as often as they are used; collects nodes, arguments first, and their uses.
  double count(Expr e) {
    ++uses_[e];
    if (const auto done = tree_size_.find(e); done != tree_size_.end()) return done->second;
    double size = 1;
    for (const Expr& a : e.args()) size += count(a);
    tree_size_.emplace(e, size);
    order_.push_back(e);
    return size;
  }

  void define(Expr e) {
    const std::string name = fmt::format("%{}", named_.size());
    out_ += (named_.empty() ? "[" : "; ") + name + " = ";
    write(e);
    named_.emplace(e, name);
  }

  void write(Expr e) {
    if (const auto named = named_.find(e); named != named_.end()) { out_ += named->second; return; }
    if (e.is(Kind::number)) { out_ += detail::number_text(e.value()); return; }
    if (e.is(Kind::symbol)) { out_ += detail::word_text(e.name()); return; }
    const Precedence level = level_of(e);
    if (level == Precedence::call) return write_call(e);
    if (level == Precedence::prefix) {
      out_ += spelling_of(e.kind());
      return write_operand(e.arg(0), Precedence::call);
    }
    write_operand(e.arg(0), level);
    out_ += fmt::format(" {} ", spelling_of(e.kind()));
    // all binary operators group to the left, so the right side must bind tighter
    write_operand(e.arg(1), static_cast<Precedence>(static_cast<int>(level) + 1));
  }

  void write_operand(Expr e, Precedence level) {
    const bool parentheses = level_of(e) < level && !named_.contains(e);
    if (parentheses) out_ += '(';
    write(e);
    if (parentheses) out_ += ')';
  }

  void write_call(Expr e) {
    out_ += spelling_of(e.kind());
    out_ += '(';
    for (std::size_t k = 0; k < e.args().size(); ++k) {
      if (k > 0) out_ += ", ";
      write(e.arg(k));
    }
    out_ += ')';
  }

  std::string out_;
  std::vector<Expr> order_;
  std::unordered_map<Expr, int, ExprHash> uses_;
  std::unordered_map<Expr, double, ExprHash> tree_size_;
  std::unordered_map<Expr, std::string, ExprHash> named_;
};

}  // namespace

std::string print(Expr e) { return e.defined() ? Writer()(e) : std::string(); }

}  // namespace antidrome::ir
