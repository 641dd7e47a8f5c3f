#include <algorithm>
#include <fmt/format.h>

#include "codegen/ir/names.hpp"
#include "codegen/passes/joiner.hpp"
#include "codegen/passes/terms.hpp"

namespace antidrome::passes {

using namespace ir;

namespace {

/// While a projection is being joined, names seen from its source carry a mark: in a population connected to itself `pre.v` and
/// `post.v` are the same state of different neurons.
constexpr char source_mark = '@';
std::string marked(const std::string& name) { return source_mark + name; }
std::string unmarked(const std::string& name) { return name.starts_with(source_mark) ? name.substr(1) : name; }
Expr unmarked(Expr e) { return rename(e, [](const std::string& name) { return unmarked(name); }); }

std::string state_name(const Projection& p, const std::string& state, Place place) {
  return qualified(qualified(place == Place::source ? p.pre : p.post, p.name), state);
}

}  // namespace

Bindings Joiner::synapse_bindings(const Projection& p, const std::map<std::string, Place>& placed) {
  Bindings bindings;
  const Population &pre = *network_.population(p.pre), &post = *network_.population(p.post);
  for (const ir::Symbol& s : p.model.symbols) {
    const bool kept = placed.contains(s.name), at_source = kept && placed.at(s.name) == Place::source;
    const std::string name = kept ? state_name(p, s.name, placed.at(s.name)) : qualified(p.name, s.name);
    bindings.emplace(symbol(s.name), symbol(at_source ? marked(name) : name));
  }
  for (const ir::Symbol& s : pre.model.symbols) bindings.emplace(symbol("pre." + s.name), symbol(marked(qualified(p.pre, s.name))));
  for (const ir::Symbol& s : post.model.symbols) bindings.emplace(symbol("post." + s.name), symbol(qualified(p.post, s.name)));
  return bindings;
}

/// amount = sum_k F_k(post) * (sum over sources of W * factor): the sums become gathers of the edge, the answer reads their symbols.
Expr Joiner::gather_sum(const Projection& p, Edge& edge, Expr amount, bool continuous, const Location& at) {
  std::set<std::string> source_names, target_names, weights;
  for (const Parameter& q : program_.parameters) {
    const bool own = q.edge == edge.name;
    if (own && q.axes == Parameter::Axes::source_target) weights.insert(q.name);
    if (own && (q.axes == Parameter::Axes::source_target || q.axes == Parameter::Axes::source)) source_names.insert(q.name);
    if ((own && q.axes == Parameter::Axes::target) || (q.axes == Parameter::Axes::neuron && q.cell == p.post)) target_names.insert(q.name);
  }
  for (const std::string& name : free_symbols(amount))
    if (name.starts_with(source_mark)) source_names.insert(name);
  for (const State& s : cell(p.post).states) target_names.insert(s.name);
  for (const auto& [name, sum] : inputs_)
    if (name.starts_with(p.post + ".")) target_names.insert(name);

  std::vector<Term> terms;
  if (!split_terms(amount, source_names, target_names, terms)) {
    diagnostics_.error("AD221", at, fmt::format("in '{}' a term mixes source and target in a way that is not a sum of products", p.model.name),
                       "write it as (what the source and the weight give) * (what the target gives)");
    return 0.0;
  }
  std::set<std::string> summed;                               // states kept per target hold the sum over the synapses already
  for (const State& s : cell(p.post).states)
    if (s.name.starts_with(qualified(p.post, p.name) + ".")) summed.insert(s.name);
  Expr sum = 0.0;
  for (const Term& t : terms) {
    if (depends_on(t.target, summed)) {
      const LinearForm form = linear_form(t.target, summed);
      if (continuous && t.source.is_number(1) && form.affine && form.constant.is_number(0)) {
        sum = sum + t.target;
        continue;
      }
      diagnostics_.error("AD228", at, fmt::format("'{}' reads a state that is kept once per target other than as a plain sum", p.model.name),
                         "multiply by the weight where the spike arrives: i += w");
      return 0.0;
    }
    Expr weight = 1.0, factor = 1.0;
    split_product(t.source, weights, weight, factor);
    factor = unmarked(factor);
    if (!weight.is_number(1) && !weight.is(Kind::symbol)) {
      diagnostics_.error("AD222", at, fmt::format("in '{}' a weight enters as '{}'", p.model.name, print(weight)), "a weight enters an effect on the target as a plain factor, once");
      return 0.0;
    }
    const std::string name = weight.is(Kind::symbol) ? weight.name() : std::string();
    auto same = [&](const Gather& g) { return g.weight == name && g.factor == factor && g.continuous == continuous; };
    auto it = std::find_if(edge.gathers.begin(), edge.gathers.end(), same);
    if (it == edge.gathers.end()) {
      edge.gathers.push_back({qualified(edge.name, fmt::format("G{}", edge.gathers.size())), name, factor, continuous});
      it = std::prev(edge.gathers.end());
    }
    sum = sum + t.target * symbol(it->name);
  }
  return sum;
}

/// A write to a state of the target: new = old + amount, amount a sum of gathers. `target` is the cell's name of the state.
void Joiner::add_jump(const Projection& p, Edge& edge, const std::string& target, Expr value, const Location& at) {
  const Expr amount = simplify(value - symbol(target));
  const Expr sum = gather_sum(p, edge, amount, false, at);
  edge.arrive_post.push_back({target, symbol(target) + sum});
}

void Joiner::add_synapse_parameter(const Projection& p, const ir::Symbol& s, const Value& v) {
  const auto axes = synapse_axes(s, v);
  const bool by_source = axes == Parameter::Axes::source || axes == Parameter::Axes::source_target;
  const bool by_target = axes == Parameter::Axes::target || axes == Parameter::Axes::source_target;
  add_parameter(p.name, s, v, axes, by_source && !by_target ? p.pre : by_target && !by_source ? p.post : std::string(), p.name,
                by_source ? network_.population(p.pre)->size : 1, by_target ? network_.population(p.post)->size : 1);
}

/// With a delay per synapse one spike arrives at many times, and what its source is then would be another number for each target.
void Joiner::refuse_by_arrival(const Edge& edge) {
  if (!program_.scattered(edge)) return;
  bool reads = !edge.arrive_pre.empty();
  for (const Gather& g : edge.gathers) reads |= !g.continuous && !g.factor.is_number(1);
  if (reads)
    diagnostics_.error("AD229", edge.at, fmt::format("a spike of '{}' reads or changes its source when it arrives, but its synapses have delays of their own: each would see another value", edge.name),
                       "give the projection one delay, or let the spike bring nothing but its weight");
}

void Joiner::add_delay(const Projection& p, Edge& edge) {
  const bool exact = program_.mode == TimeMode::exact, source = network_.population(p.pre)->source;
  edge.delay_steps = p.delay_steps.value_or(exact || source || p.delay ? 0 : 1);
  if (p.delay) edge.delay = qualified(p.name, "delay");
  if (!exact && !source && !p.delay && edge.delay_steps < 1)
    diagnostics_.error("AD224", p.at, fmt::format("projection '{}' from a population has no delay", p.name), "a spike acts one step later at the earliest: .delay = 1_steps");
}

void Joiner::add_edge(const Projection& p) {
  Edge edge;
  edge.name = p.name;
  edge.pre = p.pre;
  edge.post = p.post;
  edge.at = p.at;
  edge.connectivity = p.connectivity;
  add_delay(p, edge);
  const std::map<std::string, Place> placed = place_states(p, diagnostics_);
  if (diagnostics_.has_errors()) return;
  for (const ir::Symbol& s : p.model.symbols) {
    if (s.role == Role::state || s.role == Role::count) {
      const Place place = placed.at(s.name);
      cell(place == Place::source ? p.pre : p.post).states.push_back({state_name(p, s.name, place), s.role == Role::count, Expr(s.initial), s.at});
    } else {
      add_synapse_parameter(p, s, p.values.at(s.name));
    }
  }
  const Bindings bindings = synapse_bindings(p, placed);
  auto full_name = [&](const std::string& target) { return unmarked(substitute(symbol(target), bindings).name()); };
  if (auto it = p.model.hooks.find(Trigger::flow); it != p.model.hooks.end()) {
    for (const Effect& e : it->second.effects) {
      const Expr value = bind(e.value, bindings, e.at);
      if (e.kind == Effect::Kind::derivative) {
        cell(placed.at(e.target) == Place::source ? p.pre : p.post).flow.push_back({full_name(e.target), unmarked(value)});
        continue;
      }
      const std::string target = full_name(e.target);
      if (e.kind != Effect::Kind::contribute || !inputs_.contains(target) || !e.target.starts_with("post.")) {
        diagnostics_.error("AD225", e.at, fmt::format("flow() of '{}' writes '{}', which is not an input of the target", p.model.name, e.target), "in flow() write post.<input> += …, or d(own state) = …");
        continue;
      }
      inputs_[target] = inputs_[target] + gather_sum(p, edge, value, true, e.at);
    }
  }
  if (auto it = p.model.hooks.find(Trigger::pre_spike); it != p.model.hooks.end()) {
    for (const Effect& e : it->second.effects) {
      const Expr value = bind(e.value, bindings, e.at);
      const std::string target = full_name(e.target);
      if (placed.contains(e.target) && placed.at(e.target) == Place::source) {
        edge.arrive_pre.push_back({target, unmarked(value)});
      } else if (inputs_.contains(target)) {
        diagnostics_.error("AD226", e.at, fmt::format("a spike jumps the input '{}' of a continuous neuron", e.target), "let the spike jump a state (for example a synaptic current that decays)");
      } else if (cell(p.post).state(target)) {
        add_jump(p, edge, target, value, e.at);
      } else {
        diagnostics_.error("AD227", e.at, fmt::format("pre_spike() of '{}' writes '{}', which is not a state of the target or of the synapse", p.model.name, e.target));
      }
    }
  }
  if (p.delay) add_synapse_parameter(p, {"delay", Role::param, 0, p.at}, *p.delay);
  refuse_by_arrival(edge);
  program_.edges.push_back(std::move(edge));
}

}  // namespace antidrome::passes
