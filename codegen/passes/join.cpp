#include <fmt/format.h>

#include "codegen/ir/names.hpp"
#include "codegen/passes/joiner.hpp"
#include "codegen/passes/threshold.hpp"

namespace antidrome::passes {

using namespace ir;

namespace {

const std::set<std::string> context = {"time", "dt", "trial", "training"};

/// own member -> "<owner>.<member>"; with a prefix ("neuron.", "post.") for members seen through a reference.
void bind_members(const Model& model, const std::string& seen_as, const std::string& owner, Bindings& bindings) {
  for (const ir::Symbol& s : model.symbols) bindings.emplace(symbol(seen_as + s.name), symbol(qualified(owner, s.name)));
}

const Hook* hook(const Model& model, Trigger t) {
  auto it = model.hooks.find(t);
  return it == model.hooks.end() ? nullptr : &it->second;
}

}  // namespace

Cell& Joiner::cell(const std::string& name) {
  for (Cell& c : program_.cells)
    if (c.name == name) return c;
  throw InternalError("internal error: no cell '" + name + "', please report it");
}

Expr Joiner::bind(Expr e, const Bindings& bindings, const Location& at) {
  const Expr bound = substitute(e, bindings);
  for (const std::string& name : free_symbols(bound))
    if (name.find('.') == std::string::npos && !context.contains(name))
      diagnostics_.error("AD213", at, fmt::format("'{}' means nothing here", name), "use a member of the struct, of its arguments, or time(), dt(), trial(), training()");
  return bound;
}

void Joiner::add_parameter(const std::string& owner, const ir::Symbol& s, const Value& value, Parameter::Axes axes, const std::string& cell_name,
                           const std::string& edge_name, int rows, int cols) {
  program_.parameters.push_back({qualified(owner, s.name), axes, rows, cols, value, value.trainable, cell_name, edge_name});
}

/// Every draw in the text of a neuron's hooks is one site.
void Joiner::add_draws(const Population& p, Cell& c, Bindings& own) {
  std::map<std::string, Location> found;
  for (const auto& [trigger, h] : p.model.hooks) {
    std::set<std::string> names;
    for (const Effect& e : h.effects) names.merge(free_symbols(e.value));
    if (h.result.defined()) names.merge(free_symbols(h.result));
    for (const std::string& name : names)
      if (is_draw(name)) found.emplace(name, h.at);
  }
  for (const auto& [name, at] : found) {
    own.emplace(symbol(name), symbol(qualified(p.name, name)));
    c.draws.push_back({qualified(p.name, name), name.starts_with("draw_uniform") ? Draw::Kind::uniform : Draw::Kind::normal, sites_++});
    if (program_.mode == TimeMode::exact)
      diagnostics_.error("AD251", at, fmt::format("'{}' draws random numbers at each step, which exact mode does not have", p.model.name), "use mode = grid, or leave the draws out");
  }
}

void Joiner::add_cell(const Population& p) {
  Cell c;
  c.name = p.name;
  c.size = p.size;
  c.source = p.source;
  c.wanted_solver = p.solver;
  c.at = p.at;
  if (p.source) {
    program_.cells.push_back(std::move(c));
    return;
  }
  Bindings own;
  bind_members(p.model, "", p.name, own);
  for (const ir::Symbol& s : p.model.symbols) {
    const std::string name = qualified(p.name, s.name);
    if (s.role == Role::param) {
      const Value& v = p.values.at(s.name);
      const bool shared = v.spread == Value::Spread::by_kind || v.spread == Value::Spread::shared;
      add_parameter(p.name, s, v, shared ? Parameter::Axes::shared : Parameter::Axes::neuron, p.name, "", 1, shared ? 1 : p.size);
    } else if (s.role == Role::input) {
      inputs_.emplace(name, 0.0);
    } else {
      c.states.push_back({name, s.role == Role::count, Expr(s.initial), s.at});
    }
  }
  add_draws(p, c, own);
  auto target = [&](const Effect& e) { return qualified(p.name, e.target); };
  if (const Hook* h = hook(p.model, Trigger::start))
    for (const Effect& e : h->effects)
      for (State& s : c.states)
        if (s.name == target(e)) s.initial = bind(e.value, own, e.at);
  if (const Hook* h = hook(p.model, Trigger::flow))
    for (const Effect& e : h->effects) c.flow.push_back({target(e), bind(e.value, own, e.at)});
  if (const Hook* h = hook(p.model, Trigger::reset))
    for (const Effect& e : h->effects) c.jump.push_back({target(e), bind(e.value, own, e.at)});
  if (const Hook* h = hook(p.model, Trigger::fires)) fires_[p.name] = bind(h->result, own, h->at);
  program_.cells.push_back(std::move(c));
}

std::string Joiner::readout_prefix(const Readout& r) const {
  return r.name.starts_with(r.population + "_") ? r.name.substr(r.population.size() + 1) : r.name;
}

void Joiner::add_readout(const Readout& r) {
  Cell& c = cell(r.population);
  const std::string inside = qualified(r.population, readout_prefix(r));
  Bindings bindings;
  for (const ir::Symbol& s : r.model.symbols) {
    const bool parameter = s.role == Role::param;
    bindings.emplace(symbol(s.name), symbol(qualified(parameter ? r.name : inside, s.name)));
    if (parameter) {
      const Value& v = r.values.at(s.name);
      const bool shared = v.spread == Value::Spread::by_kind || v.spread == Value::Spread::shared;
      add_parameter(r.name, s, v, shared ? Parameter::Axes::shared : Parameter::Axes::neuron, r.population, "", 1, shared ? 1 : c.size);
    } else {
      c.states.push_back({qualified(inside, s.name), s.role == Role::count, Expr(s.initial), s.at});
    }
  }
  bind_members(network_.population(r.population)->model, "neuron.", r.population, bindings);
  auto add = [&](Trigger t, std::vector<Update>& list) {
    if (const Hook* h = hook(r.model, t))
      for (const Effect& e : h->effects) list.push_back({qualified(inside, e.target), bind(e.value, bindings, e.at)});
  };
  add(Trigger::flow, c.flow);
  add(Trigger::spike, c.jump);
  add(Trigger::step, c.after);
}

void Joiner::add_loss(const Loss& l) {
  const Readout& r = *network_.readout(l.readout);
  const std::string inside = qualified(r.population, readout_prefix(r));
  Bindings bindings;
  for (const ir::Symbol& s : l.model.symbols) {
    bindings.emplace(symbol(s.name), symbol(qualified(l.name, s.name)));
    add_parameter(l.name, s, l.values.at(s.name), Parameter::Axes::shared, r.population, "", 1, 1);
  }
  for (const ir::Symbol& s : r.model.symbols) {
    const Expr name = symbol(qualified(s.role == Role::param ? r.name : inside, s.name));
    bindings.emplace(symbol("out." + s.name), name);
  }
  Bindings own;
  for (const ir::Symbol& s : r.model.symbols) own.emplace(symbol(s.name), symbol(qualified(s.role == Role::param ? r.name : inside, s.name)));
  ProgramLoss loss;
  loss.name = l.name;
  loss.cell = r.population;
  loss.at = l.at;
  loss.when = l.when;
  loss.labelled = l.labelled;
  if (const Hook* h = hook(r.model, Trigger::score)) loss.score = bind(h->result, own, h->at);
  const Hook& h = l.model.hooks.at(Trigger::loss);
  loss.value = Expr(l.scale) * bind(h.result, bindings, h.at);
  const std::vector<Expr> means = nodes_of(loss.value, Kind::batch_mean);
  if (!means.empty() && l.when == Loss::When::each_step)
    diagnostics_.error("AD250", l.at, fmt::format("loss '{}' is taken at each step and reads a mean over the batch, which is known at the end of the trial", l.name), "give the batch mean a loss of its own, at_end");
  for (Expr mean : means)
    if (nodes_of(mean.arg(0), Kind::batch_mean).size() > 0)
      diagnostics_.error("AD250", l.at, fmt::format("loss '{}' takes a batch mean of a batch mean", l.name), "take one mean of what the samples have");
  program_.losses.push_back(std::move(loss));
}

/// Every input becomes the expression that is summed into it. An input that reads an input comes later; a cycle is an error.
void Joiner::substitute_inputs() {
  Bindings bindings;
  std::set<std::string> names;
  for (const auto& [name, sum] : inputs_) names.insert(name);
  for (std::size_t round = 0; round <= inputs_.size(); ++round) {
    bindings.clear();
    for (const auto& [name, sum] : inputs_) bindings.emplace(symbol(name), sum);
    bool again = false;
    for (auto& [name, sum] : inputs_) {
      if (!depends_on(sum, names)) continue;
      again = true;
      sum = substitute(sum, bindings);
    }
    if (!again) break;
    if (round == inputs_.size()) {
      diagnostics_.error("AD215", {network_.model_file, 0, 0}, "inputs depend on each other in a cycle", "break the cycle by reading a state");
      return;
    }
  }
  for (Cell& c : program_.cells) {
    for (std::vector<Update>* list : {&c.flow, &c.jump, &c.after})
      for (Update& u : *list) u.value = simplify(substitute(u.value, bindings));
    if (auto it = fires_.find(c.name); it != fires_.end()) it->second = substitute(it->second, bindings);
  }
  for (Edge& e : program_.edges) {
    for (std::vector<Update>* list : {&e.arrive_pre, &e.arrive_post})
      for (Update& u : *list) u.value = simplify(substitute(u.value, bindings));
    for (Gather& g : e.gathers) g.factor = simplify(substitute(g.factor, bindings));
  }
}

/// Threshold, edge detection, the neuron's own step hook, and the list of gathered sums that the flow reads.
void Joiner::finish_cell(const Population& p, Cell& c) {
  Bindings own;
  bind_members(p.model, "", p.name, own);
  for (const Draw& d : c.draws) own.emplace(symbol(d.name.substr(p.name.size() + 1)), symbol(d.name));
  if (const Hook* h = hook(p.model, Trigger::step)) {
    if (program_.mode == TimeMode::exact)
      diagnostics_.error("AD216", h->at, fmt::format("'{}' has a step(), which exact mode does not have", p.model.name), "write it as a flow, or use mode = grid");
    for (const Effect& e : h->effects) c.advance.push_back({qualified(p.name, e.target), bind(e.value, own, e.at)});   // `solve` composes it with the flow
  }
  std::set<std::string> states, gathers;
  for (const State& s : c.states)
    if (!s.count) states.insert(s.name);
  if (auto it = fires_.find(c.name); it != fires_.end()) {
    c.threshold = simplify(threshold_function(it->second, states));
    if (!p.model.has(Trigger::reset)) {                      // no reset: fire on the edge, re-arm when the predicate is false at the end of a step
      const std::string above = qualified(c.name, "above");
      c.states.push_back({above, true, Expr(0.0), p.at});
      c.jump.push_back({above, Expr(1.0)});
      c.after.push_back({above, select(make(Kind::less_equal, {Expr(0.0), c.threshold}), symbol(above), 0.0)});
      c.threshold = select(make(Kind::equal, {symbol(above), Expr(0.0)}), c.threshold, -1.0);
    }
  } else if (!c.jump.empty()) {
    diagnostics_.error("AD217", p.at, fmt::format("'{}' never fires, but something happens at its spikes", p.name), "add `bool fires()` to the neuron, or read it with a readout without spike()");
  }
  for (const Edge& e : program_.edges)
    for (const Gather& g : e.gathers)
      if (g.continuous && e.post == c.name) c.gathers.push_back(g.name);
}

Program Joiner::run() {
  program_.model_file = network_.model_file;
  program_.mode = options_.mode;
  program_.learn = network_.learn;
  for (bool sources : {true, false})
    for (const Population& p : network_.populations)
      if (p.source == sources) add_cell(p);
  for (const Projection& p : network_.projections) add_edge(p);
  for (const Readout& r : network_.readouts) add_readout(r);
  for (const Loss& l : network_.losses) add_loss(l);
  if (diagnostics_.has_errors()) return std::move(program_);
  substitute_inputs();
  for (const Population& p : network_.populations) finish_cell(p, cell(p.name));
  return std::move(program_);
}

Program join(const Network& network, const PassOptions& options, Diagnostics& diagnostics) { return Joiner(network, options, diagnostics).run(); }

}  // namespace antidrome::passes
