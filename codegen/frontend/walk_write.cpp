// Assignments, and who may assign what: a param is constant in a trial, an input is a sum, flow() gives derivatives.
#include <fmt/format.h>

#include "codegen/frontend/walker.hpp"

namespace antidrome::frontend {
namespace {

ir::Expr combined(clang::BinaryOperatorKind op, ir::Expr before, ir::Expr value) {
  switch (op) {
    case clang::BO_AddAssign: return before + value;
    case clang::BO_SubAssign: return before - value;
    case clang::BO_MulAssign: return before * value;
    case clang::BO_DivAssign: return before / value;
    default: return value;
  }
}

/// Integer by construction: assigning it to a count cuts nothing off.
bool is_integer(ir::Expr e) {
  switch (e.kind()) {
    case ir::Kind::number: return e.value() == static_cast<double>(static_cast<long>(e.value()));
    case ir::Kind::floor: case ir::Kind::less: case ir::Kind::less_equal: case ir::Kind::equal: case ir::Kind::not_equal:
    case ir::Kind::logical_and: case ir::Kind::logical_or: case ir::Kind::logical_not: return true;
    default: return false;
  }
}

/// Towards zero, as C++ converts.
ir::Expr truncated(ir::Expr e) {
  if (is_integer(e)) return e;
  const ir::Expr down = ir::make(ir::Kind::floor, {e}), up = -ir::make(ir::Kind::floor, {-e});
  return ir::select(ir::make(ir::Kind::less, {e, ir::Expr(0.0)}), up, down);
}

}  // namespace

Meaning Walker::assign(const clang::Expr* target, const clang::Expr* value, clang::BinaryOperatorKind op, clang::SourceLocation at) {
  const Meaning left = evaluate(target);
  const ir::Expr right = number(value);
  if (left.is(Meaning::Kind::broken)) return left;
  if (!left.is(Meaning::Kind::place)) return broken("AD102", at, "the left side of this assignment is not a variable", "assign to a member of the struct, d(member), or a local");
  const Place& place = left.place;
  const bool is_input = place.kind == Place::Kind::member && place.role == ir::Role::input;
  if (is_input) {
    const bool sum = op == clang::BO_AddAssign || op == clang::BO_SubAssign;
    if (may_contribute(place, sum, at)) contribute(place, op == clang::BO_SubAssign ? -right : right, at);
    return left;
  }
  if (!may_write(place, at)) return Meaning::simple(Meaning::Kind::broken);
  ir::Expr result = op == clang::BO_Assign ? right : combined(op, read(left, at), right);
  const bool integer = place.kind == Place::Kind::member && (place.role == ir::Role::count || place.role == ir::Role::spike);
  // n += 1 stays an integer; what else is given to a count is cut off, as the compiled struct does it
  const bool stays_integer = (op == clang::BO_AddAssign || op == clang::BO_SubAssign) && is_integer(right);
  write(place, integer && !stays_integer ? truncated(result) : result, at);
  return left;
}

void Walker::write(const Place& place, ir::Expr value, clang::SourceLocation at) {
  now_.values[place.key] = value;
  if (place.kind == Place::Kind::local) return;
  written_.emplace(place.key, place);
  where_[place.key] = at;
}

void Walker::contribute(const Place& place, ir::Expr value, clang::SourceLocation at) {
  const std::string key = "+" + place.key;
  const auto before = now_.values.find(key);
  now_.values[key] = before == now_.values.end() ? value : before->second + value;
  written_.emplace(key, place);
  where_[key] = at;
}

bool Walker::may_contribute(const Place& place, bool sum, clang::SourceLocation at) {
  const std::string name = place.object.prefix + place.name;
  if (kind_ != StructKind::synapse) {
    error("AD111", at, fmt::format("'{}' is an input: synapses sum into it", name), "declare it state if the struct itself changes it");
  } else if (trigger_ == ir::Trigger::flow) {
    if (sum) return true;
    error("AD111", at, fmt::format("'{}' is an input, the sum over all synapses", name), fmt::format("write {} += …", name));
  } else {
    error("AD112", at, fmt::format("a spike jumps the input '{}', which is zero again at the next step", name),
          fmt::format("declare '{}' a state of the neuron with a flow of its own (as CubaLif does), or give the synapse a time course: ExpCurrent", place.name));
  }
  return false;
}

bool Walker::may_write(const Place& place, clang::SourceLocation at) {
  if (place.kind == Place::Kind::local) return true;
  const std::string name = place.object.prefix + place.name;
  const bool own = place.object.prefix.empty();
  if (trigger_ == ir::Trigger::fires || trigger_ == ir::Trigger::score || trigger_ == ir::Trigger::loss || trigger_ == ir::Trigger::keep) {
    error("AD110", at, fmt::format("'{}' is changed in {}(), which only asks", name, hook_name_), "change it in step(), reset() or a spike hook");
  } else if (place.kind == Place::Kind::slope) {
    return true;  // derivative_of has checked it
  } else if (place.role == ir::Role::param || place.role == ir::Role::weight) {
    error("AD107", at, fmt::format("'{}' is a {}: it is constant during a trial", name, place.role == ir::Role::param ? "param" : "weight"),
          fmt::format("declare '{}' a state (fresh in every trial) or a memory (survives trials)", place.name));
  } else if (kind_ == StructKind::readout && !own) {
    error("AD110", at, fmt::format("a readout changes '{}' of the neuron it reads", name), "a readout only watches; change the neuron in its own hooks");
  } else if (trigger_ == ir::Trigger::flow) {
    error("AD110", at, fmt::format("'{}' is assigned in flow()", name),
          own ? fmt::format("flow() gives derivatives: write d({}) = …; an assignment goes into step()", place.name) : "flow() of a synapse sums into inputs; a jump goes into pre_spike()");
  } else {
    return true;
  }
  return false;
}

}  // namespace antidrome::frontend
