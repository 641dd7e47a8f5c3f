// The forward pass of a sample on a block of threads.
#include <algorithm>
#include <fmt/format.h>

#include "codegen/kernel_ir/device/lowering.hpp"

namespace antidrome::kernel {

using namespace ir;

Node to_lanes(Node n) {
  if (n.kind == NodeKind::for_blocks || n.kind == NodeKind::for_neurons) n.kind = NodeKind::lanes, n.count = 0;
  if (n.column == Column::unit) n.column = Column::block;
  for (Node& child : n.body) child = to_lanes(std::move(child));
  return n;
}

Node lanes(const std::string& cell, std::vector<Node> body, const std::string& note) {
  Node n = to_lanes(in_cell(NodeKind::lanes, cell, std::move(body)));
  n.note = note;
  return n;
}

namespace {

/// Loads of constants of a step become names; which constants of which lanes are collected.
void name_step_constants(Node& n, const std::string& cell, std::vector<Node>& found) {
  const std::string& inside = n.kind == NodeKind::lanes || n.kind == NodeKind::lanes_fired ? n.cell : cell;
  if (n.kind == NodeKind::load && n.row == Row::step && n.column == Column::none && n.buffer.starts_with("k.") && !inside.empty()) {
    const std::string name = n.buffer.substr(2);
    if (std::none_of(found.begin(), found.end(), [&](const Node& f) { return f.name == name && f.cell == inside; })) {
      found.push_back(in_cell(NodeKind::step_constant, inside));
      found.back().name = name;
      found.back().buffer = n.buffer;
    }
    n.kind = NodeKind::let;
    n.value = symbol(name + "_now");
    n.buffer.clear();
  }
  for (Node& child : n.body) name_step_constants(child, inside, found);
}

}  // namespace

std::vector<Node> fetch_step_constants(std::vector<Node> step) {
  std::vector<Node> out, known;
  for (Node& n : step) {
    const std::size_t before = known.size();
    name_step_constants(n, "", known);
    out.insert(out.end(), known.begin() + static_cast<std::ptrdiff_t>(before), known.end());
    out.push_back(std::move(n));
  }
  return out;
}

Node DeviceLowering::rows(const Edge& e, const Gather& g, const std::string& accumulator) {
  Node n = in_cell(NodeKind::rows, e.post);
  n.name = accumulator;
  n.buffer = g.weight;
  n.edge = e.name;
  const bool by_spike = l_.plan_of(e).by_spike;
  n.count = acts_in_next_step(e) && !by_spike && !l_.program.cell(e.pre)->source ? 0 : 1;
  n.value = by_spike && !g.factor.is_number(1) ? symbol(l_.factor(g)) : Expr(1.0);
  n.note = e.name + ": arriving spikes";
  return n;
}

/// Every accumulator of a cell: what was summed ahead, then the rows of the spikes that arrive now.
void DeviceLowering::sum_arrivals(CellPlan& p, std::vector<Node>& out) {
  for (const Accumulator& a : p.sums) {
    l_.buffer(a.name, Space::worker, Shape::neurons, p.cell->name, false, "what arrives in this step");
    Node first = in_cell(NodeKind::ahead, p.cell->name);
    first.name = a.name;
    first.count = d_.unroll;
    if (!a.ahead.empty()) first.buffer = l_.buffer(a.name + "_ahead", Space::tape, Shape::step_neurons, p.cell->name, false, "input sums of every step");
    out.push_back(first);
    if (!a.scattered.empty()) {
      Node due = in_cell(NodeKind::add_pending, p.cell->name);
      due.name = a.name;
      due.buffer = l_.buffer(l_.pending(a), Space::worker, Shape::pending, p.cell->name, false, "sums that arrive at each step of the trial");
      out.push_back(due);
    }
    for (const auto& [e, g] : a.stepped) out.push_back(rows(*e, *g, a.name));
  }
}

/// A continuous coupling: the dense sum over all sources of factor * weight, complete before anyone flows.
void DeviceLowering::couple(const Edge& e, std::vector<Node>& out) {
  for (const Gather& g : e.gathers) {
    if (!g.continuous) continue;
    out.push_back(lanes(e.pre, forward_.coupling_factor(e, g)));
    out.push_back(publish(l_.factor(g), e.pre));
    Node sum = in_cell(NodeKind::dense_sum, e.pre);
    sum.buffer = l_.buffer(identifier(g.name), Space::worker, Shape::neurons, e.post, false, "continuous sum " + g.name);
    sum.name = g.weight;
    sum.edge = l_.factor(g) + "_published";
    out.push_back(sum);
  }
}

/// The rows that a step adds first are fetched as soon as the lists are complete: the tape is written while they are on their way. Of each cell one sum of
/// rows, which bounds the registers.
void DeviceLowering::fetch_first_rows(std::vector<Node>& step) {
  std::set<std::string> fetched;
  std::vector<Node> fetches;
  for (Node& n : step) {
    if (n.kind != NodeKind::rows || n.count != 0 || n.buffer.empty() || !fetched.insert(n.cell).second) continue;
    n.count = 2;
    fetches.push_back(n);
    fetches.back().kind = NodeKind::first_rows;
    fetches.back().note.clear();
  }
  append(step, std::move(fetches));
}

std::vector<Node> DeviceLowering::forward_step() {
  std::vector<Node> out = l_.draw_rows(false);
  for (const EdgePlan& p : l_.edges) {
    if (!p.by_spike) continue;
    ForwardPhases::AtSource at = forward_.at_source(p);
    Node region = make_node(NodeKind::when_arrivals);
    region.edge = p.edge->name;
    region.note = p.edge->name + ": what arriving spikes do at their source";
    const auto loop = [&](std::vector<Node> body, int runs) {
      Node n = in_cell(NodeKind::thread_spikes, p.edge->pre, std::move(body), runs);
      n.edge = p.edge->name;
      region.body.push_back(n);
    };
    loop(std::move(at.first), 0);
    if (!at.later.empty()) loop(std::move(at.later), 1);
    out.push_back(region);
  }
  for (CellPlan& p : l_.cells)
    for (const Accumulator& a : p.sums)
      for (const auto& [e, g] : a.scattered) {
        if (l_.program.cell(e->pre)->source) continue;            // sent before the trial begins
        Node n = in_cell(NodeKind::scatter, e->post);
        n.name = g->weight;
        n.edge = e->name;
        n.buffer = l_.buffer(l_.pending(a), Space::worker, Shape::pending, e->post, false, "sums that arrive at each step of the trial");
        n.count = 1;
        n.note = e->name + ": spikes on their way";
        out.push_back(n);
      }
  if (l_.coupled) {
    for (CellPlan& p : l_.cells) {
      if (p.sums.empty()) continue;
      sum_arrivals(p, out);
      Block b(l_.constants, Column::block);
      forward_.place_states(*p.cell, b, Column::block);
      forward_.arrivals(p, b);
      for (const State& s : p.cell->states)
        if (const Expr value = b.read(s.name); !(value == symbol(local_name(s.name)))) b.store({l_.state(s.name)}, value);
      out.push_back(lanes(p.cell->name, b.finish(), p.cell->name + ": arrivals"));
    }
    for (const EdgePlan& p : l_.edges)
      if (p.has_coupling) couple(*p.edge, out);
  }
  for (CellPlan& p : l_.cells) {
    const Cell& c = *p.cell;
    if (!computed(c)) continue;
    Block b(l_.constants, Column::block);
    forward_.place_states(c, b, Column::block);
    if (!l_.coupled && !p.sums.empty()) {
      sum_arrivals(p, out);
      forward_.arrivals(p, b);
    }
    forward_.advance(p, b);
    out.push_back(lanes(c.name, b.finish(), c.name + ": " + (l_.coupled ? "" : "arrivals, ") + "flow (" + c.solver + ")" + (c.threshold.defined() ? ", threshold, reset" : "")));
    if (c.threshold.defined()) out.push_back(in_cell(NodeKind::emit, c.name));
  }
  fetch_first_rows(out);
  for (CellPlan& p : l_.cells)
    if (p.cell->threshold.defined()) out.push_back(to_lanes(in_cell(NodeKind::record_spikes, p.cell->name, forward_.spike(p))));
  append(out, loss_phases(l_.losses(Loss::When::each_step)));
  for (const Role& r : d_.roles)
    if (!l_.program.cell(r.cell)->source) out.push_back(in_cell(NodeKind::record_states, r.cell));
  return out;
}

std::vector<Node> DeviceLowering::forward_end() {
  std::vector<Node> out = loss_phases(l_.losses(Loss::When::end));
  append(out, loss_phases(l_.batch_shares()));
  for (const Role& r : d_.roles)
    if (!l_.program.cell(r.cell)->source) out.push_back(in_cell(NodeKind::check_states, r.cell));
  for (const CellPlan& p : l_.cells)
    if (p.cell->threshold.defined()) out.push_back(in_cell(NodeKind::finish_lists, p.cell->name));
  for (const CellPlan& p : l_.cells)
    if (p.cell->threshold.defined()) out.push_back(in_cell(NodeKind::finish_lists, p.cell->name, {}, 1));
  out.push_back(make_node(NodeKind::end_sample));
  return out;
}

Node DeviceLowering::forward_trial() {
  Node steps = make_node(NodeKind::block_steps, fetch_step_constants(forward_step()));
  steps.count = d_.unroll;
  std::vector<Node> end = forward_end();
  Node sample = make_node(NodeKind::block_samples, {make_node(NodeKind::begin_sample)});
  for (CellPlan& p : l_.cells) {
    if (!computed(*p.cell)) continue;
    std::vector<Node> body = forward_.initial(p);
    if (const Buffer* b = l_.module.buffer("label_losses"); b && b->cell == p.cell->name) {
      Node zero = make_node(NodeKind::store);
      zero.buffer = b->name;
      zero.column = Column::block;
      zero.value = 0.0;
      body.push_back(zero);
    }
    sample.body.push_back(lanes(p.cell->name, std::move(body), p.cell->name + ": initial states"));
    if (p.cell->threshold.defined()) sample.body.push_back(in_cell(NodeKind::begin_lists, p.cell->name));
  }
  sample.body.push_back(steps);
  append(sample.body, std::move(end));
  Node kernel = make_node(NodeKind::kernel, {sample}, "a block owns a sample for the whole trial");
  kernel.name = "forward_trial";
  return kernel;
}

}  // namespace antidrome::kernel
