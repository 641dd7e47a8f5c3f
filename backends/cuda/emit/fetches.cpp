// Spikes of the way back, which are known beforehand: their rows of weights and what they left on the tape are fetched steps ahead. A warp takes several at once;
// each has a group of lanes, which keeps its number and ends with the sum of its row product.
#include "backends/cuda/emit/printer.hpp"

namespace antidrome::cuda {

using namespace kernel;

/// The units of the spikes that this warp takes first of those from `first` to `last` - 1.
void Printer::fetch_numbers(const Node& n, const std::string& unit, const std::string& first, const std::string& last) {
  w_.line("fetch_spikes({0}, units_of_{1}, turn_of_{1}, {2}, {3});", unit, name(n.cell), first, last);
}

/// What they left on the tape; `first`: the first spike of the step.
void Printer::fetch_left(const Node& n, const std::string& left, const std::string& unit, const std::string& first) {
  if (const int members = record_size(n.cell); members > 0) w_.line("if ({0} != none) fetch_record<{1}>({2}, row_at<{1}u>(tape_of_{3}, {4}));", unit, members, left, name(n.cell), first);
}

/// Rows of the spikes that this warp takes at once; `spikes`: how many there are from its first one on.
void Printer::fetch_rows(const Node& n, const std::string& unit, const std::string& spikes) {
  const std::string id = name(n.cell);
  w_.raw("#pragma unroll");
  w_.open(fmt::format("for (u32 r = 0; r < {}u; ++r)", n.count));
  w_.line("if ({} <= int(r * dot_warps)) break;", spikes);
  w_.line("[[maybe_unused]] const u32 j = __shfl_sync(every_lane, {}, int(r * {}u));", unit, 32 / n.count);
  int q = 0;
  for (const Node& child : n.body)
    if (child.kind == NodeKind::row_dot && !child.edge.empty()) {
      w_.line("fetch_row<padded_of_{0}>(row{1}_of_{2}[r], row_at<{3}u>(columns{1}_of_{2}, j));", name(child.cell), q, id, d_.parameter(child.edge).stride);
      ++q;
    }
  w_.close();
}

/// The spikes that this warp takes first in the last step, and the numbers of those of the step before.
void Printer::begin_fetching(const Node& n) {
  const std::string id = name(n.cell);
  const int members = record_size(n.cell);
  w_.line("[[maybe_unused]] const u32 turn_of_{0} = turn_of_lane<{1}>(dot, dot_warps);  // which spike of each step is this lane's", id, n.count);
  w_.line("const u32* const units_of_{0} = fixed_global(a.unit_of_{0} + u64(sample) * a.capacity + turn_of_{0});", id);
  if (members > 0) w_.line("const real* const tape_of_{0} = fixed_global(a.record_of_{0} + (u64(sample) * a.capacity + turn_of_{0}) * {1}u);", id, members);
  w_.line("[[maybe_unused]] u32 first_of_{0} = none, second_of_{0} = none;  // spikes that this warp takes first: in this step, in the one before", id);
  if (members > 0) w_.line("real left_of_{}[{}] = {{}};  // what the one of this step left on the tape", id, members);
  int q = 0;
  for (const Node& child : n.body)
    if (child.kind == NodeKind::row_dot && !child.edge.empty()) {
      w_.line("real row{}_of_{}[{}][padded_of_{} / 32u];", q, id, n.count, name(child.cell));
      w_.line("const real* const columns{}_of_{} = fixed_global(columns_of_lane<padded_of_{}>(a.{}));", q, id, name(child.cell), identifier(child.edge));
      w_.line("const real* const operand{}_of_{} = fixed_shared(columns_of_lane<padded_of_{}>({}));", q++, id, name(child.cell), child.buffer);
    }
  for (const Node& child : n.body)
    if (child.kind == NodeKind::spike_found) {
      w_.line("u32* const bits_of_{} = fixed_shared({});", id, child.buffer);
      if (numbers_of(child) > 0) w_.line("real* const number_of_{0} = fixed_shared(found_of_{0}[lane % {1}u]);  // where this lane's number of its spike goes", id, 32 / n.count);
    }
  w_.open("if (is_dot)");
  fetch_numbers(n, "first_of_" + id, "s0_of_" + id, "s1_of_" + id);
  fetch_numbers(n, "second_of_" + id, "s_of_" + id, "s0_of_" + id);
  fetch_left(n, "left_of_" + id, "first_of_" + id, "s0_of_" + id);
  w_.line("const int spikes = int(s1_of_{0} - s0_of_{0}) - int(dot);", id);
  fetch_rows(n, "first_of_" + id, "spikes");
  w_.close();
}

void Printer::fetch_spikes(const Node& n) {
  const std::string id = name(n.cell);
  w_.open("if (is_dot)");
  w_.line("const int spikes = int(s0_of_{0} - s_of_{0}) - int(dot);", id);
  w_.line("first_of_{0} = second_of_{0};", id);
  fetch_rows(n, "first_of_" + id, "spikes");
  fetch_left(n, "left_of_" + id, "first_of_" + id, "s_of_" + id);
  fetch_numbers(n, "second_of_" + id, "z_of_" + id, "s_of_" + id);
  w_.close();
}

/// Products that no row gives: of synapses without a weight, or with delays of their own.
void Printer::other_dots(const Node& n, const std::string& unit, const std::string& spikes) {
  bool any = false;
  for (const Node& child : n.body) any |= child.kind == NodeKind::scattered_dot || (child.kind == NodeKind::row_dot && child.edge.empty());
  if (!any) return;
  w_.raw("#pragma unroll");
  w_.open(fmt::format("for (u32 r = 0; r < {}u; ++r)", n.count));
  w_.line("if ({} <= int(r * dot_warps)) break;", spikes);
  w_.line("[[maybe_unused]] const u32 j = __shfl_sync(every_lane, {}, int(r * {}u));", unit, 32 / n.count);
  for (const Node& child : n.body) {
    if (child.kind == NodeKind::scattered_dot) scattered_dot(child, "products[r]");
    if (child.kind == NodeKind::row_dot && child.edge.empty()) w_.line("add_operand<padded_of_{}>(products[r], {});", name(child.cell), child.buffer);
  }
  w_.close();
}

/// The spikes of this step, as many at once as rows were fetched for; those of more are fetched now.
void Printer::own_spikes(const Node& n) {
  const std::string id = name(n.cell);
  const Node* found = nullptr;
  std::vector<const Node*> rows;
  w_.open("if (is_dot)");
  w_.line("int spikes = int(s1_of_{0} - s0_of_{0}) - int(dot);", id);
  w_.open("if (spikes > 0)");
  w_.line("real products[{}] = {{}};", n.count);
  for (const Node& child : n.body) {
    if (child.kind == NodeKind::spike_found) found = &child;
    if (child.kind == NodeKind::dot && !child.note.empty()) w_.comment(child.note);
    if (child.kind == NodeKind::row_dot && !child.edge.empty()) rows.push_back(&child);
  }
  w_.raw("#pragma unroll");
  w_.open(fmt::format("for (u32 r = 0; r < {}u; ++r)", n.count));
  w_.raw("if (spikes <= int(r * dot_warps)) break;");
  for (std::size_t q = 0; q < rows.size(); ++q) w_.line("products[r] {3}= kept_dot<padded_of_{0}>(row{1}_of_{2}[r], operand{1}_of_{2});", name(rows[q]->cell), q, id, q == 0 ? "" : "+");
  w_.close();
  other_dots(n, "first_of_" + id, "spikes");
  spikes_found(*found, n.count, "products", "first_of_" + id, fmt::format("s0_of_{0} + turn_of_{0}", id), "left_of_" + id);
  w_.close();
  w_.open(fmt::format("for (u32 s = s0_of_{0} + {1}u * dot_warps; s + dot < s1_of_{0}; s += {1}u * dot_warps)", id, n.count));
  w_.line("spikes -= int({}u * dot_warps);", n.count);
  w_.raw("u32 units;");
  fetch_numbers(n, "units", "s", "s1_of_" + id);
  if (const int members = record_size(n.cell); members > 0) w_.line("real left[{}] = {{}};", members);
  fetch_left(n, "left", "units", "s");
  w_.line("real products[{}] = {{}};", n.count);
  int q = 0;
  for (const Node* child : rows) {
    const std::string post = name(child->cell);
    w_.open_scope();
    w_.line("real row[{}][padded_of_{} / 32u];", n.count, post);
    w_.raw("#pragma unroll");
    w_.open(fmt::format("for (u32 r = 0; r < {}u; ++r)", n.count));
    w_.line("const u32 unit = __shfl_sync(every_lane, units, int(r * {}u)), j = unit == none ? n_of_{} : unit;", 32 / n.count, id);
    w_.line("fetch_row<padded_of_{0}>(row[r], row_at<{3}u>(columns{1}_of_{2}, j));", post, q, id, d_.parameter(child->edge).stride);
    w_.close();
    w_.raw("#pragma unroll");
    w_.line("for (u32 r = 0; r < {}u; ++r) products[r] += kept_dot<padded_of_{}>(row[r], operand{}_of_{});", n.count, post, q++, id);
    w_.close();
  }
  other_dots(n, "units", "spikes");
  spikes_found(*found, n.count, "products", "units", "s + turn_of_" + id, "left");
  w_.close();
  w_.close();
}

/// What a spike brings goes where the lane of its neuron looks for it; `left`: what it left on the tape.
void Printer::spikes_found(const Node& n, int together, const std::string& products, const std::string& unit, const std::string& place, const std::string& left) {
  const std::string id = name(n.cell);
  const bool fetched = d_.dot_warps > 0;
  std::vector<std::string> brings;
  bool clamps = false;
  w_.open_scope();
  for (const Node& child : n.body) {
    if (child.kind == NodeKind::bring) brings.push_back(text(child.value));
    else if (child.kind == NodeKind::load) w_.line("const real {} = {}[{}];", child.name, left, member_of_record(n.cell, child.buffer));
    else if (child.kind == NodeKind::let) let(child);
    else {
      w_.comment(child.note);
      w_.raw("u32 grazes = 0;");
      w_.line("const real {} = clamp_slope({}, least_slope, grazes);", child.name, text(child.value));
      clamps = true;
    }
  }
  w_.line("const real brings[] = {{{}}};", brings.empty() ? "real(0)" : fmt::format("{}", fmt::join(brings, ", ")));
  w_.line("spikes_found<lanes_of_{0}, padded_of_{0}, {1}, {2}, {3}>({4}, {5}, {6}, brings, {7}, {8}, {9}, {10}, clamped);", id, together, brings.size(), n.count == 1, products, unit, place, fetched ? "bits_of_" + id : n.buffer,
          numbers_of(n) == 0 ? std::string("static_cast<real*>(nullptr)") : fetched ? "number_of_" + id : fmt::format("found_of_{}[lane % {}u]", id, 32 / together), n.name.empty() ? "static_cast<u32*>(nullptr)" : n.name, clamps ? "grazes" : "0u");
  w_.close();
}

}  // namespace antidrome::cuda
