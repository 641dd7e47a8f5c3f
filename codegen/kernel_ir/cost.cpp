#include "codegen/kernel_ir/cost.hpp"

namespace antidrome::kernel {

namespace {

/// Operations of an expression; what is computed once and read twice has a name of its own by now.
double operations(const ir::Expr& e) {
  if (!e.defined() || e.args().empty()) return 0;
  double sum = 1;
  for (const ir::Expr& a : e.args()) sum += operations(a);
  if (e.is(ir::Kind::exp)) sum += 17;                             // a polynomial and two scalings
  if (e.is(ir::Kind::expdd)) sum += 30;
  return sum;
}

class Walk {
 public:
  Walk(const KernelModule& m, std::vector<Cost>& out) : m_(m), out_(out), real_(m.precision == Precision::double_precision ? 8 : 4) {}

  void nodes(const std::vector<Node>& list) {
    for (const Node& n : list) node(n);
  }
  std::string pass;

 private:
  void node(const Node& n) {
    switch (n.kind) {
      case NodeKind::for_blocks: loop(n, {pass, n.note.empty() ? n.cell : n.note, Cost::Per::neuron_step, n.cell}); break;
      case NodeKind::for_spikes: loop(n, {pass, n.cell + ": spikes", Cost::Per::spike, n.cell}); break;
      case NodeKind::gather_gradient: case NodeKind::scattered_gradient: gradient(n); break;
      case NodeKind::scatter_all: {
        Cost c{pass, n.edge + ": sent ahead", Cost::Per::spike, n.cell};
        c.rows = c.near = size(m_.edge(n.edge).post) * real_;
        c.flops = size(m_.edge(n.edge).post);
        add(c);
        break;
      }
      default: nodes(n.body);
    }
  }

  void loop(const Node& n, Cost c) {
    for (const Node& child : n.body) statement(child, c);
    add(c);
  }

  double size(const std::string& cell) const { return m_.cell(cell).size; }
  double row_bytes(const std::string& weight, const std::string& post) const { return weight.empty() ? 0 : size(post) * (m_.parameter(weight).half ? real_ / 2 : real_); }

  void access(const std::string& buffer, double times, Cost& c) const {
    const Buffer* b = m_.buffer(buffer);
    if (!b || b->space == Space::worker) c.near += times * real_;
    else if (b->space == Space::history) c.history += times * (b->half ? real_ / 2 : real_);
    else c.tape += times * real_;
  }

  void statement(const Node& n, Cost& c) const {
    c.flops += operations(n.value);
    switch (n.kind) {
      case NodeKind::load: case NodeKind::store: access(n.buffer, 1, c); break;
      case NodeKind::add: access(n.buffer, 2, c); c.flops += 1; break;
      case NodeKind::store_pair: access(n.buffer, 2, c); c.flops += operations(n.body.front().value); break;
      case NodeKind::row_sum: c.rows += row_bytes(n.buffer, n.cell); c.flops += size(n.cell); break;
      case NodeKind::row_dot: c.rows += row_bytes(n.edge, n.cell); c.near += size(n.cell) * real_; c.flops += 2 * size(n.cell); break;
      case NodeKind::scatter: c.rows += row_bytes(n.name, n.cell); c.near += 2 * size(n.cell) * real_; c.flops += size(n.cell); break;
      case NodeKind::scattered_dot: c.rows += row_bytes(n.cell, m_.edge(n.edge).post); c.history += size(m_.edge(n.edge).post) * real_; c.flops += 2 * size(m_.edge(n.edge).post); break;
      default: for (const Node& child : n.body) statement(child, c);
    }
  }

  void gradient(const Node& n) {
    const EdgeLayout& e = m_.edge(n.edge);
    Cost looked{pass, n.edge + ": histories", Cost::Per::spike, e.pre}, summed{pass, n.edge + ": gradient of the chunk", Cost::Per::sample, e.pre};
    const double sums = 1 + double(n.body.size());
    looked.flops = sums * size(e.post);
    looked.history = sums * size(e.post) * (m_.buffer_of(n.buffer).half ? real_ / 2 : real_);
    summed.part = 2 * sums * size(e.pre) * size(e.post) * real_;
    add(looked);
    add(summed);
  }

  void add(const Cost& c) {
    if (c.near + c.rows + c.tape + c.history + c.part + c.flops > 0) out_.push_back(c);
  }

  const KernelModule& m_;
  std::vector<Cost>& out_;
  double real_;
};

void walk_functions(const Node& n, Walk& walk) {
  if (n.kind == NodeKind::function) {
    const bool forward = n.name == "gather_ahead" || n.name == "forward_step" || n.name == "begin_trial";
    walk.pass = forward ? "forward" : n.name == "adjoint_step" ? "adjoint" : n.name == "gather_gradients" ? "gradient" : "";
    if (n.name == "begin_trial") {                                // once a trial: of it only what inputs send ahead
      for (const Node& child : n.body)
        if (child.kind == NodeKind::scatter_all) walk.nodes({child});
    } else if (!walk.pass.empty()) {
      walk.nodes(n.body);
    }
  }
  for (const Node& child : n.body) walk_functions(child, walk);
}

}  // namespace

const char* spelling(Cost::Per per) { return per == Cost::Per::neuron_step ? "neuron_step" : per == Cost::Per::spike ? "spike" : "sample"; }

std::vector<Cost> costs(const KernelModule& module) {
  std::vector<Cost> out;
  if (module.mode == ir::TimeMode::exact) return out;
  Walk walk(module, out);
  walk_functions(module.batch, walk);
  return out;
}

}  // namespace antidrome::kernel
