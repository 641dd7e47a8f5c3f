// program "yinyang.cc" grid
// learn EventProp clamp 1000
// parameter hidden.tau_mem shared 1 1 trainable of cell hidden = 20
// cell hidden 200 linear {
//   solver automatic "exact propagator"
//   state hidden.v = 0
//   flow hidden.v := (hidden.i - hidden.v) / hidden.tau_mem
//   …
// One line is one statement; the words are the fields of the records in program.hpp.
#include <fmt/format.h>

#include "codegen/ir/program.hpp"
#include "codegen/ir/record_text.hpp"

namespace antidrome::ir {
namespace {

using namespace detail;

constexpr Words<Parameter::Axes, 5> axes_words{{{Parameter::Axes::shared, "shared"}, {Parameter::Axes::neuron, "neuron"}, {Parameter::Axes::source, "source"},
                                                {Parameter::Axes::target, "target"}, {Parameter::Axes::source_target, "source_target"}}};
constexpr Words<Draw::Kind, 2> draw_words{{{Draw::Kind::uniform, "uniform"}, {Draw::Kind::normal, "normal"}}};
constexpr Words<TimeMode, 2> modes{{{TimeMode::grid, "grid"}, {TimeMode::exact, "exact"}}};

// The fields of a record that are lists of updates or single expressions: one table serves the writer and the reader.
template <class Record> struct UpdateField { std::string_view word; std::vector<Update> Record::*list; };
template <class Record> struct ExprField { std::string_view word; Expr Record::*expr; };

constexpr UpdateField<Cell> cell_updates[] = {
    {"flow", &Cell::flow}, {"jump", &Cell::jump}, {"after", &Cell::after}, {"advance", &Cell::advance}, {"back_after", &Cell::back_after},
    {"back_after_gradient", &Cell::back_after_gradient}, {"back_jump", &Cell::back_jump}, {"back_jump_gradient", &Cell::back_jump_gradient}, {"back_jump_caused", &Cell::back_jump_caused},
    {"back_jump_caused_gradient", &Cell::back_jump_caused_gradient},
    {"back_advance", &Cell::back_advance}, {"back_advance_gradient", &Cell::back_advance_gradient}, {"back_start_gradient", &Cell::back_start_gradient}};
constexpr ExprField<Cell> cell_exprs[] = {{"threshold", &Cell::threshold}, {"slope", &Cell::slope}, {"cause", &Cell::cause}};

constexpr UpdateField<Edge> edge_updates[] = {
    {"arrive_pre", &Edge::arrive_pre}, {"arrive_post", &Edge::arrive_post}, {"back_operands", &Edge::back_operands},
    {"back_arrive_post", &Edge::back_arrive_post}, {"back_arrive_post_gradient", &Edge::back_arrive_post_gradient},
    {"back_arrive_pre", &Edge::back_arrive_pre}, {"back_arrive_pre_gradient", &Edge::back_arrive_pre_gradient},
    {"back_couple_pre", &Edge::back_couple_pre}, {"back_couple_pre_gradient", &Edge::back_couple_pre_gradient}};
constexpr ExprField<Edge> edge_exprs[] = {{"back_nu_post", &Edge::back_nu_post}, {"back_acc", &Edge::back_acc}};

constexpr UpdateField<ProgramLoss> loss_updates[] = {{"seed", &ProgramLoss::seed}, {"gradient", &ProgramLoss::gradient}};
constexpr ExprField<ProgramLoss> loss_exprs[] = {{"score", &ProgramLoss::score}, {"value", &ProgramLoss::value}};

// ---- writing

template <class Record, class Updates, class Exprs>
std::string equations_text(const Record& r, const Updates& updates, const Exprs& exprs) {
  std::string out;
  for (const auto& field : exprs)
    if ((r.*field.expr).defined()) out += fmt::format("  {} {}\n", field.word, print(r.*field.expr));
  for (const auto& field : updates)
    for (const Update& u : r.*field.list) out += fmt::format("  {} {} := {}\n", field.word, word_text(u.target), print(u.value));
  return out;
}

std::string parameter_text(const Parameter& p) {
  return fmt::format("parameter {} {} {} {}{} cell {} edge {} = {}\n", word_text(p.name), word_of(axes_words, p.axes), p.rows, p.cols,
                     p.trainable ? " trainable" : "", word_text(p.cell), word_text(p.edge), value_text(p.value));
}

std::string cell_text(const Cell& c) {
  std::string out = fmt::format("cell {} {}{}{}{} {{\n", word_text(c.name), c.size, c.source ? " source" : "", c.linear ? " linear" : "", place_text(c.at));
  out += fmt::format("  solver {} {}\n", word_of(solvers, c.wanted_solver), quoted(c.solver));
  for (const State& s : c.states)
    out += fmt::format("  {} {}{}{}\n", s.count ? "count" : "state", word_text(s.name), s.initial.defined() ? " = " + print(s.initial) : "", place_text(s.at));
  for (const std::string& g : c.gathers) out += fmt::format("  gathers {}\n", word_text(g));
  for (const Draw& d : c.draws) out += fmt::format("  draw {} {} {}\n", word_text(d.name), word_of(draw_words, d.kind), d.site);
  return out + equations_text(c, cell_updates, cell_exprs) + "}\n";
}

std::string delay_text(const Edge& e) { return e.delay.empty() ? fmt::format("{}", e.delay_steps) : fmt::format("{} ms {}", e.delay_steps, word_text(e.delay)); }

std::string edge_text(const Edge& e) {
  std::string out = fmt::format("edge {} from {} to {} {} delay {}{}{} {{\n", word_text(e.name), word_text(e.pre), word_text(e.post),
                                connectivity_text(e.connectivity), delay_text(e), e.jump_linear ? " jump_linear" : "", place_text(e.at));
  for (const Gather& g : e.gathers)
    out += fmt::format("  gather {} weight {} {} factor {}\n", word_text(g.name), word_text(g.weight), g.continuous ? "continuous" : "event", print(g.factor));
  return out + equations_text(e, edge_updates, edge_exprs) + "}\n";
}

std::string loss_text(const ProgramLoss& l) {
  return fmt::format("loss {} of {} {}{} {{\n", word_text(l.name), word_text(l.cell), word_of(whens, l.when), l.labelled ? " labelled" : "") +
         equations_text(l, loss_updates, loss_exprs) + "}\n";
}

// ---- reading

/// One "field …" statement; false when the next word is none of the tables'.
template <class Record, class Updates, class Exprs>
bool read_equation(Reader& in, Record& r, const Updates& updates, const Exprs& exprs) {
  for (const auto& field : exprs)
    if (in.accept_word(field.word)) {
      r.*field.expr = in.expression();
      return true;
    }
  for (const auto& field : updates)
    if (in.accept_word(field.word)) {
      Update u;
      u.target = in.name();
      in.expect_sign(":=");
      u.value = in.expression();
      (r.*field.list).push_back(std::move(u));
      return true;
    }
  return false;
}

Parameter read_parameter(Reader& in) {
  Parameter p;
  p.name = in.name();
  p.axes = read_word(in, axes_words, "the axes of a parameter");
  p.rows = in.integer();
  p.cols = in.integer();
  p.trainable = in.accept_word("trainable");
  in.expect_word("cell");
  p.cell = in.name();
  in.expect_word("edge");
  p.edge = in.name();
  in.expect_sign("=");
  p.value = read_value(in);
  return p;
}

State read_state(Reader& in, bool count) {
  State s;
  s.count = count;
  s.name = in.name();
  if (in.accept_sign("=")) s.initial = in.expression();
  s.at = in.place();
  return s;
}

Draw read_draw(Reader& in) {
  Draw d;
  d.name = in.name();
  d.kind = read_word(in, draw_words, "uniform or normal");
  d.site = in.integer();
  return d;
}

Cell read_cell(Reader& in) {
  Cell c;
  c.name = in.name();
  c.size = in.integer();
  c.source = in.accept_word("source");
  c.linear = in.accept_word("linear");
  c.at = in.place();
  in.expect_sign("{");
  in.expect_word("solver");
  c.wanted_solver = read_word(in, solvers, "a solver");
  c.solver = in.name();
  while (!in.accept_sign("}")) {
    if (in.accept_word("state")) c.states.push_back(read_state(in, false));
    else if (in.accept_word("count")) c.states.push_back(read_state(in, true));
    else if (in.accept_word("gathers")) c.gathers.push_back(in.name());
    else if (in.accept_word("draw")) c.draws.push_back(read_draw(in));
    else if (!read_equation(in, c, cell_updates, cell_exprs)) in.fail("a field of a cell");
  }
  return c;
}

Gather read_gather(Reader& in) {
  Gather g;
  g.name = in.name();
  in.expect_word("weight");
  g.weight = in.name();
  g.continuous = in.accept_word("continuous");
  if (!g.continuous) in.expect_word("event");
  in.expect_word("factor");
  g.factor = in.expression();
  return g;
}

Edge read_edge(Reader& in) {
  Edge e;
  e.name = in.name();
  in.expect_word("from");
  e.pre = in.name();
  in.expect_word("to");
  e.post = in.name();
  e.connectivity = read_connectivity(in);
  in.expect_word("delay");
  e.delay_steps = in.integer();
  if (in.accept_word("ms")) e.delay = in.name();
  e.jump_linear = in.accept_word("jump_linear");
  e.at = in.place();
  in.expect_sign("{");
  while (!in.accept_sign("}")) {
    if (in.accept_word("gather")) e.gathers.push_back(read_gather(in));
    else if (!read_equation(in, e, edge_updates, edge_exprs)) in.fail("a field of an edge");
  }
  return e;
}

ProgramLoss read_loss(Reader& in) {
  ProgramLoss l;
  l.name = in.name();
  in.expect_word("of");
  l.cell = in.name();
  l.when = read_word(in, whens, "end or each_step");
  l.labelled = in.accept_word("labelled");
  in.expect_sign("{");
  while (!in.accept_sign("}"))
    if (!read_equation(in, l, loss_updates, loss_exprs)) in.fail("a field of a loss");
  return l;
}

}  // namespace

std::string print(const Program& p) {
  std::string out = fmt::format("program {} {}\n", quoted(p.model_file), word_of(modes, p.mode)) + learn_text(p.learn);
  for (const Parameter& q : p.parameters) out += parameter_text(q);
  for (const Cell& c : p.cells) out += cell_text(c);
  for (const Edge& e : p.edges) out += edge_text(e);
  for (const ProgramLoss& l : p.losses) out += loss_text(l);
  return out;
}

Program parse_program(std::string_view text) {
  Reader in(text);
  Program p;
  in.expect_word("program");
  p.model_file = in.name();
  p.mode = read_word(in, modes, "grid or exact");
  p.learn = read_learn(in);
  while (!in.at_end()) {
    if (in.accept_word("parameter")) p.parameters.push_back(read_parameter(in));
    else if (in.accept_word("cell")) p.cells.push_back(read_cell(in));
    else if (in.accept_word("edge")) p.edges.push_back(read_edge(in));
    else if (in.accept_word("loss")) p.losses.push_back(read_loss(in));
    else in.fail("parameter, cell, edge or loss");
  }
  return p;
}

}  // namespace antidrome::ir
