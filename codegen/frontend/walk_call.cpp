// Calls: elementary functions become nodes, context becomes symbols, everything else with a body is inlined.
#include <clang/AST/DeclTemplate.h>
#include <fmt/format.h>

#include <algorithm>

#include "codegen/frontend/suggest.hpp"
#include "codegen/frontend/walker.hpp"

namespace antidrome::frontend {
namespace {

struct Elementary { const char* name; ir::Kind kind; unsigned arity; };
constexpr Elementary elementary[] = {
    {"exp", ir::Kind::exp, 1},   {"log", ir::Kind::log, 1},   {"sqrt", ir::Kind::sqrt, 1},     {"sin", ir::Kind::sin, 1},
    {"cos", ir::Kind::cos, 1},   {"tanh", ir::Kind::tanh, 1}, {"fabs", ir::Kind::absolute, 1}, {"abs", ir::Kind::absolute, 1},
    {"floor", ir::Kind::floor, 1}, {"pow", ir::Kind::pow, 2}, {"max", ir::Kind::maximum, 2},   {"min", ir::Kind::minimum, 2},
    {"fmax", ir::Kind::maximum, 2}, {"fmin", ir::Kind::minimum, 2}};

const std::vector<std::string>& known_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all{"sq", "clip", "sgn", "sigmoid", "stop", "time", "dt", "trial", "training", "sum", "maximum"};
    for (const Elementary& e : elementary) all.emplace_back(e.name);
    return all;
  }();
  return names;
}

/// The C library's, std's or the DSL's function of that name, whatever header it came from.
const Elementary* as_elementary(const clang::FunctionDecl* f) {
  if (!f->getIdentifier()) return nullptr;
  const clang::DeclContext* space = f->getDeclContext()->getRedeclContext();
  const auto* named = llvm::dyn_cast<clang::NamespaceDecl>(space);
  if (!space->isTranslationUnit() && !f->isInStdNamespace() && !(named && named->getName() == "antidrome")) return nullptr;
  if (space->isTranslationUnit() && f->hasBody() && !f->isExternC()) return nullptr;  // the user's own
  llvm::StringRef name = f->getName();
  name.consume_front("__builtin_");
  for (const Elementary& e : elementary)
    if (name == e.name && f->getNumParams() == e.arity) return &e;
  return nullptr;
}

bool is_void(const clang::FunctionDecl* f) { return f->getReturnType()->isVoidType(); }

}  // namespace

Meaning Walker::call(const clang::CallExpr* e) {
  if (const auto* op = llvm::dyn_cast<clang::CXXOperatorCallExpr>(e)) return operator_call(op);
  if (const auto* method = llvm::dyn_cast<clang::CXXMemberCallExpr>(e)) return method_call(method);
  const clang::FunctionDecl* f = e->getDirectCallee();
  if (!f) return broken("AD102", e->getBeginLoc(), "a call through a pointer", "call the function by its name");
  if (const Elementary* known = as_elementary(f)) {
    std::vector<ir::Expr> arguments;
    for (const clang::Expr* a : e->arguments()) arguments.push_back(number(a));
    return Meaning::of(ir::make(known->kind, std::move(arguments)));
  }
  bool known = false;
  if (is_dsl_function(f)) {
    Meaning meaning = dsl_call(e, f, known);
    if (known) return meaning;
  }
  std::vector<Meaning> arguments;
  for (const clang::Expr* a : e->arguments()) arguments.push_back(evaluate(a));
  return inlined(f, std::move(arguments), nullptr, e->getBeginLoc());
}

Meaning Walker::dsl_call(const clang::CallExpr* e, const clang::FunctionDecl* f, bool& known) {
  known = true;
  const std::string name = f->getNameAsString();
  if (e->getNumArgs() == 0 && (name == "time" || name == "dt" || name == "trial" || name == "training")) return Meaning::of(ir::symbol(name));
  if (name == "d") return derivative_of(e);
  if (name == "stop") return Meaning::of(ir::stop(number(e->getArg(0))));
  if (name == "sum" && e->getNumArgs() == 2) return reduce(ir::Kind::reduce_sum, e);
  if (name == "maximum" && e->getNumArgs() == 2) return reduce(ir::Kind::reduce_max, e);
  if (e->getNumArgs() == 0 && (name == "uniform" || name == "normal" || name == "white")) return draw(name, e->getBeginLoc());
  if (name == "batch_mean") {
    if (trigger_ == ir::Trigger::loss) return Meaning::of(ir::make(ir::Kind::batch_mean, {number(e->getArg(0))}));
    return broken("AD114", e->getBeginLoc(), fmt::format("batch_mean() in {}()", hook_name_), "only a loss can read the whole batch: it is known after the last trial");
  }
  if (name == "batch_sum")
    return broken("AD114", e->getBeginLoc(), fmt::format("'{}' is not supported yet by learning rule EventProp", name), "use batch_mean(x) in a loss");
  known = false;
  return {};
}

/// A draw is a symbol: each place in the text (and each way to it, through functions) is one.
Meaning Walker::draw(const std::string& name, clang::SourceLocation at) {
  using ir::Trigger;
  const bool noise = name == "white";
  const bool fits = kind_ == StructKind::neuron && (noise ? trigger_ == Trigger::flow : trigger_ == Trigger::fires || trigger_ == Trigger::reset || trigger_ == Trigger::step);
  if (!fits)
    return broken("AD114", at, fmt::format("{}() in {}()", name, hook_name_), noise ? "white() is a term of a neuron's flow()" : "uniform() and normal() can be drawn in fires(), reset() and step() of a neuron; noise in flow() is white()");
  return Meaning::of(ir::symbol(fmt::format("draw_{}_{}", name, draws_++)));
}

Meaning Walker::derivative_of(const clang::CallExpr* e) {
  const clang::Expr* argument = e->getArg(0);
  Meaning x = evaluate(argument);
  if (x.is(Meaning::Kind::broken)) return x;
  const clang::SourceLocation at = e->getBeginLoc();
  if (!x.is(Meaning::Kind::place) || x.place.kind != Place::Kind::member) return broken("AD110", at, "d() of something that is not a state", "write d(v) = … for a state v of the struct");
  if (trigger_ != ir::Trigger::flow) return broken("AD110", at, fmt::format("d({}) in {}()", x.place.name, hook_name_), "derivatives are given in flow()");
  if (!x.place.object.prefix.empty())
    return broken("AD110", at, fmt::format("the derivative of '{}{}', which belongs to another struct", x.place.object.prefix, x.place.name),
                  "flow() gives the derivatives of its own states; to drive another's, sum into one of its inputs");
  x.place.kind = Place::Kind::slope;
  x.place.key = "d(" + x.place.key + ")";
  return x;
}

Meaning Walker::reduce(ir::Kind kind, const clang::CallExpr* e) {
  const Meaning range = evaluate(e->getArg(0));
  const Meaning function = evaluate(e->getArg(1));
  if (range.is(Meaning::Kind::broken) || function.is(Meaning::Kind::broken)) return Meaning::simple(Meaning::Kind::broken);
  if (!range.is(Meaning::Kind::range) || !function.is(Meaning::Kind::function))
    return broken("AD102", e->getBeginLoc(), "a sum over something else than the neurons that a loss sees", "write sum(out, [](auto& o) { return … })");
  const clang::CXXRecordDecl* element = nullptr;
  const clang::QualType type = e->getArg(0)->getType().getNonReferenceType();
  if (const auto* spec = llvm::dyn_cast_or_null<clang::ClassTemplateSpecializationDecl>(type->getAsCXXRecordDecl()))
    element = spec->getTemplateArgs()[0].getAsType()->getAsCXXRecordDecl();
  const clang::CXXMethodDecl* body = nullptr;
  const auto consider = [&](const clang::CXXMethodDecl* m) {
    if (m->getOverloadedOperator() == clang::OO_Call && m->hasBody() && m->getNumParams() == 1 &&
        m->getParamDecl(0)->getType().getNonReferenceType()->getAsCXXRecordDecl() == element) body = m;
  };
  for (const clang::Decl* d : function.function->decls()) {
    if (const auto* m = llvm::dyn_cast<clang::CXXMethodDecl>(d)) consider(m);
    if (const auto* t = llvm::dyn_cast<clang::FunctionTemplateDecl>(d))
      for (const clang::FunctionDecl* s : t->specializations())
        if (const auto* m = llvm::dyn_cast<clang::CXXMethodDecl>(s)) consider(m);
  }
  if (!body || !element) return broken("AD102", e->getArg(1)->getBeginLoc(), "this function cannot be called with one neuron of the range", "write [](auto& o) { return … }");
  ++depth_;
  Object o{"out.", element, Object::Access::element, depth_};
  const Meaning inner = apply(function, body, {Meaning::of(o)}, e->getBeginLoc());
  --depth_;
  if (inner.is(Meaning::Kind::broken)) return inner;
  return Meaning::of(ir::make(kind, {read(inner, e->getBeginLoc())}));
}

Meaning Walker::apply(const Meaning& function, const clang::CXXMethodDecl* body, const std::vector<Meaning>& arguments, clang::SourceLocation at) {
  const Object captured = function.object;
  return inlined(body, arguments, &captured, at);
}

Meaning Walker::operator_call(const clang::CXXOperatorCallExpr* e) {
  const auto* method = llvm::dyn_cast_or_null<clang::CXXMethodDecl>(e->getDirectCallee());
  const clang::CXXRecordDecl* owner = method ? method->getParent() : nullptr;
  if (e->getOperator() == clang::OO_Subscript && is_dsl_class(owner, "Range")) {
    const Meaning range = evaluate(e->getArg(0)), index = evaluate(e->getArg(1));
    if (!range.is(Meaning::Kind::range) || !index.is(Meaning::Kind::label)) return Meaning::simple(Meaning::Kind::broken);
    return Meaning::of(Object{"out.", e->getType().getNonReferenceType()->getAsCXXRecordDecl(), Object::Access::labelled, 0});
  }
  const bool is_role = e->getNumArgs() == 2 && role_of(e->getArg(0)->IgnoreParenImpCasts()->getType());
  if (is_role && e->isAssignmentOp()) {
    const clang::BinaryOperatorKind op = clang::BinaryOperator::getOverloadedOpcode(e->getOperator());
    return assign(e->getArg(0), e->getArg(1), op, e->getOperatorLoc());
  }
  std::vector<Meaning> arguments;
  for (const clang::Expr* a : e->arguments()) arguments.push_back(evaluate(a));
  if (!method) {
    if (const clang::FunctionDecl* f = e->getDirectCallee()) return inlined(f, std::move(arguments), nullptr, e->getOperatorLoc());
    return broken("AD102", e->getOperatorLoc(), "this operator is not in the model language");
  }
  const Meaning function = arguments.front();
  arguments.erase(arguments.begin());
  if (function.is(Meaning::Kind::function) || function.is(Meaning::Kind::object)) return apply(function, method, arguments, e->getOperatorLoc());
  if (function.is(Meaning::Kind::broken)) return function;
  return broken("AD102", e->getOperatorLoc(), "this operator is not in the model language", "use + - * /, comparisons, && || !, and assignments");
}

Meaning Walker::method_call(const clang::CXXMemberCallExpr* e) {
  const clang::CXXMethodDecl* method = e->getMethodDecl();
  if (!method) return broken("AD102", e->getBeginLoc(), "a call through a pointer to member", "call the function by its name");
  const Meaning object = evaluate(e->getImplicitObjectArgument());
  if (object.is(Meaning::Kind::broken)) return object;
  if (object.is(Meaning::Kind::place) && llvm::isa<clang::CXXConversionDecl>(method)) return Meaning::of(read(object, e->getExprLoc()));
  if (object.is(Meaning::Kind::number)) return object;  // a local copy of a member, read
  if (!object.is(Meaning::Kind::object)) return broken("AD102", e->getExprLoc(), fmt::format("'{}' cannot be called in an equation", method->getNameAsString()));
  if (object.object.access == Object::Access::element && object.object.depth != depth_)
    return broken("AD113", e->getExprLoc(), fmt::format("an inner sum uses '{}()' of the outer sum's element", method->getNameAsString()), "compute the inner sum first, in a local constant");
  std::vector<Meaning> arguments;
  for (const clang::Expr* a : e->arguments()) arguments.push_back(evaluate(a));
  return inlined(method, std::move(arguments), &object.object, e->getExprLoc());
}

Meaning Walker::inlined(const clang::FunctionDecl* f, std::vector<Meaning> arguments, const Object* self, clang::SourceLocation at) {
  const std::string name = f->getNameAsString();
  const clang::FunctionDecl* body = nullptr;
  if (!f->hasBody(body) || !body->getBody())
    return broken("AD104", at, fmt::format("unknown function '{}'{}", name, did_you_mean(name, known_names())),
                  "use the functions of <antidrome/equations.h>, or define it in the model file with a body");
  if (std::find(stack_.begin(), stack_.end(), body) != stack_.end())
    return broken("AD103", at, fmt::format("'{}' calls itself", name), "equations have no recursion: write the terms out");
  called_.insert(body->getCanonicalDecl());
  if (const clang::FunctionDecl* pattern = body->getTemplateInstantiationPattern()) called_.insert(pattern->getCanonicalDecl());

  const Object outer_self = self_;
  const Environment outer = now_;
  if (self) self_ = *self;
  stack_.push_back(body);
  for (unsigned k = 0; k < body->getNumParams() && k < arguments.size(); ++k) {
    const clang::ParmVarDecl* p = body->getParamDecl(k);
    Meaning& a = arguments[k];
    const bool by_value = !p->getType()->isReferenceType();
    if (a.is(Meaning::Kind::number) || (a.is(Meaning::Kind::place) && by_value)) {
      bound_.erase(p);
      now_.values[fmt::format("local {}", static_cast<const void*>(p))] = read(a, at);
    } else {
      bound_[p] = a;
    }
  }
  now_.done = ir::Expr(0.0);
  now_.result = {};
  execute(body->getBody());
  const ir::Expr result = now_.result;
  const bool complete = now_.done.is_number(1);
  now_.done = outer.done;
  now_.result = outer.result;
  stack_.pop_back();
  self_ = outer_self;
  if (is_void(body)) return Meaning::simple(Meaning::Kind::nothing);
  if (failed_ && !result.defined()) return Meaning::simple(Meaning::Kind::broken);
  if (!result.defined() || !complete) return broken("AD102", at, fmt::format("'{}' does not return a number on every path", name), "end it with a return of a number");
  return Meaning::of(result);
}

}  // namespace antidrome::frontend
