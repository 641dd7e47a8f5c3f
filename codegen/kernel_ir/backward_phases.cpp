// What the backward pass of a trial computes, phase by phase.
#include <fmt/format.h>

#include "codegen/kernel_ir/phases.hpp"

namespace antidrome::kernel {

using namespace ir;

void BackwardPhases::place_adjoints(const Cell& c, Block& b, Column column, Row row) {
  l_.place_draws(c, b, column);
  const CellPlan& p = l_.plan(c.name);
  for (const State& s : c.states) {
    if (s.count) continue;
    const std::string a = adjoint_name(s.name);
    if (auto h = p.history_of_state.find(a); h != p.history_of_state.end()) b.place(a, {h->second, row, column}, local_name(a));
    else b.place(a, {l_.adjoint(s.name), Row::none, column}, local_name(a));
  }
}

void BackwardPhases::store_adjoint(const CellPlan& p, Block& b, const std::string& adjoint, const std::string& name, Column column) {
  if (p.history_of_state.contains(adjoint)) return;               // written as a row of its history
  b.store({identifier(adjoint), Row::none, column}, symbol(name));
}

/// Every adjoint that has another name than the one it was loaded by; with `only`, of those and of what arrivals changed.
void BackwardPhases::store_changed(const CellPlan& p, Block& b, const std::map<std::string, std::string>* only) {
  for (const State& s : p.cell->states) {
    const std::string a = adjoint_name(s.name);
    if (s.count || (only && !only->contains(a))) continue;
    if (const Expr value = b.read(a); !(value == symbol(local_name(a)))) store_adjoint(p, b, a, value.name(), Column::block);
  }
}

void BackwardPhases::place_taped(const CellPlan& p, Block& b, Stage stage, Column column) {
  auto it = p.step_tape.find(stage);
  if (it == p.step_tape.end()) return;
  for (const std::string& s : it->second) b.place(s, {l_.on_tape(s, stage), Row::step, column}, local_name(s));
}

void BackwardPhases::add_gradients(const std::vector<Update>& gradients, const std::string& cell, Block& b, Column column) {
  for (const Update& u : gradients) {
    for (const Parameter& q : l_.program.parameters)
      if (gradient_name(q.name) == u.target) b.add({l_.gradient_sum(q.name, cell), Row::none, column}, b.lower(u.value), u.target + " += " + print(u.value));
  }
}

std::vector<Node> BackwardPhases::initial(const CellPlan& p) {
  const Cell& c = *p.cell;
  Block b(l_.constants, Column::block);
  for (const State& s : c.states) {
    if (s.count) continue;
    const std::string a = adjoint_name(s.name), seed = identifier(a) + "_seed";
    if (p.history_of_state.contains(a)) continue;                 // rows beyond the last step are zero
    const std::string at = l_.buffer(identifier(a), Space::worker, Shape::neurons, c.name, true, "dL/d" + s.name);
    if (l_.module.buffer(seed)) {
      b.place(seed, {seed, Row::none, Column::block}, local_name(a));
      b.store({at}, b.read(seed), "seed: dL/d" + s.name + " of the losses");
    } else {
      b.store({at}, 0.0);
    }
  }
  return b.finish();
}

std::vector<Node> BackwardPhases::after(const CellPlan& p) {
  const Cell& c = *p.cell;
  if (c.back_after.empty() && c.back_after_gradient.empty()) return {};
  Block b(l_.constants, Column::block);
  place_adjoints(c, b, Column::block, Row::next_step);
  place_taped(p, b, Stage::before_after, Column::block);
  add_gradients(c.back_after_gradient, c.name, b, Column::block);
  for (const auto& [target, name] : b.update(c.back_after, "_before")) store_adjoint(p, b, target, name, Column::block);
  return b.finish();
}

bool BackwardPhases::events_by_unit(const EdgePlan& p) const {
  for (const Gather& g : p.edge->gathers) {
    const Parameter* w = l_.program.parameter(g.weight);
    if (!g.continuous && w && w->trainable) return true;
  }
  return p.delay_trained;
}

bool BackwardPhases::listed_by_unit(const Cell& c) const {
  for (const EdgePlan& q : l_.edges)
    if (q.edge->pre == c.name && events_by_unit(q)) return true;
  return false;
}

std::vector<Node> BackwardPhases::own_dots(const Cell& c) {
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
  return dots;
}

void BackwardPhases::jump(const CellPlan& p, Expr passed_back, Block& b, Column column) {
  const Cell& c = *p.cell;
  place_adjoints(c, b, column, Row::next_step);
  for (const std::string& s : p.spike_tape) b.place(s, {l_.at_spike(s), Row::none, Column::spike}, local_name(s));
  Expr acc = passed_back.defined() ? passed_back : Expr(0.0);
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
  add_gradients(c.back_jump_gradient, c.name, b, column);
  for (const auto& [target, name] : b.update(c.back_jump, "_before")) store_adjoint(p, b, target, name, column);
}

/// The buffer that holds an operand of row products, one per distinct value.
std::string BackwardPhases::operand(const Edge& e, const std::string& name) {
  for (const Update& u : e.back_operands) {
    if (u.target != name) continue;
    auto [it, fresh] = l_.operands.emplace(std::pair{e.post, u.value}, "");
    if (fresh) it->second = l_.buffer(identifier(e.post) + fmt::format("_operand{}", l_.operands.size() - 1), Space::worker, Shape::neurons, e.post, true, print(u.value));
    return it->second;
  }
  throw InternalError("internal error: no operand '" + name + "', please report it");
}

void BackwardPhases::plan_operands() {
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
}

/// After the arrivals, on the way back: what row products and histories read, then the targets' adjoints before the arrivals.
void BackwardPhases::arrive_post(const CellPlan& p, Block& b) {
  const Cell& c = *p.cell;
  place_taped(p, b, Stage::start, Column::block);
  place_taped(p, b, Stage::before_arrivals, Column::block);
  std::map<std::string, Expr> changed;
  std::vector<std::pair<std::string, Expr>> stores;
  for (const auto& [key, at] : l_.operands)
    if (key.first == c.name) stores.emplace_back(at, b.lower(key.second));
  for (const auto& [key, at] : l_.histories)
    if (key.first == c.name) b.store({at, Row::step, Column::block}, b.lower(key.second), print(key.second));
  for (const auto& [key, at] : l_.arrival_histories)
    if (key.first == c.name) b.store({at, Row::step, Column::block}, b.lower(key.second), print(key.second));
  for (const auto& [key, at] : l_.arrival_pairs)
    if (const auto& [post, first, second] = key; post == c.name) b.store_pair({at, Row::step, Column::block}, b.lower(first), b.lower(second), print(first) + " beside " + print(second));
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

std::vector<Node> BackwardPhases::advance(const CellPlan& p) {
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
  store_changed(p, b, l_.coupled ? &names : nullptr);
  return b.finish();
}

std::vector<Node> BackwardPhases::arrivals(const CellPlan& p) {
  Block b(l_.constants, Column::block);
  place_adjoints(*p.cell, b, Column::block, Row::step);
  arrive_post(p, b);
  store_changed(p, b, nullptr);
  return b.finish();
}

std::string BackwardPhases::coupling_dots(const Gather& g) const {
  for (const Edge& e : l_.program.edges)
    for (const Gather& own : e.gathers) {
      if (&own != &g || !g.continuous) continue;
      std::set<std::string> read = symbols_in(e.back_couple_pre);
      read.merge(symbols_in(e.back_couple_pre_gradient));
      const std::string dot = dot_name(adjoint_name(g.name));
      if (read.contains(dot)) return dot;
    }
  return {};
}

std::vector<Node> BackwardPhases::coupling_factor(const Edge& e, const Gather& g) {
  Block b(l_.constants, Column::block);
  place_taped(l_.plan(e.pre), b, Stage::start, Column::block);
  b.store({l_.buffer(l_.factor(g), Space::worker, Shape::neurons, e.pre, false)}, b.lower(g.factor));
  return b.finish();
}

std::vector<Node> BackwardPhases::couple(const EdgePlan& p) {
  const Edge& e = *p.edge;
  const Cell& pre = *l_.program.cell(e.pre);
  Block b(l_.constants, Column::block);
  place_adjoints(pre, b, Column::block, Row::next_step);
  place_taped(l_.plan(e.pre), b, Stage::start, Column::block);
  for (const Gather& g : e.gathers)
    if (const std::string dot = coupling_dots(g); !dot.empty())
      b.place(dot, {l_.buffer(identifier(dot), Space::worker, Shape::neurons, e.pre, true, "row products of " + g.weight + " with " + identifier(adjoint_name(g.name))), Row::none, Column::block}, local_name(dot));
  add_gradients(e.back_couple_pre_gradient, e.pre, b, Column::block);
  for (const auto& [target, name] : b.update(e.back_couple_pre, "_coupled")) store_adjoint(l_.plan(e.pre), b, target, name, Column::block);
  return b.finish();
}

bool BackwardPhases::passes_to_acc(const EdgePlan& p) const {
  return !l_.program.cell(p.edge->pre)->source && p.edge->back_acc.defined() && !p.edge->back_acc.is_number(0);
}

BackwardPhases::AtSource BackwardPhases::at_source(const EdgePlan& p) {
  const Edge& e = *p.edge;
  const Cell& pre = *l_.program.cell(e.pre);
  if (p.scattered) return {};                                     // undone where the spike is
  if ((p.simple || !p.has_events) && e.arrive_pre.empty()) return {};
  Block b(l_.constants, Column::unit);
  place_adjoints(pre, b, Column::unit, Row::step);
  for (const std::string& s : p.pre_tape) b.place(s, {identifier(e.name) + "_" + local_name(s) + "_at_arrival", Row::none, Column::spike}, local_name(s));
  std::set<std::string> read = symbols_in(e.back_arrive_pre);
  read.merge(symbols_in(e.back_arrive_pre_gradient));
  if (passes_to_acc(p)) read.merge(free_symbols(e.back_acc));
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
  if (passes_to_acc(p)) b.add({identifier(acc_name(e.pre)), Row::none, Column::spike}, b.lower(e.back_acc), "acc of the spike that sent this arrival");
  std::vector<Node> later;
  for (const Update& u : e.back_arrive_pre) {
    if (!pre.source) continue;
    const Place change{l_.buffer(identifier(e.name) + "_" + local_name(u.target) + "_change", Space::tape, Shape::spikes, e.pre, true), Row::none, Column::spike};
    b.store(change, b.lower(u.value - symbol(u.target)));
    append(later, add_change(l_.constants, change, {identifier(u.target), Row::none, Column::unit}, local_name(u.target) + "_change"));
  }
  if (!pre.source)
    for (const auto& [target, name] : b.update(e.back_arrive_pre, "_before")) store_adjoint(l_.plan(e.pre), b, target, name, Column::unit);
  if (pre.source && p.by_spike && events_by_unit(p)) {
    Node list = in_cell(NodeKind::list_by_unit, e.pre);
    list.edge = e.name;
    b.push(list);
  }
  return {b.finish(), std::move(later)};
}

std::vector<Node> BackwardPhases::start(const CellPlan& p) {
  Block b(l_.constants, Column::block);
  place_adjoints(*p.cell, b, Column::block, Row::step);
  add_gradients(p.cell->back_start_gradient, p.cell->name, b, Column::block);
  return b.finish();
}

std::vector<Node> BackwardPhases::parameter_sums() {
  std::vector<Node> out;
  for (const Parameter& q : l_.program.parameters) {
    if (!q.trainable || q.axes == Parameter::Axes::source_target) continue;
    for (const CellPlan& p : l_.cells) {
      const std::string sum = identifier(gradient_name(q.name)) + "_" + identifier(p.cell->name);
      if (!l_.module.buffer(sum)) continue;
      Node n = in_cell(NodeKind::reduce_gradient, p.cell->name);
      n.name = q.name;
      n.buffer = sum;
      n.value = q.axes == Parameter::Axes::shared ? 1.0 : 0.0;
      out.push_back(n);
    }
    if (const std::string from_loss = identifier(gradient_name(q.name)) + "_loss"; l_.module.buffer(from_loss)) {
      Node n = make_node(NodeKind::reduce_gradient);
      n.name = q.name;
      n.buffer = from_loss;
      n.cell = l_.module.buffer_of(from_loss).cell;
      n.value = n.cell.empty() ? 1.0 : 0.0;
      out.push_back(n);
    }
  }
  return out;
}

}  // namespace antidrome::kernel
