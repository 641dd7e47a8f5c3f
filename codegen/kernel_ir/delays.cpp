// Synapses with delays of their own: a spike is sent to all steps at which it arrives when it is known, and what its arrivals say is
// fetched from the histories of the targets when the backward pass reaches it.
#include "codegen/kernel_ir/lowering.hpp"

namespace antidrome::kernel {

using namespace ir;

Expr operand_value(const Edge& e, const std::string& operand) {
  for (const Update& u : e.back_operands)
    if (u.target == operand) return u.value;
  throw InternalError("internal error: no operand '" + operand + "', please report it");
}

std::string Lowering::history(const Edge& e, const std::string& operand) const {
  return (options.arrivals_apart && program.scattered(e) ? arrival_histories : histories).at({e.post, operand_value(e, operand)});
}

/// Are the gradients of a weight and of a delay looked up together?
bool Lowering::looks_up_pairs(const EdgePlan& p, const Gather& g) const {
  const Parameter* w = program.parameter(g.weight);
  return options.arrivals_apart && p.scattered && p.delay_trained && !g.continuous && w && w->trainable;
}

/// Is an operand looked up by itself: by the gradient of one of the two, or by what goes back to the time of a spike?
bool Lowering::looks_up_alone(const EdgePlan& p, const Gather& g, const std::string& operand) const {
  const bool pairs = looks_up_pairs(p, g);
  if (operand == adjoint_name(g.name)) return !pairs;
  const bool dots = program.cell(p.edge->pre)->threshold.defined() && p.edge->back_acc.defined() && !p.edge->back_acc.is_number(0);
  return dots || (p.delay_trained && !pairs);
}

std::vector<Node> Lowering::send_scattered(bool at_begin) {
  std::vector<Node> out;
  for (CellPlan& p : cells)
    for (const Accumulator& a : p.sums)
      for (const auto& [e, g] : a.scattered) {
        const bool source = program.cell(e->pre)->source, all = source && options.arrivals_apart;
        if (all != at_begin) continue;
        Node n = in_cell(all ? NodeKind::scatter_all : NodeKind::scatter, all ? e->pre : e->post);
        n.name = g->weight;
        n.edge = e->name;
        n.count = source ? 0 : 1;                                // a spike of a population is known one step later
        n.buffer = buffer(pending(a), Space::worker, Shape::pending, e->post, false, "sums that arrive at each step of the trial");
        out.push_back(all ? n : in_cell(NodeKind::for_spikes, e->pre, {n}, n.count));
        if (!all) out.back().note = e->name + ": spikes on their way";
      }
  return out;
}

/// nu of all arrivals of one spike: sum over targets of w * kappa at the arrival.
std::vector<Node> Lowering::scattered_dots(const Cell& pre) {
  std::vector<Node> out;
  for (const EdgePlan& q : edges) {
    const Edge& e = *q.edge;
    if (e.pre != pre.name || !q.scattered || !e.back_acc.defined() || e.back_acc.is_number(0)) continue;
    for (const Gather& g : e.gathers) {
      if (g.continuous) continue;
      Node n = make_node(NodeKind::scattered_dot);
      n.name = "product";
      n.edge = e.name;
      n.cell = g.weight;
      n.buffer = history(e, kappa_name(g.name));
      out.push_back(n);
    }
  }
  return out;
}

std::vector<Node> Lowering::scattered_gradients(const EdgePlan& p) {
  std::vector<Node> out;
  for (const Gather& g : p.edge->gathers) {
    if (g.continuous) continue;
    Node n = make_node(NodeKind::scattered_gradient);
    n.edge = p.edge->name;
    n.cell = p.edge->pre;
    const bool pairs = looks_up_pairs(p, g);
    const std::string kept = pairs ? arrival_pairs.at({p.edge->post, operand_value(*p.edge, adjoint_name(g.name)), operand_value(*p.edge, kappa_name(g.name))}) : "";
    if (const Parameter* w = program.parameter(g.weight); w && w->trainable) {
      n.name = g.weight;
      n.buffer = pairs ? kept : history(*p.edge, adjoint_name(g.name));
      out.push_back(n);
    }
    if (!p.delay_trained) continue;
    n.name = p.edge->delay;
    n.buffer = pairs ? kept : history(*p.edge, kappa_name(g.name));
    n.value = g.weight.empty() ? Expr(1.0) : symbol(g.weight);
    if (pairs) out.back().body.push_back(n);
    else out.push_back(n);
  }
  return out;
}

}  // namespace antidrome::kernel
