// The backward pass of one sample: the forward step mirrored, then the gradients of the weights.
#include <fmt/format.h>

#include "codegen/kernel_ir/phases.hpp"

namespace antidrome::kernel {

using namespace ir;

namespace {

class Backward {
 public:
  explicit Backward(Lowering& l) : l_(l), phases_(l) {}
  Node build();
  Node begin();
  Node finish();

 private:
  std::vector<Node> step();
  Node gradients();
  void jump(const CellPlan& p, std::vector<Node>& out);
  void couplings(const EdgePlan& p, std::vector<Node>& out);
  void at_source(const EdgePlan& p, std::vector<Node>& out);

  Lowering& l_;
  BackwardPhases phases_;
};

/// A loop over the neurons of a cell, where there is anything to do.
void add_blocks(const Cell& c, std::vector<Node> body, const std::string& what, std::vector<Node>& out) {
  if (body.empty()) return;
  out.push_back(in_cell(NodeKind::for_blocks, c.name, std::move(body)));
  if (!what.empty()) out.back().note = c.name + ": " + what;
}

Node Backward::begin() {
  std::vector<Node> body;
  for (const CellPlan& p : l_.cells) add_blocks(*p.cell, phases_.initial(p), "", body);
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

/// The own spikes of a step: row products with the targets' operands, then the jump of the neuron's own adjoints.
void Backward::jump(const CellPlan& p, std::vector<Node>& out) {
  const Cell& c = *p.cell;
  if (!c.threshold.defined()) return;
  Block b(l_.constants, Column::unit);
  Expr passed_back;
  if (std::vector<Node> dots = phases_.own_dots(c); !dots.empty()) {
    Node dot = make_node(NodeKind::dot, {}, "what this spike did to others: sum over targets of w * kappa");
    dot.name = "product";
    b.push(dot);
    for (Node& n : dots) b.push(n);
    Node sum = make_node(NodeKind::dot_value);
    sum.name = "passed_back";
    sum.edge = "product";
    b.push(sum);
    b.bind("passed_back", "passed_back");
    passed_back = symbol("passed_back");
  }
  phases_.jump(p, passed_back, b, Column::unit);
  if (phases_.listed_by_unit(c)) b.push(in_cell(NodeKind::list_by_unit, c.name));
  std::vector<Node> body = b.finish();
  if (body.empty()) return;
  out.push_back(in_cell(NodeKind::for_spikes, c.name, body, 0));
  out.back().note = c.name + ": own spikes of this step, backwards";
}

/// Continuous couplings: dense row products with what the flow of the target passed back.
void Backward::couplings(const EdgePlan& p, std::vector<Node>& out) {
  const Edge& e = *p.edge;
  for (const Gather& g : e.gathers) {
    if (!g.continuous) continue;
    const std::string lambda = identifier(adjoint_name(g.name));
    if (const std::string dot = phases_.coupling_dots(g); !dot.empty()) {
      Node n = in_cell(NodeKind::dense_sum, e.pre);
      n.count = 1;                                                // transposed: per source unit, its row . operand
      n.buffer = identifier(dot);
      n.name = g.weight;
      n.edge = lambda;
      out.push_back(n);
    }
    const Parameter* w = l_.program.parameter(g.weight);
    if (w && w->trainable) {
      out.push_back(in_cell(NodeKind::for_blocks, e.pre, phases_.coupling_factor(e, g)));
      Node n = in_cell(NodeKind::dense_gradient, e.pre);
      n.name = g.weight;
      n.edge = l_.factor(g);
      n.buffer = lambda;
      out.push_back(n);
    }
  }
  add_blocks(*l_.program.cell(e.pre), phases_.couple(p), "", out);
}

void Backward::at_source(const EdgePlan& p, std::vector<Node>& out) {
  BackwardPhases::AtSource at = phases_.at_source(p);
  if (at.first.empty()) return;
  out.push_back(for_arrivals(*p.edge, std::move(at.first)));
  out.back().note = p.edge->name + ": arrivals of this step, backwards";
  if (!at.later.empty()) out.push_back(for_arrivals(*p.edge, std::move(at.later)));
}

std::vector<Node> Backward::step() {
  phases_.plan_operands();
  std::vector<Node> out = l_.draw_rows(true);
  append(out, l_.seeds_of_step());
  for (const CellPlan& p : l_.cells) add_blocks(*p.cell, phases_.after(p), "step hooks, backwards", out);
  for (const CellPlan& p : l_.cells) jump(p, out);
  for (const CellPlan& p : l_.cells) add_blocks(*p.cell, phases_.advance(p), "flow, backwards", out);
  for (const EdgePlan& p : l_.edges)
    if (p.has_coupling) couplings(p, out);
  if (l_.coupled)
    for (const CellPlan& p : l_.cells) add_blocks(*p.cell, phases_.arrivals(p), "", out);
  for (const EdgePlan& p : l_.edges) at_source(p, out);
  return out;
}

Node Backward::finish() {
  std::vector<Node> body;
  for (const CellPlan& p : l_.cells) add_blocks(*p.cell, phases_.start(p), "", body);
  append(body, phases_.parameter_sums());
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
    if (p.scattered) {                                            // it keeps its own order of targets
      for (Node& other : n.body) other.count = written.insert(other.name).second ? 0 : 1;
      body.push_back(n);
      return;
    }
    for (Node& known : body)
      if (known.kind == NodeKind::for_slices && known.body.front().buffer == n.buffer) slices = &known;
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
      b.add({identifier(a)}, b.read(seed));
    }
    if (!b.empty()) out.push_back(in_cell(NodeKind::for_blocks, p.cell->name, b.finish()));
  }
  return out;
}

Node Lowering::backward() { return Backward(*this).build(); }
Node Lowering::begin_adjoint() { return Backward(*this).begin(); }
Node Lowering::finish_adjoint() { return Backward(*this).finish(); }

}  // namespace antidrome::kernel
