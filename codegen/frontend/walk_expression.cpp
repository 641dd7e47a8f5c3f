// Expressions: literals, variables, members, operators, conversions.
#include <clang/AST/DeclTemplate.h>
#include <fmt/format.h>

#include "codegen/frontend/walker.hpp"

namespace antidrome::frontend {

using clang::dyn_cast;
using clang::isa;

ir::Expr Walker::number(const clang::Expr* e) { return read(evaluate(e), e->getExprLoc()); }

/// As a condition: 0 or 1.
ir::Expr Walker::truth(const clang::Expr* e) {
  const ir::Expr x = number(e);
  switch (x.kind()) {
    case ir::Kind::less: case ir::Kind::less_equal: case ir::Kind::equal: case ir::Kind::not_equal:
    case ir::Kind::logical_and: case ir::Kind::logical_or: case ir::Kind::logical_not: return x;
    case ir::Kind::number: return ir::Expr(x.value() != 0 ? 1.0 : 0.0);
    case ir::Kind::symbol: if (x.name() == "training") return x; [[fallthrough]];
    default: return ir::make(ir::Kind::not_equal, {x, ir::Expr(0.0)});
  }
}

ir::Expr Walker::read(const Meaning& m, clang::SourceLocation at) {
  switch (m.kind) {
    case Meaning::Kind::broken: return ir::Expr(0.0);
    case Meaning::Kind::number: return m.number;
    case Meaning::Kind::place: break;
    default: error("AD102", at, "this is not a number"); return ir::Expr(0.0);
  }
  const Place& p = m.place;
  if (const auto known = now_.values.find(p.key); known != now_.values.end()) return known->second;
  if (p.kind == Place::Kind::local) {
    error("AD102", at, fmt::format("'{}' has no value here", p.name));
    return ir::Expr(0.0);
  }
  if (p.kind == Place::Kind::slope) return ir::Expr(0.0);
  const ir::Expr x = ir::symbol(p.key);
  if (p.object.access == Object::Access::labelled) return ir::make(ir::Kind::at_label, {x});
  if (p.object.access == Object::Access::element && p.object.depth != depth_) {
    error("AD113", at, fmt::format("an inner sum uses '{}' of the outer sum's element", p.name), "compute the inner sum first, in a local constant");
    return ir::Expr(0.0);
  }
  return x;
}

std::optional<double> Walker::constant(const clang::Expr* e) const {
  if (e->isInstantiationDependent() || !e->getType()->isArithmeticType()) return std::nullopt;
  clang::Expr::EvalResult value;
  if (!e->EvaluateAsRValue(value, context_) || value.HasSideEffects) return std::nullopt;
  if (value.Val.isFloat()) return value.Val.getFloat().convertToDouble();
  if (value.Val.isInt()) return static_cast<double>(value.Val.getInt().getExtValue());
  return std::nullopt;
}

Meaning Walker::evaluate(const clang::Expr* e) {
  e = e->IgnoreParens();
  if (const std::optional<double> value = constant(e)) {
    const auto* division = dyn_cast<clang::BinaryOperator>(e->IgnoreImpCasts());
    if (division && division->getOpcode() == clang::BO_Div && division->getType()->isIntegerType()) {
      const auto top = constant(division->getLHS()), bottom = constant(division->getRHS());
      if (top && bottom && *top / *bottom != *value)
        return broken("AD116", division->getOperatorLoc(), fmt::format("{} / {} is {} in C++: both are integers", *top, *bottom, *value), "write a decimal point: 1.0 / 2");
    }
    return Meaning::of(ir::Expr(*value));
  }
  return compute(e);
}

Meaning Walker::compute(const clang::Expr* e) {
  if (const auto* x = dyn_cast<clang::CastExpr>(e)) return cast(x);
  if (const auto* x = dyn_cast<clang::MaterializeTemporaryExpr>(e)) return evaluate(x->getSubExpr());
  if (const auto* x = dyn_cast<clang::FullExpr>(e)) return evaluate(x->getSubExpr());
  if (const auto* x = dyn_cast<clang::CXXBindTemporaryExpr>(e)) return evaluate(x->getSubExpr());
  if (const auto* x = dyn_cast<clang::SubstNonTypeTemplateParmExpr>(e)) return evaluate(x->getReplacement());
  if (const auto* x = dyn_cast<clang::CXXDefaultArgExpr>(e)) return evaluate(x->getExpr());
  if (const auto* x = dyn_cast<clang::DeclRefExpr>(e)) return reference(x);
  if (const auto* x = dyn_cast<clang::MemberExpr>(e)) return member(x);
  if (isa<clang::CXXThisExpr>(e)) return Meaning::of(self_);
  if (const auto* x = dyn_cast<clang::UnaryOperator>(e)) return unary(x);
  if (const auto* x = dyn_cast<clang::BinaryOperator>(e)) return binary(x);
  if (const auto* x = dyn_cast<clang::AbstractConditionalOperator>(e)) {
    const ir::Expr condition = truth(x->getCond());
    if (condition.is(ir::Kind::number)) return Meaning::of(number(condition.value() != 0 ? x->getTrueExpr() : x->getFalseExpr()));
    return Meaning::of(ir::select(condition, number(x->getTrueExpr()), number(x->getFalseExpr())));
  }
  if (const auto* x = dyn_cast<clang::CallExpr>(e)) return call(x);
  if (const auto* x = dyn_cast<clang::CXXConstructExpr>(e)) return construct(x);
  if (const auto* x = dyn_cast<clang::LambdaExpr>(e)) {
    for (const clang::LambdaCapture& c : x->captures())
      if (c.capturesVariable() && x->isInitCapture(&c)) declare(llvm::cast<clang::VarDecl>(c.getCapturedVar()));
    Meaning f = Meaning::simple(Meaning::Kind::function);
    f.function = x->getLambdaClass();
    f.object = self_;
    return f;
  }
  if (const auto* x = dyn_cast<clang::InitListExpr>(e)) {
    if (x->getNumInits() == 0 && x->getType()->isArithmeticType()) return Meaning::of(ir::Expr(0.0));
    if (x->getNumInits() == 1) return evaluate(x->getInit(0));
  }
  return broken("AD102", e->getExprLoc(), fmt::format("an expression ({}) in '{}' that is not in the model language", e->getStmtClassName(), hook_name_),
                "use numbers, members, locals, + - * /, comparisons, && || !, ?: and calls");
}

Meaning Walker::reference(const clang::DeclRefExpr* e) {
  const clang::ValueDecl* decl = e->getDecl();
  if (const auto known = bound_.find(decl); known != bound_.end()) return known->second;
  const std::string key = fmt::format("local {}", static_cast<const void*>(decl));
  const std::string name = decl->getNameAsString();
  if (now_.values.contains(key)) return Meaning::of(Place{Place::Kind::local, key, name, ir::Role::state, {}});
  if (const auto* variable = dyn_cast<clang::VarDecl>(decl)) {
    if (failed_ && variable->isLocalVarDeclOrParm()) return Meaning::simple(Meaning::Kind::broken);
    if (const clang::CXXRecordDecl* record = variable->getType()->getAsCXXRecordDecl(); record && record->isLambda()) {
      Meaning f = Meaning::simple(Meaning::Kind::function);  // a lambda at namespace scope
      f.function = record;
      return f;
    }
    return broken("AD102", e->getLocation(), fmt::format("the global variable '{}' in an equation", name), fmt::format("make '{}' constexpr, or a param of the struct", name));
  }
  return broken("AD102", e->getLocation(), fmt::format("'{}' cannot be used in an equation", name));
}

Meaning Walker::member(const clang::MemberExpr* e) {
  const auto* field = dyn_cast<clang::FieldDecl>(e->getMemberDecl());
  const Meaning base = evaluate(e->getBase());
  if (base.is(Meaning::Kind::broken)) return base;
  if (!field) return broken("AD102", e->getMemberLoc(), fmt::format("'{}' cannot be used in an equation", e->getMemberDecl()->getNameAsString()));
  if (base.is(Meaning::Kind::place) && field->getName() == "value") return base;  // v.value is v
  if (base.is(Meaning::Kind::object)) return field_of(base.object, field, e->getMemberLoc());
  return broken("AD102", e->getMemberLoc(), fmt::format("'{}' cannot be used in an equation", field->getNameAsString()), "an equation names the members of its structs");
}

Meaning Walker::field_of(const Object& object, const clang::FieldDecl* field, clang::SourceLocation at) {
  const std::optional<ir::Role> role = role_of(field->getType());
  const std::string name = field->getNameAsString();
  if (!role)
    return broken("AD108", at, fmt::format("member '{}' has no role", name), fmt::format("declare '{}' a param, weight, state, memory, input or count; or static constexpr", name));
  return Meaning::of(Place{Place::Kind::member, object.prefix + name, name, *role, object});
}

Meaning Walker::pointer_to_member(const clang::BinaryOperator* e) {
  const Meaning object = evaluate(e->getLHS());
  clang::Expr::EvalResult value;
  if (!object.is(Meaning::Kind::object) || !e->getRHS()->EvaluateAsRValue(value, context_) || !value.Val.isMemberPointer())
    return broken("AD102", e->getOperatorLoc(), "a pointer to member that is not known when compiling", "make it a template argument: PulseTo<&Neuron::g>");
  const auto* field = dyn_cast_or_null<clang::FieldDecl>(value.Val.getMemberPointerDecl());
  if (!field) return broken("AD102", e->getOperatorLoc(), "a pointer to something else than a member variable");
  return field_of(object.object, field, e->getOperatorLoc());
}

Meaning Walker::cast(const clang::CastExpr* e) {
  const clang::Expr* inner = e->getSubExpr();
  const auto unequal_zero = [&] { return Meaning::of(truth(inner)); };
  switch (e->getCastKind()) {
    case clang::CK_LValueToRValue: {
      const Meaning m = evaluate(inner);
      return m.is(Meaning::Kind::place) ? Meaning::of(read(m, inner->getExprLoc())) : m;
    }
    case clang::CK_NoOp: case clang::CK_DerivedToBase: case clang::CK_UncheckedDerivedToBase: case clang::CK_ConstructorConversion:
    case clang::CK_UserDefinedConversion: case clang::CK_IntegralToFloating: case clang::CK_IntegralCast: return evaluate(inner);
    case clang::CK_FloatingCast: {
      const bool narrower = context_.getTypeSize(e->getType()) < context_.getTypeSize(inner->getType());
      if (narrower) return broken("AD102", e->getExprLoc(), "a conversion to float rounds in the middle of an equation", "use real; the simulator's precision is chosen when building");
      return evaluate(inner);
    }
    case clang::CK_FloatingToIntegral: {
      const ir::Expr x = number(inner);
      return Meaning::of(ir::select(ir::make(ir::Kind::less, {x, ir::Expr(0.0)}), -ir::make(ir::Kind::floor, {-x}), ir::make(ir::Kind::floor, {x})));
    }
    case clang::CK_IntegralToBoolean: case clang::CK_FloatingToBoolean: return unequal_zero();
    case clang::CK_ToVoid: evaluate(inner); return Meaning::simple(Meaning::Kind::nothing);
    default:
      return broken("AD102", e->getExprLoc(), fmt::format("a conversion ({}) in '{}' that is not in the model language", e->getCastKindName(), hook_name_), "equations have numbers only, no pointers or arrays");
  }
}

Meaning Walker::unary(const clang::UnaryOperator* e) {
  switch (e->getOpcode()) {
    case clang::UO_Plus: return Meaning::of(number(e->getSubExpr()));
    case clang::UO_Minus: return Meaning::of(-number(e->getSubExpr()));
    case clang::UO_LNot: return Meaning::of(ir::make(ir::Kind::logical_not, {truth(e->getSubExpr())}));
    case clang::UO_Deref:
      if (isa<clang::CXXThisExpr>(e->getSubExpr()->IgnoreParenImpCasts())) return Meaning::of(self_);
      [[fallthrough]];
    case clang::UO_AddrOf: return broken("AD102", e->getOperatorLoc(), fmt::format("a pointer in '{}'", hook_name_), "name the variable itself");
    default: return broken("AD102", e->getOperatorLoc(), fmt::format("operator '{}' in an equation", clang::UnaryOperator::getOpcodeStr(e->getOpcode()).str()), "write x += 1, x -= 1, or the arithmetic out");
  }
}

Meaning Walker::binary(const clang::BinaryOperator* e) {
  using namespace clang;
  const BinaryOperatorKind op = e->getOpcode();
  if (op == BO_PtrMemD || op == BO_PtrMemI) return pointer_to_member(e);
  if (e->isAssignmentOp()) {
    if (op == BO_Assign || op == BO_AddAssign || op == BO_SubAssign || op == BO_MulAssign || op == BO_DivAssign) return assign(e->getLHS(), e->getRHS(), op, e->getOperatorLoc());
    return broken("AD102", e->getOperatorLoc(), fmt::format("operator '{}' in an equation", e->getOpcodeStr().str()), "use = += -= *= /=");
  }
  if (op == BO_Comma) {
    evaluate(e->getLHS());
    return evaluate(e->getRHS());
  }
  if (op == BO_LAnd || op == BO_LOr) {
    const ir::Expr left = truth(e->getLHS());
    return Meaning::of(ir::make(op == BO_LAnd ? ir::Kind::logical_and : ir::Kind::logical_or, {left, truth(e->getRHS())}));
  }
  const ir::Expr a = number(e->getLHS()), b = number(e->getRHS());
  switch (op) {
    case BO_Add: return Meaning::of(a + b);
    case BO_Sub: return Meaning::of(a - b);
    case BO_Mul: return Meaning::of(a * b);
    case BO_Div:
      if (e->getType()->isIntegerType())
        return broken("AD116", e->getOperatorLoc(), "a division of two integers cuts off its remainder", "make one of them real: real(n) / 2");
      return Meaning::of(a / b);
    case BO_LT: return Meaning::of(ir::make(ir::Kind::less, {a, b}));
    case BO_GT: return Meaning::of(ir::make(ir::Kind::less, {b, a}));
    case BO_LE: return Meaning::of(ir::make(ir::Kind::less_equal, {a, b}));
    case BO_GE: return Meaning::of(ir::make(ir::Kind::less_equal, {b, a}));
    case BO_EQ: return Meaning::of(ir::make(ir::Kind::equal, {a, b}));
    case BO_NE: return Meaning::of(ir::make(ir::Kind::not_equal, {a, b}));
    default: return broken("AD102", e->getOperatorLoc(), fmt::format("operator '{}' in an equation", e->getOpcodeStr().str()), "use + - * /, comparisons, && and ||");
  }
}

Meaning Walker::construct(const clang::CXXConstructExpr* e) {
  if (e->getNumArgs() == 1 || (e->getNumArgs() > 1 && isa<clang::CXXDefaultArgExpr>(e->getArg(1)))) {
    const Meaning m = evaluate(e->getArg(0));  // a copy, or a number made a role
    return m.is(Meaning::Kind::place) ? Meaning::of(read(m, e->getExprLoc())) : m;
  }
  if (e->getNumArgs() == 0 && role_of(e->getType())) return Meaning::of(ir::Expr(0.0));
  if (const clang::CXXRecordDecl* record = e->getConstructor()->getParent(); e->getNumArgs() == 0 && record->field_empty()) {
    Meaning f = Meaning::simple(Meaning::Kind::function);  // an empty function object
    f.function = record;
    return f;
  }
  return broken("AD102", e->getExprLoc(), "an object is made in an equation", "equations have numbers only");
}

}  // namespace antidrome::frontend
