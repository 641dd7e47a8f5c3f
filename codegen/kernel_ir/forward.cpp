// The forward pass of one sample: begin, the step, and what follows the last step.
#include <algorithm>
#include <fmt/format.h>

#include "codegen/kernel_ir/lowering.hpp"

namespace antidrome::kernel {

using namespace ir;

namespace {

class Forward {
 public:
  explicit Forward(Lowering& l) : l_(l) {}
  Node build();
  Node begin();

 private:
  std::vector<Node> ahead();
  std::vector<Node> step();
  Node finish();
  Node arrivals_by_spike(const EdgePlan& p);
  void neuron_phase(CellPlan& p, std::vector<Node>& out);
  std::vector<Node> tiles(const CellPlan& p);
  std::vector<Node> spike_loops(CellPlan& p);
  std::vector<Node> spike_body(const CellPlan& p);
  void add_riders(const CellPlan& host, const Edge& list, std::vector<Node>& once);
  void arrivals(CellPlan& p, Block& b);
  void advance(CellPlan& p, Block& b);
  void store_states(CellPlan& p, Block& b, const std::map<std::string, std::string>& current);
  void coupling(const Edge& e, std::vector<Node>& out);
  Node row_sum(const Edge& e, const Gather& g, const std::string& accumulator);
  void place_states(const Cell& c, Block& b, Column column);
  void tape_step(const CellPlan& p, Block& b, Stage stage);

  Lowering& l_;
  std::set<std::string> taped_;                 ///< cells whose spikes are put on the tape by some loop
  std::set<std::string> taped_next_step_;       ///< ... by a loop over the spikes of the step before
};

void push_taping(Block& b, Node n) { b.push(make_node(NodeKind::when_taping, {std::move(n)})); }

Node store_node(const Place& at, Expr value) {
  Node n = make_node(NodeKind::store);
  n.buffer = at.buffer;
  n.row = at.row;
  n.column = at.column;
  n.value = value;
  return n;
}

void Forward::place_states(const Cell& c, Block& b, Column column) {
  for (const State& s : c.states) b.place(s.name, {l_.state(s.name), Row::none, column}, local_name(s.name));
  l_.place_draws(c, b, column);
}

Node Forward::begin() {
  std::vector<Node> body;
  for (CellPlan& p : l_.cells) {
    const Cell& c = *p.cell;
    Block b(l_.constants, Column::block);
    for (const State& s : c.states) b.store({l_.buffer(l_.state(s.name), Space::worker, Shape::neurons, c.name, false, s.name)}, b.lower(s.initial));
    if (!b.empty()) body.push_back(in_cell(NodeKind::for_blocks, c.name, b.finish()));
  }
  for (const Buffer& q : l_.module.buffers) {
    Node zero = make_node(NodeKind::store);
    zero.buffer = q.name;
    zero.value = 0.0;
    if (q.space == Space::tape && q.shape == Shape::one) body.push_back(make_node(NodeKind::when_taping, {zero}));
    const bool from_loss = q.name.find("_seed") != std::string::npos || (q.shape == Shape::neurons && q.name.ends_with("_loss"));
    if (q.space == Space::tape && from_loss) {                    // losses write neurons only: lanes beyond the last one stay zero
      zero.kind = NodeKind::clear;
      body.push_back(make_node(NodeKind::when_taping, {zero}));
    }
    if (q.name != "label_losses" && q.shape != Shape::pending) continue;
    zero.kind = NodeKind::clear;
    body.push_back(zero);
  }
  Node n = make_node(NodeKind::function, body, "initial states");
  n.name = "begin_trial";
  return n;
}

Node Forward::row_sum(const Edge& e, const Gather& g, const std::string& accumulator) {
  Node n = make_node(NodeKind::row_sum);
  n.name = accumulator;
  n.buffer = g.weight;
  n.edge = e.name;
  n.cell = e.post;
  n.value = 1.0;
  if (l_.plan_of(e).by_spike && !g.factor.is_number(1)) n.value = symbol(identifier(g.name) + "_f");
  return n;
}

std::vector<Node> Forward::ahead() {
  std::vector<Node> out;
  for (CellPlan& p : l_.cells)
    for (Accumulator& a : p.sums) {
      if (a.ahead.empty()) continue;
      Node n = in_cell(NodeKind::for_events_ahead, p.cell->name);
      n.name = a.name;
      n.buffer = l_.buffer(a.name + "_ahead", Space::worker, Shape::ahead, p.cell->name, false, "input sums of the next steps");
      for (const auto& [e, g] : a.ahead) {
        n.body.push_back(for_arrivals(*e, {row_sum(*e, *g, a.name)}));
      }
      out.push_back(n);
    }
  return out;
}

/// Short-term plasticity and the like: factors and the source's own states, spike by spike, before any row is summed.
Node Forward::arrivals_by_spike(const EdgePlan& p) {
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
  Node first = for_arrivals(e, b.finish());
  if (later.empty()) return first;
  return make_node(NodeKind::sequence, {first, for_arrivals(e, later)});
}

std::vector<Node> Forward::tiles(const CellPlan& p) {
  std::vector<Node> out;
  for (const Accumulator& a : p.sums) {
    Node n = in_cell(NodeKind::tile, p.cell->name, {}, p.rides ? 0 : static_cast<int>(p.sums.size()));
    n.name = a.name;
    if (!a.ahead.empty()) n.buffer = a.name + "_ahead";
    out.push_back(n);
    if (a.scattered.empty()) continue;
    n.kind = NodeKind::add_pending;
    n.buffer = l_.pending(a);
    out.push_back(n);
  }
  return out;
}

/// What a spike leaves on the tape, from the states of the step in which it was emitted.
std::vector<Node> Forward::spike_body(const CellPlan& p) {
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

void Forward::add_riders(const CellPlan& host, const Edge& list, std::vector<Node>& once) {
  for (CellPlan& rider : l_.cells)
    for (const Accumulator& a : rider.sums)
      for (const auto& [e, g] : a.stepped)
        if (same_arrivals(*e, list) && l_.host_of(*e) == host.cell) once.push_back(row_sum(*e, *g, a.name));
}

/// One loop per list of spikes: rows for this cell, rows for the small cells that ride along, tape and counters.
std::vector<Node> Forward::spike_loops(CellPlan& p) {
  std::vector<const Edge*> lists;                                 // one edge for all with the same arrivals
  for (const Accumulator& a : p.sums)
    for (const auto& [e, g] : a.stepped)
      if (l_.host_of(*e) == nullptr && std::none_of(lists.begin(), lists.end(), [e = e](const Edge* known) { return same_arrivals(*known, *e); })) lists.push_back(e);
  std::vector<Node> out;
  for (const Edge* list : lists) {
    Node loop = for_arrivals(*list);
    std::set<std::string> factors;
    for (const Accumulator& a : p.sums)
      for (const auto& [e, g] : a.stepped) {
        if (!same_arrivals(*e, *list) || l_.host_of(*e)) continue;
        loop.body.push_back(row_sum(*e, *g, a.name));
      }
    std::vector<Node> once;
    if (!p.rides) add_riders(p, *list, once);
    const CellPlan& source = l_.plan(list->pre);
    // what is taped lies in the worker's arrays until the source's own phase of this step, which riders come after
    if (acts_in_next_step(*list) && !p.rides && source.cell->threshold.defined() && taped_.insert(list->pre).second) {
      taped_next_step_.insert(list->pre);
      append(once, spike_body(source));
    }
    auto load_factors = [&](std::vector<Node>& body) {
      std::vector<Node> loads;
      for (const Node& n : body)
        if (n.kind == NodeKind::row_sum && n.value.is(Kind::symbol) && factors.insert(n.value.name()).second) {
          Node load = make_node(NodeKind::load);
          load.name = n.value.name();
          load.buffer = load.name.substr(0, load.name.size() - 2) + "_factor";
          load.column = Column::spike;
          loads.push_back(load);
        }
      body.insert(body.begin(), loads.begin(), loads.end());
    };
    load_factors(loop.body);
    load_factors(once);
    if (!once.empty()) loop.body.push_back(make_node(p.rides ? NodeKind::sequence : NodeKind::once, once));
    out.push_back(loop);
  }
  return out;
}

void Forward::tape_step(const CellPlan& p, Block& b, Stage stage) {
  auto it = p.step_tape.find(stage);
  if (it == p.step_tape.end()) return;
  const char* when = stage == Stage::before_arrivals ? " before the arrivals of each step" : stage == Stage::start ? " at the start of the flow of each step" : " at the end of each step, before step hooks";
  for (const std::string& s : it->second) {
    const std::string at = l_.buffer(l_.on_tape(s, stage), Space::tape, Shape::step_neurons, p.cell->name, true, s + when);
    push_taping(b, store_node({at, Row::step, Column::block}, b.read(s)));
  }
}

/// Stage 1: states jump by the sums of arriving spikes. All reads see the state before any arrival.
void Forward::arrivals(CellPlan& p, Block& b) {
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
void Forward::advance(CellPlan& p, Block& b) {
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
    const Place at{l_.buffer(identifier(s), Space::worker, Shape::neurons, c.name, true, origin + " at the start of the flow, for the tape"), Row::none, Column::block};
    push_taping(b, store_node(at, b.read(origin)));
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
        const Place at{l_.buffer(l_.minus(s), Space::worker, Shape::neurons, c.name, true, s + " before the reset, for the tape"), Row::none, Column::block};
        push_taping(b, store_node(at, b.read(s)));
      }
    b.bind("fired", "fired");
    std::vector<Update> jump;
    for (const Update& u : c.jump)
      if (!(u.value == symbol(u.target))) jump.push_back({u.target, select(symbol("fired"), u.value, symbol(u.target))});
    b.update(jump, "_jumped");
  }
  tape_step(p, b, Stage::before_after);
  b.update(c.after, "_after");
  for (const State& s : c.states) {
    const Expr value = b.read(s.name);
    if (value == symbol(local_name(s.name))) continue;            // never changed here
    b.store({l_.state(s.name)}, value);
  }
}

void Forward::neuron_phase(CellPlan& p, std::vector<Node>& out) {
  const Cell& c = *p.cell;
  std::vector<Node> body;
  Block b(l_.constants, Column::block);
  place_states(c, b, Column::block);
  const bool tiled = !p.sums.empty() && !l_.coupled;
  if (tiled) arrivals(p, b);
  advance(p, b);
  Node blocks = in_cell(NodeKind::for_blocks, c.name, b.finish(), tiled && !p.rides ? 1 : 0);
  blocks.note = c.name + ": " + (tiled ? "arrivals, " : "") + "flow (" + c.solver + ")" + (c.threshold.defined() ? ", threshold, reset" : "");
  if (c.threshold.defined()) out.push_back(in_cell(NodeKind::new_fired, c.name));
  if (tiled) {
    std::vector<Node> loops = spike_loops(p);
    if (p.rides) {
      append(out, loops);
      if (!blocks.body.empty()) out.push_back(blocks);
    } else {
      append(body, tiles(p));
      append(body, loops);
      body.push_back(blocks);
      out.push_back(in_cell(NodeKind::for_tiles, c.name, body, static_cast<int>(p.sums.size())));
    }
  } else if (!blocks.body.empty()) {
    out.push_back(blocks);
  }
  if (!c.threshold.defined()) return;
  out.push_back(in_cell(NodeKind::extract, c.name));
  if (taped_.insert(c.name).second) out.push_back(in_cell(NodeKind::for_spikes, c.name, spike_body(p), 0));
}

/// A continuous coupling: the dense sum over all sources of factor * weight, complete before anyone flows.
void Forward::coupling(const Edge& e, std::vector<Node>& out) {
  const Cell& pre = *l_.program.cell(e.pre);
  for (const Gather& g : e.gathers) {
    if (!g.continuous) continue;
    Block b(l_.constants, Column::block);
    place_states(pre, b, Column::block);
    const std::string factor = l_.buffer(l_.factor(g), Space::worker, Shape::neurons, e.pre, false, "factor of " + g.name);
    b.store({factor}, b.lower(g.factor));
    out.push_back(in_cell(NodeKind::for_blocks, e.pre, b.finish()));
    Node sum = in_cell(NodeKind::dense_sum, e.pre);
    sum.buffer = l_.buffer(identifier(g.name), Space::worker, Shape::neurons, e.post, false, "continuous sum " + g.name);
    sum.name = g.weight;
    sum.edge = factor;
    out.push_back(sum);
  }
}

std::vector<Node> Forward::step() {
  std::vector<Node> out = l_.draw_rows(false);
  for (const EdgePlan& p : l_.edges)
    if (p.by_spike) {
      out.push_back(arrivals_by_spike(p));
      out.back().note = p.edge->name + ": what arriving spikes do at their source";
    }
  append(out, l_.send_scattered());
  for (CellPlan& p : l_.cells)
    if (p.rides) append(out, tiles(p));
  if (l_.coupled) {                                               // arrivals of all cells, then couplings, then neurons
    for (CellPlan& p : l_.cells) {
      if (p.sums.empty()) continue;
      Block b(l_.constants, Column::block);
      place_states(*p.cell, b, Column::block);
      arrivals(p, b);
      for (const State& s : p.cell->states)
        if (const Expr value = b.read(s.name); !(value == symbol(local_name(s.name)))) b.store({l_.state(s.name)}, value);
      std::vector<Node> body = tiles(p);
      append(body, spike_loops(p));
      body.push_back(in_cell(NodeKind::for_blocks, p.cell->name, b.finish(), 1));
      body.back().note = p.cell->name + ": arrivals";
      out.push_back(in_cell(NodeKind::for_tiles, p.cell->name, body, static_cast<int>(p.sums.size())));
    }
    for (const EdgePlan& p : l_.edges)
      if (p.has_coupling) coupling(*p.edge, out);
  }
  for (auto p = l_.cells.rbegin(); p != l_.cells.rend(); ++p)     // readers of a list of spikes before those who write what it is taped from
    if (!p->rides) neuron_phase(*p, out);
  for (CellPlan& p : l_.cells)
    if (p.rides) neuron_phase(p, out);
  append(out, l_.losses(Loss::When::each_step));
  return out;
}

Node Forward::finish() {
  std::vector<Node> body;
  for (CellPlan& p : l_.cells)
    if (taped_next_step_.contains(p.cell->name)) {
      body.push_back(in_cell(NodeKind::for_spikes, p.cell->name, spike_body(p), 1));
      body.back().note = "spikes of the last step";
    }
  append(body, l_.losses(Loss::When::end));
  append(body, l_.batch_shares());
  Node n = make_node(NodeKind::function, body);
  n.name = "finish_trial";
  return n;
}

Node Forward::build() {
  Node inputs = make_node(NodeKind::function, ahead(), "input sums of the next steps: no dependence between steps");
  inputs.name = "gather_ahead";
  Node one = make_node(NodeKind::function, step());
  one.name = "forward_step";
  Node steps = make_node(NodeKind::for_steps, {inputs, one});
  steps.count = l_.options.steps_ahead;
  Node end = finish();
  return make_node(NodeKind::for_samples, {begin(), steps, end});
}

}  // namespace

Node Lowering::forward() { return Forward(*this).build(); }
Node Lowering::begin_trial() { return Forward(*this).begin(); }

}  // namespace antidrome::kernel
