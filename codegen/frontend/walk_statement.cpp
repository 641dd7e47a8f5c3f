// Statements: sequence, declarations, branches, return.
#include <fmt/format.h>

#include "codegen/frontend/walker.hpp"

namespace antidrome::frontend {

using clang::dyn_cast;
using clang::isa;

void Walker::execute(const clang::Stmt* statement) {
  if (!statement || now_.done.is_number(1)) return;
  if (now_.done.is_number(0)) return execute_now(statement);
  // Some paths have returned before: the statement works on the others.
  const ir::Expr returned = now_.done;
  Environment before = now_;
  before.done = ir::Expr(1.0);
  now_.done = ir::Expr(0.0);
  execute_now(statement);
  now_ = merged(returned, before, now_);
}

void Walker::execute_now(const clang::Stmt* statement) {
  if (const auto* block = dyn_cast<clang::CompoundStmt>(statement)) {
    for (const clang::Stmt* s : block->body()) execute(s);
  } else if (const auto* declaration = dyn_cast<clang::DeclStmt>(statement)) {
    for (const clang::Decl* d : declaration->decls())
      if (const auto* variable = dyn_cast<clang::VarDecl>(d)) declare(variable);
  } else if (const auto* choice = dyn_cast<clang::IfStmt>(statement)) {
    branch(choice);
  } else if (const auto* back = dyn_cast<clang::ReturnStmt>(statement)) {
    give_back(back);
  } else if (const auto* expression = dyn_cast<clang::Expr>(statement)) {
    evaluate(expression);
  } else if (isa<clang::NullStmt>(statement)) {
    return;
  } else if (isa<clang::ForStmt, clang::WhileStmt, clang::DoStmt, clang::CXXForRangeStmt>(statement)) {
    error("AD101", statement->getBeginLoc(), fmt::format("a loop in '{}'", hook_name_),
          "write the terms out, or use sum(range, lambda) over the neurons that a loss sees; network() may loop freely");
  } else if (isa<clang::SwitchStmt>(statement)) {
    error("AD101", statement->getBeginLoc(), fmt::format("a switch in '{}'", hook_name_), "write if … else, or c ? a : b");
  } else {
    error("AD101", statement->getBeginLoc(), fmt::format("a statement ({}) in '{}' that is not in the model language", statement->getStmtClassName(), hook_name_),
          "use assignments, local constants, if, return and calls");
  }
}

void Walker::declare(const clang::VarDecl* variable) {
  if (variable->isConstexpr()) return;  // every use folds to a number
  if (!variable->hasLocalStorage())
    return error("AD102", variable->getLocation(), fmt::format("static variable '{}' in '{}'", variable->getNameAsString(), hook_name_),
                 "what must last is a state (one trial) or a memory (longer) of the struct");
  const clang::QualType type = variable->getType();
  const clang::Expr* init = variable->getInit();
  if (!init)
    return error("AD102", variable->getLocation(), fmt::format("local '{}' has no value", variable->getNameAsString()), "give it one where it is declared");
  Meaning value = evaluate(init);
  if (type->isReferenceType() || value.is(Meaning::Kind::function) || value.is(Meaning::Kind::object) || value.is(Meaning::Kind::range) || value.is(Meaning::Kind::label)) {
    bound_[variable] = std::move(value);
    return;
  }
  const std::string key = fmt::format("local {}", static_cast<const void*>(variable));
  now_.values[key] = read(value, variable->getLocation());
}

void Walker::branch(const clang::IfStmt* choice) {
  if (choice->getInit()) execute(choice->getInit());
  if (choice->getConditionVariable()) declare(choice->getConditionVariable());
  const ir::Expr condition = truth(choice->getCond());
  if (condition.is(ir::Kind::number)) {
    execute(condition.value() != 0 ? choice->getThen() : choice->getElse());
    return;
  }
  const Environment before = now_;
  execute(choice->getThen());
  Environment yes = std::move(now_);
  now_ = before;
  execute(choice->getElse());
  now_ = merged(condition, std::move(yes), std::move(now_));
}

void Walker::give_back(const clang::ReturnStmt* back) {
  if (back->getRetValue()) {
    const Meaning value = evaluate(back->getRetValue());
    if (!value.is(Meaning::Kind::nothing)) now_.result = read(value, back->getReturnLoc());
  }
  now_.done = ir::Expr(1.0);
}

ir::Expr Walker::initial(const std::string& key) const {
  return key.front() == '+' || key.starts_with("d(") ? ir::Expr(0.0) : ir::symbol(key);
}

Environment Walker::merged(ir::Expr condition, Environment yes, Environment no) const {
  Environment both;
  if (yes.done.is_number(1) && no.done.is_number(0)) both.done = condition;
  else if (yes.done.is_number(0) && no.done.is_number(1)) both.done = ir::make(ir::Kind::logical_not, {condition});
  else both.done = ir::select(condition, yes.done, no.done);
  both.result = !yes.result.defined() ? no.result : !no.result.defined() ? yes.result : ir::select(condition, yes.result, no.result);
  const auto one_of = [&](const std::string& key, const Environment& e) {
    const auto found = e.values.find(key);
    return found == e.values.end() ? initial(key) : found->second;
  };
  for (const Environment* e : {&yes, &no})
    for (const auto& [key, value] : e->values) {
      const bool on_one_path = key.starts_with("local ") && (!yes.values.contains(key) || !no.values.contains(key));
      if (on_one_path) both.values[key] = value;   // declared there, and named nowhere else
      else both.values[key] = ir::select(condition, one_of(key, yes), one_of(key, no));
    }
  return both;
}

}  // namespace antidrome::frontend
