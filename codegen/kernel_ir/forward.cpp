// The forward pass of one sample: begin, the step, and what follows the last step.
#include <algorithm>
#include <fmt/format.h>

#include "codegen/kernel_ir/phases.hpp"

namespace antidrome::kernel {

using namespace ir;

namespace {

class Forward {
 public:
  explicit Forward(Lowering& l) : l_(l), phases_(l) {}
  Node build();
  Node begin();

 private:
  Node settle();
  std::vector<Node> ahead();
  std::vector<Node> step();
  Node finish();
  Node at_source(const EdgePlan& p);
  void neuron_phase(CellPlan& p, std::vector<Node>& out);
  std::vector<Node> tiles(const CellPlan& p);
  std::vector<Node> spike_loops(CellPlan& p);
  void add_riders(const CellPlan& host, const Edge& list, std::vector<Node>& once);
  void coupling(const Edge& e, std::vector<Node>& out);

  Lowering& l_;
  ForwardPhases phases_;
  std::set<std::string> taped_;                 ///< cells whose spikes are put on the tape by some loop
  std::set<std::string> taped_next_step_;       ///< ... by a loop over the spikes of the step before
};

Node Forward::begin() {
  std::vector<Node> body, sent;
  if (l_.program.mode == TimeMode::grid) sent = l_.send_scattered(true);
  for (CellPlan& p : l_.cells) {
    std::vector<Node> states = phases_.initial(p);
    if (!states.empty()) body.push_back(in_cell(NodeKind::for_blocks, p.cell->name, std::move(states)));
    if (!p.lazy.empty()) body.push_back(in_cell(NodeKind::keep_fired, p.cell->name, {}, 1));
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
  for (Node& n : sent) body.push_back(std::move(n));
  Node n = make_node(NodeKind::function, body, "initial states");
  n.name = "begin_trial";
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
        n.body.push_back(for_arrivals(*e, {phases_.row_sum(*e, *g, a.name)}));
      }
      out.push_back(n);
    }
  return out;
}

/// Short-term plasticity and the like: factors and the source's own states, spike by spike, before any row is summed.
Node Forward::at_source(const EdgePlan& p) {
  ForwardPhases::AtSource at = phases_.at_source(p);
  Node first = for_arrivals(*p.edge, std::move(at.first));
  if (at.later.empty()) return first;
  return make_node(NodeKind::sequence, {first, for_arrivals(*p.edge, std::move(at.later))});
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

void Forward::add_riders(const CellPlan& host, const Edge& list, std::vector<Node>& once) {
  for (CellPlan& rider : l_.cells)
    for (const Accumulator& a : rider.sums)
      for (const auto& [e, g] : a.stepped)
        if (same_arrivals(*e, list) && l_.host_of(*e) == host.cell) once.push_back(phases_.row_sum(*e, *g, a.name));
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
        loop.body.push_back(phases_.row_sum(*e, *g, a.name));
      }
    std::vector<Node> once;
    if (!p.rides) add_riders(p, *list, once);
    const CellPlan& source = l_.plan(list->pre);
    // what is taped lies in the worker's arrays until the source's own phase of this step, which riders come after
    if (acts_in_next_step(*list) && !p.rides && source.cell->threshold.defined() && taped_.insert(list->pre).second) {
      taped_next_step_.insert(list->pre);
      append(once, phases_.spike(source));
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

void Forward::neuron_phase(CellPlan& p, std::vector<Node>& out) {
  const Cell& c = *p.cell;
  std::vector<Node> body;
  Block b(l_.constants, Column::block);
  phases_.place_states(c, b, Column::block);
  const bool tiled = !p.sums.empty() && !l_.coupled;
  if (tiled) phases_.arrivals(p, b);
  phases_.advance(p, b);
  Node blocks = in_cell(NodeKind::for_blocks, c.name, b.finish(), tiled && !p.rides ? 1 : 0);
  blocks.note = c.name + ": " + (tiled ? "arrivals, " : "") + "flow (" + c.solver + ")" + (c.threshold.defined() ? ", threshold, reset" : "");
  if (c.threshold.defined()) out.push_back(in_cell(NodeKind::new_fired, c.name));
  if (!p.lazy.empty()) out.push_back(in_cell(NodeKind::recall_fired, c.name));
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
  if (!p.lazy.empty()) out.push_back(in_cell(NodeKind::keep_fired, c.name));
  if (taped_.insert(c.name).second) out.push_back(in_cell(NodeKind::for_spikes, c.name, phases_.spike(p), 0));
}

/// A continuous coupling: the dense sum over all sources of factor * weight, complete before anyone flows.
void Forward::coupling(const Edge& e, std::vector<Node>& out) {
  for (const Gather& g : e.gathers) {
    if (!g.continuous) continue;
    out.push_back(in_cell(NodeKind::for_blocks, e.pre, phases_.coupling_factor(e, g)));
    Node sum = in_cell(NodeKind::dense_sum, e.pre);
    sum.buffer = l_.buffer(identifier(g.name), Space::worker, Shape::neurons, e.post, false, "continuous sum " + g.name);
    sum.name = g.weight;
    sum.edge = l_.factor(g);
    out.push_back(sum);
  }
}

std::vector<Node> Forward::step() {
  std::vector<Node> out = l_.draw_rows(false);
  for (const EdgePlan& p : l_.edges)
    if (p.by_spike) {
      out.push_back(at_source(p));
      out.back().note = p.edge->name + ": what arriving spikes do at their source";
    }
  append(out, l_.send_scattered(false));
  for (CellPlan& p : l_.cells)
    if (p.rides) append(out, tiles(p));
  if (l_.coupled) {                                               // arrivals of all cells, then couplings, then neurons
    for (CellPlan& p : l_.cells) {
      if (p.sums.empty()) continue;
      Block b(l_.constants, Column::block);
      phases_.place_states(*p.cell, b, Column::block);
      phases_.arrivals(p, b);
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
      body.push_back(in_cell(NodeKind::for_spikes, p.cell->name, phases_.spike(p), 1));
      body.back().note = "spikes of the last step";
    }
  append(body, l_.losses(Loss::When::end));
  append(body, l_.batch_shares());
  Node n = make_node(NodeKind::function, body);
  n.name = "finish_trial";
  return n;
}

/// For those who look at the states between two steps.
Node Forward::settle() {
  std::vector<Node> body;
  for (const CellPlan& p : l_.cells) {
    if (p.lazy.empty()) continue;
    body.push_back(in_cell(NodeKind::recall_fired, p.cell->name));
    body.push_back(in_cell(NodeKind::for_blocks, p.cell->name, phases_.settle(p)));
  }
  Node n = make_node(NodeKind::function, body, "states at the end of a step");
  n.name = "settle_states";
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
  return make_node(NodeKind::for_samples, {begin(), steps, settle(), end});
}

}  // namespace

Node Lowering::forward() { return Forward(*this).build(); }
Node Lowering::begin_trial() { return Forward(*this).begin(); }

}  // namespace antidrome::kernel
