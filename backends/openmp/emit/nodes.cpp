// One case per kind of node: the walk decides nothing.
#include <algorithm>

#include "backends/openmp/emit/printer.hpp"
#include "codegen/ir/kinds.hpp"

namespace antidrome::openmp {

using namespace kernel;
using ir::Expr;

std::string Printer::delay(const EdgeLayout& e) const { return e.delay_parameter.empty() ? std::to_string(e.delay) : "k." + identifier(e.delay_parameter); }
std::string Printer::begin(const CellLayout& c) const { return c.source >= 0 ? fmt::format("trial.events[{}].step_begin", c.source) : "tape." + identifier(c.name) + "_begin"; }
std::string Printer::unit(const CellLayout& c) const { return c.source >= 0 ? fmt::format("trial.events[{}].unit", c.source) : "tape." + identifier(c.name) + "_unit"; }

std::string Printer::address(const Node& node) const {
  const char* at = node.column == Column::block ? " + at" : node.column == Column::unit ? " + j" : node.column == Column::spike ? " + s" : "";
  if (node.buffer.starts_with("k.")) return node.buffer + (node.row == Row::step ? " + t" : at);
  const Buffer* b = &m_.buffer_of(node.buffer);
  const char* row = node.row == Row::next_step ? "t + 1" : "t";
  switch (b->space) {
    case Space::history: return fmt::format("history_at<{}>(history.{}, history.rows, {}, {})", n(b->cell), b->name, row, node.column == Column::block ? "block" : "j / LANES");
    case Space::tape:
      if (b->shape == Shape::step_neurons) return fmt::format("tape.{} + std::size_t({}) * padded({}){}", b->name, row, n(b->cell), at);
      return "tape." + b->name + at;
    case Space::batch: return "trial.means->" + b->name + at;
    case Space::worker: case Space::lane: case Space::shared: break;
  }
  if (b->shape == Shape::draws) return fmt::format("m.{}[t % 4]{}", b->name, at);
  return "m." + b->name + at;
}

std::string Printer::element(const Node& node) const {
  const Buffer* b = node.buffer.starts_with("k.") ? nullptr : &m_.buffer_of(node.buffer);
  if (b && b->space == Space::history) return address(node) + "[j % LANES]";
  const std::string where = address(node);
  const std::size_t plus = where.find(" + ");
  return plus == std::string::npos ? where + "[0]" : where.substr(0, plus) + "[" + where.substr(plus + 3) + "]";
}

void Printer::nodes(const std::vector<Node>& list) {
  for (const Node& child : list) node(child);
}

void Printer::let(const Node& node) {
  if (!node.note.empty()) w_.comment(node.note);
  if (column_ == Column::block) w_.line("const vf {} = {};", node.name, vector_text(node.value));
  else w_.line("const {} {} = {};", numbers_ == Numbers::wide ? "double" : "real", node.name, text(node.value));
}

/// A value of a block loop: every local name there is a vector, so only what has no local name in it must be spread over lanes.
std::string Printer::vector_text(Expr e) const {
  for (const std::string& s : ir::free_symbols(e))
    if (!s.starts_with("k.") && !s.starts_with("g.")) return text(e);
  return "vec(" + text(e) + ")";
}

void Printer::load(const Node& node) {
  if (node.column == Column::block) w_.line("const vf {} = load({});", node.name, address(node));
  else if (column_ == Column::block) w_.line("const vf {} = vec({});", node.name, element(node));
  else w_.line("const {} {} = {};", numbers_ == Numbers::wide ? "double" : "real", node.name, element(node));
}

void Printer::store(const Node& node, bool add) {
  if (!node.note.empty()) w_.comment(node.note);
  const Buffer* b = &m_.buffer_of(node.buffer);
  const std::string value = text(node.value);
  if (b->by_arrival) w_.line("keep_arrivals(history.{}, arrival_rows(trial.steps), t, at, {});", b->name, vector_text(node.value));
  else if (b->half) w_.line("keep_half<{}>({}, block, {}_waiting, {});", n(b->cell), address(node), b->name, vector_text(node.value));
  else if (b->shape == Shape::masks) w_.line("store_mask({}, vi{{}});", address(node));
  else if (node.column == Column::block) w_.line("store({0}, {1}{2});", address(node), add ? fmt::format("load({}) + ", address(node)) : "", add ? "(" + vector_text(node.value) + ")" : vector_text(node.value));
  else if (node.column == Column::unit && b->space != Space::tape && !add) w_.line("set_element(m.{}, j, {});", b->name, value);
  else w_.line("{} {} {};", element(node), add ? "+=" : "=", numbers_ == Numbers::wide ? "real(" + value + ")" : value);
}

void Printer::for_tiles(const Node& node) {
  const std::string cell = identifier(node.cell);
  w_.open_scope();
  w_.line("constexpr int {}_tile = tile_of({}, {});", cell, n(node.cell), node.count);
  w_.line("_Pragma(\"GCC unroll 4\")");
  w_.open(fmt::format("for (int b0 = 0; b0 < {0}_blocks; b0 += {0}_tile)", cell));
  tile_ = node.cell;
  nodes(node.body);
  tile_.clear();
  w_.close();
  w_.close();
}

void Printer::for_blocks(const Node& node) {
  if (!node.note.empty()) w_.comment(node.note);
  const bool tiled = node.count == 1, one_target = node.count == 2;
  const std::string sums = identifier(node.cell) + (tiled ? "_tile" : "_blocks");
  for (const Node& child : node.body)
    if (const Buffer* b = child.kind == NodeKind::store ? m_.buffer(child.buffer) : nullptr; b && b->half) w_.line("vf {}_waiting;", b->name);
  w_.line("ANTIDROME_UNROLL");
  w_.open(one_target ? std::string("for (int b = target / LANES; b <= target / LANES; ++b)") : fmt::format("for (int b = 0; b < {}; ++b)", sums));
  w_.line("[[maybe_unused]] const int block = {}, at = LANES * block;", tiled ? "b0 + b" : "b");
  if (m_.mode == ir::TimeMode::exact) w_.line("[[maybe_unused]] const vf time = vec(real(now));");
  const Column before = column_;
  column_ = Column::block;
  nodes(node.body);
  column_ = before;
  w_.close();
}

void Printer::for_spikes(const Node& node) {
  if (!node.note.empty()) w_.comment(node.note);
  const CellLayout& c = m_.cell(node.cell);
  const std::string list = begin(c);
  w_.open_scope();
  const std::string before = node.edge.empty() ? std::to_string(node.count) : delay(m_.edge(node.edge));
  if (before == "0") w_.line("const std::uint32_t s0 = {0}[t], s1 = {0}[t + 1];", list);
  else w_.line("const std::uint32_t s0 = t >= {1} ? {0}[t - {1}] : 0, s1 = t >= {1} ? {0}[t - {1} + 1] : 0;", list, before);
  w_.open("for (std::uint32_t s = s0; s < s1; ++s)");
  w_.line("[[maybe_unused]] const int j = {}[s];", unit(c));
  const Column outer = column_;
  column_ = Column::unit;
  nodes(node.body);
  column_ = outer;
  w_.close();
  w_.close();
}

void Printer::for_events_ahead(const Node& node) {
  const std::string cell = identifier(node.cell);
  tile_ = node.cell;
  w_.open_scope();
  w_.line("constexpr int {}_tile = tile_of({});", cell, n(node.cell));
  w_.open(fmt::format("for (int b0 = 0; b0 < {0}_blocks; b0 += {0}_tile)", cell));
  w_.open("for (std::uint32_t t = t0; t < t1; ++t)");
  w_.line("vf {}[{}_tile] = {{}};", node.name, cell);
  nodes(node.body);
  w_.line("ANTIDROME_UNROLL for (int b = 0; b < {}_tile; ++b) store(m.{}[t - t0] + LANES * (b0 + b), {}[b]);", cell, node.buffer, node.name);
  w_.close();
  w_.close();
  w_.close();
  tile_.clear();
}

/// Of the spiking unit, in half precision.
std::string Printer::half_row(const std::string& weight, const std::string& post, const char* block) const {
  return fmt::format("half_row<{0}, {1}_group>(k.{1}_half, j, {2})", n(post), identifier(weight), block);
}

void Printer::row_sum(const Node& node) {
  const std::string factor = node.value.is_number(1) ? "" : text(node.value);
  if (node.buffer.empty()) {
    w_.line("add_all({}, {});", node.name, factor.empty() ? literal(1, numbers_) : factor);
    return;
  }
  const bool half = m_.parameter(node.buffer).half, tiled = tile_ == node.cell;
  const std::string row = half ? half_row(node.buffer, node.cell, tiled ? "b0" : "0") : fmt::format("w.{} + std::size_t(j) * stride_of({}){}", identifier(node.buffer), n(node.cell), tiled ? " + LANES * b0" : "");
  w_.line("add_row({}, {}{}{});", node.name, row, factor.empty() ? "" : ", ", factor);
}

void Printer::dense(const Node& node) {
  const std::string rows = n(node.cell);
  if (node.kind == NodeKind::dense_gradient) {
    const std::string post = n(m_.buffer_of(node.buffer).cell);
    w_.line("for (int j = 0; j < {0}; ++j) add_scaled<blocks_of({1})>(part.{2} + std::size_t(j) * stride_of({1}), m.{3}[j], m.{4});", rows, post, identifier(node.name), node.edge, node.buffer);
  } else if (node.count == 1) {
    const std::string post = n(m_.buffer_of(node.edge).cell);
    w_.line("for (int j = 0; j < {0}; ++j) m.{1}[j] = {2};", rows, node.buffer,
            node.name.empty() ? fmt::format("sum_of<blocks_of({})>(m.{})", post, node.edge) : fmt::format("product_of<blocks_of({0})>(w.{1} + std::size_t(j) * stride_of({0}), m.{2})", post, identifier(node.name), node.edge));
  } else {
    const std::string post = n(m_.buffer_of(node.buffer).cell);
    w_.open_scope();
    w_.line("constexpr int blocks = blocks_of({0}), tile = tile_of({0});", post);
    w_.open("for (int b0 = 0; b0 < blocks; b0 += tile)");
    w_.line("vf sum[tile] = {{}};");
    if (node.name.empty()) w_.line("for (int j = 0; j < {}; ++j) add_all(sum, m.{}[j]);", rows, node.edge);
    else w_.line("for (int j = 0; j < {}; ++j) add_row(sum, w.{} + std::size_t(j) * stride_of({}) + LANES * b0, m.{}[j]);", rows, identifier(node.name), post, node.edge);
    w_.line("ANTIDROME_UNROLL for (int b = 0; b < tile; ++b) store(m.{} + LANES * (b0 + b), sum[b]);", node.buffer);
    w_.close();
    w_.close();
  }
}

void Printer::gather_gradient(const Node& node) {
  const EdgeLayout& e = m_.edge(node.edge);
  const CellLayout& c = m_.cell(node.cell);
  const std::string by_unit = c.source >= 0 ? fmt::format("trial.events[{0}].unit_begin, trial.events[{0}].step", c.source) : fmt::format("tape.{0}_by_unit, tape.{0}_step", identifier(c.name));
  w_.line("gather_gradient<{}>(slice, {}, {}, {}, history.{}, history.rows, {}, trial.steps, part.{}, stride_of({}), {});", n(e.post), by_unit, node.value.defined() ? "tape." + node.value.name() : "nullptr",
          n(c.name), node.buffer, delay(e), identifier(node.name), n(e.post), node.count ? "false" : "first");
}

void Printer::list_by_unit(const Node& node) {
  const std::string cell = identifier(node.cell);
  if (!node.edge.empty()) {                                       // events of the data are listed by unit already: only their factors follow
    w_.open_scope();
    w_.line("const std::uint32_t place = --m.{}_cursor[j];", identifier(node.edge));
    for (const std::string& f : m_.edge(node.edge).factors) w_.line("tape.{0}_by_unit[place] = tape.{0}[s];", f);
    w_.close();
    return;
  }
  w_.open_scope();
  w_.line("const std::uint32_t place = --tape.{}_by_unit[j];", cell);
  w_.line("tape.{}_step[place] = std::uint16_t(t);", cell);
  for (const EdgeLayout& e : m_.edges)
    if (e.pre == node.cell)
      for (const std::string& f : e.factors) w_.line("tape.{0}_by_unit[place] = t + {1} < trial.steps ? tape.{0}[s] : 0;  // arrivals after the trial are dropped", f, delay(e));
  w_.close();
}

void Printer::reduction(const Node& node) {
  const Numbers before = numbers_;
  const Column column = column_;
  numbers_ = Numbers::wide;
  column_ = Column::unit;
  w_.comment(node.note);
  if (node.kind == NodeKind::at_label) w_.open(fmt::format("const double {} = label < 0 ? 0.0 : [&]([[maybe_unused]] int j) -> double", node.name));
  else w_.open(fmt::format("const double {} = {}({}, [&]([[maybe_unused]] int j) -> double", node.name, node.kind == NodeKind::reduce_sum ? "sum_over" : "max_over", n(node.cell)));
  nodes(node.body);
  w_.line("return {};", text(node.value));
  w_.close(node.kind == NodeKind::at_label ? "(label);" : ");");
  numbers_ = before;
  column_ = column;
}

void Printer::loss_value(const Node& node) {
  w_.comment(node.note);
  w_.open(fmt::format("const auto {} = [&]([[maybe_unused]] int label) -> double", node.name));
  const Numbers before = numbers_;
  numbers_ = Numbers::wide;
  nodes(node.body);
  w_.line("return {};", text(node.value));
  numbers_ = before;
  w_.close(";");
  w_.line("result.loss += {};", node.count ? fmt::format("has_label ? {}(label) : 0.0", node.name) : node.name + "(label)");
}

void Printer::node(const Node& node) {
  switch (node.kind) {
    case NodeKind::sequence:
      if (!node.note.empty()) w_.comment(node.note);
      nodes(node.body);
      break;
    case NodeKind::function: break;                               // printed by functions()
    case NodeKind::when_taping:
      w_.open("if constexpr (Taping)");
      nodes(node.body);
      w_.close();
      break;
    case NodeKind::for_samples: case NodeKind::for_chunks: case NodeKind::for_steps: case NodeKind::for_steps_back: break;   // run.cpp
    case NodeKind::for_tiles: for_tiles(node); break;
    case NodeKind::for_blocks: for_blocks(node); break;
    case NodeKind::for_neurons: {
      const Numbers numbers = numbers_;
      const Column column = column_;
      numbers_ = Numbers::wide;
      column_ = Column::unit;
      w_.open(fmt::format("for (int j = 0; j < {}; ++j)", n(node.cell)));
      nodes(node.body);
      w_.close();
      numbers_ = numbers;
      column_ = column;
      break;
    }
    case NodeKind::for_spikes: for_spikes(node); break;
    case NodeKind::for_events_ahead: for_events_ahead(node); break;
    case NodeKind::for_slices:
      w_.open(fmt::format("for (int slice = 0; slice < {}_blocks / slice_of({}); ++slice)", identifier(node.cell), n(node.cell)));
      nodes(node.body);
      w_.close();
      break;
    case NodeKind::once:
      w_.open("if (b0 == 0)");
      nodes(node.body);
      w_.close();
      break;
    default: statement(node); break;
  }
}

void Printer::statement(const Node& node) {
  switch (node.kind) {
    case NodeKind::load: load(node); break;
    case NodeKind::let: let(node); break;
    case NodeKind::store: store(node, false); break;
    case NodeKind::add: store(node, true); break;
    case NodeKind::draw_rows: {
      const DrawLayout& d = *std::find_if(m_.draws.begin(), m_.draws.end(), [&](const DrawLayout& x) { return x.buffer == node.buffer; });
      w_.line("if ({}) draw_rows<padded({})>(m.{}, k.{}_used, {}, trial.seed, {}, trial.epoch, trial.sample, t / 4);", node.row == Row::step ? "t % 4 == 0" : "t % 4 == 3 || t + 1 == trial.steps",
              n(d.cell), d.buffer, d.buffer, d.normal, d.site);
      break;
    }
    case NodeKind::clamp_slope:
      w_.comment(node.note);
      w_.line("const real {} = clamp_slope({}, trial.least_slope, result.clamped);", node.name, text(node.value));
      break;
    case NodeKind::tile: {
      const std::string blocks = identifier(node.cell) + (node.count ? "_tile" : "_blocks");
      w_.line("vf {}[{}] = {{}};", node.name, blocks);
      if (!node.buffer.empty()) w_.line("ANTIDROME_UNROLL for (int b = 0; b < {}; ++b) {}[b] = load(m.{}[ta] + LANES * {});", blocks, node.name, node.buffer, node.count ? "(b0 + b)" : "b");
      break;
    }
    case NodeKind::add_pending: {
      const std::string blocks = identifier(node.cell) + (node.count ? "_tile" : "_blocks");
      w_.line("ANTIDROME_UNROLL for (int b = 0; b < {0}; ++b) {1}[b] += load_arrivals(m.{2}, arrival_rows(trial.steps), t, LANES * {3});", blocks, node.name, node.buffer, node.count ? "(b0 + b)" : "b");
      break;
    }
    case NodeKind::tile_value: w_.line("const vf {} = {}[b];", node.name, node.edge); break;
    case NodeKind::row_sum: row_sum(node); break;
    case NodeKind::dense_sum: dense(node); break;
    case NodeKind::dense_gradient: dense(node); break;
    case NodeKind::reduce_gradient: {
      const Buffer* b = &m_.buffer_of(node.buffer);
      if (b->shape == Shape::one) w_.line("part.{}[0] += double(tape.{}[0]);", identifier(node.name), node.buffer);
      else w_.line("{}(part.{}, {}.{}, {});", node.value.is_number(1) ? "add_to_total" : "add_each", identifier(node.name), b->space == Space::tape ? "tape" : "m", node.buffer, n(node.cell));
      break;
    }
    case NodeKind::reduce_sum: case NodeKind::reduce_max: case NodeKind::at_label: reduction(node); break;
    case NodeKind::loss_value: loss_value(node); break;
    case NodeKind::add_label_losses: w_.line("for (int c = 0; c < {}; ++c) m.{}[c] += real({}(c));", n(node.cell), node.buffer, node.name); break;
    case NodeKind::predict:
      w_.line("result.prediction = best_label({}, {});", n(node.cell), node.buffer.empty() ? node.name : fmt::format("[&](int c) {{ return double(m.{}[c]); }}", node.buffer));
      break;
    case NodeKind::score: w_.line("if (result.scores) result.scores[j] = {};", text(node.value)); break;
    case NodeKind::answer: w_.line("return {};", text(node.value)); break;
    case NodeKind::crossed: w_.line("m.{0}_crossed_n = FiredSet<{1}>::extract({0}_fired, m.{0}_crossed, 0);", identifier(node.cell), n(node.cell)); break;
    case NodeKind::keep_mask: w_.line("store_mask({}, mask({}));", address(node), condition_text(node.value, numbers_)); break;
    case NodeKind::load_mask: w_.line("const vi {} = load_mask({});", node.name, address(node)); break;
    case NodeKind::row_value: {
      const std::string row = node.buffer.empty() ? fmt::format("vec({})", literal(1, numbers_)) : fmt::format("load(w.{} + std::size_t(j) * stride_of({}) + at)", identifier(node.buffer), n(node.cell));
      w_.line("const vf {} = {};", node.name, node.edge.empty() ? row : "only(target, at, " + row + ")");
      break;
    }
    case NodeKind::row_add: {
      const std::string place = fmt::format("part.{} + std::size_t(j) * stride_of({}) + at", identifier(node.name), n(node.cell));
      w_.line("store({0}, load({0}) + ({1}));", place, node.edge.empty() ? vector_text(node.value) : "only(target, at, " + vector_text(node.value) + ")");
      break;
    }
    case NodeKind::delay_add: w_.line("part.{}[{}] += {};", identifier(m_.edge(node.edge).delay_parameter), delay_gradient_place(m_.edge(node.edge), "j", "target"), text(node.value)); break;
    case NodeKind::dot_add: w_.line("{}.part[b % 4] += {};", node.name, vector_text(node.value)); break;
    case NodeKind::clear:
      if (const Buffer* b = &m_.buffer_of(node.buffer); b->by_arrival) w_.line("clear_arrivals<{}{}>(history.{}, arrival_rows(trial.steps), trial.steps, trial.steps + std::size_t(k.longest_delay) + 1);", n(b->cell), b->pairs ? ", 2" : "", b->name);
      else if (b->space == Space::history) w_.line("clear_rows<{}>(history.{}, history.rows, trial.steps);", n(b->cell), b->name);
      else if (b->space == Space::tape) w_.line("std::memset(tape.{}, 0, {}std::size_t(padded({})) * sizeof(real));", b->name, b->shape == Shape::step_neurons ? "trial.steps * " : "", n(b->cell));
      else if (b->shape == Shape::pending) w_.line("clear_arrivals<{}>(m.{}, arrival_rows(trial.steps), 0, trial.steps + std::size_t(k.longest_delay) + 1);", n(b->cell), b->name);
      else w_.line("std::memset(m.{0}, 0, sizeof m.{0});", node.buffer);
      break;
    default: spike_statement(node); break;
  }
}

/// Rows, sets of spikes and their lists.
void Printer::spike_statement(const Node& node) {
  switch (node.kind) {
    case NodeKind::dot:
      w_.comment(node.note);
      w_.line("Dot {};", node.name);
      break;
    case NodeKind::row_dot:
      if (node.edge.empty()) w_.line("add_sum<blocks_of({})>({}, m.{});", n(node.cell), node.name, node.buffer);
      else if (m_.parameter(node.edge).half) w_.line("add_dot<{}, {}_group>({}, {}, m.{});", n(node.cell), identifier(node.edge), node.name, half_row(node.edge, node.cell, "0"), node.buffer);
      else w_.line("add_dot<blocks_of({0})>({1}, w.{2} + std::size_t(j) * stride_of({0}), m.{3});", n(node.cell), node.name, identifier(node.edge), node.buffer);
      break;
    case NodeKind::dot_value: w_.line("const real {} = total({});", node.name, node.edge); break;
    case NodeKind::fire:
      w_.comment(node.note);
      w_.line("const vi {} = mask({});", node.name, condition_text(node.value, numbers_));
      w_.line("FiredSet<{0}>::set({1}_fired, block, {2});", n(node.cell), identifier(node.cell), node.name);
      break;
    case NodeKind::new_fired: w_.line("FiredSet<{}> {}_fired;", n(node.cell), identifier(node.cell)); break;
    case NodeKind::fired_before: w_.line("[[maybe_unused]] const vi {} = FiredSet<{}>::has({}_before, block);", node.name, n(node.cell), identifier(node.cell)); break;
    case NodeKind::recall_fired: w_.line("[[maybe_unused]] const FiredSet<{1}> {0}_before = m.{0}_before;", identifier(node.cell), n(node.cell)); break;
    case NodeKind::keep_fired: w_.line("m.{0}_before = {1};", identifier(node.cell), node.count ? "{}" : identifier(node.cell) + "_fired"); break;
    case NodeKind::extract: w_.line("tape.{0}_begin[t + 1] = FiredSet<{1}>::extract({0}_fired, tape.{0}_unit, tape.{0}_begin[t]);", identifier(node.cell), n(node.cell)); break;
    case NodeKind::count_spike: w_.line("++tape.{}_by_unit[j];", identifier(node.cell)); break;
    case NodeKind::list_by_unit: list_by_unit(node); break;
    case NodeKind::gather_gradient: gather_gradient(node); break;
    case NodeKind::store_pair:
      w_.comment(node.note);
      w_.line("keep_pairs(history.{}, arrival_rows(trial.steps), t, at, {}, {});", node.buffer, vector_text(node.value), vector_text(node.body.front().value));
      break;
    case NodeKind::scatter: case NodeKind::scatter_all: case NodeKind::scattered_dot: case NodeKind::scattered_gradient: scattered(node); break;
    default: throw InternalError(fmt::format("internal error: no text for kernel node '{}', please report it", spelling(node.kind)));
  }
}

bool Printer::reads_label(const Node& node) {
  if (node.kind == NodeKind::loss_value) return true;
  for (const Node& child : node.body)
    if (reads_label(child)) return true;
  return false;
}

void Printer::functions(const Node& node) {
  for (const Node& child : node.body) functions(child);
  if (node.kind != NodeKind::function || (node.name == "settle_states" && node.body.empty())) return;
  w_.raw("");
  if (!node.note.empty()) w_.comment(node.note);
  if (m_.mode == ir::TimeMode::exact) return exact_function(node);
  w_.line("template <bool Taping>");
  w_.open(fmt::format("ANTIDROME_INLINE void {}(const Constants& k, const Weights& w, Worker& m, const Tape& tape, const Trial& trial, Result& result{})", node.name,
                      node.name == "gather_ahead" ? ", std::uint32_t t0, std::uint32_t t1" : node.name == "forward_step" ? ", std::uint32_t t, std::uint32_t ta" : node.name == "gather_gradients" ? ", const History& history, const Part& part, bool first"
                      : node.name == "adjoint_step" ? ", const History& history, const Part& part, std::uint32_t t"
                      : node.name == "begin_adjoint" || node.name == "finish_adjoint" ? ", const History& history, const Part& part" : ""));
  if (node.name == "finish_trial" || node.name == "finish_batch") w_.line("[[maybe_unused]] const std::uint32_t t = trial.steps;");
  if (node.name == "begin_trial" || node.name == "begin_adjoint" || node.name == "finish_adjoint") w_.line("[[maybe_unused]] const std::uint32_t t = 0;");
  if (reads_label(node)) {
    w_.line("const int label = trial.label;");
    w_.line("[[maybe_unused]] const bool has_label = label >= 0;");
  }
  if (node.name == "settle_states") w_.line("[[maybe_unused]] const std::uint32_t t = 0;");
  nodes(node.body);
  w_.close();
}

}  // namespace antidrome::openmp
