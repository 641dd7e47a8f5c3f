// Losses: reductions over the neurons of a readout.
#include "backends/cuda/emit/printer.hpp"

namespace antidrome::cuda {

using namespace kernel;

/// One warp owns all neurons: every lane knows every sum.
void Printer::losses(const Node& n) {
  losing_ = true;
  for (const Node& child : n.body) loss_statement(child);
  losing_ = false;
}

void Printer::warp_reduction(const Node& n) {
  const std::string id = name(n.cell);
  const bool largest = n.kind == NodeKind::reduce_max, at_label = n.kind == NodeKind::at_label;
  if (!n.note.empty()) w_.comment(n.note);
  w_.line("real {} = {};", n.name, largest ? "-real(3.0e38)" : "real(0)");
  std::vector<Node> body = n.body;
  w_.raw("#pragma unroll");
  w_.open(fmt::format("for (u32 e = 0; e < lanes_of_{}; ++e)", id));
  w_.line("[[maybe_unused]] const int j = int(j_of_{} + e);", id);
  if (at_label) w_.raw("if (j != label) continue;");
  else w_.line("if (u32(j) >= n_of_{}) continue;", id);
  for (const Node& child : body) {
    if (child.kind == NodeKind::load && child.column == Column::none) w_.line("const real {} = {};", child.name, child.buffer.starts_with("k.") ? fmt::format("__ldg({} + t)", child.buffer) : fmt::format("a.{}[{}]", child.buffer, m_.buffer_of(child.buffer).space == Space::batch ? "0" : "sample"));
    else if (child.kind == NodeKind::load && in_memory(child)) w_.line("const real {} = ({})[e];", child.name, child.buffer.starts_with("k.") ? fmt::format("{} + j_of_{}", child.buffer, id) : address(child));
    else lane_statement(child, true);
  }
  if (largest) w_.line("if (const real x = {1}; {0} < x) {0} = x;", n.name, text(n.value));
  else w_.line("{} += {};", n.name, text(n.value));
  w_.close();
  if (at_label) w_.line("{0} = __shfl_sync(every_lane, {0}, label < 0 ? 0 : label / int(lanes_of_{1}));", n.name, id);
  else if (n.kind != NodeKind::reduce_partial) w_.line("{0} = warp_{1}({0});", n.name, largest ? "max" : "sum");
}

/// Several warps own the neurons: each leaves its part, then every thread adds the parts in their order.
void Printer::block_reduction(const Node& n) {
  const std::string id = name(n.cell);
  if (n.kind == NodeKind::reduce_partial) {
    in_role(n.cell);
    Node part = n;
    part.kind = n.count ? NodeKind::reduce_max : NodeKind::reduce_sum;
    warp_reduction(part);
    w_.line("if (lane == 0u) reduction[warp] = {};", n.name);
    w_.close();
    return;
  }
  w_.line("real {} = reduction[first_of_{}];", n.name, id);
  w_.line("for (u32 w = first_of_{0} + 1u; w < first_of_{0} + warps_of_{0}; ++w) {1};", id, n.count ? fmt::format("{0} = {0} < reduction[w] ? reduction[w] : {0}", n.name) : fmt::format("{} += reduction[w]", n.name));
}

void Printer::loss_statement(const Node& n) {
  const std::string id = n.cell.empty() ? "" : name(n.cell);
  switch (n.kind) {
    case NodeKind::reduce_sum: case NodeKind::reduce_max: case NodeKind::at_label: warp_reduction(n); return;
    case NodeKind::loss_value:
      w_.comment(n.note);
      if (!losing_) {                                             // without labels: the same number in every thread
        for (const Node& child : n.body) loss_statement(child);
        w_.line("{}_total += {};", n.name, text(n.value));
        return;
      }
      w_.open(fmt::format("const auto {} = [&]([[maybe_unused]] int label) -> real", n.name));
      for (const Node& child : n.body) loss_statement(child);
      w_.line("return {};", text(n.value));
      w_.close(";");
      w_.line("{}_total += {};", n.name, n.count ? fmt::format("has_label ? {}(label) : real(0)", n.name) : n.name + "(label)");
      return;
    case NodeKind::predict:
      if (n.buffer.empty()) w_.line("prediction = best_label(n_of_{}, {});", id, n.name);
      else w_.line("prediction = best_label(n_of_{0}, [&](int c) {{ return of_lane<lanes_of_{0}>({1}, c); }});", id, n.buffer);
      return;
    case NodeKind::add_label_losses:
      w_.open(fmt::format("for (int c = 0; c < int(n_of_{}); ++c)", id));
      w_.line("const real x = {}(c);", n.name);
      w_.line("for (u32 e = 0; e < lanes_of_{0}; ++e) if (int(j_of_{0} + e) == c) {1}[e] += x;", id, n.buffer);
      w_.close();
      return;
    case NodeKind::lanes: lanes(n); return;
    case NodeKind::when_taping:
      w_.open("if (a.taping)");
      for (const Node& child : n.body) loss_statement(child);
      w_.close();
      return;
    case NodeKind::load:
      if (n.column == Column::none) w_.line("const real {} = {};", n.name, n.buffer.starts_with("k.") ? fmt::format("__ldg({} + t)", n.buffer) : fmt::format("a.{}[{}]", n.buffer, m_.buffer_of(n.buffer).space == Space::batch ? "0" : "sample"));
      return;
    case NodeKind::let: let(n); return;
    case NodeKind::store: case NodeKind::add:                     // of the whole sample
      w_.line("if ({}) a.{}[sample] {} {};", losing_ ? "lane == 0u" : "threadIdx.x == 0", n.buffer, n.kind == NodeKind::add ? "+=" : "=", text(n.value));
      return;
    default: throw InternalError(fmt::format("internal error: no CUDA text for '{}' of a loss, please report it", spelling(n.kind)));
  }
}

}  // namespace antidrome::cuda
