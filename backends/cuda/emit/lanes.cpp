// Statements of single neurons: registers by the number of a neuron in its lane, memory by whole lanes at once.
#include <algorithm>

#include "backends/cuda/emit/printer.hpp"

namespace antidrome::cuda {

using namespace kernel;

namespace {

bool is_constant(const Node& n) { return n.buffer.starts_with("k."); }

}  // namespace

std::string Printer::address(const Node& n) const {
  if (is_constant(n)) return n.buffer + " + " + (n.row == Row::step ? "t" : name(m_.buffer(n.buffer) ? "" : n.cell));
  const Buffer& b = m_.buffer_of(n.buffer);
  const std::string cell = name(b.cell), at = "j_of_" + cell;
  const char* row = n.row == Row::next_step ? "(t + 1u)" : "t";
  switch (b.space) {
    case Space::shared: return b.shape == Shape::draws ? fmt::format("{}[t % 4u] + {}", b.name, at) : b.name + " + " + at;
    case Space::history: return fmt::format("row_at<padded_of_{}>({}_rows, {})", cell, b.name, row);
    case Space::batch: return fmt::format("a.{} + {}", b.name, at);
    default: break;
  }
  if (b.shape == Shape::step_neurons) return fmt::format("a.{0} + (u64(sample) * a.steps + {1}) * padded_of_{2} + {3}", b.name, row, cell, at);
  return fmt::format("a.{} + u64(sample) * padded_of_{} + {}", b.name, cell, at);
}

bool Printer::in_memory(const Node& n) const {
  if (n.column != Column::block) return false;
  return is_constant(n) || m_.buffer_of(n.buffer).space != Space::lane;
}

void Printer::let(const Node& n) {
  if (!n.note.empty()) w_.comment(n.note);
  w_.line("const real {} = {};", n.name, text(n.value));
}

void Printer::lanes(const Node& n) {
  if (!n.note.empty()) w_.comment(n.note);
  lane_loop(n.cell, n.body, losing_);
}

namespace {

/// Statements without the conditions around them.
void flatten(const std::vector<Node>& body, bool taping, std::vector<std::pair<const Node*, bool>>& out) {
  for (const Node& n : body) {
    if (n.kind == NodeKind::when_taping) flatten(n.body, true, out);
    else out.emplace_back(&n, taping);
  }
}

}  // namespace

void Printer::lane_loop(const std::string& cell, const std::vector<Node>& body, bool guarded) {
  const std::string id = name(cell);
  std::vector<std::pair<const Node*, bool>> statements;
  flatten(body, false, statements);
  w_.open_scope();
  for (const auto& [n, taping] : statements) {                    // whole lanes come in before the loop …
    if (n->kind == NodeKind::load && n->column == Column::none) {
      const Buffer* b = is_constant(*n) ? nullptr : &m_.buffer_of(n->buffer);
      w_.line("const real {} = {};", n->name, !b ? fmt::format("__ldg({} + t)", n->buffer) : b->space == Space::batch ? fmt::format("__ldg(a.{})", b->name) : fmt::format("a.{}[sample]", b->name));
    }
    if (n->kind == NodeKind::load && in_memory(*n)) {
      const bool shared = !is_constant(*n) && m_.buffer_of(n->buffer).space == Space::shared;
      w_.line("real {}_in[lanes_of_{}];", n->name, id);
      w_.line("{}_lanes<lanes_of_{}>({}_in, {});", shared ? "load" : "fetch", id, n->name, is_constant(*n) ? fmt::format("{} + j_of_{}", n->buffer, id) : address(*n));
    }
    if ((n->kind == NodeKind::store || n->kind == NodeKind::add) && in_memory(*n) && !guarded) w_.line("real {}_out[lanes_of_{}];", n->buffer, id);
    if (n->kind == NodeKind::add && in_memory(*n) && !guarded) w_.line("{}load_lanes<lanes_of_{}>({}_out, {});", taping ? "if (a.taping) " : "", id, n->buffer, address(*n));
  }
  w_.raw("#pragma unroll");
  w_.open(fmt::format("for (u32 e = 0; e < lanes_of_{}; ++e)", id));
  w_.line("[[maybe_unused]] const int j = int(j_of_{} + e);", id);
  if (guarded) w_.line("if (u32(j) >= n_of_{}) continue;", id);
  for (const auto& [n, taping] : statements) {
    const bool global = taping && guarded;
    if (global) w_.open("if (a.taping)");
    lane_statement(*n, guarded);
    if (global) w_.close();
  }
  w_.close();
  for (const auto& [n, taping] : statements) {                    // … and go out after it
    if (!(n->kind == NodeKind::store || n->kind == NodeKind::add) || !in_memory(*n) || guarded) continue;
    w_.line("{}store_lanes<lanes_of_{}>({}, {}_out);", taping ? "if (a.taping) " : "", id, address(*n), n->buffer);
  }
  w_.close();
}

void Printer::lane_statement(const Node& n, bool guarded) {
  switch (n.kind) {
    case NodeKind::load:
      if (n.column == Column::none) return;
      if (n.column == Column::spike) {
        w_.line("const real {} = a.{}[u64(sample) * a.capacity + place];", n.name, n.buffer);
        return;
      }
      w_.line("const real {} = {};", n.name, in_memory(n) ? n.name + "_in[e]" : chosen_ ? fmt::format("chosen<lanes_of_{}>({}, e)", name(m_.buffer_of(n.buffer).cell), n.buffer) : n.buffer + "[e]");
      return;
    case NodeKind::let: let(n); return;
    case NodeKind::tile_value: w_.line("const real {} = {}[e];", n.name, n.edge); return;
    case NodeKind::store: case NodeKind::add: {
      if (!n.note.empty()) w_.comment(n.note);
      const char* op = n.kind == NodeKind::add ? "+=" : "=";
      const Buffer& b = m_.buffer_of(n.buffer);
      if (n.column == Column::none) w_.line("if (j == 0) a.{}[sample] {} {};", n.buffer, op, text(n.value));   // of the whole sample
      else if (!in_memory(n) && chosen_) w_.line("choose<lanes_of_{0}>({1}, e, real({2}{3}));", name(b.cell), n.buffer, n.kind == NodeKind::add ? fmt::format("chosen<lanes_of_{}>({}, e) + ", name(b.cell), n.buffer) : "", text(n.value));
      else if (!in_memory(n)) w_.line("{}[e] {} {};", n.buffer, op, text(n.value));
      else if (!guarded) w_.line("{}_out[e] {} {};", n.buffer, op, text(n.value));
      else if (b.space == Space::shared) w_.line("{}[j] {} {};", n.buffer, op, text(n.value));
      else w_.line("({})[e] {} {};", address(n), op, text(n.value));
      return;
    }
    case NodeKind::fire:
      w_.comment(n.note);
      w_.line("const bool {} = {}{};", n.name, condition_text(n.value, numbers_), role(n.cell).padded() == role(n.cell).size ? "" : fmt::format(" && u32(j) < n_of_{}", name(n.cell)));
      w_.line("fired_by[e] = {};", n.name);
      return;
    case NodeKind::clamp_slope:
      w_.comment(n.note);
      w_.line("const real {} = clamp_slope({}, least_slope, clamped);", n.name, text(n.value));
      return;
    case NodeKind::score: w_.line("a.scores[u64(sample) * scores_n + u32(j)] = {};", text(n.value)); return;
    case NodeKind::list_place: list_place(n); return;
    case NodeKind::clear: {                                       // the row of a history beyond the last step
      const Buffer& b = m_.buffer_of(n.buffer);
      w_.line("a.{0}[(u64(sample) * (a.steps + 1u) + a.steps) * padded_of_{1} + j_of_{1} + e] = real(0);", b.name, name(b.cell));
      return;
    }
    default: throw InternalError(fmt::format("internal error: no CUDA text for '{}' in a lane, please report it", spelling(n.kind)));
  }
}

void Printer::fired_lanes(const Node& n) {
  const std::string id = name(n.cell);
  if (!n.note.empty()) w_.comment(n.note);
  w_.line("u32 fired = take_fired(my_bits_of_{});", id);
  w_.open("while (fired != 0u)");                                 // mostly one of a lane's neurons, or none
  w_.raw("const u32 e = u32(__ffs(int(fired))) - 1u;");
  w_.raw("fired &= fired - 1u;");
  w_.line("[[maybe_unused]] const int j = int(j_of_{} + e);", id);
  if (std::any_of(n.body.begin(), n.body.end(), [](const Node& child) { return child.kind == NodeKind::brought; })) w_.line("const real* const found = my_found_of_{0} + e * (padded_of_{0} / lanes_of_{0});", id);
  if (!n.name.empty()) w_.line("[[maybe_unused]] const u32 place = {1}[place_of_neuron<lanes_of_{0}, padded_of_{0}>(j_of_{0} / lanes_of_{0}, e)];", id, n.name);
  chosen_ = true;
  for (const Node& child : n.body) {
    if (child.kind == NodeKind::load && child.column == Column::block && in_memory(child)) w_.line("const real {} = {};", child.name, is_constant(child) ? fmt::format("__ldg({} + j)", child.buffer) : fmt::format("({})[e]", address(child)));
    else if (child.kind == NodeKind::brought) w_.line("const real {} = found[{}u * (padded_of_{} + 4u)];", child.name, child.count, id);
    else if (child.kind == NodeKind::load && child.column == Column::none) w_.line("const real {} = __ldg({} + t);", child.name, child.buffer);
    else lane_statement(child, true);
  }
  chosen_ = false;
  w_.close();
}

// ---- statements of a spike, which reach memory by the number of its unit

std::string Printer::unit_element(const Node& n) const {
  if (is_constant(n)) return fmt::format("__ldg({} + {})", n.buffer, n.row == Row::step ? "t" : "j");
  const Buffer& b = m_.buffer_of(n.buffer);
  if (n.column == Column::spike) return m_.cell(b.cell).source >= 0 ? fmt::format("a.{}[s]", b.name) : fmt::format("a.{}[u64(sample) * a.capacity + s]", b.name);
  if (b.space == Space::shared) return b.shape == Shape::draws ? fmt::format("{}[t % 4u][j]", b.name) : b.name + "[j]";
  if (b.shape == Shape::step_neurons) return fmt::format("a.{0}[(u64(sample) * a.steps + {1}) * padded_of_{2} + j]", b.name, n.row == Row::next_step ? "t + 1u" : "t", name(b.cell));
  return fmt::format("a.{}[u64(sample) * padded_of_{} + j]", b.name, name(b.cell));
}

void Printer::unit_statement(const Node& n) {
  switch (n.kind) {
    case NodeKind::load: w_.line("const real {} = {};", n.name, unit_element(n)); return;
    case NodeKind::let: let(n); return;
    case NodeKind::store: case NodeKind::add:
      if (!n.note.empty()) w_.comment(n.note);
      w_.line("{} {} {};", unit_element(n), n.kind == NodeKind::add ? "+=" : "=", text(n.value));
      return;
    case NodeKind::when_taping:
      w_.open("if (a.taping)");
      for (const Node& child : n.body) unit_statement(child);
      w_.close();
      return;
    case NodeKind::list_by_unit: {
      const EdgeLayout& e = m_.edge(n.edge);
      w_.comment("events of the data are listed by unit already: their factors follow, last event first");
      w_.open_scope();
      w_.line("u32 place = 4u * a.unit_group_of_{0}[u64(sample) * (n_of_{0} + 1u) + u32(j) + 1u];", name(e.pre));
      w_.line("const u32 first = 4u * a.unit_group_of_{0}[u64(sample) * (n_of_{0} + 1u) + u32(j)];", name(e.pre));
      w_.line("while (place > first && a.step_of_{0}[place - 1u] + {1} > t) --place;", name(e.pre), delay(e));
      w_.raw("place -= 1u + run;");
      for (const std::string& f : e.factors) w_.line("a.{0}_by_unit[place] = a.{0}[s];", f);
      w_.close();
      return;
    }
    default: throw InternalError(fmt::format("internal error: no CUDA text for '{}' of a spike, please report it", spelling(n.kind)));
  }
}

}  // namespace antidrome::cuda
