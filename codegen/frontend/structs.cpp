#include "codegen/frontend/structs.hpp"

#include <clang/AST/DeclTemplate.h>
#include <clang/AST/Mangle.h>
#include <clang/AST/RecordLayout.h>
#include <clang/Basic/SourceManager.h>
#include <fmt/format.h>

#include <algorithm>

#include "codegen/frontend/suggest.hpp"
#include "codegen/ir/names.hpp"
#include "codegen/frontend/walker.hpp"

namespace antidrome::frontend {
namespace {

using clang::CXXMethodDecl;
using clang::CXXRecordDecl;
using ir::Trigger;

struct HookShape { const char* name; Trigger trigger; unsigned objects; };   // objects besides the struct itself

struct KindShape {
  const char* registration;         ///< the function template of network.h
  const char* word;
  StructKind kind;
  std::vector<HookShape> hooks;
  std::vector<const char*> prefixes;
  const char* parameters;           ///< what its hooks take, for messages
};

const std::vector<KindShape>& kinds() {
  static const std::vector<KindShape> all = {
      {"neuron_struct", "neuron", StructKind::neuron,
       {{"start", Trigger::start, 0}, {"flow", Trigger::flow, 0}, {"step", Trigger::step, 0}, {"fires", Trigger::fires, 0}, {"reset", Trigger::reset, 0}, {"end", Trigger::end, 0}},
       {""}, "()"},
      {"synapse_struct", "synapse", StructKind::synapse,
       {{"flow", Trigger::flow, 2}, {"step", Trigger::step, 2}, {"pre_spike", Trigger::pre_spike, 2}, {"post_spike", Trigger::post_spike, 2}, {"keep", Trigger::keep, 0}},
       {"", "pre.", "post."}, "(auto& pre, auto& post)"},
      {"readout_struct", "readout", StructKind::readout,
       {{"flow", Trigger::flow, 1}, {"step", Trigger::step, 1}, {"spike", Trigger::spike, 1}, {"score", Trigger::score, 0}},
       {"", "neuron."}, "(auto& neuron), or () for score"},
      {"loss_struct", "loss", StructKind::loss, {{"loss", Trigger::loss, 1}}, {"", "out."}, "(const auto& out, label y) or (const auto& out)"}};
  return all;
}

/// What users of other tools call our hooks.
const char* synonym(llvm::StringRef name) {
  static const std::pair<const char*, const char*> words[] = {
      {"on_pre", "pre_spike"}, {"on_pre_spike", "pre_spike"}, {"on_post", "post_spike"}, {"on_spike", "reset"}, {"threshold", "fires"},
      {"dynamics", "flow"}, {"update", "step"}, {"init", "start"}, {"on_reset", "reset"}, {"derivatives", "flow"}};
  for (const auto& [theirs, ours] : words)
    if (name == theirs) return ours;
  return nullptr;
}

bool is_reserved(const std::string& name) {
  static const std::vector<std::string> words = {"time", "dt", "trial", "training", "acc", "slope", "delay"};
  static const std::vector<std::string> prefixes = {"lambda_", "grad_", "start_", "saved_", "kappa_", "dot_", "draw_"};
  if (std::find(words.begin(), words.end(), name) != words.end()) return true;
  return std::any_of(prefixes.begin(), prefixes.end(), [&](const std::string& p) { return name.starts_with(p); });
}

class StructLifter {
 public:
  StructLifter(clang::ASTContext& context, Diagnostics& diagnostics) : context_(context), walker_(context, diagnostics, called_), diagnostics_(diagnostics), names_(context) {}

  std::vector<LiftedStruct> lift_all() {
    const clang::DeclContext* detail = inner(inner(context_.getTranslationUnitDecl(), "antidrome"), "detail");
    if (!detail) return {};
    collect_uses();
    for (const KindShape& shape : kinds())
      for (const clang::NamedDecl* found : detail->lookup(&context_.Idents.get(shape.registration)))
        if (const auto* t = llvm::dyn_cast<clang::FunctionTemplateDecl>(found))
          for (const clang::FunctionDecl* instance : t->specializations())
            if (instance->isDefined()) lifted_.push_back(lift(shape, instance));
    for (const auto& [record, shape] : seen_) check_unknown_members(record, *shape);
    return std::move(lifted_);
  }

 private:
  static const clang::DeclContext* inner(const clang::DeclContext* outer, llvm::StringRef name) {
    if (!outer) return nullptr;
    for (const clang::Decl* d : outer->decls())
      if (const auto* space = llvm::dyn_cast<clang::NamespaceDecl>(d); space && space->getName() == name) {
        const clang::DeclContext* primary = space->getPrimaryContext();
        return primary;
      }
    return nullptr;
  }

  /// Where the model file calls population, connect, read or loss, by the structs it gives to them.
  void collect_uses() {
    const clang::DeclContext* dsl = inner(context_.getTranslationUnitDecl(), "antidrome");
    for (const clang::NamedDecl* found : dsl->lookup(&context_.Idents.get("Network"))) {
      const auto* network = llvm::dyn_cast<CXXRecordDecl>(found);
      if (!network || !network->hasDefinition()) continue;
      for (const clang::Decl* d : network->getDefinition()->decls())
        if (const auto* method = llvm::dyn_cast<clang::FunctionTemplateDecl>(d))
          for (const clang::FunctionDecl* call : method->specializations()) uses_.emplace_back(record_arguments(call), call->getPointOfInstantiation());
    }
  }

  clang::SourceLocation use_of(const std::vector<const CXXRecordDecl*>& records) const {
    for (const auto& [arguments, at] : uses_)
      if (std::all_of(records.begin(), records.end(), [&](const CXXRecordDecl* r) { return std::find(arguments.begin(), arguments.end(), r) != arguments.end(); })) return at;
    return {};
  }

  static std::vector<const CXXRecordDecl*> record_arguments(const clang::FunctionDecl* instance) {
    std::vector<const CXXRecordDecl*> records;
    for (const clang::TemplateArgument& a : instance->getTemplateSpecializationArgs()->asArray())
      if (a.getKind() == clang::TemplateArgument::Type) records.push_back(a.getAsType()->getAsCXXRecordDecl());
    return records;
  }

  LiftedStruct lift(const KindShape& shape, const clang::FunctionDecl* instance) {
    LiftedStruct s;
    s.kind = shape.kind;
    s.key = names_.getName(instance);
    const std::vector<const CXXRecordDecl*> records = record_arguments(instance);
    const CXXRecordDecl* self = records.front();
    walker_.begin_struct(use_of(records));
    seen_.emplace(self, &shape);
    s.model.name = self->getNameAsString();
    s.model.at = walker_.locate(self->getLocation());
    std::vector<Object> objects;
    for (std::size_t k = 0; k < records.size(); ++k) {
      objects.push_back({shape.prefixes[k], records[k], Object::Access::plain, 0});
      Layout layout{shape.prefixes[k], {}, context_.getTypeSizeInChars(context_.getRecordType(records[k])).getQuantity()};
      add_members(records[k], 0, layout);
      s.objects.push_back(std::move(layout));
    }
    for (const Member& m : s.objects.front().members) s.model.symbols.push_back(m.symbol);
    check_members(s, self);
    for (const HookShape& hook : shape.hooks) {
      const CXXMethodDecl* method = find_hook(self, shape, hook, records);
      if (method) s.model.hooks[hook.trigger] = walker_.lift(method, shape.kind, hook.trigger, objects);
    }
    check_model(s);
    return s;
  }

  void add_members(const CXXRecordDecl* record, long offset, Layout& layout) {
    const clang::ASTRecordLayout& places = context_.getASTRecordLayout(record);
    for (const clang::CXXBaseSpecifier& base : record->bases())
      if (const CXXRecordDecl* b = base.getType()->getAsCXXRecordDecl(); b && !b->isEmpty()) add_members(b, offset + places.getBaseClassOffset(b).getQuantity(), layout);
    for (const clang::FieldDecl* field : record->fields()) {
      const std::optional<ir::Role> role = role_of(field->getType());
      if (!role) {
        walker_.error("AD108", field->getLocation(), fmt::format("member '{}' of '{}' has no role", field->getNameAsString(), record->getNameAsString()),
                      "declare it param, weight, state, memory, input, count or spike; or static constexpr");
        continue;
      }
      const long place = offset + static_cast<long>(context_.toCharUnitsFromBits(static_cast<std::int64_t>(places.getFieldOffset(field->getFieldIndex()))).getQuantity());
      layout.members.push_back({{field->getNameAsString(), *role, 0, walker_.locate(field->getLocation())}, place});
    }
  }

  void check_members(const LiftedStruct& s, const CXXRecordDecl* record) {
    if (is_dsl_class(record, "Channel")) return;
    for (const ir::Symbol& symbol : s.model.symbols) {
      if (is_reserved(symbol.name)) report("AD109", symbol.at, fmt::format("'{}' is a word of the language and cannot name a member", symbol.name), "choose another name");
      if (symbol.role == ir::Role::memory)
        report("AD114", symbol.at, fmt::format("memory ('{}') is not supported yet by learning rule EventProp", symbol.name), "a state that is fresh in every trial is declared state");
      if (symbol.role == ir::Role::weight && s.kind != StructKind::synapse)
        report("AD108", symbol.at, fmt::format("'{}' is a weight, but '{}' is not a synapse", symbol.name, s.model.name), "declare it param; per_neuron(…) gives every neuron its own");
      if (symbol.role == ir::Role::input && s.kind != StructKind::neuron)
        report("AD108", symbol.at, fmt::format("'{}' is an input, but '{}' is not a neuron", symbol.name, s.model.name), "declare it state");
    }
  }

  void check_model(const LiftedStruct& s) {
    const ir::Model& m = s.model;
    const auto unsupported = [&](Trigger t, const char* name) {
      if (m.has(t)) report("AD114", m.hooks.at(t).at, fmt::format("hook '{}' of '{}' is not supported yet by learning rule EventProp", name, m.name), "leave it out");
    };
    unsupported(Trigger::end, "end");
    unsupported(Trigger::post_spike, "post_spike");
    unsupported(Trigger::keep, "keep");
    if (s.kind == StructKind::synapse) unsupported(Trigger::step, "step");
    if (s.kind == StructKind::neuron && m.has(Trigger::reset) && !m.has(Trigger::fires))
      report("AD118", m.hooks.at(Trigger::reset).at, fmt::format("'{}' has reset() but no fires(): it is never reset", m.name), "add bool fires() { return v >= theta; }");
    const bool has_spike = std::any_of(m.symbols.begin(), m.symbols.end(), [](const ir::Symbol& x) { return x.role == ir::Role::spike; });
    if (s.kind == StructKind::neuron && has_spike && m.has(Trigger::step))
      report("AD115", m.hooks.at(Trigger::step).at, fmt::format("'{}' is a map (its step() assigns its spike), which EventProp cannot differentiate", m.name),
             "write it as a continuous neuron: flow(), fires() and reset()");
    if (m.has(Trigger::fires)) check_predicate(m);
  }

  void check_predicate(const ir::Model& m) {
    const ir::Hook& fires = m.hooks.at(Trigger::fires);
    if (!fires.result.defined()) return;
    const ir::Kind kind = fires.result.kind();
    if (kind == ir::Kind::number) report("AD117", fires.at, fmt::format("fires() of '{}' is always {}", m.name, fires.result.value() != 0 ? "true" : "false"), "compare a state with a threshold: v >= theta");
    else if (kind == ir::Kind::not_equal || kind == ir::Kind::equal)
      report("AD117", fires.at, fmt::format("fires() of '{}' is not a crossing: it asks whether two numbers are equal", m.name), "compare with >= or <=");
    check_draws(m, fires);
  }

  /// A draw may be a guard beside a crossing, not a part of it: an escape rate has no crossing to differentiate.
  void check_draws(const ir::Model& m, const ir::Hook& fires) {
    std::set<std::string> states, draws;
    for (const std::string& name : ir::free_symbols(fires.result)) {
      const ir::Symbol* s = m.find(name);
      if (ir::is_draw(name)) draws.insert(name);
      else if (s && (s->role == ir::Role::state || s->role == ir::Role::input)) states.insert(name);
    }
    if (draws.empty()) return;
    bool crossing = false, mixed = false;
    for (const ir::Kind kind : {ir::Kind::less, ir::Kind::less_equal})
      for (const ir::Expr c : ir::nodes_of(fires.result, kind)) {
        const bool moves = ir::depends_on(c, states);
        crossing = crossing || moves;
        mixed = mixed || (moves && ir::depends_on(c, draws));
      }
    if (mixed || !crossing)
      report("AD117", fires.at, fmt::format("fires() of '{}' compares {} with a random draw", m.name, mixed ? "a state" : "nothing but parameters"),
             "EventProp needs a threshold on states; a draw may be a second condition: v >= theta && uniform() >= p_drop");
  }

  const CXXMethodDecl* find_hook(const CXXRecordDecl* record, const KindShape& shape, const HookShape& hook, const std::vector<const CXXRecordDecl*>& records) {
    const clang::Decl* misfit = nullptr;
    const auto fits = [&](const CXXMethodDecl* m) {
      const unsigned n = m->getNumParams();
      if (hook.trigger == Trigger::loss) {
        if (n < 1 || n > 2 || !m->isDefined()) return false;
        const auto* range = llvm::dyn_cast_or_null<clang::ClassTemplateSpecializationDecl>(m->getParamDecl(0)->getType().getNonReferenceType()->getAsCXXRecordDecl());
        return range && is_dsl_class(range, "Range") && range->getTemplateArgs()[0].getAsType()->getAsCXXRecordDecl() == records[1];
      }
      if (n != hook.objects || !m->isDefined()) return false;
      for (unsigned k = 0; k < n; ++k)
        if (m->getParamDecl(k)->getType().getNonReferenceType()->getAsCXXRecordDecl() != records[k + 1]) return false;
      return true;
    };
    for (const clang::Decl* d : record->decls()) {
      const auto* named = llvm::dyn_cast<clang::NamedDecl>(d);
      if (!named || !named->getIdentifier() || named->getName() != hook.name) continue;
      misfit = d;
      if (const auto* m = llvm::dyn_cast<CXXMethodDecl>(d); m && fits(m)) return llvm::cast<CXXMethodDecl>(m->getDefinition());
      if (const auto* t = llvm::dyn_cast<clang::FunctionTemplateDecl>(d))
        for (const clang::FunctionDecl* instance : t->specializations())
          if (const auto* m = llvm::dyn_cast<CXXMethodDecl>(instance); m && fits(m)) return llvm::cast<CXXMethodDecl>(m->getDefinition());
    }
    for (const clang::CXXBaseSpecifier& base : record->bases())
      if (const CXXRecordDecl* b = base.getType()->getAsCXXRecordDecl())
        if (const CXXMethodDecl* m = find_hook(b, shape, hook, records)) return m;
    if (misfit)
      walker_.error("AD106", misfit->getLocation(), fmt::format("'{}' of {} '{}' has the wrong parameters and would never run", hook.name, shape.word, record->getNameAsString()),
                    fmt::format("a hook of a {} takes {}", shape.word, shape.parameters));
    return nullptr;
  }

  /// A misspelt hook is silent in C++ (nobody calls it), so a member function that nothing refers to is an error.
  void check_unknown_members(const CXXRecordDecl* record, const KindShape& shape) {
    std::vector<std::string> hooks;
    for (const HookShape& h : shape.hooks) hooks.emplace_back(h.name);
    for (const clang::Decl* d : record->decls()) {
      const clang::FunctionDecl* f = d->getAsFunction();
      if (!f || !f->getIdentifier() || f->isImplicit() || f->isStatic()) continue;
      const std::string name = f->getNameAsString();
      if (std::find(hooks.begin(), hooks.end(), name) != hooks.end()) continue;
      if (shape.kind == StructKind::neuron && name == "slope") {
        const Location at = walker_.locate(f->getLocation());
        diagnostics_.warning("AD131", at, fmt::format("slope() of '{}' is ignored: EventProp needs no surrogate derivative", record->getNameAsString()));
        continue;
      }
      if (f->isReferenced() || d->isReferenced() || called_.contains(f->getCanonicalDecl())) continue;
      const char* known = synonym(name);
      const std::string hint = known && std::find(hooks.begin(), hooks.end(), known) != hooks.end() ? fmt::format(", did you mean '{}'", known) : did_you_mean(name, hooks);
      walker_.error("AD105", f->getLocation(), fmt::format("unknown hook '{}' of {} '{}'{}", name, shape.word, record->getNameAsString(), hint),
                    fmt::format("a {} has the hooks {}", shape.word, quoted_list(hooks)));
    }
  }

  void report(const char* code, const Location& at, std::string message, std::string remedy) {
    for (const Diagnostic& d : diagnostics_.all())
      if (d.code == code && d.at.line == at.line && d.at.column == at.column && d.at.file == at.file) return;
    diagnostics_.error(code, at, std::move(message), std::move(remedy));
  }

  clang::ASTContext& context_;
  std::set<const clang::Decl*> called_;
  Walker walker_;
  Diagnostics& diagnostics_;
  clang::ASTNameGenerator names_;
  std::vector<LiftedStruct> lifted_;
  std::map<const CXXRecordDecl*, const KindShape*> seen_;
  std::vector<std::pair<std::vector<const CXXRecordDecl*>, clang::SourceLocation>> uses_;
};

}  // namespace

std::vector<LiftedStruct> lift_structs(clang::ASTContext& context, Diagnostics& diagnostics) { return StructLifter(context, diagnostics).lift_all(); }

Location find_network_function(clang::ASTContext& context, const std::string& file, Diagnostics& diagnostics) {
  const char* remedy = "write: void network(Network& net) { … }";
  const auto locate = [&](const clang::FunctionDecl* f) {
    const clang::PresumedLoc at = context.getSourceManager().getPresumedLoc(f->getLocation());
    return Location{at.getFilename(), static_cast<int>(at.getLine()), static_cast<int>(at.getColumn())};
  };
  const clang::FunctionDecl* other = nullptr;
  for (const clang::NamedDecl* d : context.getTranslationUnitDecl()->lookup(&context.Idents.get("network"))) {
    const auto* f = llvm::dyn_cast<clang::FunctionDecl>(d);
    if (!f) continue;
    other = f;
    if (f->getNumParams() == 1 && f->getParamDecl(0)->getType()->isLValueReferenceType() && f->isDefined() &&
        is_dsl_class(f->getParamDecl(0)->getType().getNonReferenceType()->getAsCXXRecordDecl(), "Network")) return locate(f);
  }
  if (other) {
    diagnostics.error("AD120", locate(other), "'network' is not a function void network(Network&) with a body", remedy);
  } else {
    diagnostics.error("AD120", {file, 0, 0}, "the model file has no network()", remedy);
  }
  return {};
}

}  // namespace antidrome::frontend
