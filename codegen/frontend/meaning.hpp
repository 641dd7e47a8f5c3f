// What an expression of a hook means while the walker executes the hook symbolically.
#pragma once
#include <clang/AST/Decl.h>
#include <clang/AST/DeclCXX.h>

#include <map>
#include <memory>
#include <string>

#include "codegen/ir/network.hpp"

namespace antidrome::frontend {

/// One of the objects a hook works on.
struct Object {
  std::string prefix;                         ///< "", "pre.", "post.", "neuron.", "out."
  const clang::CXXRecordDecl* record = nullptr;
  enum class Access { plain, element, labelled } access = Access::plain;
  int depth = 0;                              ///< element: of which nested sum
};

/// Something that can be read and written.
struct Place {
  enum class Kind { member, slope, local } kind = Kind::local;
  std::string key;                            ///< in the environment: "v", "post.i", "d(v)", "local 0x…"
  std::string name;                           ///< as the user wrote it
  ir::Role role = ir::Role::state;
  Object object;
};

struct Meaning {
  enum class Kind { broken, nothing, number, place, object, range, label, function } kind = Kind::broken;
  ir::Expr number;
  Place place;
  Object object;                              ///< of a function object: the `this` that it captured
  const clang::CXXRecordDecl* function = nullptr;

  static Meaning of(ir::Expr e) { return {Kind::number, e, {}, {}, nullptr}; }
  static Meaning of(Place p) { return {Kind::place, {}, std::move(p), {}, nullptr}; }
  static Meaning of(Object o) { return {Kind::object, {}, {}, std::move(o), nullptr}; }
  static Meaning simple(Kind k) { return {k, {}, {}, {}, nullptr}; }
  bool is(Kind k) const { return kind == k; }
};

/// Values of all places on one path through a hook. A member that is absent still has the value it had before the hook.
struct Environment {
  std::map<std::string, ir::Expr> values;
  ir::Expr done = ir::Expr(0.0);              ///< 1 where this path has returned
  ir::Expr result;
};

}  // namespace antidrome::frontend
