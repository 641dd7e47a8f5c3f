// Expressions: immutable, hash-consed, compared by identity. Every equation of a model, forward or backward, is made of these.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace antidrome::ir {

enum class Kind : std::uint8_t {
#define ANTIDROME_EXPR(name, spelling, arity) name,
#include "expr_kinds.def"
};

class Expr;

/// One interned node. Equal structure means equal address, so `==` on Expr is structural equality.
struct Node {
  Kind kind;
  double value = 0;            ///< number
  std::string name;            ///< symbol
  std::vector<Expr> args;
  std::uint64_t id = 0;        ///< creation order; gives every container a stable order
};

/// A handle to an interned node; cheap to copy; a default-constructed Expr is undefined.
class Expr {
 public:
  Expr() = default;
  Expr(double value);          // implicit on purpose: `2 * x` reads like the equation
  Expr(int value) : Expr(static_cast<double>(value)) {}
  explicit Expr(const Node* node) : node_(node) {}

  bool defined() const { return node_ != nullptr; }
  Kind kind() const { return node_->kind; }
  double value() const { return node_->value; }
  const std::string& name() const { return node_->name; }
  std::span<const Expr> args() const;
  const Expr& arg(std::size_t k) const;
  std::uint64_t id() const { return node_->id; }
  const Node* node() const { return node_; }

  bool is(Kind k) const { return node_ && node_->kind == k; }
  bool is_number(double x) const { return is(Kind::number) && node_->value == x; }

  friend bool operator==(Expr a, Expr b) { return a.node_ == b.node_; }
  friend bool operator<(Expr a, Expr b) { return (a.node_ ? a.id() : 0) < (b.node_ ? b.id() : 0); }

 private:
  const Node* node_ = nullptr;
};

struct ExprHash { std::size_t operator()(Expr e) const { return std::hash<const Node*>{}(e.node()); } };

// ---- factories: fold constants and the identities 0 + x, 1 * x, 0 * x, x - x, x / 1, --x, select(const, ..), select(c, x, x)
Expr symbol(std::string_view name);
Expr make(Kind kind, std::vector<Expr> args);   ///< any kind but number and symbol; checks arity
Expr operator+(Expr a, Expr b);
Expr operator-(Expr a, Expr b);
Expr operator*(Expr a, Expr b);
Expr operator/(Expr a, Expr b);
Expr operator-(Expr a);
Expr select(Expr condition, Expr a, Expr b);
Expr exp(Expr x);
Expr expdd(std::vector<Expr> points);           ///< sorts its points (symmetric); one point is exp(x)
Expr stop(Expr x);

// ---- queries and rewriting
using Bindings = std::unordered_map<Expr, Expr, ExprHash>;      ///< symbol (or any sub-expression) -> replacement
Expr substitute(Expr e, const Bindings& bindings);
Expr rename(Expr e, const std::function<std::string(const std::string&)>& f);   ///< new names for all symbols
std::set<std::string> free_symbols(Expr e);
bool depends_on(Expr e, const std::set<std::string>& names);
std::vector<Expr> nodes_of(Expr e, Kind kind);                   ///< each once, arguments before their users
std::size_t dag_size(Expr e);                                    ///< distinct nodes

/// Algebraic clean-up that keeps the value: like terms merged, common factors cancelled (a/b*b), products flattened in a
/// stable order. Idempotent. Never introduces a singularity that was not there.
Expr simplify(Expr e);

/// Partial derivative by one symbol. Conditions, floor, comparisons: zero. stop(x): zero.
Expr differentiate(Expr e, const std::string& symbol);

/// Reverse mode: sum_k seed_k * d(value_k)/d(symbol) for every symbol asked for, in one sweep over the shared graph; simplified.
/// A symbol that occurs below reductions only is per element: its answer is one element's derivative. For any other symbol the
/// elements' shares are summed.
struct Seed { Expr value, weight; };
std::map<std::string, Expr> pull_back(std::span<const Seed> seeds, const std::set<std::string>& wanted);

/// e = constant + sum_s coefficient[s] * s, if e is affine in the given symbols (branches of select included when the condition is free of them).
struct LinearForm { bool affine = false; std::map<std::string, Expr> coefficient; Expr constant; };
LinearForm linear_form(Expr e, const std::set<std::string>& symbols);

/// Splits a product into (the factors that depend on any of `names`) * (the rest); false when none depends, `dependent` then is 1.
bool split_product(Expr e, const std::set<std::string>& names, Expr& dependent, Expr& rest);

// ---- numbers
/// Divided difference of exp at n points, accurate to a few ulp times n for any points, coincident ones included.
double exp_divided_difference(std::span<const double> points);

/// Value of e; symbols are looked up by the callback. Reductions and is_label need `Elements`.
using Lookup = std::function<double(const std::string&)>;
double evaluate(Expr e, const Lookup& lookup);

/// What a loss sees: `count` neurons. Below a reduction, and everywhere when `element` >= 0, every symbol is looked up by `value`
/// with the index of the element (so it must also answer for what all elements share); elsewhere by `shared`.
/// `batch_mean`: of an element (or -1) by the node; where it is empty, the sample is a batch of its own.
struct Elements {
  int count = 0;
  int label = -1;
  std::function<double(const std::string&, int)> value;
  std::function<double(Expr, int)> batch_mean = {};
};
double evaluate(Expr e, const Elements& elements, int element, const Lookup& shared);

/// A flat program for repeated evaluation: symbols become slots, shared sub-expressions are computed once.
class Tape {
 public:
  /// `steady`: by input, does it rarely change? (Empty: none.) Throws std::out_of_range on an unknown symbol.
  Tape(std::span<const Expr> outputs, std::span<const std::string> inputs, const std::vector<bool>& steady = {});
  void run(const double* in, double* out, double* scratch) const { run_from(0, in, out, scratch); }   ///< scratch: scratch_size() doubles
  /// The same where all steady inputs are as they were when `scratch` was last written: what depends on them alone is not computed again.
  void run_again(const double* in, double* out, double* scratch) const { run_from(steady_, in, out, scratch); }
  std::size_t scratch_size() const { return code_.size(); }
  struct Op { Kind kind; double value; std::uint32_t a, b, c; std::uint32_t first_point, points; };
 private:
  void run_from(std::size_t first, const double* in, double* out, double* scratch) const;
  std::vector<Op> code_;
  std::vector<std::uint32_t> points_, outputs_;
  std::size_t steady_ = 0;                        ///< so many operations depend on steady inputs alone: the first ones
};

// ---- text: infix, C-like, shortest round-trip numbers; parse(print(e)) == e
std::string print(Expr e);
Expr parse(std::string_view text);              ///< throws ParseError with the offset

struct ParseError : std::exception {
  std::size_t offset; std::string message;
  ParseError(std::size_t at, std::string text) : offset(at), message(std::move(text)) {}
  const char* what() const noexcept override { return message.c_str(); }
};

}  // namespace antidrome::ir
