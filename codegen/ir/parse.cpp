#include <cmath>
#include <limits>
#include <fmt/format.h>

#include "codegen/ir/kinds.hpp"
#include "codegen/ir/text.hpp"

namespace antidrome::ir {
namespace {

using detail::Reader;
using detail::Token;

/// Recursive descent, one function a level of Precedence.
class ExpressionParser {
 public:
  explicit ExpressionParser(Reader& in) : in_(in) {}

  /// Definitions of shared parts, "[%0 = …; %1 = …]", then the expression.
  Expr whole() {
    while (in_.is_sign("[") || !parts_.empty()) {
      in_.take();
      const std::size_t offset = in_.peek().offset;
      if (reference() != parts_.size()) throw ParseError(offset, fmt::format("expected the definition of %{}", parts_.size()));
      in_.expect_sign("=");
      parts_.push_back(disjunction());
      if (in_.accept_sign("]")) break;
      if (!in_.is_sign(";")) in_.fail("';' or ']'");
    }
    return disjunction();
  }

 private:
  Expr disjunction() {
    Expr left = conjunction();
    while (in_.accept_sign("||")) left = make(Kind::logical_or, {left, conjunction()});
    return left;
  }

  Expr conjunction() {
    Expr left = equality();
    while (in_.accept_sign("&&")) left = make(Kind::logical_and, {left, equality()});
    return left;
  }

  Expr equality() {
    Expr left = relation();
    for (;;) {
      if (in_.accept_sign("==")) left = make(Kind::equal, {left, relation()});
      else if (in_.accept_sign("!=")) left = make(Kind::not_equal, {left, relation()});
      else return left;
    }
  }

  Expr relation() {
    Expr left = sum();
    for (;;) {
      if (in_.accept_sign("<")) left = make(Kind::less, {left, sum()});
      else if (in_.accept_sign("<=")) left = make(Kind::less_equal, {left, sum()});
      else if (in_.accept_sign(">")) left = make(Kind::less, {sum(), left});
      else if (in_.accept_sign(">=")) left = make(Kind::less_equal, {sum(), left});
      else return left;
    }
  }

  Expr sum() {
    Expr left = product();
    for (;;) {
      if (in_.accept_sign("+")) left = left + product();
      else if (in_.accept_sign("-")) left = left - product();
      else return left;
    }
  }

  Expr product() {
    Expr left = prefix();
    for (;;) {
      if (in_.accept_sign("*")) left = left * prefix();
      else if (in_.accept_sign("/")) left = left / prefix();
      else return left;
    }
  }

  Expr prefix() {
    if (in_.accept_sign("-")) return -prefix();
    if (in_.accept_sign("!")) return make(Kind::logical_not, {prefix()});
    return primary();
  }

  Expr primary() {
    if (in_.accept_sign("(")) {
      const Expr inner = disjunction();
      in_.expect_sign(")");
      return inner;
    }
    if (in_.is_sign("%")) {
      const std::size_t offset = in_.peek().offset, part = reference();
      if (part >= parts_.size()) throw ParseError(offset, fmt::format("%{} is used before its definition", part));
      return parts_[part];
    }
    if (in_.peek().kind == Token::Kind::number) return in_.take().value;
    if (in_.peek().kind == Token::Kind::string) return symbol(in_.take().text);
    if (in_.peek().kind != Token::Kind::word) in_.fail("an expression");
    const Token word = in_.take();
    return in_.is_sign("(") ? call(word) : symbol(word.text);
  }

  Expr call(const Token& name) {
    in_.expect_sign("(");
    std::vector<Expr> args;
    while (!in_.is_sign(")")) {
      if (!args.empty()) in_.expect_sign(",");
      args.push_back(disjunction());
    }
    in_.expect_sign(")");
    if (args.empty() && name.text == "inf") return std::numeric_limits<double>::infinity();
    if (args.empty() && name.text == "nan") return std::nan("");
    const std::optional<Kind> kind = kind_of_call(name.text);
    if (!kind) throw ParseError(name.offset, fmt::format("there is no function '{}'", name.text));
    const int arity = arity_of(*kind);
    if (arity < 0 ? args.empty() : args.size() != static_cast<std::size_t>(arity))
      throw ParseError(name.offset, fmt::format("'{}' takes {} arguments, found {}", name.text, arity < 0 ? "one or more" : std::to_string(arity), args.size()));
    return make(*kind, std::move(args));
  }

  std::size_t reference() {
    in_.expect_sign("%");
    const int index = in_.integer();
    if (index < 0) in_.fail("the number of a shared part");
    return static_cast<std::size_t>(index);
  }

  Reader& in_;
  std::vector<Expr> parts_;   ///< %0, %1, …
};

}  // namespace

Expr detail::Reader::expression() { return ExpressionParser(*this).whole(); }

Expr parse(std::string_view text) {
  Reader in(text);
  const Expr e = in.expression();
  if (!in.at_end()) in.fail("the end of the expression");
  return e;
}

}  // namespace antidrome::ir
