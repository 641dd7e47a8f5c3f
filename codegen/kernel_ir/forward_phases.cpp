// What the forward pass of a trial computes, phase by phase.
#include <algorithm>
#include <fmt/format.h>

#include "codegen/kernel_ir/phases.hpp"

namespace antidrome::kernel {

using namespace ir;

namespace {

void push_taping(Block& b, Node n) { b.push(make_node(NodeKind::when_taping, {std::move(n)})); }

Node store_node(const Place& at, Expr value) {
  Node n = make_node(NodeKind::store);
  n.buffer = at.buffer;
  n.row = at.row;
  n.column = at.column;
  n.value = value;
  return n;
}

}  // namespace

std::vector<Node> ForwardPhases::initial(const CellPlan& p) {
  const Cell& c = *p.cell;
  Block b(l_.constants, Column::block);
  for (const State& s : c.states) b.store({l_.buffer(l_.state(s.name), Space::worker, Shape::neurons, c.name, false, s.name)}, b.lower(s.initial));
  if (p.lazy.empty()) return b.finish();
  for (const std::string& s : p.spike_tape)
    if (is_state(c, s)) b.store(kept(p, s), b.lower(c.state(s)->initial));
    else b.store(kept(p, s), 0.0);
  return b.finish();
}

Place ForwardPhases::kept(const CellPlan& p, const std::string& s) {
  const Cell& c = *p.cell;
  if (is_state(c, s)) return {l_.buffer(l_.minus(s), Space::worker, Shape::neurons, c.name, true, s + " before the reset, for the tape"), Row::none, Column::block};
  const auto origin = std::find_if(c.states.begin(), c.states.end(), [&](const State& x) { return start_name(x.name) == s; });
  return {l_.buffer(identifier(s), Space::worker, Shape::neurons, c.name, true, origin->name + " at the start of the flow, for the tape"), Row::none, Column::block};
}

std::vector<Node> ForwardPhases::settle(const CellPlan& p) {
  Block b(l_.constants, Column::block);
  place_states(*p.cell, b, Column::block);
  for (const auto& [state, value] : p.lazy) b.store({l_.state(state)}, b.read(state));
  return b.finish();
}

void ForwardPhases::place_states(const Cell& c, Block& b, Column column) {
  for (const State& s : c.states) b.place(s.name, {l_.state(s.name), Row::none, column}, local_name(s.name));
  if (const CellPlan& p = l_.plan(c.name); column == Column::block && !p.lazy.empty()) {
    Node before = in_cell(NodeKind::fired_before, c.name);
    before.name = "fired_before";
    b.push(before);
    b.bind("fired_before", "fired_before");
    for (const std::string& s : p.spike_tape) b.place(is_state(c, s) ? prefixed(s, "minus_") : s, kept(p, s), "last_" + local_name(s));
    for (const auto& [state, value] : p.lazy) b.bind(state, b.let(local_name(state), b.lower(value), state + " at the end of the last step"));
  }
  l_.place_draws(c, b, column);
}

Node ForwardPhases::row_sum(const Edge& e, const Gather& g, const std::string& accumulator) {
  Node n = make_node(NodeKind::row_sum);
  n.name = accumulator;
  n.buffer = g.weight;
  n.edge = e.name;
  n.cell = e.post;
  n.value = 1.0;
  if (l_.plan_of(e).by_spike && !g.factor.is_number(1)) n.value = symbol(identifier(g.name) + "_f");
  return n;
}

/// Short-term plasticity and the like: factors and the source's own states, spike by spike, before any row is summed.
ForwardPhases::AtSource ForwardPhases::at_source(const EdgePlan& p) {
  const Edge& e = *p.edge;
  const Cell& pre = *l_.program.cell(e.pre);
  Block b(l_.constants, Column::unit);
  place_states(pre, b, Column::unit);
  for (const std::string& s : p.pre_tape) {
    const std::string at = l_.buffer(identifier(e.name) + "_" + local_name(s) + "_at_arrival", Space::tape, Shape::spikes, e.pre, true, s + " before the arrival");
    push_taping(b, store_node({at, Row::none, Column::spike}, b.read(s)));
  }
  for (const Gather& g : e.gathers) {
    if (g.continuous || g.factor.is_number(1)) continue;
    const std::string at = l_.buffer(l_.factor(g), Space::tape, Shape::spikes, e.pre, false, "factor of " + g.name + ": " + print(g.factor));
    b.store({at, Row::none, Column::spike}, b.lower(g.factor), g.name + " gets w * " + print(g.factor));
  }
  std::vector<Node> later;
  for (const Update& u : e.arrive_pre) {
    if (!pre.source) continue;
    // a source may send several events of one unit in a step: all of them read the state before any
    const Place change{l_.buffer(identifier(e.name) + "_" + local_name(u.target) + "_change", Space::tape, Shape::spikes, e.pre, false, "what each arrival adds to " + u.target), Row::none, Column::spike};
    b.store(change, b.lower(u.value - symbol(u.target)));
    append(later, add_change(l_.constants, change, {l_.state(u.target), Row::none, Column::unit}, local_name(u.target) + "_change"));
  }
  if (!pre.source)
    for (const auto& [target, name] : b.update(e.arrive_pre, "_arrived")) b.store({l_.state(target), Row::none, Column::unit}, symbol(name));
  return {b.finish(), std::move(later)};
}

std::vector<Node> ForwardPhases::spike(const CellPlan& p) {
  const Cell& c = *p.cell;
  Block b(l_.constants, Column::unit);
  for (const std::string& s : p.spike_tape) {
    b.place(s, {is_state(c, s) ? l_.minus(s) : identifier(s), Row::none, Column::unit}, local_name(s));
    const std::string at = l_.buffer(l_.at_spike(s), Space::tape, Shape::spikes, c.name, true, s + " at each spike");
    push_taping(b, store_node({at, Row::none, Column::spike}, b.read(s)));
  }
  if (p.needs_acc) {
    const std::string at = l_.buffer(identifier(acc_name(c.name)), Space::tape, Shape::spikes, c.name, true, "what its arrivals pass back to each spike");
    push_taping(b, store_node({at, Row::none, Column::spike}, 0.0));
  }
  b.push(in_cell(NodeKind::count_spike, c.name));
  return b.finish();
}

void ForwardPhases::tape_step(const CellPlan& p, Block& b, Stage stage) {
  auto it = p.step_tape.find(stage);
  if (it == p.step_tape.end()) return;
  const char* when = stage == Stage::before_arrivals ? " before the arrivals of each step" : stage == Stage::start ? " at the start of the flow of each step" : " at the end of each step, before step hooks";
  for (const std::string& s : it->second) {
    const std::string at = l_.buffer(l_.on_tape(s, stage), Space::tape, Shape::step_neurons, p.cell->name, true, s + when);
    push_taping(b, store_node({at, Row::step, Column::block}, b.read(s)));
  }
}

/// Stage 1: states jump by the sums of arriving spikes. All reads see the state before any arrival.
void ForwardPhases::arrivals(CellPlan& p, Block& b) {
  tape_step(p, b, Stage::before_arrivals);
  std::map<std::string, Expr> arrived;
  for (const Accumulator& a : p.sums) {
    Node value = make_node(NodeKind::tile_value);
    value.name = b.unique(a.gather.empty() ? "arriving" : local_name(a.gather));
    value.edge = a.name;
    b.push(value);
    b.bind(a.name, value.name);
    if (!a.gather.empty() && !l_.program.learn.name.empty()) {
      const std::string at = l_.buffer(identifier(a.gather) + "_sum", Space::tape, Shape::step_neurons, p.cell->name, true, "arriving sum of each step");
      push_taping(b, store_node({at, Row::step, Column::block}, symbol(value.name)));
    }
    for (const auto& [state, effect] : a.effect) {
      if (!arrived.contains(state)) arrived[state] = symbol(state);
      arrived[state] = arrived[state] + effect * symbol(a.name);
    }
  }
  std::vector<Update> updates;
  for (const auto& [state, value] : arrived) updates.push_back({state, value});
  b.update(updates, "_arrived");
}

/// Stages 3 to 5: flow, threshold, reset, step hooks.
void ForwardPhases::advance(CellPlan& p, Block& b) {
  const Cell& c = *p.cell;
  tape_step(p, b, Stage::start);
  for (const std::string& g : c.gathers) {
    b.place(g, {l_.buffer(identifier(g), Space::worker, Shape::neurons, c.name, false, "continuous sum " + g), Row::none, Column::block}, local_name(g));
    if (p.coupled_tape.contains(g)) {
      const std::string at = l_.buffer(identifier(g) + "_taped", Space::tape, Shape::step_neurons, c.name, true, g + " of each step");
      push_taping(b, store_node({at, Row::step, Column::block}, b.read(g)));
    }
  }
  for (const std::string& s : p.spike_tape) {
    if (is_state(c, s) || std::find(c.gathers.begin(), c.gathers.end(), s) != c.gathers.end()) continue;
    const std::string origin = std::find_if(c.states.begin(), c.states.end(), [&](const State& x) { return start_name(x.name) == s; })->name;
    if (p.lazy.empty()) push_taping(b, store_node(kept(p, s), b.read(origin)));
    else b.store(kept(p, s), b.read(origin));
  }
  b.update(c.advance, "_next");
  if (c.threshold.defined()) {
    const Expr g = c.threshold;
    const Expr holds = g.is(Kind::sub) ? make(Kind::less_equal, {b.lower(g.arg(1)), b.lower(g.arg(0))}) : make(Kind::less_equal, {0.0, b.lower(g)});
    Node fire = in_cell(NodeKind::fire, c.name);
    fire.name = "fired";
    fire.value = holds;
    fire.note = print(c.threshold) + " >= 0";
    b.push(fire);
    for (const std::string& s : p.spike_tape)
      if (is_state(c, s)) {
        if (p.lazy.empty()) push_taping(b, store_node(kept(p, s), b.read(s)));
        else b.store(kept(p, s), b.read(s));
      }
    b.bind("fired", "fired");
    std::vector<Update> jump;
    for (const Update& u : c.jump)
      if (!(u.value == symbol(u.target)) && !p.lazy.contains(u.target)) jump.push_back({u.target, select(symbol("fired"), u.value, symbol(u.target))});
    b.update(jump, "_jumped");
  }
  tape_step(p, b, Stage::before_after);
  b.update(c.after, "_after");
  for (const State& s : c.states) {
    if (p.lazy.contains(s.name)) continue;
    const Expr value = b.read(s.name);
    if (value == symbol(local_name(s.name))) continue;            // never changed here
    b.store({l_.state(s.name)}, value);
  }
}

std::vector<Node> ForwardPhases::coupling_factor(const Edge& e, const Gather& g) {
  Block b(l_.constants, Column::block);
  place_states(*l_.program.cell(e.pre), b, Column::block);
  b.store({l_.buffer(l_.factor(g), Space::worker, Shape::neurons, e.pre, false, "factor of " + g.name)}, b.lower(g.factor));
  return b.finish();
}

}  // namespace antidrome::kernel
