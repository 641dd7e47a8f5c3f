// Losses on a block of threads. Where one warp owns all neurons that a loss sees, its reductions are sums over lanes; where several do,
// each warp leaves its part in shared memory and everybody adds the parts in their order.
#include <fmt/format.h>

#include "codegen/kernel_ir/device/lowering.hpp"

namespace antidrome::kernel {

using namespace ir;

namespace {

std::string cell_of(const Node& n) {
  if (!n.cell.empty()) return n.cell;
  for (const Node& child : n.body)
    if (const std::string c = cell_of(child); !c.empty()) return c;
  return {};
}

/// A condition on a whole phase goes to its statements.
std::vector<Node> unwrapped(const Node& n) {
  if (n.kind != NodeKind::when_taping) return {n};
  std::vector<Node> out;
  for (const Node& child : n.body) {
    Node inner = child;
    if (child.kind == NodeKind::lanes) inner.body = {make_node(NodeKind::when_taping, child.body)};
    else if (child.kind == NodeKind::store || child.kind == NodeKind::add || child.kind == NodeKind::let) inner = make_node(NodeKind::when_taping, {child});
    out.push_back(inner);
  }
  return out;
}

}  // namespace

std::vector<Node> DeviceLowering::loss_phases(std::vector<Node> nodes) {
  std::vector<Node> out;
  std::string last;
  for (Node& each : nodes) {
    const Node n = to_lanes(std::move(each));
    const std::string cell = cell_of(n).empty() ? last : cell_of(n);
    last = cell;
    const Role& role = *d_.role(cell);
    if (role.warps == 1) {
      if (out.empty() || out.back().kind != NodeKind::warp_losses || out.back().cell != cell) out.push_back(in_cell(NodeKind::warp_losses, cell));
      out.back().body.push_back(n);
      continue;
    }
    for (Node& phase : unwrapped(n)) {
      if (phase.kind == NodeKind::reduce_sum || phase.kind == NodeKind::reduce_max) {
        Node part = phase;
        part.kind = NodeKind::reduce_partial;
        part.count = phase.kind == NodeKind::reduce_max;
        part.buffer = "reduction";
        out.push_back(part);
        Node total = in_cell(NodeKind::reduce_total, cell, {}, part.count);
        total.name = phase.name;
        total.buffer = part.buffer;
        out.push_back(total);
      } else {
        out.push_back(std::move(phase));
      }
    }
  }
  return out;
}

}  // namespace antidrome::kernel
