// The backward pass of one sample: the forward step mirrored, then the gradients of the weights.
#include <algorithm>
#include <fmt/format.h>

#include "codegen/kernel_ir/lowering.hpp"

namespace antidrome::kernel {

using namespace ir;

namespace {

class Backward {
 public:
  explicit Backward(Lowering& l) : l_(l) {}
  Node build();
  Node begin();
  Node finish();

 private:
  std::vector<Node> step();
  Node gradients();
  void after(const CellPlan& p, std::vector<Node>& out);
  void jump(const CellPlan& p, std::vector<Node>& out);
  void advance(const CellPlan& p, std::vector<Node>& out);
  void arrive_post(const CellPlan& p, Block& b);
  void arrive_post_phase(const CellPlan& p, std::vector<Node>& out);
  void couplings(const EdgePlan& p, std::vector<Node>& out);
  void arrive_pre(const EdgePlan& p, std::vector<Node>& out);
  std::string operand(const Edge& e, const std::string& symbol);
  void operands(const Edge& e, Block& b);
  void place_adjoints(const Cell& c, Block& b, Column column, Row row_of_history);
  void place_taped(const CellPlan& p, Block& b, Stage stage, Column column);
  void store_adjoint(const CellPlan& p, Block& b, const std::string& adjoint, const std::string& name, Column column);
  void add_gradients(const std::vector<Update>& gradients, const std::string& cell, Block& b, Column column);
  bool events_by_unit(const EdgePlan& p) const;

  Lowering& l_;
};

std::string adjoint_buffer(const std::string& adjoint) { return identifier(adjoint); }

void Backward::place_adjoints(const Cell& c, Block& b, Column column, Row row) {
  l_.place_draws(c, b, column);
  const CellPlan& p = l_.plan(c.name);
  for (const State& s : c.states) {
    if (s.count) continue;
    const std::string a = adjoint_name(s.name);
    if (auto h = p.history_of_state.find(a); h != p.history_of_state.end()) b.place(a, {h->second, row, column}, local_name(a));
    else b.place(a, {adjoint_buffer(a), Row::none, column}, local_name(a));
  }
}

void Backward::store_adjoint(const CellPlan& p, Block& b, const std::string& adjoint, const std::string& name, Column column) {
  if (p.history_of_state.contains(adjoint)) return;               // written as a row of its history
  b.store({adjoint_buffer(adjoint), Row::none, column}, symbol(name));
}

void Backward::place_taped(const CellPlan& p, Block& b, Stage stage, Column column) {
  auto it = p.step_tape.find(stage);
  if (it == p.step_tape.end()) return;
  for (const std::string& s : it->second) b.place(s, {l_.on_tape(s, stage), Row::step, column}, local_name(s));
}

void Backward::add_gradients(const std::vector<Update>& gradients, const std::string& cell, Block& b, Column column) {
  for (const Update& u : gradients) {
    for (const Parameter& q : l_.program.parameters)
      if (gradient_name(q.name) == u.target) b.add({l_.gradient_sum(q.name, cell), Row::none, column}, b.lower(u.value), u.target + " += " + print(u.value));
  }
}

Node Backward::begin() {
  std::vector<Node> body;
  for (const CellPlan& p : l_.cells) {
    const Cell& c = *p.cell;
    Block b(l_.constants, Column::block);
    for (const State& s : c.states) {
      if (s.count) continue;
      const std::string a = adjoint_name(s.name), seed = identifier(a) + "_seed";
      if (p.history_of_state.contains(a)) continue;               // rows beyond the last step are zero
      const std::string at = l_.buffer(adjoint_buffer(a), Space::worker, Shape::neurons, c.name, true, "dL/d" + s.name);
      if (l_.module.buffer(seed)) {
        b.place(seed, {seed, Row::none, Column::block}, local_name(a));
        b.store({at}, b.read(seed), "seed: dL/d" + s.name + " of the losses");
      } else {
        b.store({at}, 0.0);
      }
    }
    if (!b.empty()) body.push_back(in_cell(NodeKind::for_blocks, c.name, b.finish()));
  }
  for (const Buffer& q : l_.module.buffers) {
    const bool sum = q.space == Space::worker && (q.name.find("_operand") != std::string::npos || q.name.starts_with("grad_") || q.name.find("_grad_") != std::string::npos || q.name.find("lambda_G") != std::string::npos);
    if (!sum && q.space != Space::history) continue;
    Node clear = make_node(NodeKind::clear);
    clear.buffer = q.name;
    body.push_back(clear);
  }
  Node n = make_node(NodeKind::function, body, "adjoints at the end of the trial");
  n.name = "begin_adjoint";
  return n;
}

void Backward::after(const CellPlan& p, std::vector<Node>& out) {
  const Cell& c = *p.cell;
  if (c.back_after.empty() && c.back_after_gradient.empty()) return;
  Block b(l_.constants, Column::block);
  place_adjoints(c, b, Column::block, Row::next_step);
  place_taped(p, b, Stage::before_after, Column::block);
  add_gradients(c.back_after_gradient, c.name, b, Column::block);
  for (const auto& [target, name] : b.update(c.back_after, "_before")) store_adjoint(p, b, target, name, Column::block);
  out.push_back(in_cell(NodeKind::for_blocks, c.name, b.finish()));
  out.back().note = c.name + ": step hooks, backwards";
}

bool Backward::events_by_unit(const EdgePlan& p) const {
  for (const Gather& g : p.edge->gathers) {
    const Parameter* w = l_.program.parameter(g.weight);
    if (!g.continuous && w && w->trainable) return true;
  }
  return p.delay_trained;
}

/// The own spikes of a step: row products with the targets' operands, then the jump of the neuron's own adjoints.
void Backward::jump(const CellPlan& p, std::vector<Node>& out) {
  const Cell& c = *p.cell;
  if (!c.threshold.defined()) return;
  Block b(l_.constants, Column::unit);
  place_adjoints(c, b, Column::unit, Row::next_step);
  for (const std::string& s : p.spike_tape) b.place(s, {l_.at_spike(s), Row::none, Column::spike}, local_name(s));
  Expr acc = 0.0;
  std::vector<Node> dots;
  for (const EdgePlan& q : l_.edges) {
    if (q.edge->pre != c.name || !q.simple || !q.edge->back_acc.defined() || q.edge->back_acc.is_number(0)) continue;
    Node n = make_node(NodeKind::row_dot);
    n.name = "product";
    n.edge = q.edge->gathers.front().weight;
    n.cell = q.edge->post;
    for (const Gather& g : q.edge->gathers)
      if (!g.continuous) { n.edge = g.weight; n.buffer = operand(*q.edge, kappa_name(g.name)); }
    dots.push_back(n);
  }
  append(dots, l_.scattered_dots(c));
  if (!dots.empty()) {
    Node dot = make_node(NodeKind::dot, {}, "what this spike did to others: sum over targets of w * kappa");
    dot.name = "product";
    b.push(dot);
    for (Node& n : dots) b.push(n);
    Node sum = make_node(NodeKind::dot_value);
    sum.name = "passed_back";
    sum.edge = "product";
    b.push(sum);
    b.bind("passed_back", "passed_back");
    acc = symbol("passed_back");
  }
  if (p.needs_acc) {
    b.place("taped_acc", {identifier(acc_name(c.name)), Row::none, Column::spike}, "taped_acc");
    acc = acc + symbol("taped_acc");
  }
  b.bind(acc_name(c.name), b.let("acc", b.lower(acc)));
  if (c.slope.defined()) {
    Node clamp = make_node(NodeKind::clamp_slope, {}, "d(threshold)/dt = " + print(c.slope));
    clamp.name = "slope";
    clamp.value = b.lower(c.slope);
    b.push(clamp);
    b.bind(slope_name(c.name), "slope");
  }
  add_gradients(c.back_jump_gradient, c.name, b, Column::unit);
  for (const auto& [target, name] : b.update(c.back_jump, "_before")) store_adjoint(p, b, target, name, Column::unit);
  bool listed = false;
  Node list = in_cell(NodeKind::list_by_unit, c.name);
  for (const EdgePlan& q : l_.edges)
    if (q.edge->pre == c.name && events_by_unit(q)) listed = true;
  if (listed) b.push(list);
  std::vector<Node> body = b.finish();
  if (body.empty()) return;
  out.push_back(in_cell(NodeKind::for_spikes, c.name, body, 0));
  out.back().note = c.name + ": own spikes of this step, backwards";
}

/// The buffer that holds an operand of row products, one per distinct value.
std::string Backward::operand(const Edge& e, const std::string& name) {
  for (const Update& u : e.back_operands) {
    if (u.target != name) continue;
    auto [it, fresh] = l_.operands.emplace(std::pair{e.post, u.value}, "");
    if (fresh) it->second = l_.buffer(identifier(e.post) + fmt::format("_operand{}", l_.operands.size() - 1), Space::worker, Shape::neurons, e.post, true, print(u.value));
    return it->second;
  }
  throw InternalError("internal error: no operand '" + name + "', please report it");
}

/// After the arrivals, on the way back: what row products and histories read, then the targets' adjoints before the arrivals.
void Backward::arrive_post(const CellPlan& p, Block& b) {
  const Cell& c = *p.cell;
  place_taped(p, b, Stage::start, Column::block);
  place_taped(p, b, Stage::before_arrivals, Column::block);
  std::map<std::string, Expr> changed;
  std::vector<std::pair<std::string, Expr>> stores;
  for (const auto& [key, at] : l_.operands)
    if (key.first == c.name) stores.emplace_back(at, b.lower(key.second));
  for (const auto& [key, at] : l_.histories)
    if (key.first == c.name) b.store({at, Row::step, Column::block}, b.lower(key.second), print(key.second));
  for (const auto& [at, value] : stores) b.store({at}, value);
  for (const Edge& e : l_.program.edges) {
    if (e.post != c.name) continue;
    for (const Gather& g : e.gathers)
      if (l_.module.buffer(identifier(g.name) + "_sum")) b.place(g.name, {identifier(g.name) + "_sum", Row::step, Column::block}, local_name(g.name));
    add_gradients(e.back_arrive_post_gradient, c.name, b, Column::block);
    for (const Update& u : e.back_arrive_post) {
      if (!changed.contains(u.target)) changed[u.target] = symbol(u.target);
      changed[u.target] = changed[u.target] + simplify(u.value - symbol(u.target));
    }
  }
  std::vector<Update> updates;
  for (const auto& [target, value] : changed) updates.push_back({target, value});
  b.update(updates, "_arriving");
}

void Backward::advance(const CellPlan& p, std::vector<Node>& out) {
  const Cell& c = *p.cell;
  Block b(l_.constants, Column::block);
  place_adjoints(c, b, Column::block, Row::next_step);
  place_taped(p, b, Stage::start, Column::block);
  for (const std::string& g : p.coupled_tape) b.place(g, {identifier(g) + "_taped", Row::step, Column::block}, local_name(g));
  add_gradients(c.back_advance_gradient, c.name, b, Column::block);
  const auto names = b.update(c.back_advance, "_start");
  for (const std::string& g : c.gathers)
    if (auto it = names.find(adjoint_name(g)); it != names.end())
      b.store({l_.buffer(identifier(adjoint_name(g)), Space::worker, Shape::neurons, c.name, true, "dL/d" + g)}, symbol(it->second));
  if (!l_.coupled) arrive_post(p, b);
  for (const State& s : c.states)
    if (!s.count)
      if (const std::string a = adjoint_name(s.name); names.contains(a) || !l_.coupled)
        if (const Expr value = b.read(a); !(value == symbol(local_name(a)))) store_adjoint(p, b, a, value.name(), Column::block);
  std::vector<Node> body = b.finish();
  if (body.empty()) return;
  out.push_back(in_cell(NodeKind::for_blocks, c.name, body));
  out.back().note = c.name + ": flow, backwards";
}

void Backward::arrive_post_phase(const CellPlan& p, std::vector<Node>& out) {
  const Cell& c = *p.cell;
  Block b(l_.constants, Column::block);
  place_adjoints(c, b, Column::block, Row::step);
  arrive_post(p, b);
  for (const State& s : c.states)
    if (!s.count)
      if (const std::string a = adjoint_name(s.name); true)
        if (const Expr value = b.read(a); !(value == symbol(local_name(a)))) store_adjoint(p, b, a, value.name(), Column::block);
  std::vector<Node> body = b.finish();
  if (!body.empty()) out.push_back(in_cell(NodeKind::for_blocks, c.name, body));
}

/// Continuous couplings: dense row products with what the flow of the target passed back.
void Backward::couplings(const EdgePlan& p, std::vector<Node>& out) {
  const Edge& e = *p.edge;
  const Cell& pre = *l_.program.cell(e.pre);
  Block b(l_.constants, Column::block);
  place_adjoints(pre, b, Column::block, Row::next_step);
  place_taped(l_.plan(e.pre), b, Stage::start, Column::block);
  std::set<std::string> read = symbols_in(e.back_couple_pre);
  read.merge(symbols_in(e.back_couple_pre_gradient));
  for (const Gather& g : e.gathers) {
    if (!g.continuous) continue;
    const std::string lambda = identifier(adjoint_name(g.name)), dot = dot_name(adjoint_name(g.name));
    if (read.contains(dot)) {
      Node n = in_cell(NodeKind::dense_sum, e.pre);
      n.count = 1;                                                // transposed: per source unit, its row . operand
      n.buffer = l_.buffer(identifier(dot), Space::worker, Shape::neurons, e.pre, true, "row products of " + g.weight + " with " + lambda);
      n.name = g.weight;
      n.edge = lambda;
      out.push_back(n);
      b.place(dot, {n.buffer, Row::none, Column::block}, local_name(dot));
    }
    const Parameter* w = l_.program.parameter(g.weight);
    if (w && w->trainable) {
      Block f(l_.constants, Column::block);
      place_taped(l_.plan(e.pre), f, Stage::start, Column::block);
      f.store({l_.buffer(l_.factor(g), Space::worker, Shape::neurons, e.pre, false)}, f.lower(g.factor));
      out.push_back(in_cell(NodeKind::for_blocks, e.pre, f.finish()));
      Node n = in_cell(NodeKind::dense_gradient, e.pre);
      n.name = g.weight;
      n.edge = l_.factor(g);
      n.buffer = lambda;
      out.push_back(n);
    }
  }
  add_gradients(e.back_couple_pre_gradient, e.pre, b, Column::block);
  for (const auto& [target, name] : b.update(e.back_couple_pre, "_coupled")) store_adjoint(l_.plan(e.pre), b, target, name, Column::block);
  std::vector<Node> body = b.finish();
  if (!body.empty()) out.push_back(in_cell(NodeKind::for_blocks, e.pre, body));
}

/// Arrivals of this step that touch the source's own states, or come from further back than one step.
void Backward::arrive_pre(const EdgePlan& p, std::vector<Node>& out) {
  const Edge& e = *p.edge;
  const Cell& pre = *l_.program.cell(e.pre);
  const bool to_acc = !pre.source && e.back_acc.defined() && !e.back_acc.is_number(0);
  if (p.scattered) return;                                        // undone where the spike is
  if (p.simple || !p.has_events) {
    if (e.arrive_pre.empty()) return;
  }
  Block b(l_.constants, Column::unit);
  place_adjoints(pre, b, Column::unit, Row::step);
  for (const std::string& s : p.pre_tape) b.place(s, {identifier(e.name) + "_" + local_name(s) + "_at_arrival", Row::none, Column::spike}, local_name(s));
  std::set<std::string> read = symbols_in(e.back_arrive_pre);
  read.merge(symbols_in(e.back_arrive_pre_gradient));
  if (to_acc) read.merge(free_symbols(e.back_acc));
  for (const Gather& g : e.gathers)
    for (const std::string& operand_name : {adjoint_name(g.name), kappa_name(g.name)}) {
      const std::string dot = dot_name(operand_name);
      if (g.continuous || !read.contains(dot)) continue;
      const std::string name = local_name(dot);
      Node start = make_node(NodeKind::dot);
      start.name = name + "_row";
      b.push(start);
      Node n = make_node(NodeKind::row_dot);
      n.name = start.name;
      n.edge = g.weight;
      n.cell = e.post;
      n.buffer = operand(e, operand_name);
      b.push(n);
      Node sum = make_node(NodeKind::dot_value);
      sum.name = b.unique(name);
      sum.edge = start.name;
      b.push(sum);
      b.bind(dot, sum.name);
    }
  add_gradients(e.back_arrive_pre_gradient, e.pre, b, Column::unit);
  if (to_acc) b.add({identifier(acc_name(e.pre)), Row::none, Column::spike}, b.lower(e.back_acc), "acc of the spike that sent this arrival");
  std::vector<Node> later;
  for (const Update& u : e.back_arrive_pre) {
    if (!pre.source) continue;
    const Place change{l_.buffer(identifier(e.name) + "_" + local_name(u.target) + "_change", Space::tape, Shape::spikes, e.pre, true), Row::none, Column::spike};
    b.store(change, b.lower(u.value - symbol(u.target)));
    append(later, add_change(l_.constants, change, {adjoint_buffer(u.target), Row::none, Column::unit}, local_name(u.target) + "_change"));
  }
  if (!pre.source)
    for (const auto& [target, name] : b.update(e.back_arrive_pre, "_before")) store_adjoint(l_.plan(e.pre), b, target, name, Column::unit);
  if (pre.source && p.by_spike && events_by_unit(p)) {
    Node list = in_cell(NodeKind::list_by_unit, e.pre);
    list.edge = e.name;
    b.push(list);
  }
  std::vector<Node> body = b.finish();
  if (body.empty()) return;
  out.push_back(for_arrivals(e, body));
  out.back().note = e.name + ": arrivals of this step, backwards";
  if (!later.empty()) out.push_back(for_arrivals(e, later));
}

std::vector<Node> Backward::step() {
  // operands that any row product reads must be known before the phases that write them are built
  for (const EdgePlan& p : l_.edges) {
    const Edge& e = *p.edge;
    if (!p.has_events || p.scattered) continue;
    std::set<std::string> read = symbols_in(e.back_arrive_pre);
    read.merge(symbols_in(e.back_arrive_pre_gradient));
    if (e.back_acc.defined()) read.merge(free_symbols(e.back_acc));
    for (const Gather& g : e.gathers)
      for (const std::string& o : {adjoint_name(g.name), kappa_name(g.name)})
        if (!g.continuous && read.contains(dot_name(o))) operand(e, o);
  }
  std::vector<Node> out = l_.draw_rows(true);
  append(out, l_.seeds_of_step());
  for (const CellPlan& p : l_.cells) after(p, out);
  for (const CellPlan& p : l_.cells) jump(p, out);
  for (const CellPlan& p : l_.cells) advance(p, out);
  for (const EdgePlan& p : l_.edges)
    if (p.has_coupling) couplings(p, out);
  if (l_.coupled)
    for (const CellPlan& p : l_.cells) arrive_post_phase(p, out);
  for (const EdgePlan& p : l_.edges) arrive_pre(p, out);
  return out;
}

Node Backward::finish() {
  std::vector<Node> body;
  for (const CellPlan& p : l_.cells) {
    Block b(l_.constants, Column::block);
    place_adjoints(*p.cell, b, Column::block, Row::step);
    add_gradients(p.cell->back_start_gradient, p.cell->name, b, Column::block);
    if (!b.empty()) body.push_back(in_cell(NodeKind::for_blocks, p.cell->name, b.finish()));
  }
  for (const Parameter& q : l_.program.parameters) {
    if (!q.trainable || q.axes == Parameter::Axes::source_target) continue;
    for (const CellPlan& p : l_.cells) {
      const std::string sum = identifier(gradient_name(q.name)) + "_" + identifier(p.cell->name);
      if (!l_.module.buffer(sum)) continue;
      Node n = in_cell(NodeKind::reduce_gradient, p.cell->name);
      n.name = q.name;
      n.buffer = sum;
      n.value = q.axes == Parameter::Axes::shared ? 1.0 : 0.0;
      body.push_back(n);
    }
    if (const std::string from_loss = identifier(gradient_name(q.name)) + "_loss"; l_.module.buffer(from_loss)) {
      Node n = make_node(NodeKind::reduce_gradient);
      n.name = q.name;
      n.buffer = from_loss;
      n.cell = l_.module.buffer_of(from_loss).cell;
      n.value = n.cell.empty() ? 1.0 : 0.0;
      body.push_back(n);
    }
  }
  Node n = make_node(NodeKind::function, body, "initial states; sums over neurons");
  n.name = "finish_adjoint";
  return n;
}

Node Backward::gradients() {
  std::vector<Node> body;
  std::set<std::string> written;
  const auto add = [&](const EdgePlan& p, Node n) {
    n.count = written.insert(n.name).second ? 0 : 1;              // 1: adds to what another sum has written
    Node* slices = nullptr;                                       // all that reads one history, slice by slice
    for (Node& known : body)
      if (known.body.front().buffer == n.buffer) slices = &known;
    if (!slices) slices = &body.emplace_back(in_cell(NodeKind::for_slices, p.edge->post));
    slices->body.push_back(n);
  };
  for (const EdgePlan& p : l_.edges) {
    if (p.scattered) {
      for (const Node& n : l_.scattered_gradients(p)) add(p, n);
      continue;
    }
    for (const Gather& g : p.edge->gathers) {
      const Parameter* w = l_.program.parameter(g.weight);
      if (g.continuous || !w || !w->trainable) continue;
      Node n = make_node(NodeKind::gather_gradient);
      n.name = g.weight;
      n.edge = p.edge->name;
      n.cell = p.edge->pre;
      n.buffer = l_.history(*p.edge, adjoint_name(g.name));
      if (p.by_spike && !g.factor.is_number(1)) n.value = symbol(l_.factor(g) + "_by_unit");
      add(p, n);
    }
  }
  Node n = make_node(NodeKind::function, body, "weights: every source unit gathers the history at its spikes");
  n.name = "gather_gradients";
  return n;
}

Node Backward::build() {
  Node one = make_node(NodeKind::function, step());
  one.name = "adjoint_step";
  Node steps = make_node(NodeKind::for_steps_back, {one});
  Node end = finish(), weights = gradients();
  return make_node(NodeKind::for_chunks, {begin(), steps, end, weights});
}

}  // namespace

std::vector<Node> Lowering::seeds_of_step() {
  std::vector<Node> out;
  for (const CellPlan& p : cells) {
    Block b(constants, Column::block);
    for (const State& s : p.cell->states) {
      const std::string a = adjoint_name(s.name), seed = identifier(a) + "_seed_of_step";
      if (!module.buffer(seed)) continue;
      b.place(seed, {seed, Row::step, Column::block}, "seed");
      b.add({adjoint_buffer(a)}, b.read(seed));
    }
    if (!b.empty()) out.push_back(in_cell(NodeKind::for_blocks, p.cell->name, b.finish()));
  }
  return out;
}

Node Lowering::backward() { return Backward(*this).build(); }
Node Lowering::begin_adjoint() { return Backward(*this).begin(); }
Node Lowering::finish_adjoint() { return Backward(*this).finish(); }

}  // namespace antidrome::kernel
