// Spikes of the way back, which are known beforehand: their rows of weights and what they left on the tape are fetched steps ahead. A warp takes several at once;
// each has a group of lanes, which keeps its number and ends with the sum of its row product.
#include "backends/cuda/emit/printer.hpp"

namespace antidrome::cuda {

using namespace kernel;

/// Number and record of the spikes that this warp takes of those from `first` to `last` - 1.
void Printer::fetch_numbers(const Node& n, const std::string& unit, const std::string& left, const std::string& first, const std::string& last) {
  const std::string id = name(n.cell);
  const int members = record_size(n.cell);
  w_.line("fetch_spikes<{0}, {1}>({2}, {3}, a.unit_of_{4} + u64(sample) * a.capacity, {5}, {6}, dot_warps, {7});", n.count, members, unit, left, id,
          members > 0 ? fmt::format("a.record_of_{} + u64(sample) * a.capacity * {}u", id, members) : "static_cast<const real*>(nullptr)", first, last);
}

/// Rows of the spikes that this warp takes at once; `spikes`: how many there are from its first one on.
void Printer::fetch_rows(const Node& n, const std::string& unit, const std::string& spikes) {
  const std::string id = name(n.cell);
  w_.raw("#pragma unroll");
  w_.open(fmt::format("for (u32 r = 0; r < {}u; ++r)", n.count));
  w_.line("if ({} <= int(r * dot_warps)) break;", spikes);
  w_.line("const u32 j = __shfl_sync(every_lane, {}, int(r * {}u));", unit, 32 / n.count);
  int q = 0;
  for (const Node& child : n.body)
    if (child.kind == NodeKind::row_dot && !child.edge.empty()) w_.line("fetch_row<padded_of_{0}>(row{1}_of_{2}[r], {3});", name(child.cell), q++, id, row_of_unit(child.edge));
  w_.close();
}

/// The spikes that this warp takes first in the last step, and the numbers of those of the step before.
void Printer::begin_fetching(const Node& n) {
  const std::string id = name(n.cell);
  w_.line("[[maybe_unused]] u32 first_of_{0} = none, second_of_{0} = none;  // spikes that this warp takes first: in this step, in the one before", id);
  w_.line("[[maybe_unused]] real left_of_{0} = real(0), left_next_of_{0} = real(0);  // what they left on the tape", id);
  int q = 0;
  for (const Node& child : n.body)
    if (child.kind == NodeKind::row_dot && !child.edge.empty()) w_.line("real row{}_of_{}[{}][padded_of_{} / 32u];", q++, id, n.count, name(child.cell));
  w_.open("if (is_dot)");
  fetch_numbers(n, "first_of_" + id, "left_of_" + id, fmt::format("s0_of_{} + dot", id), "s1_of_" + id);
  fetch_numbers(n, "second_of_" + id, "left_next_of_" + id, fmt::format("s_of_{} + dot", id), "s0_of_" + id);
  w_.line("const int spikes = int(s1_of_{0} - s0_of_{0}) - int(dot);", id);
  fetch_rows(n, "first_of_" + id, "spikes");
  w_.close();
}

void Printer::fetch_spikes(const Node& n) {
  const std::string id = name(n.cell);
  w_.open("if (is_dot)");
  w_.line("const int spikes = int(s0_of_{0} - s_of_{0}) - int(dot);", id);
  w_.line("first_of_{0} = second_of_{0}, left_of_{0} = left_next_of_{0};", id);
  fetch_rows(n, "first_of_" + id, "spikes");
  fetch_numbers(n, "second_of_" + id, "left_next_of_" + id, fmt::format("z_of_{} + dot", id), "s_of_" + id);
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
  for (std::size_t q = 0; q < rows.size(); ++q) w_.line("add_kept_dot<padded_of_{0}>(products[r], row{1}_of_{2}[r], {3});", name(rows[q]->cell), q, id, rows[q]->buffer);
  w_.close();
  other_dots(n, "first_of_" + id, "spikes");
  spikes_found(*found, n.count, "products", "first_of_" + id, fmt::format("s0_of_{} + dot", id), "left_of_" + id);
  w_.close();
  w_.open(fmt::format("for (u32 s = s0_of_{0} + dot + {1}u * dot_warps; s < s1_of_{0}; s += {1}u * dot_warps)", id, n.count));
  w_.line("spikes -= int({}u * dot_warps);", n.count);
  w_.raw("u32 units;");
  w_.raw("real left = real(0);");
  fetch_numbers(n, "units", "left", "s", "s1_of_" + id);
  w_.line("real products[{}] = {{}};", n.count);
  for (const Node* child : rows) {
    const std::string post = name(child->cell);
    w_.open_scope();
    w_.line("real row[{}][padded_of_{} / 32u];", n.count, post);
    w_.raw("#pragma unroll");
    w_.open(fmt::format("for (u32 r = 0; r < {}u; ++r)", n.count));
    w_.line("const u32 unit = __shfl_sync(every_lane, units, int(r * {}u)), j = unit == none ? n_of_{} : unit;", 32 / n.count, id);
    w_.line("fetch_row<padded_of_{}>(row[r], {});", post, row_of_unit(child->edge));
    w_.close();
    w_.raw("#pragma unroll");
    w_.line("for (u32 r = 0; r < {}u; ++r) add_kept_dot<padded_of_{}>(products[r], row[r], {});", n.count, post, child->buffer);
    w_.close();
  }
  other_dots(n, "units", "spikes");
  spikes_found(*found, n.count, "products", "units", "s", "left");
  w_.close();
  w_.close();
}

/// What a spike brings goes where the lane of its neuron looks for it.
void Printer::spikes_found(const Node& n, int together, const std::string& products, const std::string& unit, const std::string& place, const std::string& left) {
  const std::string id = name(n.cell), apart = left.empty() ? "1u" : "dot_warps";
  const int members = record_size(n.cell);
  const bool product = m_.buffer("passed_back_of_" + id) != nullptr;
  const std::string record = members > 0 ? fmt::format("a.record_of_{} + u64(sample) * a.capacity * {}u", id, members) : "static_cast<const real*>(nullptr)";
  w_.line("spikes_found<lanes_of_{0}, padded_of_{0}, {1}, {2}, {9}>({3}, {4}, {5}, {6}, spike_of_{0}, {7}, {8});", id, together, members, products, unit, place + ", " + apart,
          left.empty() ? fmt::format("record_of_spike<{}>({}, {})", members, record, place) : left, product ? "passed_back_of_" + id : "static_cast<real*>(nullptr)",
          members > 0 ? "taped_of_" + id : fmt::format("static_cast<real (*)[padded_of_{} + 4u]>(nullptr)", id), product);
}

}  // namespace antidrome::cuda
