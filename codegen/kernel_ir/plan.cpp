// What the forward pass must keep: read off the free symbols of the backward equations.
#include <algorithm>
#include <fmt/format.h>

#include "codegen/kernel_ir/lowering.hpp"

namespace antidrome::kernel {

using namespace ir;

Node make_node(NodeKind kind, std::vector<Node> body, const std::string& note) {
  Node n;
  n.kind = kind;
  n.body = std::move(body);
  n.note = note;
  return n;
}

Node in_cell(NodeKind kind, const std::string& cell, std::vector<Node> body, int count) {
  Node n = make_node(kind, std::move(body));
  n.cell = cell;
  n.count = count;
  return n;
}

Node for_arrivals(const Edge& edge, std::vector<Node> body) {
  Node n = in_cell(NodeKind::for_spikes, edge.pre, std::move(body));
  n.edge = edge.name;
  return n;
}

std::vector<Node> add_change(Constants& constants, const Place& change, const Place& target, const std::string& name) {
  Block b(constants, Column::unit);
  b.place("change", change, name);
  b.add(target, b.read("change"));
  return b.finish();
}

void append(std::vector<Node>& to, std::vector<Node> nodes) {
  for (Node& n : nodes) to.push_back(std::move(n));
}

bool is_state(const Cell& c, const std::string& symbol) { return c.state(symbol) != nullptr; }

std::set<std::string> targets(const std::vector<Update>& updates) {
  std::set<std::string> names;
  for (const Update& u : updates) names.insert(u.target);
  return names;
}

std::set<std::string> symbols_in(const std::vector<Update>& updates) {
  std::set<std::string> names;
  for (const Update& u : updates)
    for (const std::string& s : free_symbols(u.value)) names.insert(s);
  return names;
}

CellPlan& Lowering::plan(const std::string& cell) {
  for (CellPlan& p : cells)
    if (p.cell->name == cell) return p;
  throw InternalError(fmt::format("internal error: no cell '{}', please report it", cell));
}

EdgePlan& Lowering::plan_of(const Edge& edge) { return edges[static_cast<std::size_t>(&edge - program.edges.data())]; }

std::string Lowering::buffer(const std::string& name, Space space, Shape shape, const std::string& cell, bool backward, const std::string& note) {
  if (!module.buffer(name)) module.buffers.push_back({name, space, shape, cell, backward, note});
  return name;
}

std::string Lowering::on_tape(const std::string& s, Stage stage) {
  const char* suffix = stage == Stage::before_arrivals ? "_before" : stage == Stage::start ? "_start" : "_end";
  return identifier(s) + suffix;
}

std::string Lowering::gradient_sum(const std::string& parameter, const std::string& cell) {
  return buffer(identifier(gradient_name(parameter)) + "_" + identifier(cell), Space::worker, Shape::neurons, cell, true);
}

namespace {

void want_states(const Cell& c, const std::set<std::string>& symbols, std::set<std::string>& wanted) {
  for (const std::string& s : symbols)
    if (is_state(c, s)) wanted.insert(s);
}

/// Does anything but the flow change this adjoint? Then it cannot live in a history row.
bool changed_by_jumps(const Program& program, const Cell& c, const std::string& adjoint) {
  if (targets(c.back_after).contains(adjoint) || targets(c.back_jump).contains(adjoint)) return true;
  for (const Edge& e : program.edges)
    for (const auto* list : {&e.back_arrive_post, &e.back_arrive_pre, &e.back_couple_pre})
      if (targets(*list).contains(adjoint)) return true;
  for (const ProgramLoss& l : program.losses)
    if (targets(l.seed).contains(adjoint)) return true;
  return false;
}

/// The effect of each event sum on the states of the target; empty with a diagnostic when it is not a sum.
std::map<std::string, std::map<std::string, Expr>> arrival_effects(const Edge& e, Diagnostics& diagnostics) {
  std::set<std::string> gathers;
  for (const Gather& g : e.gathers)
    if (!g.continuous) gathers.insert(g.name);
  std::map<std::string, std::map<std::string, Expr>> effects;
  for (const std::string& g : gathers) effects[g];
  for (const Update& u : e.arrive_post) {
    const LinearForm form = linear_form(u.value, gathers);
    if (!form.affine || !simplify(form.constant - symbol(u.target)).is_number(0)) {
      diagnostics.error("AD303", e.at, fmt::format("'{}' changes '{}' at an arrival by more than a weighted sum", e.name, u.target), "let the spike add to the state: post.x += w * …");
      return {};
    }
    for (const auto& [g, factor] : form.coefficient)
      if (!factor.is_number(0)) effects[g][u.target] = factor;
  }
  return effects;
}

void plan_sums(Lowering& l, CellPlan& p) {
  std::map<std::string, std::size_t> known;
  for (const Edge& e : l.program.edges) {
    if (e.post != p.cell->name || !l.plan_of(e).has_events) continue;
    std::set<std::string> read_backwards = symbols_in(e.back_arrive_post);
    read_backwards.merge(symbols_in(e.back_arrive_post_gradient));
    const auto effects = arrival_effects(e, l.diagnostics);
    for (const Gather& g : e.gathers) {
      if (g.continuous || !effects.contains(g.name)) continue;
      std::string key = read_backwards.contains(g.name) ? g.name : "";
      for (const auto& [state, factor] : effects.at(g.name)) key += "|" + state + ":" + print(factor);
      auto [it, fresh] = known.emplace(key, p.sums.size());
      if (fresh) {
        Accumulator a;
        a.name = fmt::format("{}_sum{}", identifier(p.cell->name), p.sums.size());
        a.effect = effects.at(g.name);
        if (read_backwards.contains(g.name)) a.gather = g.name;
        p.sums.push_back(a);
      }
      Accumulator& a = p.sums[it->second];
      const bool ahead = l.program.cell(e.pre)->source && !l.plan_of(e).by_spike;
      (l.plan_of(e).scattered ? a.scattered : ahead ? a.ahead : a.stepped).emplace_back(&e, &g);
    }
  }
}

void plan_edge(Lowering& l, EdgePlan& p) {
  const Edge& e = *p.edge;
  const Cell& pre = *l.program.cell(e.pre);
  for (const Gather& g : e.gathers) {
    (g.continuous ? p.has_coupling : p.has_events) = true;
    if (!g.continuous && !g.factor.is_number(1)) p.by_spike = true;
  }
  if (!e.arrive_pre.empty()) p.by_spike = true;
  l.coupled |= p.has_coupling;
  const std::string kappa = e.gathers.empty() ? "" : dot_name(kappa_name(e.gathers.front().name));
  std::size_t events = 0;
  for (const Gather& g : e.gathers) events += !g.continuous;
  p.scattered = l.program.scattered(e);
  p.delay_trained = p.scattered && l.program.parameter(e.delay)->trainable;
  p.simple = !p.by_spike && acts_in_next_step(e) && events == 1 && e.back_arrive_pre.empty() && e.back_arrive_pre_gradient.empty() &&
             (!e.back_acc.defined() || e.back_acc == symbol(kappa) || e.back_acc.is_number(0));
  std::set<std::string> read = symbols_in(e.back_arrive_pre);
  read.merge(symbols_in(e.back_arrive_pre_gradient));
  if (e.back_acc.defined()) read.merge(free_symbols(e.back_acc));
  want_states(pre, read, p.pre_tape);
}

void plan_tape(Lowering& l, CellPlan& p) {
  const Cell& c = *p.cell;
  std::set<std::string> jump = symbols_in(c.back_jump);
  jump.merge(symbols_in(c.back_jump_gradient));
  if (c.slope.defined()) jump.merge(free_symbols(c.slope));
  for (const std::string& s : jump)
    for (const State& x : c.states)
      if (s == x.name || s == start_name(x.name)) p.spike_tape.insert(s);
  for (const std::string& g : c.gathers)
    if (jump.contains(g)) p.spike_tape.insert(g);
  std::set<std::string> advance = symbols_in(c.back_advance);
  advance.merge(symbols_in(c.back_advance_gradient));
  want_states(c, advance, p.step_tape[Stage::start]);
  for (const std::string& g : c.gathers)
    if (advance.contains(g)) p.coupled_tape.insert(g);
  std::set<std::string> after = symbols_in(c.back_after);
  after.merge(symbols_in(c.back_after_gradient));
  want_states(c, after, p.step_tape[Stage::before_after]);
  std::set<std::string> jumped;                                   // states that arrivals change: before them they differ from the start of the flow
  for (const Edge& e : l.program.edges)
    if (e.post == c.name) jumped.merge(targets(e.arrive_post));
  for (const Edge& e : l.program.edges) {
    if (e.post == c.name) {
      std::set<std::string> read = symbols_in(e.back_operands), wanted;
      read.merge(symbols_in(e.back_arrive_post));
      read.merge(symbols_in(e.back_arrive_post_gradient));
      want_states(c, read, wanted);
      const bool exact = l.program.mode == TimeMode::exact;        // there, arrivals have records of their own
      for (const std::string& s : wanted) p.step_tape[exact || jumped.contains(s) ? Stage::before_arrivals : Stage::start].insert(s);
    }
    if (e.pre == c.name && l.plan_of(e).has_coupling) {
      std::set<std::string> read = symbols_in(e.back_couple_pre);
      read.merge(symbols_in(e.back_couple_pre_gradient));
      for (const Gather& g : e.gathers)
        if (g.continuous) read.merge(free_symbols(g.factor));
      want_states(c, read, p.step_tape[Stage::start]);
    }
    if (e.pre == c.name && !l.plan_of(e).simple && !l.plan_of(e).scattered && !c.source && e.back_acc.defined() && !e.back_acc.is_number(0)) p.needs_acc = true;
  }
}

}  // namespace

/// A small population is summed in the spike loop of a larger one that listens to the same spikes.
const Cell* Lowering::host_of(const Edge& edge) {
  if (program.cell(edge.post)->size > options.rider_size || coupled || program.cell(edge.pre)->source) return nullptr;
  for (const Edge& other : program.edges) {
    if (same_arrivals(other, edge) && plan_of(other).has_events && program.cell(other.post)->size > options.rider_size) return program.cell(other.post);
  }
  return nullptr;
}

/// Rows that are added or multiplied as a whole may be kept in half precision; couplings and synapses with delays of their own read single elements.
bool Lowering::half_rows(const Parameter& weight) const {
  if (!options.half_storage || program.mode == TimeMode::exact || weight.axes != Parameter::Axes::source_target) return false;
  bool by_row = false;
  for (const Edge& e : program.edges)
    for (const Gather& g : e.gathers) {
      if (g.weight != weight.name) continue;
      if (g.continuous || program.scattered(e)) return false;
      by_row = true;
    }
  return by_row;
}

/// What the gradients of weights and of delays look up at the same places.
void keep_pairs(Lowering& l, const EdgePlan& p, const Gather& g) {
  const Expr first = operand_value(*p.edge, adjoint_name(g.name)), second = operand_value(*p.edge, kappa_name(g.name));
  auto [it, fresh] = l.arrival_pairs.emplace(std::tuple{p.edge->post, first, second}, "");
  if (!fresh) return;
  it->second = l.buffer(identifier(p.edge->post) + fmt::format("_pairs{}", l.arrival_pairs.size() - 1), Space::history, Shape::step_neurons, p.edge->post, true, print(first) + " beside " + print(second));
  Buffer& kept = l.module.buffers.back();
  kept.by_arrival = kept.pairs = true;
}

void Lowering::plan_all() {
  edges.resize(program.edges.size());
  cells.resize(program.cells.size());
  for (std::size_t k = 0; k < edges.size(); ++k) edges[k].edge = &program.edges[k];
  for (std::size_t k = 0; k < cells.size(); ++k) cells[k].cell = &program.cells[k];
  plan_batch_means();
  plan_draws();
  for (EdgePlan& p : edges) plan_edge(*this, p);
  for (CellPlan& p : cells) {
    plan_sums(*this, p);
    plan_tape(*this, p);
    plan_lazy(p);
  }
  for (CellPlan& p : cells)
    for (const Accumulator& a : p.sums)
      for (const auto& [edge, gather] : a.stepped) p.rides |= host_of(*edge) != nullptr;
  if (program.learn.name.empty() || program.mode == TimeMode::exact) return;
  // histories of what weight gradients (and what goes back along synapses with delays of their own) read; an adjoint that is such a quantity as it stands lives in the history itself
  for (const EdgePlan& p : edges) {
    const Cell& post = *program.cell(p.edge->post);
    for (const Update& u : p.edge->back_operands)
      for (const Gather& g : p.edge->gathers) {
        const Parameter* w = program.parameter(g.weight);
        const bool apart = p.scattered && options.arrivals_apart, weighs = u.target == adjoint_name(g.name) && w && w->trainable, times = p.scattered && u.target == kappa_name(g.name);
        if (g.continuous || !(weighs || times) || (apart && !looks_up_alone(p, g, u.target))) continue;
        auto [it, fresh] = (apart ? arrival_histories : histories).emplace(std::pair{post.name, u.value}, "");
        if (fresh) it->second = buffer(identifier(post.name) + (apart ? fmt::format("_arrivals{}", arrival_histories.size() - 1) : fmt::format("_history{}", histories.size() - 1)), Space::history, Shape::step_neurons, post.name, true, print(u.value));
        Buffer& kept = *std::find_if(module.buffers.begin(), module.buffers.end(), [&](const Buffer& b) { return b.name == it->second; });
        kept.by_arrival = apart;
        kept.half = options.half_storage && !apart;
        if (options.adjoints_in_histories && !kept.half && !apart && !coupled && u.value.is(Kind::symbol) && !changed_by_jumps(program, post, u.value.name())) plan(post.name).history_of_state[u.value.name()] = it->second;
      }
    for (const Gather& g : p.edge->gathers)
      if (looks_up_pairs(p, g)) keep_pairs(*this, p, g);
  }
}

}  // namespace antidrome::kernel
