// Lists of spikes, rows of weights, places on the tape.
#include <algorithm>

#include "backends/cuda/emit/printer.hpp"

namespace antidrome::cuda {

using namespace kernel;

std::string Printer::row_of_unit(const std::string& weight) const {
  if (weight.empty()) return "static_cast<const real*>(nullptr)";
  return fmt::format("a.{} + u64(j) * {}u", identifier(weight), d_.parameter(weight).stride);
}

void Printer::emit(const Node& n) {
  const std::string id = name(n.cell);
  w_.line("mine_of_{0} = emit_spikes<lanes_of_{0}>(fired_by, j_of_{0}, n_of_{0}, lists_of_{0}[now] + (warp - first_of_{0}) * list_size<lanes_of_{0}>, counts_of_{0}[now] + (warp - first_of_{0}), rank);", id);
}

/// After the barrier: everybody knows all counts, the lanes that spiked know their places on the tape.
void Printer::record_spikes(const Node& n) {
  const std::string id = name(n.cell);
  const SpikeRecord* record = d_.record(n.cell);
  w_.open_scope();
  w_.raw("u32 earlier, all;");
  w_.line("read_counts<warps_of_{0}>(counts_of_{0}[now], warp - first_of_{0}, fresh_of_{0}, earlier, all);", id);
  w_.open(d_.roles.size() > 1 ? fmt::format("if (is_{0} && mine_of_{0} != 0u)", id) : fmt::format("if (mine_of_{} != 0u)", id));
  w_.raw("#pragma unroll");
  w_.open(fmt::format("for (u32 e = 0; e < lanes_of_{}; ++e)", id));
  w_.raw("if (!fired_by[e]) continue;");
  w_.raw("++counter[e];");
  w_.line("const u32 place = spikes_of_{} + earlier + rank[e];", id);
  w_.raw("if (place >= a.capacity) continue;");
  w_.line("a.unit_of_{0}[u64(sample) * a.capacity + place] = j_of_{0} + e;", id);
  w_.open("if (a.taping)");
  std::string members;
  const auto walk = [&](const auto& self, const std::vector<Node>& body) -> void {
    for (const Node& s : body) {
      if (s.kind == NodeKind::when_taping) self(self, s.body);
      else if (s.kind == NodeKind::load) w_.line("const real {} = {};", s.name, m_.buffer_of(s.buffer).space == Space::lane ? s.buffer + "[e]" : fmt::format("{}[j_of_{} + e]", s.buffer, id));
      else if (s.kind == NodeKind::store) {
        const bool joined = record && std::find(record->members.begin(), record->members.end(), s.buffer) != record->members.end();
        if (!joined) w_.line("a.{}[u64(sample) * a.capacity + place] = {};", s.buffer, text(s.value));
      } else if (s.kind == NodeKind::let) let(s);
    }
  };
  walk(walk, n.body);
  if (record) {
    std::vector<std::string> values(record->members.size());
    const auto collect = [&](const auto& self, const std::vector<Node>& body) -> void {
      for (const Node& s : body) {
        if (s.kind == NodeKind::when_taping) self(self, s.body);
        if (s.kind != NodeKind::store) continue;
        const auto at = std::find(record->members.begin(), record->members.end(), s.buffer);
        if (at != record->members.end()) values[static_cast<std::size_t>(at - record->members.begin())] = text(s.value);
      }
    };
    collect(collect, n.body);
    w_.line("const real left[] = {{{}}};", fmt::format("{}", fmt::join(values, ", ")));
    const bool vector = values.size() == 1 || values.size() == 2 || values.size() == 4;
    if (vector) w_.line("store_lanes<{0}>(a.record_of_{1} + (u64(sample) * a.capacity + place) * {0}u, left);", values.size(), id);
    else w_.line("for (u32 m = 0; m < {0}u; ++m) a.record_of_{1}[(u64(sample) * a.capacity + place) * {0}u + m] = left[m];", values.size(), id);
  }
  w_.close();
  w_.close();
  w_.close();
  w_.line("spikes_of_{} += all;", id);
  w_.line("if (threadIdx.x == 0) begin_of_{0}[t + 1u] = spikes_of_{0} < a.capacity ? spikes_of_{0} : a.capacity;", id);
  w_.close();
}

void Printer::ahead(const Node& n) {
  const std::string id = name(n.cell);
  if (n.buffer.empty()) {
    w_.line("for (u32 e = 0; e < lanes_of_{}; ++e) {}[e] = real(0);", id, n.name);
    return;
  }
  int q = 0;                                                      // which of the cell's sums this is
  for (const Buffer& b : m_.buffers) {
    if (b.name == n.buffer) break;
    q += b.cell == n.cell && b.name.ends_with("_ahead");
  }
  w_.line("for (u32 e = 0; e < lanes_of_{0}; ++e) {1}[e] = next{2}[u][e];", id, n.name, q);
  w_.line("if (t + {0}u < a.steps) fetch_lanes<lanes_of_{1}>(next{2}[u], a.{3} + (u64(sample) * a.steps + t + {0}u) * padded_of_{1} + j_of_{1});", n.count, id, q, n.buffer);
}

void Printer::arrivals_of(const EdgeLayout& e, const std::string& first, const std::string& last) {
  if (m_.cell(e.pre).source >= 0) w_.line("events_of({{a.group_of_{0}, nullptr, nullptr, nullptr}}, sample, a.steps, t, {1}, {2}, {3});", name(e.pre), delay(e), first, last);
  else w_.line("spikes_of(begin_of_{}, t, {}, {}, {});", name(e.pre), delay(e), first, last);
}

void Printer::rows(const Node& n) {
  const EdgeLayout& e = m_.edge(n.edge);
  const std::string post = name(n.cell), pre = name(e.pre);
  if (!n.note.empty()) w_.comment(n.note);
  if (n.count != 1) {
    const std::string first = n.count == 2 ? ", first_row" : "";
    if (n.buffer.empty()) w_.line("add_ones<lanes_of_{}>({}, fresh_of_{});", post, n.name, pre);
    else w_.line("add_rows<lanes_of_{0}>({1}, a.{2} + j_of_{0}, {3}u, lists_of_{4}[before], list_size<lanes_of_{4}>, fresh_of_{4}{5});", post, n.name, identifier(n.buffer), d_.parameter(n.buffer).stride, pre, first);
    return;
  }
  const bool data = m_.cell(e.pre).source >= 0;
  w_.open_scope();
  w_.raw("u32 first, last;");
  arrivals_of(e, "first", "last");
  const std::string base = data ? "" : " + u64(sample) * a.capacity";
  w_.line("add_rows_of<lanes_of_{0}>({1}, {2}, {3}u, a.unit_of_{4}{5}, n_of_{4}, first, last, {6});", post, n.name, n.buffer.empty() ? "static_cast<const real*>(nullptr)" : fmt::format("a.{} + j_of_{}", identifier(n.buffer), post),
          n.buffer.empty() ? 0 : d_.parameter(n.buffer).stride, pre, base, n.value.is(ir::Kind::symbol) ? fmt::format("a.{}{}", n.value.name(), base) : "static_cast<const real*>(nullptr)");
  w_.close();
}

void Printer::first_rows(const Node& n) {
  const std::string post = name(n.cell), pre = name(m_.edge(n.edge).pre);
  w_.line("fetch_first_rows<lanes_of_{0}, warps_of_{1}>(first_row, a.{2} + j_of_{0}, {3}u, lists_of_{1}[now], list_size<lanes_of_{1}>, n_of_{1});", post, pre, identifier(n.buffer), d_.parameter(n.buffer).stride);
}

void Printer::scattered_dot(const Node& n, const std::string& sum) {
  const EdgeLayout& e = m_.edge(n.edge);
  w_.line("add_scattered_dot<padded_of_{0}>({1}, {2}, a.{3}_delay_steps + u64(j) * padded_of_{0}, a.{4} + u64(sample) * (a.steps + 1u) * padded_of_{0}, t, a.steps);", name(e.post), sum, row_of_unit(n.cell), name(e.name), n.buffer);
}

/// A loop over spikes: those that arrive on an edge, or those of the cell in this step.
void Printer::spike_loop(const Node& n) {
  const CellLayout& c = m_.cell(n.cell);
  const std::string id = name(n.cell);
  const bool data = c.source >= 0, warp = n.kind == NodeKind::warp_spikes;
  if (warp && n.count > 0) return own_spikes(n);
  if (!n.note.empty()) w_.comment(n.note);
  const std::string first = n.edge.empty() ? "s0_of_" + id : "arrives", last = n.edge.empty() ? "s1_of_" + id : "arrived";
  w_.open(fmt::format("for (u32 s = {} + {}; s < {}; s += {})", first, warp ? "warp" : "threadIdx.x", last, warp ? "warps" : "threads"));
  const auto unit_at = [&](const std::string& s) { return data ? fmt::format("a.unit_of_{}[{}]", id, s) : fmt::format("a.unit_of_{}[u64(sample) * a.capacity + {}]", id, s); };
  w_.line("const u32 j = {};", unit_at("s"));
  const bool runs = data && (warp || n.count == 1);               // a unit may have several events in a step: one thread sees to all of them
  if (data) w_.line("if (j == n_of_{}) continue;  // fills a group of four", id);
  if (runs) {
    w_.line("if (s > {0} && {1} == j) continue;  // the first event of a unit sees to all of them", first, unit_at("s - 1u"));
    w_.raw("u32 run = 0;");
    w_.open(fmt::format("for (const u32 leader = s; s < {} && {} == j; ++s, ++run)", last, unit_at("s")));
    w_.raw("(void)leader;");
  }
  if (warp) warp_body(n);
  else
    for (const Node& child : n.body) unit_statement(child);
  if (runs) {
    w_.close();
    w_.line("s -= run;  // the loop goes on from the leader");
  }
  w_.close();
}

/// One warp, one spike: row products by all lanes, the rest by the first.
void Printer::warp_body(const Node& n) {
  std::vector<const Node*> rest;
  for (const Node& child : n.body) {
    switch (child.kind) {
      case NodeKind::dot:
        if (!child.note.empty()) w_.comment(child.note);
        w_.line("real {} = real(0);", child.name);
        break;
      case NodeKind::row_dot:
        if (child.edge.empty()) w_.line("add_operand<padded_of_{}>({}, {});", name(child.cell), child.name, child.buffer);
        else w_.line("add_dot<padded_of_{}>({}, {}, {});", name(child.cell), child.name, row_of_unit(child.edge), child.buffer);
        break;
      case NodeKind::scattered_dot: scattered_dot(child, child.name); break;
      case NodeKind::dot_value: w_.line("const real {} = warp_sum({});", child.name, child.edge); break;
      case NodeKind::spike_found:
        w_.line("const real sums[1] = {{{}}};", child.count == 1 ? "product" : "real(0)");
        if (const int members = record_size(child.cell); members > 0) {
          w_.line("real left[{}];", members);
          w_.line("fetch_record<{1}>(left, a.record_of_{0} + (u64(sample) * a.capacity + s) * {1}u);", name(child.cell), members);
        }
        spikes_found(child, 1, "sums", "j", "s", "left");
        break;
      default: rest.push_back(&child);
    }
  }
  if (rest.empty()) return;
  w_.open("if (lane == 0u)");
  for (const Node* child : rest) unit_statement(*child);
  w_.close();
}

void Printer::list_place(const Node& n) {
  const std::string id = name(n.cell);
  w_.open_scope();
  w_.line("const u32 before = chosen<lanes_of_{}>(cursor, e) - 1u;", id);
  w_.line("choose<lanes_of_{}>(cursor, e, before);", id);
  w_.line("*row_at<1u>(steps_of_{}, before) = t;", id);
  w_.raw("[[maybe_unused]] const u64 listed = u64(sample) * a.listed_capacity + before;");
  for (const EdgeLayout& e : m_.edges)
    if (e.pre == n.cell)
      for (const std::string& f : e.factors) w_.line("a.{0}_by_unit[listed] = t + {1} < a.steps ? a.{0}[u64(sample) * a.capacity + place] : real(0);  // arrivals after the trial are dropped", f, delay(e));
  w_.close();
}

/// The spikes of the step before go to the steps at which they arrive, by the lanes that own the targets.
void Printer::scatter(const Node& n) {
  const EdgeLayout& e = m_.edge(n.edge);
  const std::string pre = name(e.pre), post = name(e.post);
  w_.comment(n.note);
  w_.open(fmt::format("for (u32 w = 0; w < warps_of_{}; ++w)", pre));
  w_.open(fmt::format("for (u32 q = 0; q < fresh_of_{}[w]; ++q)", pre));
  w_.line("const u32 j = lists_of_{0}[before][w * list_size<lanes_of_{0}> + q];", pre);
  w_.line("send<lanes_of_{0}>(a.{1} + u64(sample) * (a.steps + 1u) * padded_of_{0} + j_of_{0}, padded_of_{0}, {2}{3}, a.{4}_delay_steps + u64(j) * padded_of_{0} + j_of_{0}, t - 1u, a.steps);", post, n.buffer, row_of_unit(n.name),
          n.name.empty() ? "" : fmt::format(" + j_of_{}", post), name(e.name));
  w_.close();
  w_.close();
}

void Printer::publish(const Node& n) {
  const std::string id = name(n.cell);
  const Role& r = role(n.cell);
  if (r.padded() != r.size) w_.line("for (u32 e = 0; e < lanes_of_{0}; ++e) if (j_of_{0} + e >= n_of_{0}) {1}[e] = real(0);  // lanes without a neuron say nothing", id, n.name);
  if (backward_) w_.line("store_lanes<lanes_of_{0}>(my_{1}, {2});", id, n.buffer, n.name);
  else w_.line("store_lanes<lanes_of_{0}>({1} + j_of_{0}, {2});", id, n.buffer, n.name);
}

/// Continuous couplings: every unit of `cell` in turn (forwards), or the row of every unit times what came back (backwards).
void Printer::dense_sum(const Node& n) {
  const std::string pre = name(n.cell);
  if (n.count == 1) {
    const std::string post = name(m_.buffer_of(n.edge).cell);
    w_.open(fmt::format("for (u32 j = warp; j < padded_of_{}; j += warps)", pre));
    w_.raw("real row = real(0);");
    const std::string real_unit = role(n.cell).padded() == role(n.cell).size ? "" : fmt::format("if (j < n_of_{}) ", pre);
    if (n.name.empty()) w_.line("{}add_operand<padded_of_{}>(row, {});", real_unit, post, n.edge);
    else w_.line("{}add_dot<padded_of_{}>(row, {}, {});", real_unit, post, row_of_unit(n.name), n.edge);
    w_.raw("row = warp_sum(row);");
    w_.line("if (lane == 0u) {}[j] = row;", n.buffer);
    w_.close();
    return;
  }
  const std::string post = name(m_.buffer_of(n.buffer).cell);
  in_role(m_.buffer_of(n.buffer).cell);
  w_.line("for (u32 e = 0; e < lanes_of_{}; ++e) {}[e] = real(0);", post, n.buffer);
  w_.open(fmt::format("for (u32 j = 0; j < n_of_{}; ++j)", pre));
  if (n.name.empty()) {
    w_.line("for (u32 e = 0; e < lanes_of_{}; ++e) {}[e] += {}[j];", post, n.buffer, n.edge);
  } else {
    w_.line("real row[lanes_of_{}];", post);
    w_.line("fetch_lanes<lanes_of_{0}>(row, {1} + j_of_{0});", post, row_of_unit(n.name));
    w_.line("for (u32 e = 0; e < lanes_of_{}; ++e) {}[e] += {}[j] * row[e];", post, n.buffer, n.edge);
  }
  w_.close();
  w_.close();
}

}  // namespace antidrome::cuda
