// Exact mode: the loop over events and its reverse, around the functions that the kernel module gives for each kind of record.
#include "backends/openmp/emit/printer.hpp"

namespace antidrome::openmp {

using namespace kernel;

namespace {

constexpr const char* arguments = "k, w, m, tape, trial, result, part, g, now";

bool answers(const Node& node) {
  for (const Node& child : node.body)
    if (child.kind == NodeKind::answer) return true;
  return false;
}

bool has_work(const Node& batch, const std::string& name) {
  for (const Node& f : batch.body.front().body)
    if (f.name == name) return !f.body.empty();
  return false;
}

}  // namespace

void Printer::exact_function(const Node& node) {
  const bool in_double = node.name.starts_with("crossing_") || node.name.starts_with("level_");
  w_.line("template <bool Taping>");
  w_.open(fmt::format("ANTIDROME_INLINE {} {}([[maybe_unused]] const Constants& k, [[maybe_unused]] const Weights& w, [[maybe_unused]] Worker& m, [[maybe_unused]] const Tape& tape, [[maybe_unused]] const Trial& trial, "
                      "[[maybe_unused]] Result& result, [[maybe_unused]] const Part& part, [[maybe_unused]] const Segment& g, [[maybe_unused]] double now, [[maybe_unused]] double length = 0, [[maybe_unused]] int j = 0, "
                      "[[maybe_unused]] std::uint32_t s = 0, [[maybe_unused]] std::uint32_t t = 0, [[maybe_unused]] int target = 0)", answers(node) ? "double" : "void", node.name));
  const Numbers before = numbers_;
  const Column column = column_;
  column_ = Column::unit;
  if (in_double) {
    numbers_ = Numbers::wide;
    w_.raw("[[maybe_unused]] const double time = now, h = length, end_time = now + length;");
  } else {
    w_.raw("[[maybe_unused]] const real time = real(now);");
  }
  if (reads_label(node)) {
    w_.raw("const int label = trial.label;");
    w_.raw("[[maybe_unused]] const bool has_label = label >= 0;");
  }
  nodes(node.body);
  numbers_ = before;
  column_ = column;
  w_.close();
}

/// Numbers that are the same for all neurons of a segment: of its length, its time and shared parameters.
void Printer::segments() {
  w_.raw("");
  w_.raw("// ---- numbers of a segment between events");
  w_.open("struct Segment");
  for (const Constant& c : m_.constants) {
    if (c.axes != Constant::Axes::segment) continue;
    w_.comment(ir::print(c.value));
    w_.line("real {};", c.name);
  }
  w_.close(";");
  const Numbers before = numbers_;
  numbers_ = Numbers::wide;
  for (const bool backward : {false, true}) {
    w_.open(fmt::format("ANTIDROME_INLINE Segment {}_segment([[maybe_unused]] const Constants& k, [[maybe_unused]] const Trial& trial_settings, [[maybe_unused]] double time, [[maybe_unused]] double h)", backward ? "backward" : "forward"));
    w_.raw("Segment g;");
    w_.raw("[[maybe_unused]] const double dt = trial_settings.dt, trial = trial_settings.dt * trial_settings.steps, training = trial_settings.training;");
    for (const ParameterLayout& p : m_.parameters)
      if (!p.matrix && p.cell.empty()) w_.line("[[maybe_unused]] const double {0} = k.{0};", identifier(p.name));
    for (const Constant& c : m_.constants)
      if (c.axes == Constant::Axes::segment && c.backward == backward) w_.line("g.{} = real({});", c.name, text(c.value));
    w_.raw("return g;");
    w_.close();
  }
  numbers_ = before;
}

/// What the loop over events keeps, and how it notes a record.
void Printer::exact_state() {
  int firing = 0, sources = 0;
  for (const CellLayout& c : m_.cells) {
    sources += c.source >= 0;
    firing += c.fires;
  }
  for (const CellLayout& c : m_.cells)
    if (c.fires) w_.line("std::memset(tape.{}_by_unit, 0, ({} + 1) * sizeof(std::uint32_t));", identifier(c.name), n(c.name));
  w_.raw("const Part part{};");
  w_.raw("Segment g{};");
  w_.raw("double now = 0;");
  w_.raw("std::uint32_t step = 0, next = 0, n_records = 0, segments = 0, arrivals = 0, hooks = 0;");
  w_.line("[[maybe_unused]] std::uint32_t spikes[{}] = {{}};", firing ? firing : 1);
  exact_delays();
  w_.raw("Pending pending{tape.pending, std::uint32_t(NEURONS), 0, 0};");
  w_.line("const std::uint32_t n_due = merge_events(trial.events, {}, steps, tape.due, settings.event_capacity);", sources);
  w_.raw("if (n_due > settings.event_capacity) status.code = ANTIDROME_TAPE_OVERFLOW;");
  w_.open("const auto note = [&](const Record& r)");
  w_.raw("if (!Taping) return;");
  w_.raw("if (n_records == settings.event_capacity) status.code = ANTIDROME_TAPE_OVERFLOW;");
  w_.raw("else tape.records[n_records++] = r;");
  w_.close(";");
}

/// A spike on all edges that leave its population.
void Printer::exact_send() {
  const bool lifts = has_work(m_.batch, "find_lifted");
  for (std::size_t e = 0; e < m_.edges.size(); ++e)
    for (std::size_t k = 0; k < m_.parameters.size(); ++k)
      if (m_.edges[e].scattered && m_.parameters[k].name == m_.edges[e].delay_parameter) w_.line("const real* const delays_{} = static_cast<const real*>(batch.parameters[{}]);", e, k);
  exact_lift(lifts);
  w_.raw("// a spike reaches all its targets, at once or later");
  w_.open("[[maybe_unused]] const auto send = [&](std::size_t cell, std::uint16_t unit, [[maybe_unused]] std::int64_t spike)");
  if (lifts) w_.line("note_levels<Taping>({});", arguments);
  w_.open("switch (cell)");
  for (std::size_t c = 0; c < m_.cells.size(); ++c) {
    w_.line("case {}:", c);
    for (std::size_t e = 0; e < m_.edges.size(); ++e) {
      if (m_.edges[e].pre != m_.cells[c].name) continue;
      const EdgeLayout& edge = m_.edges[e];
      const std::string steps = fmt::format("{} * settings.dt_ms", edge.delay);
      if (edge.scattered) {
        w_.line("  for (int j = 0; j < {}; ++j) post({}, unit, j, spike, {} + double(delays_{}[{}]));", n(edge.post), e, steps, e, delay_place(edge, "unit", "j"));
        continue;
      }
      if (edge.delay > 0 || !edge.delay_parameter.empty()) {
        w_.line("  post({}, unit, 0, spike, {}{});", e, steps, edge.delay_parameter.empty() ? std::string() : " + k." + identifier(edge.delay_parameter));
        continue;
      }
      w_.line("  note({{Record::arrival, {}, unit, arrivals, spike, now, 0}});", e);
      w_.line("  if (status.code != ANTIDROME_OK) return;");
      w_.line("  arrive_{}<Taping>({}, 0, unit, arrivals, arrivals);", identifier(m_.edges[e].name), arguments);
      w_.raw("  if (Taping) ++arrivals;");
    }
    w_.raw("  break;");
  }
  w_.close();
  if (lifts) w_.raw("lift(spike, Record::NONE);");
  w_.close(";");
  exact_deliver_one(lifts);
}

/// Who was lifted over the threshold since note_levels fires because of `spike`.
void Printer::exact_lift(bool lifts) {
  if (!lifts) return;
  w_.open("const auto lift = [&](std::int64_t spike, std::uint32_t by)");
  w_.line("find_lifted<Taping>({});", arguments);
  for (std::size_t c = 0; c < m_.cells.size(); ++c) {
    bool sensitive = false;
    for (const EdgeLayout& e : m_.edges) sensitive |= e.post == m_.cells[c].name && e.may_fire_target;
    if (!sensitive) continue;
    w_.line("std::sort(m.{0}_crossed, m.{0}_crossed + m.{0}_crossed_n);", identifier(m_.cells[c].name));
    w_.line("for (std::uint32_t q = 0; q < m.{0}_crossed_n; ++q) pending.add({1}, m.{0}_crossed[q], spike, by);", identifier(m_.cells[c].name), c);
  }
  w_.close(";");
}

/// One arrival that was under way.
void Printer::exact_deliver_one(bool lifts) {
  w_.open("[[maybe_unused]] const auto deliver = [&](const Travelling& a)");
  if (lifts) w_.line("note_levels<Taping>({});", arguments);
  w_.raw("note({Record::arrival, a.edge, a.unit, arrivals, a.spike, now, 0, a.target});");
  w_.raw("if (status.code != ANTIDROME_OK) return;");
  w_.open("switch (a.edge)");
  for (std::size_t e = 0; e < m_.edges.size(); ++e)
    if (m_.edges[e].delay > 0 || !m_.edges[e].delay_parameter.empty())
      w_.line("case {}: arrive_{}<Taping>({}, 0, a.unit, arrivals, arrivals, a.target); break;", e, identifier(m_.edges[e].name), arguments);
  w_.close();
  w_.raw("if (Taping) ++arrivals;");
  if (lifts) w_.raw("lift(a.spike, Taping ? n_records - 1 : Record::NONE);");
  w_.close(";");
}

/// The own jumps of neurons that fire at this instant.
void Printer::exact_settle() {
  w_.raw("// all that is pending fires, and what that causes");
  w_.open("const auto settle = [&]");
  w_.open("while (pending.count && status.code == ANTIDROME_OK)");
  w_.raw("const Pending::Fire f = pending.take();");
  w_.open("switch (f.cell)");
  int firing = 0;
  for (std::size_t c = 0; c < m_.cells.size(); ++c) {
    if (!m_.cells[c].fires) continue;
    const std::string name = identifier(m_.cells[c].name);
    w_.open(fmt::format("case {}:", c));
    w_.line("const std::uint32_t number = spikes[{}];", firing);
    w_.raw("if (number == capacity) { status.code = ANTIDROME_TAPE_OVERFLOW; return; }");
    w_.line("++spikes[{}];", firing++);
    w_.line("const std::int64_t id = (std::int64_t({}) << 32) | number;", c);
    w_.line("tape.{0}_unit[number] = f.unit, tape.{0}_time[number] = now, ++tape.{0}_by_unit[f.unit];", name);
    w_.line("note({{Record::spike, {}, f.unit, number, f.cause, now, 0, 0, f.by}});", c);
    w_.line("jump_{}<Taping>({}, 0, f.unit, number);", name, arguments);
    w_.line("if (level_{}<Taping>({}, 0, f.unit) >= 0) pending.add({}, f.unit, id);  // still above after its reset: again at once", name, arguments, c);
    w_.line("send({}, f.unit, id);", c);
    w_.raw("break;");
    w_.close();
  }
  w_.close();
  w_.close();
  w_.close(";");
}

/// Segments up to the next event or point of the grid, each ending at the first crossing on the way.
void Printer::exact_move() {
  w_.open("while (now < stop && status.code == ANTIDROME_OK)");
  w_.raw("const double whole = stop - now;");
  w_.raw("double h = whole;");
  w_.raw("[[maybe_unused]] std::size_t first_cell = SIZE_MAX;");
  w_.raw("[[maybe_unused]] std::uint16_t first_unit = 0;");
  w_.raw("[[maybe_unused]] std::uint32_t crossings = 0;");
  w_.raw("g = forward_segment(k, trial, now, h);");
  w_.line("flow<Taping>({}, h, 0, 0, segments);", arguments);
  for (std::size_t c = 0; c < m_.cells.size(); ++c) {
    if (!m_.cells[c].fires) continue;
    const std::string name = identifier(m_.cells[c].name);
    w_.open(fmt::format("for (std::uint32_t q = 0; q < m.{}_crossed_n; ++q)", name));
    w_.line("const std::uint16_t unit = m.{}_crossed[q];", name);
    w_.line("const auto level = [&](double after) {{ return crossing_{}<Taping>({}, after, unit); }};", name, arguments);
    w_.raw("if (first_cell != SIZE_MAX && level(h) < 0) continue;  // not before the first one known");
    w_.raw("const double at = first_zero(level, h, now);");
    w_.line("if (first_cell == SIZE_MAX || at < h) {{ first_cell = {}; first_unit = unit; h = at; }}", c);
    w_.close();
  }
  w_.open("if (h < whole)");
  w_.raw("g = forward_segment(k, trial, now, h);");
  w_.line("flow<Taping>({}, h, 0, 0, segments);", arguments);
  w_.close();
  w_.raw("note({Record::segment, 0, 0, segments, 0, now, h});");
  w_.raw("if (Taping) ++segments;");
  w_.line("commit<Taping>({});", arguments);
  w_.raw("now = h == whole ? stop : now + h;");
  for (std::size_t c = 0; c < m_.cells.size(); ++c) {
    if (!m_.cells[c].fires) continue;
    const std::string name = identifier(m_.cells[c].name);
    w_.line("// the first one fires, whatever rounding says of its state");
    w_.line("if (first_cell == {1} && std::find(m.{0}_crossed, m.{0}_crossed + m.{0}_crossed_n, first_unit) == m.{0}_crossed + m.{0}_crossed_n) m.{0}_crossed[m.{0}_crossed_n++] = first_unit;", name, c);
    w_.line("std::sort(m.{0}_crossed, m.{0}_crossed + m.{0}_crossed_n);", name);
    w_.line("for (std::uint32_t q = 0; q < m.{0}_crossed_n; ++q) crossings += pending.add({1}, m.{0}_crossed[q], BY_THRESHOLD);", name, c);
  }
  w_.raw("if (crossings > 1) status.missed += crossings - 1;");
  w_.raw("settle();");
  w_.close();
}

void Printer::exact_forward() {
  const bool hooks = has_work(m_.batch, "step_hooks");
  begin_forward();
  exact_state();
  exact_send();
  exact_settle();
  w_.line("begin_trial<Taping>({});", arguments);
  w_.open("while (step < steps && status.code == ANTIDROME_OK)");
  w_.open("for (; next < n_due && tape.due[next].time <= now && status.code == ANTIDROME_OK; ++next)");
  w_.open("switch (tape.due[next].source)");
  for (std::size_t c = 0; c < m_.cells.size(); ++c)
    if (m_.cells[c].source >= 0) w_.line("case {}: send({}, std::uint16_t(tape.due[next].unit), FROM_DATA); break;", m_.cells[c].source, c);
  w_.close();
  w_.raw("settle();");
  w_.close();
  exact_deliver();
  w_.raw("const double grid_point = (step + 1) * settings.dt_ms;");
  w_.raw("double stop = next < n_due && tape.due[next].time < grid_point ? tape.due[next].time : grid_point;");
  w_.raw("if (n_waiting && waiting[0].time < stop) stop = waiting[0].time;");
  exact_move();
  w_.raw("if (stop != grid_point) continue;");
  if (hooks) {
    w_.raw("note({Record::hooks, 0, 0, hooks, 0, now, 0});");
    w_.line("if (status.code == ANTIDROME_OK) step_hooks<Taping>({}, 0, 0, 0, hooks);", arguments);
    w_.raw("if (Taping) ++hooks;");
  }
  w_.open("if (__builtin_expect(record != nullptr, 0))");
  int trace = 0;
  for (const CellLayout& c : m_.cells) {
    if (c.population < 0) continue;
    for (const std::string& s : c.states) w_.line("record_trace(*record, {}, step, m.{}, {});", trace++, s, n(c.name));
  }
  w_.close();
  w_.raw("++step;");
  w_.close();
  w_.raw("(void)hooks;");
  w_.raw("tape.n_records[0] = n_records;");
  w_.open("if (status.code == ANTIDROME_OK)");
  w_.line("finish_trial<Taping>({});", arguments);
  finish_forward();
}

void Printer::exact_backward() {
  const bool hooks = has_work(m_.batch, "step_hooks");
  begin_backward(true);
  w_.raw("Segment g{};");
  w_.raw("double now = 0;");
  w_.open("const auto pass_back = [&]([[maybe_unused]] std::int64_t cause, [[maybe_unused]] double nu)");
  w_.raw("if (cause < 0) return;");
  w_.open("switch (cause >> 32)");
  for (std::size_t c = 0; c < m_.cells.size(); ++c)
    if (m_.cells[c].fires) w_.line("case {}: tape.{}_acc[std::uint32_t(cause)] += real(nu); break;", c, identifier(m_.cells[c].name));
  w_.close();
  w_.close(";");
  w_.open("[[maybe_unused]] const auto delayed_by = [&]([[maybe_unused]] std::uint32_t by, [[maybe_unused]] double nu)");
  w_.raw("if (by == Record::NONE) return;");
  w_.raw("[[maybe_unused]] const Record& a = tape.records[by];");
  w_.open("switch (a.which)");
  for (std::size_t e = 0; e < m_.edges.size(); ++e)
    if (!m_.edges[e].delay_parameter.empty() && m_.parameter(m_.edges[e].delay_parameter).trainable)
      w_.line("case {}: part.{}[{}] -= {}(nu); break;", e, identifier(m_.edges[e].delay_parameter), delay_gradient_place(m_.edges[e], "a.unit", "a.target"), m_.parameter(m_.edges[e].delay_parameter).matrix ? "real" : "double");
  w_.close();
  w_.close(";");
  w_.line("begin_adjoint<Taping>({});", arguments);
  w_.open("for (std::uint32_t q = tape.n_records[0]; q-- > 0;)");
  w_.raw("const Record& r = tape.records[q];");
  w_.raw("now = r.time;");
  w_.open("switch (r.kind)");
  w_.open("case Record::segment:");
  w_.raw("g = backward_segment(k, trial, r.time, r.h);");
  w_.line("undo_segment<Taping>({}, r.h, 0, 0, r.place);", arguments);
  w_.raw("break;");
  w_.close();
  w_.raw("case Record::arrival:");
  w_.open("switch (r.which)");
  for (std::size_t e = 0; e < m_.edges.size(); ++e) w_.line("case {}: pass_back(r.cause, undo_arrive_{}<Taping>({}, 0, r.unit, r.place, r.place, r.target)); break;", e, identifier(m_.edges[e].name), arguments);
  w_.close();
  w_.raw("break;");
  w_.raw("case Record::spike:");
  w_.open("switch (r.which)");
  for (std::size_t c = 0; c < m_.cells.size(); ++c) {
    if (!m_.cells[c].fires) continue;
    const std::string name = identifier(m_.cells[c].name);
    w_.line("case {}:", c);
    w_.line("  if (r.cause == BY_THRESHOLD) undo_jump_{}<Taping>({}, 0, r.unit, r.place);", name, arguments);
    w_.open("  else");
    w_.line("const double nu = undo_caused_{}<Taping>({}, 0, r.unit, r.place);", name, arguments);
    w_.raw("pass_back(r.cause, nu);");
    w_.raw("delayed_by(r.by, nu);");
    w_.close();
    w_.raw("  break;");
  }
  w_.close();
  w_.raw("break;");
  w_.raw("case Record::hooks:");
  if (hooks) w_.line("undo_hooks<Taping>({}, 0, 0, 0, r.place);", arguments);
  w_.raw("break;");
  w_.close();
  w_.close();
  w_.line("finish_adjoint<Taping>({});", arguments);
  w_.raw("status.clamped = result.clamped;");
  finish_sample();
  w_.raw("first = false;");
  w_.raw("if (times) times[1] += cpu_seconds() - start;");
  w_.close();
  w_.raw("(void)history;");
  w_.close();
  reduce();
  exchange();
}

}  // namespace antidrome::openmp
