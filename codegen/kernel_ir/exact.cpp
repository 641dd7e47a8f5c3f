// Exact mode: one function for each kind of record (segment, arrival, spike, step hooks) and its reverse. The loop over events,
// the same for every model, belongs to the printer's runtime; here is what a record does.
#include <algorithm>
#include <fmt/format.h>

#include "codegen/kernel_ir/lowering.hpp"

namespace antidrome::kernel {

using namespace ir;

namespace {

class Exact {
 public:
  explicit Exact(Lowering& l) : l_(l) {}
  Node build();

 private:
  Node flow();
  Node commit();
  Node hooks();
  Node thresholds(bool keep);
  Node crossing(const CellPlan& p, bool after_flow);
  Node jump(const CellPlan& p);
  Node arrive(const EdgePlan& p);
  Node undo_segment();
  Node undo_hooks();
  Node undo_jump(const CellPlan& p, bool caused);
  Node undo_arrive(const EdgePlan& p);

  static Node named(const std::string& name, std::vector<Node> body, const std::string& note = {}) {
    Node n = make_node(NodeKind::function, std::move(body), note);
    n.name = name;
    return n;
  }
  static Node delay_gradient(const Edge& e, Expr value) {
    Node n = make_node(NodeKind::delay_add);
    n.edge = e.name;
    n.value = value;
    return n;
  }
  static Node answer(Expr value) {
    Node n = make_node(NodeKind::answer);
    n.value = value;
    return n;
  }
  Block block(const Cell& c, Column column) {
    Block b(l_.constants, column);
    for (const State& s : c.states) b.place(s.name, {l_.state(s.name), Row::none, column}, local_name(s.name));
    b.bind("time", "time");
    b.bind("h", "h");
    return b;
  }
  void place_adjoints(const Cell& c, Block& b, Column column) {
    for (const State& s : c.states)
      if (!s.count) b.place(adjoint_name(s.name), {identifier(adjoint_name(s.name)), Row::none, column}, local_name(adjoint_name(s.name)));
  }
  void store_changed(const std::map<std::string, std::string>& names, Block& b, Column column) {
    for (const auto& [target, name] : names) b.store({identifier(target), Row::none, column}, symbol(name));
  }
  void add_gradients(const std::vector<Update>& gradients, const std::string& cell, Block& b, Column column) {
    for (const Update& u : gradients)
      for (const Parameter& q : l_.program.parameters)
        if (gradient_name(q.name) == u.target) b.add({l_.gradient_sum(q.name, cell), Row::none, column}, b.lower(u.value), u.target + " += " + print(u.value));
  }
  void tape(const std::string& buffer, Place at, Expr value, Block& b, Shape shape, const std::string& cell, const std::string& note) {
    at.buffer = l_.buffer(buffer, Space::tape, shape, cell, true, note);
    Node n = make_node(NodeKind::store);
    n.buffer = at.buffer;
    n.row = at.row;
    n.column = at.column;
    n.value = value;
    b.push(make_node(NodeKind::when_taping, {n}));
  }
  static Expr holds(Block& b, Expr g) {
    return g.is(Kind::sub) ? make(Kind::less_equal, {b.lower(g.arg(1)), b.lower(g.arg(0))}) : make(Kind::less_equal, {0.0, b.lower(g)});
  }
  Expr row(Block& b, const Edge& e, const Gather& g, std::map<std::string, std::string>& rows) {
    auto [it, fresh] = rows.emplace(g.weight, "");
    if (fresh) {
      Node n = in_cell(NodeKind::row_value, e.post);
      n.name = it->second = b.unique("weights");
      n.buffer = g.weight;
      if (l_.program.scattered(e)) n.edge = e.name;
      b.push(n);
      b.bind(n.name, n.name);
    }
    return symbol(it->second);
  }
  int reached(const Edge& e) const { return l_.program.scattered(e) ? 2 : 0; }
  std::string factor_name(const Gather& g) const { return g.factor.is_number(1) ? "" : identifier(g.name) + "_f"; }

  Lowering& l_;
};

/// x(time + h) into the "_next" arrays, and who crosses on the way.
Node Exact::flow() {
  l_.constants.within(Constants::Segments::forward);
  std::vector<Node> out;
  for (const CellPlan& p : l_.cells) {
    const Cell& c = *p.cell;
    if (c.states.empty()) continue;
    Block b(l_.constants, Column::block);
    for (const State& s : c.states) b.place(s.name, {l_.state(s.name), Row::none, Column::block}, local_name(s.name));
    if (auto it = p.step_tape.find(Stage::start); it != p.step_tape.end())
      for (const std::string& s : it->second) tape(l_.on_tape(s, Stage::start), {"", Row::step, Column::block}, b.read(s), b, Shape::step_neurons, c.name, s + " at the start of each segment");
    const Expr before = c.threshold.defined() ? holds(b, c.threshold) : Expr();
    const auto names = b.update(c.advance, "_next");
    for (const auto& [target, name] : names) b.store({l_.buffer(identifier(target) + "_next", Space::worker, Shape::neurons, c.name, false, target + " at the end of the segment")}, symbol(name));
    if (c.threshold.defined()) {
      out.push_back(in_cell(NodeKind::new_fired, c.name));
      Node fire = in_cell(NodeKind::fire, c.name, {});
      fire.name = "fired";
      fire.value = make(Kind::logical_and, {holds(b, c.threshold), make(Kind::logical_not, {before})});
      fire.note = print(c.threshold) + " rises through zero";
      b.push(fire);
    }
    out.push_back(in_cell(NodeKind::for_blocks, c.name, b.finish()));
    out.back().note = c.name + ": flow (" + c.solver + ")";
    if (c.threshold.defined()) out.push_back(in_cell(NodeKind::crossed, c.name));
  }
  l_.constants.within(Constants::Segments::none);
  return named("flow", out, "from the start of a segment to its end");
}

Node Exact::commit() {
  std::vector<Node> out;
  for (const CellPlan& p : l_.cells) {
    Block b(l_.constants, Column::block);
    for (const Update& u : p.cell->advance) {
      b.place(u.target, {identifier(u.target) + "_next", Row::none, Column::block}, local_name(u.target));
      b.store({l_.state(u.target)}, b.read(u.target));
    }
    if (!b.empty()) out.push_back(in_cell(NodeKind::for_blocks, p.cell->name, b.finish()));
  }
  return named("commit", out);
}

/// g of one neuron, h after the start of the segment (or now), in double.
Node Exact::crossing(const CellPlan& p, bool after_flow) {
  const Cell& c = *p.cell;
  Block b = block(c, Column::unit);
  std::vector<Update> needed;
  for (const Update& u : c.advance)
    if (after_flow && depends_on(c.threshold, {u.target})) needed.push_back(u);
  b.update(needed, "_next");
  if (after_flow) {
    b.bind("end_time", "end_time");
    b.push(answer(b.lower(substitute(c.threshold, {{symbol("time"), symbol("end_time")}}))));
  } else {
    b.push(answer(b.lower(c.threshold)));
  }
  return named((after_flow ? "crossing_" : "level_") + identifier(c.name), b.finish());
}

/// Cells that an arrival can make fire by itself: their predicate is noted before the arrivals and compared after.
Node Exact::thresholds(bool keep) {
  std::vector<Node> out;
  for (const CellPlan& p : l_.cells) {
    const Cell& c = *p.cell;
    bool sensitive = false;
    for (const Edge& e : l_.program.edges)
      for (const Update& u : e.arrive_post) sensitive |= e.post == c.name && c.threshold.defined() && depends_on(c.threshold, {u.target});
    if (!sensitive) continue;
    Block b = block(c, Column::block);
    const std::string at = l_.buffer(identifier(c.name) + "_above", Space::worker, Shape::masks, c.name, false, "the predicate before the arrivals");
    Node n = in_cell(keep ? NodeKind::keep_mask : NodeKind::fire, c.name);
    n.value = holds(b, c.threshold);
    n.column = Column::block;
    if (keep) {
      n.buffer = at;
    } else {
      Node load = make_node(NodeKind::load_mask);
      load.name = "kept";
      load.buffer = at;
      load.column = Column::block;
      b.push(load);
      n.name = "fired";
      n.value = make(Kind::logical_and, {n.value, make(Kind::logical_not, {symbol("kept")})});
    }
    b.push(n);
    if (!keep) out.push_back(in_cell(NodeKind::new_fired, c.name));
    out.push_back(in_cell(NodeKind::for_blocks, c.name, b.finish()));
    if (!keep) out.push_back(in_cell(NodeKind::crossed, c.name));
  }
  return named(keep ? "note_levels" : "find_lifted", out);
}

Node Exact::jump(const CellPlan& p) {
  const Cell& c = *p.cell;
  Block b = block(c, Column::unit);
  for (const std::string& s : p.spike_tape) tape(l_.at_spike(s), {"", Row::none, Column::spike}, b.read(s), b, Shape::spikes, c.name, s + " at each spike");
  if (!l_.program.learn.name.empty()) tape(identifier(acc_name(c.name)), {"", Row::none, Column::spike}, 0.0, b, Shape::spikes, c.name, "what its arrivals pass back to each spike");
  store_changed(b.update(c.jump, "_jumped"), b, Column::unit);
  return named("jump_" + identifier(c.name), b.finish(), c.name + ": own spike");
}

Node Exact::arrive(const EdgePlan& p) {
  const Edge& e = *p.edge;
  const Cell &pre = *l_.program.cell(e.pre), &post = *l_.program.cell(e.post);
  std::vector<Node> out;
  Block b = block(pre, Column::unit);
  for (const std::string& s : p.pre_tape)
    tape(identifier(e.name) + "_" + local_name(s) + "_at_arrival", {"", Row::none, Column::spike}, b.read(s), b, Shape::spikes, e.pre, s + " before the arrival");
  std::map<std::string, Expr> factors;
  for (const Gather& g : e.gathers) {
    if (g.factor.is_number(1)) continue;
    Node n = make_node(NodeKind::store);                          // read again in the backward pass, and by the rows below
    n.buffer = l_.buffer(l_.factor(g), Space::tape, Shape::spikes, e.pre, false, "factor of " + g.name + ": " + print(g.factor));
    n.column = Column::spike;
    n.value = b.lower(g.factor);
    b.push(n);
  }
  store_changed(b.update(e.arrive_pre, "_arrived"), b, Column::unit);
  append(out, b.finish());
  for (const Gather& g : e.gathers) {
    if (g.factor.is_number(1)) continue;
    Node n = make_node(NodeKind::load);
    n.name = factor_name(g);
    n.buffer = l_.factor(g);
    n.column = Column::spike;
    out.push_back(n);
  }
  Block q = block(post, Column::block);
  const CellPlan& target = l_.plan(e.post);
  if (auto it = target.step_tape.find(Stage::before_arrivals); it != target.step_tape.end() && !l_.program.learn.name.empty())
    for (const std::string& s : it->second)
      tape(l_.on_tape(s, Stage::before_arrivals), {"", Row::step, Column::block}, q.read(s), q, Shape::step_neurons, e.post, s + " before each arrival");
  std::map<std::string, std::string> rows;
  for (const Gather& g : e.gathers) {
    const Expr weights = row(q, e, g, rows);
    if (!g.factor.is_number(1)) q.bind(factor_name(g), factor_name(g));
    q.bind(g.name, q.let("arriving", g.factor.is_number(1) ? weights : symbol(factor_name(g)) * weights));
  }
  store_changed(q.update(e.arrive_post, "_arrived"), q, Column::block);
  if (!e.arrive_post.empty()) out.push_back(in_cell(NodeKind::for_blocks, e.post, q.finish(), reached(e)));
  return named("arrive_" + identifier(e.name), out, e.name + ": one spike arrives");
}

Node Exact::hooks() {
  std::vector<Node> out;
  for (const CellPlan& p : l_.cells) {
    const Cell& c = *p.cell;
    if (c.after.empty()) continue;
    Block b = block(c, Column::block);
    if (auto it = p.step_tape.find(Stage::before_after); it != p.step_tape.end())
      for (const std::string& s : it->second) tape(l_.on_tape(s, Stage::before_after), {"", Row::step, Column::block}, b.read(s), b, Shape::step_neurons, c.name, s + " before the step hooks");
    store_changed(b.update(c.after, "_after"), b, Column::block);
    out.push_back(in_cell(NodeKind::for_blocks, c.name, b.finish()));
  }
  append(out, l_.losses(Loss::When::each_step));
  return named("step_hooks", out);
}

Node Exact::undo_segment() {
  l_.constants.within(Constants::Segments::backward);
  std::vector<Node> out;
  for (const CellPlan& p : l_.cells) {
    const Cell& c = *p.cell;
    Block b(l_.constants, Column::block);
    place_adjoints(c, b, Column::block);
    if (auto it = p.step_tape.find(Stage::start); it != p.step_tape.end())
      for (const std::string& s : it->second) b.place(s, {l_.on_tape(s, Stage::start), Row::step, Column::block}, local_name(s));
    add_gradients(c.back_advance_gradient, c.name, b, Column::block);
    store_changed(b.update(c.back_advance, "_start"), b, Column::block);
    if (!b.empty()) out.push_back(in_cell(NodeKind::for_blocks, c.name, b.finish()));
  }
  l_.constants.within(Constants::Segments::none);
  return named("undo_segment", out, "from the end of a segment to its start");
}

Node Exact::undo_hooks() {
  std::vector<Node> out = l_.seeds_of_step();
  for (const CellPlan& p : l_.cells) {
    const Cell& c = *p.cell;
    if (c.back_after.empty() && c.back_after_gradient.empty()) continue;
    Block b(l_.constants, Column::block);
    b.bind("time", "time");
    place_adjoints(c, b, Column::block);
    if (auto it = p.step_tape.find(Stage::before_after); it != p.step_tape.end())
      for (const std::string& s : it->second) b.place(s, {l_.on_tape(s, Stage::before_after), Row::step, Column::block}, local_name(s));
    add_gradients(c.back_after_gradient, c.name, b, Column::block);
    store_changed(b.update(c.back_after, "_before"), b, Column::block);
    out.push_back(in_cell(NodeKind::for_blocks, c.name, b.finish()));
  }
  return named("undo_hooks", out);
}

Node Exact::undo_jump(const CellPlan& p, bool caused) {
  const Cell& c = *p.cell;
  Block b(l_.constants, Column::unit);
  b.bind("time", "time");
  place_adjoints(c, b, Column::unit);
  for (const std::string& s : p.spike_tape) b.place(s, {l_.at_spike(s), Row::none, Column::spike}, local_name(s));
  b.place(acc_name(c.name), {identifier(acc_name(c.name)), Row::none, Column::spike}, "acc");
  if (!caused && c.slope.defined()) {
    Node clamp = make_node(NodeKind::clamp_slope, {}, "d(threshold)/dt = " + print(c.slope));
    clamp.name = "slope";
    clamp.value = b.lower(c.slope);
    b.push(clamp);
    b.bind(slope_name(c.name), "slope");
  }
  const Expr cause = caused && c.cause.defined() ? b.lower(c.cause) : Expr(0.0);
  add_gradients(caused ? c.back_jump_caused_gradient : c.back_jump_gradient, c.name, b, Column::unit);
  store_changed(b.update(caused ? c.back_jump_caused : c.back_jump, "_before"), b, Column::unit);
  b.push(answer(cause));
  return named((caused ? "undo_caused_" : "undo_jump_") + identifier(c.name), b.finish(), c.name + ": own spike, backwards" + (caused ? "; an arrival caused it" : ""));
}

Node Exact::undo_arrive(const EdgePlan& p) {
  const Edge& e = *p.edge;
  const Cell &pre = *l_.program.cell(e.pre), &post = *l_.program.cell(e.post);
  const bool to_acc = e.back_acc.defined();
  std::set<std::string> read = symbols_in(e.back_arrive_pre);
  read.merge(symbols_in(e.back_arrive_pre_gradient));
  if (to_acc) read.merge(free_symbols(e.back_acc));
  std::vector<Node> out;
  for (const Gather& g : e.gathers) {
    if (g.factor.is_number(1)) continue;
    Node n = make_node(NodeKind::load);
    n.name = factor_name(g);
    n.buffer = l_.factor(g);
    n.column = Column::spike;
    out.push_back(n);
  }
  Block q(l_.constants, Column::block);
  q.bind("time", "time");
  place_adjoints(post, q, Column::block);
  if (auto it = l_.plan(e.post).step_tape.find(Stage::before_arrivals); it != l_.plan(e.post).step_tape.end())
    for (const std::string& s : it->second) q.place(s, {l_.on_tape(s, Stage::before_arrivals), Row::step, Column::block}, local_name(s));
  std::map<std::string, std::string> rows;
  std::vector<std::pair<std::string, std::string>> dots;           // symbol of the Program, name of the row product
  auto add_dot = [&](const std::string& symbol_name, Expr value) {
    const std::string name = local_name(symbol_name) + "_row";
    Node n = make_node(NodeKind::dot_add);
    n.name = name;
    n.value = value;
    q.push(n);
    dots.emplace_back(symbol_name, name);
    Node start = make_node(NodeKind::dot);
    start.name = name;
    out.push_back(start);
  };
  for (const Gather& g : e.gathers) {
    if (!g.factor.is_number(1)) q.bind(factor_name(g), factor_name(g));
    const Expr weights = row(q, e, g, rows), factor = g.factor.is_number(1) ? Expr(1.0) : symbol(factor_name(g));
    q.bind(g.name, q.let("arriving", factor * weights));
    const Parameter* w = l_.program.parameter(g.weight);
    for (const Update& u : e.back_operands) {
      const bool is_lambda = u.target == adjoint_name(g.name);
      if (!is_lambda && u.target != kappa_name(g.name)) continue;
      const Expr operand = q.lower(u.value);
      if (is_lambda && w && w->trainable) {
        Node n = in_cell(NodeKind::row_add, e.post);
        n.name = g.weight;
        n.value = factor * operand;
        if (l_.program.scattered(e)) n.edge = e.name;
        q.push(n);
      }
      if (read.contains(dot_name(u.target))) add_dot(dot_name(u.target), weights * operand);
    }
  }
  if (const std::string nu = qualified(e.name, "nu_post"); read.contains(nu)) add_dot(nu, q.lower(e.back_nu_post));
  add_gradients(e.back_arrive_post_gradient, e.post, q, Column::block);
  store_changed(q.update(e.back_arrive_post, "_arriving"), q, Column::block);
  if (std::vector<Node> body = q.finish(); !body.empty()) out.push_back(in_cell(NodeKind::for_blocks, e.post, body, reached(e)));
  Block b(l_.constants, Column::unit);
  b.bind("time", "time");
  place_adjoints(pre, b, Column::unit);
  for (const std::string& s : p.pre_tape) b.place(s, {identifier(e.name) + "_" + local_name(s) + "_at_arrival", Row::none, Column::spike}, local_name(s));
  for (const auto& [symbol_name, name] : dots) {
    Node n = make_node(NodeKind::dot_value);
    n.name = b.unique(local_name(symbol_name));
    n.edge = name;
    b.push(n);
    b.bind(symbol_name, n.name);
  }
  add_gradients(e.back_arrive_pre_gradient, e.pre, b, Column::unit);
  const Expr acc = to_acc ? b.lower(e.back_acc) : Expr(0.0);
  if (p.delay_trained) b.push(delay_gradient(e, -acc));
  store_changed(b.update(e.back_arrive_pre, "_before"), b, Column::unit);
  b.push(answer(acc));
  append(out, b.finish());
  return named("undo_arrive_" + identifier(e.name), out, e.name + ": one spike arrives, backwards");
}

Node Exact::build() {
  std::vector<Node> f = {flow(), commit(), hooks(), thresholds(true), thresholds(false)};
  for (const CellPlan& p : l_.cells)
    if (p.cell->threshold.defined()) {
      f.push_back(crossing(p, true));
      f.push_back(crossing(p, false));
      f.push_back(jump(p));
    }
  for (const EdgePlan& p : l_.edges) f.push_back(arrive(p));
  std::vector<Node> end = l_.losses(Loss::When::end);
  append(end, l_.batch_shares());
  f.push_back(named("finish_trial", end));
  if (!l_.program.learn.name.empty()) {
    f.push_back(undo_segment());
    f.push_back(undo_hooks());
    for (const CellPlan& p : l_.cells)
      if (p.cell->threshold.defined()) {
        f.push_back(undo_jump(p, false));
        f.push_back(undo_jump(p, true));
      }
    for (const EdgePlan& p : l_.edges) f.push_back(undo_arrive(p));
    f.push_back(l_.finish_adjoint());
    f.push_back(l_.begin_adjoint());
  }
  f.insert(f.begin(), l_.begin_trial());
  return make_node(NodeKind::sequence, f, "records of a trial in continuous time");
}

}  // namespace

Node Lowering::exact() { return Exact(*this).build(); }

}  // namespace antidrome::kernel
