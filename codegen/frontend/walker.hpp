// Executes the body of a hook symbolically, over the syntax tree that Clang made of it for the actual types: assignments,
// branches and calls are followed, and what remains per variable is one expression in the values before the hook.
#pragma once
#include <clang/AST/ASTContext.h>
#include <clang/AST/ExprCXX.h>
#include <clang/AST/StmtCXX.h>

#include <optional>
#include <set>
#include <vector>

#include "codegen/frontend/lifted.hpp"
#include "codegen/frontend/meaning.hpp"

namespace antidrome::frontend {

/// Role of a member of this type; none when it is not one of the DSL's.
std::optional<ir::Role> role_of(clang::QualType type);

/// A class of the DSL by its name: "Range", "label", …
bool is_dsl_class(const clang::CXXRecordDecl* record, llvm::StringRef name);

/// True when the function is declared in namespace antidrome itself.
bool is_dsl_function(const clang::FunctionDecl* function);

class Walker {
 public:
  Walker(const clang::ASTContext& context, Diagnostics& diagnostics, std::set<const clang::Decl*>& called)
      : context_(context), diagnostics_(diagnostics), called_(called) {}

  /// The hook as a parallel map. `objects`: the struct itself, then one per reference parameter.
  ir::Hook lift(const clang::CXXMethodDecl* hook, StructKind kind, ir::Trigger trigger, const std::vector<Object>& objects);

  /// The hooks of another struct follow. Errors outside the model file (in a shipped struct) get a note that says where the model uses it.
  void begin_struct(clang::SourceLocation use) {
    use_ = use;
    draws_ = 0;
  }
  Location locate(clang::SourceLocation) const;
  void error(const char* code, clang::SourceLocation at, std::string message, std::string remedy = {});

 private:
  // walk_statement.cpp
  void execute(const clang::Stmt*);
  void execute_now(const clang::Stmt*);
  void declare(const clang::VarDecl*);
  void branch(const clang::IfStmt*);
  void give_back(const clang::ReturnStmt*);
  Environment merged(ir::Expr condition, Environment yes, Environment no) const;
  ir::Expr initial(const std::string& key) const;

  // walk_expression.cpp
  Meaning evaluate(const clang::Expr*);
  Meaning compute(const clang::Expr*);
  ir::Expr number(const clang::Expr*);
  ir::Expr truth(const clang::Expr*);
  ir::Expr read(const Meaning&, clang::SourceLocation);
  std::optional<double> constant(const clang::Expr*) const;
  Meaning reference(const clang::DeclRefExpr*);
  Meaning member(const clang::MemberExpr*);
  Meaning field_of(const Object&, const clang::FieldDecl*, clang::SourceLocation);
  Meaning pointer_to_member(const clang::BinaryOperator*);
  Meaning cast(const clang::CastExpr*);
  Meaning unary(const clang::UnaryOperator*);
  Meaning binary(const clang::BinaryOperator*);
  Meaning construct(const clang::CXXConstructExpr*);
  Meaning broken(const char* code, clang::SourceLocation at, std::string message, std::string remedy = {});

  // walk_write.cpp
  Meaning assign(const clang::Expr* target, const clang::Expr* value, clang::BinaryOperatorKind op, clang::SourceLocation at);
  void write(const Place&, ir::Expr value, clang::SourceLocation at);
  void contribute(const Place&, ir::Expr value, clang::SourceLocation at);
  bool may_write(const Place&, clang::SourceLocation at);
  bool may_contribute(const Place&, bool sum, clang::SourceLocation at);

  // walk_call.cpp
  Meaning call(const clang::CallExpr*);
  Meaning operator_call(const clang::CXXOperatorCallExpr*);
  Meaning method_call(const clang::CXXMemberCallExpr*);
  Meaning dsl_call(const clang::CallExpr*, const clang::FunctionDecl*, bool& known);
  Meaning draw(const std::string& name, clang::SourceLocation at);
  Meaning derivative_of(const clang::CallExpr*);
  Meaning reduce(ir::Kind, const clang::CallExpr*);
  Meaning apply(const Meaning& function, const clang::CXXMethodDecl*, const std::vector<Meaning>& arguments, clang::SourceLocation at);
  Meaning inlined(const clang::FunctionDecl*, std::vector<Meaning> arguments, const Object* self, clang::SourceLocation at);

  const clang::ASTContext& context_;
  Diagnostics& diagnostics_;
  std::set<const clang::Decl*>& called_;      ///< every member function that some hook reached
  bool failed_ = false;                       ///< in this hook: what follows may be nonsense
  clang::SourceLocation use_;
  int draws_ = 0;                             ///< of this struct so far

  // of the hook being lifted
  StructKind kind_ = StructKind::neuron;
  ir::Trigger trigger_ = ir::Trigger::flow;
  std::string hook_name_;
  Environment now_;
  std::map<std::string, Place> written_;      ///< by key
  std::map<std::string, clang::SourceLocation> where_;
  std::map<const clang::ValueDecl*, Meaning> bound_;   ///< parameters and locals that name something else than a number
  std::vector<const clang::FunctionDecl*> stack_;
  Object self_;
  int depth_ = 0;                             ///< nested sums
};

}  // namespace antidrome::frontend
