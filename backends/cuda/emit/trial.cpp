// The kernels in which a block owns a sample: loops over samples and steps, registers, shared memory, barriers.
#include <algorithm>
#include <set>

#include "backends/cuda/emit/printer.hpp"

namespace antidrome::cuda {

using namespace kernel;

namespace {

/// Every name of memory that a tree mentions.
void names_in(const Node& n, std::set<std::string>& names) {
  for (const std::string& s : {n.buffer, n.name, n.edge})
    if (!s.empty()) names.insert(s);
  for (const Node& child : n.body) names_in(child, names);
}

bool has(const Node& n, NodeKind kind) {
  if (n.kind == kind) return true;
  return std::any_of(n.body.begin(), n.body.end(), [&](const Node& child) { return has(child, kind); });
}

void find(const Node& n, NodeKind kind, std::vector<const Node*>& found) {
  if (n.kind == kind) found.push_back(&n);
  for (const Node& child : n.body) find(child, kind, found);
}

/// Phases that only the warps of their cell have a part in.
bool of_one_role(const Node& n) {
  switch (n.kind) {
    case NodeKind::lanes: case NodeKind::lanes_fired: case NodeKind::warp_losses: case NodeKind::emit: case NodeKind::ahead: case NodeKind::add_pending: case NodeKind::rows: case NodeKind::publish: case NodeKind::first_rows: case NodeKind::step_constant:
    case NodeKind::check_states: case NodeKind::draw_rows: return true;
    case NodeKind::scatter: case NodeKind::write_sum: return true;
    case NodeKind::clear: return false;
    default: return false;
  }
}

}  // namespace

int Printer::record_size(const std::string& cell) const {
  const SpikeRecord* r = d_.record(cell);
  return r ? static_cast<int>(r->members.size()) : 0;
}

int Printer::member_of_record(const std::string& cell, const std::string& buffer) const {
  const std::vector<std::string>& members = d_.record(cell)->members;
  return static_cast<int>(std::find(members.begin(), members.end(), buffer) - members.begin());
}

int Printer::numbers_of(const Node& found) {
  return found.count + static_cast<int>(std::count_if(found.body.begin(), found.body.end(), [](const Node& n) { return n.kind == NodeKind::bring; }));
}

std::string Printer::delay(const EdgeLayout& e) const { return e.delay_parameter.empty() ? std::to_string(e.delay) : fmt::format("k_{}_delay", name(e.name)); }

void Printer::in_role(const std::string& cell) {
  if (d_.roles.size() == 1 && !others_) w_.open_scope();
  else w_.open(fmt::format("if (is_{})", name(cell)));
}

void Printer::shared_memory(const Node& body) {
  std::set<std::string> names;
  names_in(body, names);
  for (const CellLayout& c : m_.cells) {
    const std::string id = name(c.name);
    if (!d_.role(c.name)) continue;
    if (c.fires && has(body, NodeKind::emit)) {
      w_.line("__shared__ __align__(16) u32 lists_of_{0}[2][warps_of_{0} * list_size<lanes_of_{0}>];  // spikes of a step, warp by warp; two steps take turns", id);
      w_.line("__shared__ u32 counts_of_{0}[2][warps_of_{0}];", id);
      if (c.listed_by_unit) w_.line("__shared__ u32 scan_of_{0}[warps_of_{0}];", id);
    }
    if (!has(body, NodeKind::lanes_fired) || !names.contains("fired_of_" + id)) continue;
    w_.line("__shared__ u32 fired_of_{0}[32u * warps_of_{0}];  // which neurons of each lane spiked in this step", id);
    if (names.contains("spike_of_" + id)) w_.line("__shared__ u32 spike_of_{0}[padded_of_{0}];  // place of the neuron's spike on the tape", id);
    std::vector<const Node*> found;
    find(body, NodeKind::spike_found, found);
    if (const auto n = std::find_if(found.begin(), found.end(), [&](const Node* x) { return x->cell == c.name; }); n != found.end()) {
      if (const int numbers = numbers_of(**n); numbers > 0) w_.line("__shared__ __align__(16) real found_of_{0}[{1}][padded_of_{0} + 4u];  // what the neuron's spike brought{2}", id, numbers, (*n)->count ? ", its row product behind it" : "");
    }
  }
  for (const Buffer& b : m_.buffers) {
    if (b.space != Space::shared || !names.contains(b.name)) continue;
    if (b.shape == Shape::draws) w_.line("__shared__ __align__(16) real {}[4][padded_of_{}];  // {}", b.name, name(b.cell), b.note);
    else w_.line("__shared__ __align__(16) {} {}[padded_of_{}];  // {}", b.shape == Shape::counters ? "u32" : "real", b.name, name(b.cell), b.note);
  }
  if (names.contains("reduction")) w_.raw("__shared__ real reduction[warps];");
  if (has(body, NodeKind::begin_sample)) w_.raw("__shared__ u32 first_bad;");
}

/// Registers of the neurons of a lane; roles share them, since a warp has one role.
void Printer::registers(const Node& body) {
  std::set<std::string> names;
  names_in(body, names);
  std::set<int> slots;
  for (const auto& [buffer, slot] : d_.slots)
    if (names.contains(buffer)) slots.insert(slot);
  std::string list;
  for (const int s : slots) list += fmt::format("{}lane{}[{}]", list.empty() ? "" : ", ", s, d_.slot_width());
  if (!list.empty()) w_.line("real {};  // registers: what they are depends on the role of the warp", list);
  for (const Buffer& b : m_.buffers)
    if (b.space == Space::lane && names.contains(b.name)) w_.line("[[maybe_unused]] real (&{})[{}] = lane{};{}", b.name, d_.slot_width(), d_.slots.at(b.name), b.note.empty() ? "" : "  // " + b.note);
  if (has(body, NodeKind::begin_sample) && !backward_) w_.line("u32 counter[{}];  // spikes of each neuron", d_.slot_width());
  if (has(body, NodeKind::emit)) w_.line("bool fired_by[{0}]; u32 rank[{0}];", d_.slot_width());
  if (has(body, NodeKind::list_place)) w_.line("u32 cursor[{}];", d_.slot_width());
}

void Printer::trial(const DeviceKernel& k) {
  backward_ = k.backward;
  const Node& samples = k.body.body.front();
  others_ = k.threads / 32 > d_.warps();
  const bool dots = k.backward && d_.dot_warps > 0;
  w_.line("[[maybe_unused]] constexpr u32 warps = {}, threads = 32 * warps;", k.threads / 32);
  shared_memory(k.body);
  w_.raw("const Constants k = constants_of(a);");
  w_.raw("[[maybe_unused]] const u32 lane = threadIdx.x & 31u, warp = __shfl_sync(every_lane, threadIdx.x >> 5, 0);  // by an exchange: the compiler sees that lanes agree");
  for (const Role& r : d_.roles) {
    const std::string id = name(r.cell);
    if (d_.roles.size() > 1 || others_) {
      const std::string below = r.first_warp + r.warps < d_.warps() || others_ ? fmt::format("warp < {}", r.first_warp + r.warps) : "", above = r.first_warp > 0 ? fmt::format("warp >= {}", r.first_warp) : "";
      w_.line("[[maybe_unused]] const bool is_{} = {}{}{};", id, above, !above.empty() && !below.empty() ? " && " : "", below);
    }
    w_.line("[[maybe_unused]] const u32 j_of_{0} = (threadIdx.x - 32u * first_of_{0}) * lanes_of_{0};  // this lane's first neuron", id);
  }
  if (dots) {
    const int last = d_.first_dot_warp + d_.dot_warps;
    w_.line("constexpr u32 dot_warps = {};  // warps {} to {} multiply rows of spikes", d_.dot_warps, d_.first_dot_warp, last - 1);
    w_.line("const bool is_dot = warp >= {}u{};", d_.first_dot_warp, last < k.threads / 32 ? fmt::format(" && warp < {}u", last) : "");
    w_.line("const u32 dot = warp - {}u;", d_.first_dot_warp);
  }
  for (const EdgeLayout& e : m_.edges)
    if (!e.delay_parameter.empty() && !e.scattered) w_.line("[[maybe_unused]] const u32 k_{0}_delay = a.{0}_delay_steps[0];", name(e.name));
  w_.open("for (u32 sample = blockIdx.x; sample < a.samples; sample += gridDim.x)");
  if (backward_ || !has(samples, NodeKind::begin_sample)) w_.raw("if (a.spikes[sample] > a.capacity || a.first_bad[2 * sample] != none) continue;  // the forward pass did not come to its end");
  w_.raw("[[maybe_unused]] const int label = a.label[sample];");
  w_.raw("[[maybe_unused]] const bool has_label = label >= 0;");
  registers(k.body);
  totals_.clear();
  predictions_.clear();
  find(samples, NodeKind::loss_value, totals_);
  find(samples, NodeKind::predict, predictions_);
  for (const Node* n : totals_) w_.line("real {}_total = real(0);", n->name);
  if (!predictions_.empty()) w_.raw("int prediction = -1;");
  nodes(samples.body);
  w_.close();
  backward_ = false;
}

void Printer::nodes(const std::vector<Node>& list) {
  for (std::size_t k = 0; k < list.size();) {
    if (list[k].kind == NodeKind::record_states) {
      w_.open("if (a.recorded == sample)");
      for (; k < list.size() && list[k].kind == NodeKind::record_states; ++k) record_states(list[k]);
      w_.close();
      continue;
    }
    if (!of_one_role(list[k]) || !d_.role(list[k].cell)) {
      node(list[k++]);
      continue;
    }
    const std::string cell = list[k].cell;
    in_role(cell);
    for (; k < list.size() && of_one_role(list[k]) && list[k].cell == cell; ++k) node(list[k]);
    w_.close();
  }
}

void Printer::node(const Node& n) {
  switch (n.kind) {
    case NodeKind::barrier: w_.line("__syncthreads();  // {}", n.name); break;
    case NodeKind::block_steps: steps(n); break;
    case NodeKind::block_steps_back: steps_back(n); break;
    case NodeKind::begin_sample: begin_sample(n); break;
    case NodeKind::end_sample: end_sample(n); break;
    case NodeKind::begin_lists: begin_lists(n); break;
    case NodeKind::finish_lists: finish_lists(n); break;
    case NodeKind::when_spikes: case NodeKind::when_arrivals: when(n); break;
    case NodeKind::lanes: lanes(n); break;
    case NodeKind::lanes_fired: fired_lanes(n); break;
    case NodeKind::spikes_known: break;
    case NodeKind::emit: emit(n); break;
    case NodeKind::record_spikes: record_spikes(n); break;
    case NodeKind::rows: rows(n); break;
    case NodeKind::first_rows: first_rows(n); break;
    case NodeKind::ahead: ahead(n); break;
    case NodeKind::step_constant:
      w_.line("{0}_now = {0}_next;", n.name);
      if (backward_) w_.line("if (t > 0u) {0}_next = __ldg({1} + t - 1u);", n.name, n.buffer);
      else w_.line("if (t + 1u < a.steps) {0}_next = __ldg({1} + t + 1u);", n.name, n.buffer);
      break;
    case NodeKind::add_pending:
      w_.open_scope();
      w_.line("real due[lanes_of_{}];", name(n.cell));
      w_.line("load_lanes<lanes_of_{0}>(due, a.{1} + (u64(sample) * (a.steps + 1u) + t) * padded_of_{0} + j_of_{0});", name(n.cell), n.buffer);
      w_.line("for (u32 e = 0; e < lanes_of_{}; ++e) {}[e] += due[e];", name(n.cell), n.name);
      w_.close();
      break;
    case NodeKind::scatter: scatter(n); break;
    case NodeKind::thread_spikes: case NodeKind::warp_spikes: spike_loop(n); break;
    case NodeKind::fetch_spikes: fetch_spikes(n); break;
    case NodeKind::dense_sum: dense_sum(n); break;
    case NodeKind::publish: publish(n); break;
    case NodeKind::draw_rows: {
      const DrawLayout& d = *std::find_if(m_.draws.begin(), m_.draws.end(), [&](const DrawLayout& x) { return x.buffer == n.buffer; });
      w_.line("if ({}) draw_rows<lanes_of_{}>({}, k.{}_used, {}, a.seed, {}u, a.epoch, a.index[sample], t / 4u, j_of_{});", n.row == Row::step ? "t % 4u == 0u" : "t % 4u == 3u || t + 1u == a.steps", name(n.cell), d.buffer, d.buffer, d.normal, d.site, name(n.cell));
      break;
    }
    case NodeKind::warp_losses: losses(n); break;
    case NodeKind::reduce_partial: case NodeKind::reduce_total: block_reduction(n); break;
    case NodeKind::loss_value: case NodeKind::predict: case NodeKind::add_label_losses: case NodeKind::reduce_sum: case NodeKind::reduce_max: case NodeKind::at_label: loss_statement(n); break;
    case NodeKind::check_states: check_states(n); break;
    case NodeKind::write_sum:
      if (d_.role(n.cell)) {
        const Buffer& b = m_.buffer_of(n.name);
        const std::string to = fmt::format("a.{1} + u64(sample) * padded_of_{0} + j_of_{0}", name(n.cell), n.buffer);
        if (b.space == Space::lane) w_.line("store_lanes<lanes_of_{}>({}, {});", name(n.cell), to, n.name);
        else w_.line("for (u32 e = 0; e < lanes_of_{0}; ++e) ({1})[e] = {2}[j_of_{0} + e];", name(n.cell), to, n.name);
      } else {
        w_.line("for (u32 q = threadIdx.x; q < padded_of_{0}; q += threads) a.{1}[u64(sample) * padded_of_{0} + q] = {2}[q];", name(n.cell), n.buffer, n.name);
      }
      break;
    case NodeKind::clear: w_.line("for (u32 q = threadIdx.x; q < padded_of_{}; q += threads) {}[q] = real(0);", name(n.cell), n.buffer); break;
    case NodeKind::when_taping:
      w_.open("if (a.taping)");
      nodes(n.body);
      w_.close();
      break;
    case NodeKind::store: case NodeKind::add:                     // of the whole sample: one thread does it
      w_.line("if (threadIdx.x == 0) a.{}[sample] {} {};", n.buffer, n.kind == NodeKind::add ? "+=" : "=", text(n.value));
      break;
    case NodeKind::let: let(n); break;
    default: throw InternalError(fmt::format("internal error: no CUDA text for kernel node '{}', please report it", spelling(n.kind)));
  }
}

void Printer::steps(const Node& n) {
  std::vector<const Node*> ahead;
  find(n, NodeKind::ahead, ahead);
  int most = 0;
  std::map<std::string, int> used;
  for (const Node* x : ahead)
    if (!x->buffer.empty()) most = std::max(most, ++used[x->cell]);
  for (int q = 0; q < most; ++q) w_.line("real next{}[{}][{}];  // inputs on their way", q, n.count, d_.slot_width());
  used.clear();
  for (const Node* x : ahead) {
    if (x->buffer.empty()) continue;
    const int q = used[x->cell]++;
    in_role(x->cell);
    w_.raw("#pragma unroll");
    w_.line("for (u32 u = 0; u < {0}u; ++u) if (u < a.steps) fetch_lanes<lanes_of_{1}>(next{2}[u], a.{3} + (u64(sample) * a.steps + u) * padded_of_{1} + j_of_{1});", n.count, name(x->cell), q, x->buffer);
    w_.close();
  }
  step_constants(n);
  if (has(n, NodeKind::first_rows)) w_.line("real first_row[2u * rows_in_flight][{}];  // of the spikes of the step before", d_.slot_width());
  w_.open(fmt::format("for (u32 t0 = 0; t0 < a.steps; t0 += {}u)", n.count));
  w_.raw("#pragma unroll");
  w_.open(fmt::format("for (u32 u = 0; u < {}u; ++u)", n.count));
  w_.raw("const u32 t = t0 + u;");
  w_.raw("[[maybe_unused]] const u32 now = u & 1u, before = now ^ 1u;  // which of the two lists");
  w_.raw("if (t >= a.steps) break;");
  nodes(n.body);
  w_.close();
  w_.close();
}

/// Those of the first step that is taken are fetched before it.
void Printer::step_constants(const Node& n) {
  std::vector<const Node*> found;
  find(n, NodeKind::step_constant, found);
  std::set<std::string> declared;
  for (const Node* x : found) {
    if (!declared.insert(x->name).second) continue;
    w_.line("real {0}_now = real(0), {0}_next = a.steps > 0u ? __ldg({1}{2}) : real(0);", x->name, x->buffer, backward_ ? " + a.steps - 1u" : "");
  }
}

void Printer::steps_back(const Node& n) {
  std::vector<const Node*> fetches;
  find(n, NodeKind::fetch_spikes, fetches);
  for (const CellLayout& c : m_.cells) {
    if (!c.fires) continue;
    const std::string id = name(c.name);
    w_.comment("first spike of the next step, of this one, of the one before and of the one before that");
    w_.line("[[maybe_unused]] const u32* const begin_of_{0} = a.begin_of_{0} + u64(sample) * (a.steps + 1u);", id);
    w_.line("const u32* z_at_{0} = begin_of_{0} + (a.steps > 3u ? a.steps - 3u : 0u);", id);
    w_.line("u32 s1_of_{0} = __ldg(begin_of_{0} + a.steps), s0_of_{0} = __ldg(begin_of_{0} + a.steps - 1u), s_of_{0} = a.steps > 1u ? __ldg(begin_of_{0} + a.steps - 2u) : 0u;", id);
    w_.line("[[maybe_unused]] u32 z_of_{0} = a.steps > 2u ? __ldg(z_at_{0}) : 0u;", id);
  }
  std::set<std::string> names;
  names_in(n, names);
  for (const Buffer& b : m_.buffers)
    if (b.space == Space::history && names.contains(b.name)) w_.line("real* const {0}_rows = fixed_global(a.{0} + u64(sample) * (a.steps + 1u) * padded_of_{1} + j_of_{1});", b.name, name(b.cell));
  std::vector<const Node*> lists, fired, published;
  find(n, NodeKind::lanes_fired, fired);
  for (const Node* x : fired) {
    const std::string id = name(x->cell);
    w_.line("u32* const my_bits_of_{0} = fixed_shared({1} + j_of_{0} / lanes_of_{0});", id, x->buffer);
    if (has(*x, NodeKind::brought)) w_.line("const real* const my_found_of_{0} = fixed_shared(found_of_{0}[0] + j_of_{0} / lanes_of_{0});", id);
  }
  find(n, NodeKind::publish, published);
  std::set<std::string> declared;
  for (const Node* x : published)
    if (declared.insert(x->buffer).second) w_.line("real* const my_{1} = fixed_shared({1} + j_of_{0});", name(x->cell), x->buffer);
  find(n, NodeKind::list_place, lists);
  for (const Node* x : lists) w_.line("u32* const steps_of_{0} = fixed_global(a.step_of_{0} + u64(sample) * a.listed_capacity);", name(x->cell));
  step_constants(n);
  for (const Node* x : fetches) begin_fetching(*x);
  w_.open("for (u32 t = a.steps - 1u; t != none; --t)");
  nodes(n.body);
  for (const CellLayout& c : m_.cells)
    if (c.fires) {
      w_.line("if (t > 2u) --z_at_{};", name(c.name));
      w_.line("s1_of_{0} = s0_of_{0}, s0_of_{0} = s_of_{0}, s_of_{0} = z_of_{0}, z_of_{0} = __ldg(z_at_{0});", name(c.name));
    }
  w_.close();
}

void Printer::begin_sample(const Node& n) {
  w_.raw("if (threadIdx.x == 0) first_bad = none;");
  if (n.count) {
    w_.raw("u32 clamped = 0;");
    return;
  }
  w_.line("for (u32 e = 0; e < {}u; ++e) counter[e] = 0;", d_.slot_width());
}

void Printer::begin_lists(const Node& n) {
  const std::string id = name(n.cell);
  if (n.count) {
    w_.comment("no spike of the neuron has been found yet");
    in_role(n.cell);
    w_.line("fired_of_{0}[j_of_{0} / lanes_of_{0}] = 0;", id);
    if (m_.cell(n.cell).listed_by_unit) {
      w_.open(fmt::format("for (u32 e = 0; e < lanes_of_{}; ++e)", id));
      w_.line("const u32 j = j_of_{0} + e, first = a.by_unit_of_{0}[u64(sample) * (padded_of_{0} + 1u) + j], end = a.by_unit_of_{0}[u64(sample) * (padded_of_{0} + 1u) + j + 1u];", id);
      w_.line("cursor[e] = first + (j < n_of_{0} ? a.spike_counts[u64(sample) * neurons + {1}u + j] : 0u);", id, [&] {
        int before = 0;
        for (const CellLayout& c : m_.cells) {
          if (c.name == n.cell) break;
          before += c.population >= 0 ? c.size : 0;
        }
        return before;
      }());
      w_.line("for (u32 q = cursor[e]; q < end; ++q) a.step_of_{0}[u64(sample) * a.listed_capacity + q] = a.steps;  // groups of four", id);
      for (const EdgeLayout& edge : m_.edges)
        if (edge.pre == n.cell)
          for (const std::string& f : edge.factors) w_.line("for (u32 q = cursor[e]; q < end; ++q) a.{}_by_unit[u64(sample) * a.listed_capacity + q] = real(0);", f);
      w_.close();
    }
    w_.close();
    return;
  }
  w_.line("u32 spikes_of_{0} = 0, mine_of_{0} = 0, fresh_of_{0}[warps_of_{0}];  // so far; of this warp in this step; of every warp in the step before", id);
  w_.line("for (u32 w = 0; w < warps_of_{0}; ++w) fresh_of_{0}[w] = 0;", id);
  w_.line("u32* const begin_of_{0} = a.begin_of_{0} + u64(sample) * (a.steps + 1u);", id);
  w_.line("if (threadIdx.x == 0) begin_of_{}[0] = 0;", id);
}

/// Ranges of the list by unit: every unit's spikes, filled up to groups of four.
void Printer::finish_lists(const Node& n) {
  const std::string id = name(n.cell);
  if (!m_.cell(n.cell).listed_by_unit) return;
  if (n.count == 0) {
    w_.line("u32 places_of_{} = 0;", id);
    in_role(n.cell);
    w_.line("for (u32 e = 0; e < lanes_of_{0}; ++e) places_of_{0} += (counter[e] + 3u) & ~3u;", id);
    w_.line("if (const u32 all = warp_sum(places_of_{0}); lane == 0u) scan_of_{0}[warp - first_of_{0}] = all;", id);
    w_.close();
    return;
  }
  in_role(n.cell);
  w_.open("if (a.taping)");                                       // only a backward pass reads it, or has room for it
  w_.raw("u32 place = 0;");
  w_.line("for (u32 w = 0; w < warps_of_{0}; ++w) place += w + first_of_{0} < warp ? scan_of_{0}[w] : 0u;", id);
  w_.line("place += sum_before(places_of_{});", id);
  w_.open(fmt::format("for (u32 e = 0; e < lanes_of_{}; ++e)", id));
  w_.line("a.by_unit_of_{0}[u64(sample) * (padded_of_{0} + 1u) + j_of_{0} + e] = place;", id);
  w_.raw("place += (counter[e] + 3u) & ~3u;");
  w_.close();
  w_.line("if (j_of_{0} + lanes_of_{0} == padded_of_{0}) a.by_unit_of_{0}[u64(sample) * (padded_of_{0} + 1u) + padded_of_{0}] = place;", id);
  w_.close();
  w_.close();
}

void Printer::when(const Node& n) {
  if (n.kind == NodeKind::when_spikes) {
    std::string any;
    for (const CellLayout& c : m_.cells)
      if (c.fires) any += fmt::format("{0}s0_of_{1} != s1_of_{1}", any.empty() ? "" : " || ", name(c.name));
    w_.open(fmt::format("if ({})", any));
  } else {
    w_.comment(n.note);
    const EdgeLayout& e = m_.edge(n.edge);
    w_.open_scope();
    w_.raw("u32 arrives, arrived;");
    arrivals_of(e, "arrives", "arrived");
    w_.open("if (arrives != arrived)");
  }
  nodes(n.body);
  w_.close();
  if (n.kind == NodeKind::when_arrivals) w_.close();
}

void Printer::check_states(const Node& n) {
  const CellLayout& c = m_.cell(n.cell);
  int first = 0;
  for (const CellLayout& other : m_.cells) {
    if (other.name == n.cell) break;
    first += other.population >= 0 ? static_cast<int>(other.states.size()) : 0;
  }
  for (std::size_t s = 0; s < c.states.size(); ++s) {
    const std::string& buffer = n.count ? c.recorded_adjoints[s].buffer : c.states[s];
    const Buffer* b = buffer.empty() ? nullptr : m_.buffer(buffer);
    if (!b) continue;
    const std::string value = b->space == Space::lane ? buffer + "[e]" : fmt::format("{}[j_of_{} + e]", buffer, name(n.cell));
    w_.line("for (u32 e = 0; e < lanes_of_{0}; ++e) if (!finite({1}) && j_of_{0} + e < n_of_{0}) atomicMin(&first_bad, {2}u << 16 | (j_of_{0} + e));", name(n.cell), value, static_cast<std::size_t>(first) + s);
  }
}

void Printer::record_states(const Node& n) {
  const CellLayout& c = m_.cell(n.cell);
  int place = 0;
  for (const CellLayout& other : m_.cells) {
    if (other.name == n.cell) break;
    place += other.population >= 0 ? other.size * static_cast<int>(other.states.size()) : 0;
  }
  in_role(n.cell);
  w_.open(fmt::format("for (u32 e = 0; e < lanes_of_{0}; ++e)", name(n.cell)));
  w_.line("if (j_of_{0} + e >= n_of_{0}) continue;", name(n.cell));
  for (std::size_t s = 0; s < c.states.size(); ++s, place += c.size) {
    const std::string& buffer = n.count ? c.recorded_adjoints[s].buffer : c.states[s];
    const Buffer* b = buffer.empty() ? nullptr : m_.buffer(buffer);
    if (!b) continue;
    const std::string value = b->space == Space::lane ? buffer + "[e]" : fmt::format("{}[j_of_{} + e]", buffer, name(n.cell));
    w_.line("a.{0}trace[{1}u * u64(a.steps) + u64(t) * n_of_{2} + j_of_{2} + e] = float({3});", n.count ? "adjoint_" : "", place, name(n.cell), value);
  }
  w_.close();
  w_.close();
}

void Printer::end_sample(const Node& n) {
  if (n.count == 1) {
    w_.raw("if (threadIdx.x == 0) a.first_bad[2 * sample + 1] = first_bad;");
    w_.raw("if (const u32 all = warp_sum(clamped); lane == 0u && all != 0u) atomicAdd(a.clamped + sample, all);");
    return;
  }
  const auto one_thread = [&](const std::string& cell) { return role(cell).warps == 1 ? fmt::format("threadIdx.x == 32u * first_of_{}", name(cell)) : std::string("threadIdx.x == 0"); };
  for (const Node* x : totals_) w_.line("if ({}) a.loss[u64(sample) * losses_n + {}u] = {}_total;", one_thread(x->cell), x->name.substr(4), x->name);
  for (const Node* x : predictions_) w_.line("if ({}) a.prediction[sample] = prediction;", one_thread(x->cell));
  if (n.count == 0) {
    int before = 0;
    std::string most;
    for (const CellLayout& c : m_.cells) {
      if (c.population < 0) continue;
      const std::string id = name(c.name);
      in_role(c.name);
      w_.line("for (u32 e = 0; e < lanes_of_{0}; ++e) if (j_of_{0} + e < n_of_{0}) a.spike_counts[u64(sample) * neurons + {1}u + j_of_{0} + e] = counter[e];", id, before);
      w_.close();
      before += c.size;
      if (c.fires) most = most.empty() ? "spikes_of_" + id : fmt::format("({0} < spikes_of_{1} ? spikes_of_{1} : {0})", most, id);
    }
    w_.open("if (threadIdx.x == 0)");
    w_.raw("a.first_bad[2 * sample] = first_bad;");
    w_.raw("a.first_bad[2 * sample + 1] = none;");
    if (predictions_.empty()) w_.raw("a.prediction[sample] = -1;");
    w_.line("a.spikes[sample] = {};", most.empty() ? "0" : most);
    w_.close();
  }
}

}  // namespace antidrome::cuda
