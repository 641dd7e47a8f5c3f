#include "codegen/frontend/walker.hpp"

#include <clang/AST/DeclTemplate.h>
#include <clang/Basic/SourceManager.h>
#include <fmt/format.h>

namespace antidrome::frontend {

bool is_dsl_class(const clang::CXXRecordDecl* record, llvm::StringRef name) {
  if (!record || !record->getIdentifier() || record->getName() != name) return false;
  const auto* space = llvm::dyn_cast<clang::NamespaceDecl>(record->getDeclContext());
  if (space && space->getName() == "detail") space = llvm::dyn_cast<clang::NamespaceDecl>(space->getDeclContext());
  return space && space->getName() == "antidrome";
}

bool is_dsl_function(const clang::FunctionDecl* function) {
  const auto* space = llvm::dyn_cast<clang::NamespaceDecl>(function->getDeclContext());
  return space && space->getName() == "antidrome";
}

std::optional<ir::Role> role_of(clang::QualType type) {
  const clang::CXXRecordDecl* record = type.getNonReferenceType()->getAsCXXRecordDecl();
  static const std::pair<const char*, ir::Role> roles[] = {
      {"param", ir::Role::param}, {"weight", ir::Role::weight}, {"state", ir::Role::state}, {"memory", ir::Role::memory},
      {"input", ir::Role::input}, {"count", ir::Role::count},   {"spike", ir::Role::spike}};
  for (const auto& [name, role] : roles)
    if (is_dsl_class(record, name)) return role;
  return std::nullopt;
}

Location Walker::locate(clang::SourceLocation at) const {
  const clang::SourceManager& sources = context_.getSourceManager();
  const clang::PresumedLoc place = sources.getPresumedLoc(sources.getExpansionLoc(at));
  if (place.isInvalid()) return {};
  return {place.getFilename(), static_cast<int>(place.getLine()), static_cast<int>(place.getColumn())};
}

void Walker::error(const char* code, clang::SourceLocation at, std::string message, std::string remedy) {
  failed_ = true;
  const Location place = locate(at);
  for (const Diagnostic& d : diagnostics_.all())  // a template is walked once per instance; say it once
    if (d.code == code && d.at.line == place.line && d.at.column == place.column && d.at.file == place.file) return;
  Diagnostic& d = diagnostics_.error(code, place, std::move(message), std::move(remedy));
  if (const Location use = locate(use_); use.line > 0 && use.file != place.file) d.notes.emplace_back(use, "used here");
}

Meaning Walker::broken(const char* code, clang::SourceLocation at, std::string message, std::string remedy) {
  error(code, at, std::move(message), std::move(remedy));
  return Meaning::simple(Meaning::Kind::broken);
}

ir::Hook Walker::lift(const clang::CXXMethodDecl* hook, StructKind kind, ir::Trigger trigger, const std::vector<Object>& objects) {
  kind_ = kind;
  trigger_ = trigger;
  hook_name_ = hook->getNameAsString();
  now_ = {};
  written_.clear();
  where_.clear();
  bound_.clear();
  self_ = objects.front();
  stack_ = {hook};
  failed_ = false;
  for (unsigned k = 0; k < hook->getNumParams(); ++k) {
    const clang::ParmVarDecl* parameter = hook->getParamDecl(k);
    const clang::CXXRecordDecl* record = parameter->getType().getNonReferenceType()->getAsCXXRecordDecl();
    if (is_dsl_class(record, "Range")) bound_[parameter] = Meaning::simple(Meaning::Kind::range);
    else if (is_dsl_class(record, "label")) bound_[parameter] = Meaning::simple(Meaning::Kind::label);
    else if (k + 1 < objects.size()) bound_[parameter] = Meaning::of(objects[k + 1]);
  }
  execute(hook->getBody());

  ir::Hook lifted;
  lifted.at = locate(hook->getLocation());
  lifted.result = now_.result;
  for (const auto& [key, place] : written_) {
    const auto value = now_.values.find(key);
    if (value == now_.values.end() || value->second == initial(key)) continue;
    ir::Effect effect;
    effect.kind = place.kind == Place::Kind::slope ? ir::Effect::Kind::derivative
                  : key.front() == '+'             ? ir::Effect::Kind::contribute
                                                   : ir::Effect::Kind::assign;
    effect.target = place.object.prefix + place.name;
    effect.value = value->second;
    effect.at = locate(where_[key]);
    lifted.effects.push_back(std::move(effect));
  }
  return lifted;
}

}  // namespace antidrome::frontend
