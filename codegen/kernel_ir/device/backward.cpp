// The backward pass of a sample on a block of threads: the forward step mirrored.
#include <algorithm>
#include <fmt/format.h>

#include "codegen/kernel_ir/device/lowering.hpp"

namespace antidrome::kernel {

using namespace ir;

Node DeviceLowering::publish(const std::string& lane_buffer, const std::string& cell) {
  Node n = in_cell(NodeKind::publish, cell);
  n.name = lane_buffer;
  n.buffer = l_.buffer(lane_buffer + "_published", Space::worker, Shape::neurons, cell, l_.module.buffer_of(lane_buffer).backward, l_.module.buffer_of(lane_buffer).note);
  return n;
}

/// What row products read lies in registers: it is laid out for all warps where some spike asks for it.
void DeviceLowering::publish_operands(const std::vector<Node>& readers, std::vector<Node>& out) {
  std::set<std::string> wanted;
  const auto collect = [&](const auto& self, const Node& n) -> void {
    if (n.kind == NodeKind::row_dot) wanted.insert(n.buffer);
    for (const Node& child : n.body) self(self, child);
  };
  for (const Node& n : readers) collect(collect, n);
  for (const std::string& operand : wanted) out.push_back(publish(operand, l_.module.buffer_of(operand).cell));
}

namespace {

void read_published(Node& n) {
  if (n.kind == NodeKind::row_dot) n.buffer += "_published";
  for (Node& child : n.body) read_published(child);
}

}  // namespace

/// The spikes of this step: a warp multiplies the row of each with what its targets left, then the lane that owns the neuron undoes its jump. Answers the jumps
/// of each cell, which its lanes make before they flow: spikes that were found wait for them.
std::map<std::string, Node> DeviceLowering::own_spikes(std::vector<Node>& out) {
  Node region = make_node(NodeKind::when_spikes);
  std::vector<Node> searches;
  std::map<std::string, Node> jumps;
  for (const CellPlan& p : l_.cells) {
    const Cell& c = *p.cell;
    if (!c.threshold.defined()) continue;
    Block b(l_.constants, Column::block);
    Expr passed_back;
    std::vector<Node> search, dots = backward_.own_dots(c);
    if (!dots.empty()) {
      Node dot = make_node(NodeKind::dot, {}, "what this spike did to others: sum over targets of w * kappa");
      dot.name = "product";
      search.push_back(dot);
      append(search, std::move(dots));
      const std::string product = l_.buffer("passed_back_of_" + identifier(c.name), Space::shared, Shape::neurons, c.name, true, "row product of the neuron's spike");
      b.place("passed_back", {product, Row::none, Column::block}, "passed_back");
      passed_back = symbol("passed_back");
    }
    backward_.jump(p, passed_back, b, Column::block);
    const bool listed = backward_.listed_by_unit(c);
    if (listed) b.push(in_cell(NodeKind::list_place, c.name));
    std::vector<Node> body = b.finish();
    if (body.empty()) continue;
    Node found = in_cell(NodeKind::spike_found, c.name);
    found.buffer = "fired_of_" + identifier(c.name);
    found.count = passed_back.defined();
    bring(p, body, found);
    if (reads_tape(p, body)) found.name = "spike_of_" + identifier(c.name);
    search.push_back(found);
    searches.push_back(in_cell(NodeKind::warp_spikes, c.name, std::move(search)));
    searches.back().note = c.name + ": own spikes of this step, backwards";
    Node jump = in_cell(NodeKind::lanes_fired, c.name, std::move(body));
    jump.buffer = found.buffer;
    jump.name = found.name;
    jump.note = c.name + ": own jump, backwards";
    jumps.emplace(c.name, std::move(jump));
  }
  if (searches.empty()) return jumps;
  publish_operands(searches, region.body);
  for (Node& n : searches) read_published(n);
  std::vector<Node> fetches;
  if (const int ahead = rows_ahead(searches); ahead > 0) {        // warps of their own: they fetch while the others undo jumps and flow
    d_.dot_warps = dot_warps();
    d_.first_dot_warp = first_dot_warp();
    for (Node& n : searches) {
      n.count = ahead;
      fetches.push_back(n);
      fetches.back().kind = NodeKind::fetch_spikes;
      fetches.back().note.clear();
    }
  }
  append(region.body, std::move(searches));
  for (const auto& [cell, jump] : jumps) {                        // in steps without spikes nobody waits
    region.body.push_back(in_cell(NodeKind::spikes_known, cell));
    region.body.back().buffer = jump.buffer;
  }
  out.push_back(region);
  append(out, std::move(fetches));
  return jumps;
}

namespace {

void divide_by(Node& n, const std::string& divisor, const std::string& inverse) {
  if (n.value.defined()) {
    Bindings products;
    for (const Expr& e : nodes_of(n.value, Kind::div))
      if (e.arg(1) == symbol(divisor)) products.emplace(e, e.arg(0) * symbol(inverse));
    if (!products.empty()) n.value = substitute(n.value, products);
  }
  for (Node& child : n.body) divide_by(child, divisor, inverse);
}

bool uses(const Node& n, const std::string& name) {
  return (n.value.defined() && depends_on(n.value, {name})) || std::any_of(n.body.begin(), n.body.end(), [&](const Node& child) { return uses(child, name); });
}

}  // namespace

/// What the tape alone says of a jump is worked out where the spike is found, while the row product is on its way: the slope of the threshold and its inverse.
/// The lane of the neuron is brought what the rest of the jump reads of it.
void DeviceLowering::bring(const CellPlan& p, std::vector<Node>& jump, Node& found) const {
  std::set<std::string> on_tape, known;
  for (const std::string& s : p.spike_tape) on_tape.insert(identifier(s) + "_at_spike");
  const auto is_known = [&](Expr e) {
    const std::set<std::string> read = free_symbols(e);
    return std::all_of(read.begin(), read.end(), [&](const std::string& s) { return s.starts_with("k.") || known.contains(s); });
  };
  std::vector<Node> rest;
  for (Node& n : jump) {
    const bool taped = n.kind == NodeKind::load && n.column == Column::spike && on_tape.contains(n.buffer);
    if (!taped && !((n.kind == NodeKind::let || n.kind == NodeKind::clamp_slope) && is_known(n.value))) {
      rest.push_back(std::move(n));
      continue;
    }
    known.insert(n.name);
    found.body.push_back(std::move(n));
    if (found.body.back().kind != NodeKind::clamp_slope) continue;
    Node inverse = make_node(NodeKind::let);
    inverse.name = "inverse_" + found.body.back().name;
    inverse.value = Expr(1.0) / symbol(found.body.back().name);
    known.insert(inverse.name);
    found.body.push_back(inverse);
  }
  for (const Node& n : found.body)
    if (n.kind == NodeKind::clamp_slope)
      for (Node& later : rest) divide_by(later, n.name, "inverse_" + n.name);
  std::vector<Node> brings;
  jump.clear();
  for (const Node& n : found.body) {
    if (std::none_of(rest.begin(), rest.end(), [&](const Node& later) { return uses(later, n.name); })) continue;
    Node bring = make_node(NodeKind::bring), brought = make_node(NodeKind::brought);
    bring.count = brought.count = static_cast<int>(brings.size());
    bring.value = symbol(n.name);
    brought.name = n.name;
    brings.push_back(bring);
    jump.push_back(brought);
  }
  for (Node& n : rest) {
    if (n.kind == NodeKind::load && n.buffer == "passed_back_of_" + identifier(p.cell->name)) {   // the product lies behind them
      n.kind = NodeKind::brought;
      n.buffer.clear();
      n.column = Column::none;
      n.count = static_cast<int>(brings.size());
    }
    jump.push_back(std::move(n));
  }
  append(found.body, std::move(brings));
}

/// Whether a jump looks for something on the tape that the spike does not bring: it has to know the place then.
bool DeviceLowering::reads_tape(const CellPlan& p, const std::vector<Node>& jump) const {
  return std::any_of(jump.begin(), jump.end(), [&](const Node& n) {
    if (n.kind == NodeKind::list_place) return std::any_of(l_.edges.begin(), l_.edges.end(), [&](const EdgePlan& q) { return q.edge->pre == p.cell->name && q.by_spike; });
    return (n.kind == NodeKind::load && n.column == Column::spike) || reads_tape(p, n.body);
  });
}

/// Two beside one warp of neurons that fire, three beside more: with four spikes each they have rows for the spikes of nearly every step.
int DeviceLowering::dot_warps() const {
  int firing = 0;
  for (const Role& r : d_.roles) firing += l_.program.cell(r.cell)->threshold.defined() ? r.warps : 0;
  return std::min(1 + firing, most_dot_warps);
}

/// The last populations have little to do on the way back where they do not fire: their warps take spikes as well.
int DeviceLowering::first_dot_warp() const {
  int first = d_.warps();
  for (auto r = d_.roles.rbegin(); r != d_.roles.rend() && !l_.program.cell(r->cell)->threshold.defined() && d_.warps() - r->first_warp <= d_.dot_warps; ++r) first = r->first_warp;
  return first;
}

/// Spikes of each cell whose rows a warp keeps: not more than 40 numbers a lane. Their sums over lanes are one: each group of lanes ends with its own spike's,
/// and writes what that one brings.
int DeviceLowering::rows_ahead(const std::vector<Node>& searches) const {
  int numbers = 0, most = 1;
  for (const Node& n : searches) {
    for (const Node& child : n.body) {
      if (child.kind == NodeKind::row_dot && !child.edge.empty()) numbers += d_.padded(child.cell) / 32;
      if (child.kind != NodeKind::spike_found) continue;
      const auto brings = std::count_if(child.body.begin(), child.body.end(), [](const Node& x) { return x.kind == NodeKind::bring; });
      most = std::max(most, static_cast<int>(brings) + child.count);
    }
  }
  for (const int n : {4, 2, 1})
    if (n * numbers <= 40 && n * most <= 32) return n;
  return 0;
}

/// What couplings pass back to their sources, and the histories that the gradients of their weights are made of.
void DeviceLowering::couple_back(const EdgePlan& p, std::vector<Node>& out) {
  const Edge& e = *p.edge;
  for (const Gather& g : e.gathers) {
    if (!g.continuous) continue;
    const std::string lambda = identifier(adjoint_name(g.name));
    if (const std::string dot = backward_.coupling_dots(g); !dot.empty()) {
      out.push_back(publish(lambda, e.post));
      Node n = in_cell(NodeKind::dense_sum, e.pre, {}, 1);
      n.buffer = l_.buffer(identifier(dot), Space::shared, Shape::neurons, e.pre, true, "row products of " + g.weight + " with " + lambda);
      n.name = g.weight;
      n.edge = lambda + "_published";
      out.push_back(n);
    }
    const Parameter* w = l_.program.parameter(g.weight);
    if (!w || !w->trainable) continue;
    out.push_back(lanes(e.pre, backward_.coupling_factor(e, g)));
    const auto keep = [&](const std::string& buffer, const std::string& cell) {
      Block b(l_.constants, Column::block);
      b.place("value", {buffer, Row::none, Column::block}, "value");
      b.store({l_.buffer(buffer + "_history", Space::history, Shape::step_neurons, cell, true, buffer + " at every step"), Row::step, Column::block}, b.read("value"));
      out.push_back(lanes(cell, b.finish()));
    };
    keep(l_.factor(g), e.pre);
    keep(lambda, e.post);
  }
  if (std::vector<Node> body = backward_.couple(p); !body.empty()) out.push_back(lanes(e.pre, std::move(body)));
}

void DeviceLowering::at_source_back(const EdgePlan& p, std::vector<Node>& out) {
  BackwardPhases::AtSource at = backward_.at_source(p);
  if (at.first.empty()) return;
  Node region = make_node(NodeKind::when_arrivals);
  region.edge = p.edge->name;
  region.note = p.edge->name + ": arrivals of this step, backwards";
  Node first = in_cell(NodeKind::warp_spikes, p.edge->pre, std::move(at.first));
  first.edge = p.edge->name;
  publish_operands({first}, region.body);
  read_published(first);
  region.body.push_back(first);
  if (!at.later.empty()) {
    Node later = in_cell(NodeKind::thread_spikes, p.edge->pre, std::move(at.later), 1);
    later.edge = p.edge->name;
    region.body.push_back(later);
  }
  out.push_back(region);
}

std::vector<Node> DeviceLowering::backward_step() {
  backward_.plan_operands();
  std::vector<Node> out = l_.draw_rows(true);
  for (Node& n : l_.seeds_of_step()) out.push_back(to_lanes(std::move(n)));
  const auto add = [&](const CellPlan& p, std::vector<Node> body, const char* what) {
    if (!body.empty() && computed(*p.cell)) out.push_back(lanes(p.cell->name, std::move(body), p.cell->name + ": " + what));
  };
  for (const CellPlan& p : l_.cells) add(p, backward_.after(p), "step hooks, backwards");
  const std::map<std::string, Node> jumps = own_spikes(out);
  for (const CellPlan& p : l_.cells) {
    if (const auto jump = jumps.find(p.cell->name); jump != jumps.end()) out.push_back(jump->second);
    add(p, backward_.advance(p), "flow, backwards");
  }
  for (const EdgePlan& p : l_.edges)
    if (p.has_coupling) couple_back(p, out);
  if (l_.coupled)
    for (const CellPlan& p : l_.cells) add(p, backward_.arrivals(p), "arrivals, backwards");
  for (const EdgePlan& p : l_.edges) at_source_back(p, out);
  for (const Role& r : d_.roles)
    if (!l_.program.cell(r.cell)->source) out.push_back(in_cell(NodeKind::record_states, r.cell, {}, 1));
  return out;
}

std::vector<Node> DeviceLowering::backward_end() {
  std::vector<Node> out;
  for (const CellPlan& p : l_.cells)
    if (std::vector<Node> body = backward_.start(p); !body.empty() && computed(*p.cell)) out.push_back(lanes(p.cell->name, std::move(body), p.cell->name + ": initial states, backwards"));
  for (const Node& sum : backward_.parameter_sums()) {
    const Buffer& b = l_.module.buffer_of(sum.buffer);
    if (b.space != Space::worker) continue;                       // of a loss: written by it
    Node n = in_cell(NodeKind::write_sum, sum.cell);
    n.name = sum.buffer;
    n.buffer = l_.buffer(sum.buffer + "_of_sample", Space::tape, Shape::neurons, sum.cell, true, sum.name + ": sum over the trial of each sample");
    out.push_back(n);
  }
  for (const Role& r : d_.roles)
    if (!l_.program.cell(r.cell)->source) out.push_back(in_cell(NodeKind::check_states, r.cell, {}, 1));
  Node end = make_node(NodeKind::end_sample);
  end.count = 1;
  out.push_back(end);
  return out;
}

Node DeviceLowering::backward_trial() {
  std::map<std::string, std::vector<Node>> initial;
  for (const CellPlan& p : l_.cells) initial[p.cell->name] = backward_.initial(p);
  Node steps = make_node(NodeKind::block_steps_back, fetch_step_constants(backward_step()));
  std::vector<Node> end = backward_end();
  Node start = make_node(NodeKind::begin_sample);
  start.count = 1;
  Node sample = make_node(NodeKind::block_samples, {start});
  for (const CellPlan& p : l_.cells) {
    if (!computed(*p.cell)) continue;
    std::vector<Node> body = initial[p.cell->name];
    for (const Buffer& b : l_.module.buffers) {                   // sums start at zero; so do operands, before anything has passed back
      const bool operand = std::any_of(l_.operands.begin(), l_.operands.end(), [&](const auto& o) { return o.second == b.name; });
      const bool sum = b.space == Space::worker && b.cell == p.cell->name && l_.module.buffer(b.name + "_of_sample");
      if (b.cell != p.cell->name || !(operand || sum)) continue;
      Node zero = make_node(NodeKind::store);
      zero.buffer = b.name;
      zero.column = Column::block;
      zero.value = 0.0;
      body.push_back(zero);
    }
    for (const Buffer& b : l_.module.buffers) {                   // arrivals after the last step find nothing
      if (b.space != Space::history || b.cell != p.cell->name) continue;
      Node zero = in_cell(NodeKind::clear, b.cell);
      zero.buffer = b.name;
      body.push_back(zero);
    }
    sample.body.push_back(lanes(p.cell->name, std::move(body), p.cell->name + ": adjoints at the end of the trial"));
    if (p.cell->threshold.defined()) sample.body.push_back(in_cell(NodeKind::begin_lists, p.cell->name, {}, 1));
  }
  for (const Buffer& b : l_.module.buffers) {                     // sums by unit of a source that computes nothing else
    if (b.space != Space::worker || !l_.module.buffer(b.name + "_of_sample") || d_.role(b.cell)) continue;
    Node zero = in_cell(NodeKind::clear, b.cell);
    zero.buffer = b.name;
    sample.body.push_back(zero);
  }
  sample.body.push_back(steps);
  append(sample.body, std::move(end));
  Node kernel = make_node(NodeKind::kernel, {sample}, "the same blocks, from the end of the trial to its beginning");
  kernel.name = "backward_trial";
  return kernel;
}

}  // namespace antidrome::kernel
