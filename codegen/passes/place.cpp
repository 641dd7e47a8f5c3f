#include <fmt/format.h>

#include "codegen/passes/joiner.hpp"

namespace antidrome::passes {
namespace {

using namespace ir;

bool is_state(const ir::Symbol& s) { return s.role == Role::state || s.role == Role::count; }

/// Effects that write a state of the synapse itself, with the hook they belong to.
struct Write { const Effect* effect; bool flow; };

std::vector<Write> writes_to(const Model& model, const std::string& state) {
  std::vector<Write> found;
  for (Trigger t : {Trigger::pre_spike, Trigger::flow})
    if (auto it = model.hooks.find(t); it != model.hooks.end())
      for (const Effect& e : it->second.effects)
        if (e.target == state) found.push_back({&e, t == Trigger::flow});
  return found;
}

/// The first name in `e` that differs between the targets of one source; empty when there is none.
std::string varies_with_target(Expr e, const Projection& p, const std::map<std::string, Place>& source_placed) {
  for (const std::string& name : free_symbols(e)) {
    if (name.starts_with("post.")) return name;
    const ir::Symbol* s = p.model.find(name);
    if (!s) continue;
    if (is_state(*s) && !source_placed.contains(name)) return name;
    if (is_state(*s)) continue;
    const auto axes = synapse_axes(*s, p.values.at(name));
    if (axes == Parameter::Axes::target || axes == Parameter::Axes::source_target) return name;
  }
  return {};
}

std::set<std::string> linear_candidates(const Projection& p, const std::map<std::string, Place>& placed) {
  std::set<std::string> names;
  for (const ir::Symbol& s : p.model.symbols)
    if (s.role == Role::state && !placed.contains(s.name)) names.insert(s.name);
  return names;
}

/// Why `state` cannot be kept once per target, or empty.
std::string obstacle(const Projection& p, const ir::Symbol& state, const std::set<std::string>& linear) {
  if (state.role == Role::count) return "it is a count";
  if (state.initial != 0) return "it does not start at zero";
  for (const Write& w : writes_to(p.model, state.name)) {
    const LinearForm form = linear_form(w.effect->value, linear);
    if (!form.affine) return "what is written to it is not linear in the synapse's states";
    if (w.flow && !form.constant.is_number(0)) return "its flow has a term without the state";
    for (const auto& [name, c] : form.coefficient) {
      if (!w.flow && name == state.name ? !simplify(c - 1.0).is_number(0) : !w.flow && !c.is_number(0)) return "its jump depends on the state itself";
      if (!w.flow) continue;
      for (const std::string& free : free_symbols(c)) {
        const ir::Symbol* s = p.model.find(free);
        if (free.starts_with("pre.") || (s && is_state(*s)) || (s && synapse_axes(*s, p.values.at(free)) != Parameter::Axes::shared && synapse_axes(*s, p.values.at(free)) != Parameter::Axes::target))
          return fmt::format("its flow depends on '{}'", free);
      }
    }
  }
  return {};
}

}  // namespace

Parameter::Axes synapse_axes(const ir::Symbol& s, const Value& v) {
  if (s.role == Role::weight) return Parameter::Axes::source_target;
  switch (v.spread) {
    case Value::Spread::per_source: return Parameter::Axes::source;
    case Value::Spread::per_target:
    case Value::Spread::per_neuron: return Parameter::Axes::target;
    case Value::Spread::per_synapse: return Parameter::Axes::source_target;
    case Value::Spread::by_kind:
    case Value::Spread::shared: return Parameter::Axes::shared;
  }
  return Parameter::Axes::shared;
}

std::map<std::string, Place> place_states(const Projection& p, Diagnostics& diagnostics) {
  std::map<std::string, Place> source;
  for (const ir::Symbol& s : p.model.symbols)
    if (is_state(s)) source.emplace(s.name, Place::source);
  for (bool changed = true; changed;) {                       // what depends on a state that varies with the target varies too
    changed = false;
    for (auto it = source.begin(); it != source.end();) {
      bool varies = false;
      for (const Write& w : writes_to(p.model, it->first)) varies |= !varies_with_target(w.effect->value, p, source).empty();
      it = varies ? source.erase(it) : std::next(it);
      changed |= varies;
    }
  }
  std::map<std::string, Place> placed = source;
  const std::set<std::string> linear = linear_candidates(p, source);
  for (const ir::Symbol& s : p.model.symbols) {
    if (!is_state(s) || source.contains(s.name)) continue;
    if (const std::string why = obstacle(p, s, linear); !why.empty()) {
      diagnostics.error("AD220", s.at, fmt::format("'{}' of '{}' would need one value per synapse of '{}': {}", s.name, p.model.name, p.name, why),
                        "keep it linear and additive (one value per target), or write to it only what all targets of a source share (one value per source)");
    }
    placed.emplace(s.name, Place::target);
  }
  return placed;
}

}  // namespace antidrome::passes
