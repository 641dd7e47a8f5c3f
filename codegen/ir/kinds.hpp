// Facts about the kinds of expressions, read off expr_kinds.def.
#pragma once
#include <optional>
#include <string_view>

#include "codegen/ir/expr.hpp"

namespace antidrome::ir {

inline const char* spelling_of(Kind kind) {
  switch (kind) {
#define ANTIDROME_EXPR(name, spelling, arity) case Kind::name: return spelling;
#include "codegen/ir/expr_kinds.def"
  }
  return "";
}

/// Number of arguments; -1: any number.
inline int arity_of(Kind kind) {
  switch (kind) {
#define ANTIDROME_EXPR(name, spelling, arity) case Kind::name: return arity;
#include "codegen/ir/expr_kinds.def"
  }
  return 0;
}

/// 0 or 1 by construction.
inline bool is_truth_value(Kind kind) {
  switch (kind) {
    case Kind::less: case Kind::less_equal: case Kind::equal: case Kind::not_equal:
    case Kind::logical_and: case Kind::logical_or: case Kind::logical_not: case Kind::is_label: return true;
    default: return false;
  }
}

/// Infix and prefix operators bind by these levels; everything else is written as a call and binds tightest.
enum class Precedence { disjunction, conjunction, equality, relation, sum, product, prefix, call };

inline Precedence precedence_of(Kind kind) {
  switch (kind) {
    case Kind::logical_or: return Precedence::disjunction;
    case Kind::logical_and: return Precedence::conjunction;
    case Kind::equal: case Kind::not_equal: return Precedence::equality;
    case Kind::less: case Kind::less_equal: return Precedence::relation;
    case Kind::add: case Kind::sub: return Precedence::sum;
    case Kind::mul: case Kind::div: return Precedence::product;
    case Kind::neg: case Kind::logical_not: return Precedence::prefix;
    default: return Precedence::call;
  }
}

/// The kind that is written as a call of this name: "exp", "select", "sum", …
inline std::optional<Kind> kind_of_call(std::string_view name) {
#define ANTIDROME_EXPR(kind, spelling, arity) \
  if (name == spelling && precedence_of(Kind::kind) == Precedence::call && Kind::kind != Kind::number && Kind::kind != Kind::symbol) return Kind::kind;
#include "codegen/ir/expr_kinds.def"
  return std::nullopt;
}

}  // namespace antidrome::ir
