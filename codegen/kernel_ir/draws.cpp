// Random numbers of the equations: made four steps at a time, and only where a run has a use for them.
#include "codegen/kernel_ir/lowering.hpp"

namespace antidrome::kernel {

using namespace ir;

namespace {

/// What decides whether the value of draw `name` matters in `e`: bounds that it is compared with (it lies between 0 and 1, so one
/// below zero decides the comparison), or the factor of a term. False where nothing simple does.
bool amounts_in(Expr e, const std::string& name, bool normal, std::vector<Expr>& amounts) {
  if (!e.defined() || !depends_on(e, {name})) return true;
  if (normal) {
    const LinearForm form = linear_form(e, {name});
    if (form.affine) amounts.push_back(make(Kind::absolute, {form.coefficient.at(name)}));
    return form.affine;
  }
  Bindings decided;
  for (const Kind kind : {Kind::less, Kind::less_equal})
    for (Expr c : nodes_of(e, kind))
      for (std::size_t k = 0; k < 2; ++k)
        if (c.arg(k) == symbol(name)) {
          amounts.push_back(c.arg(1 - k));
          decided.emplace(c, Expr(1.0));
        }
  return !depends_on(substitute(e, decided), {name});
}

std::set<std::string> read_backwards(const Cell& c) {
  std::set<std::string> read;
  for (const auto* list : {&c.back_after, &c.back_after_gradient, &c.back_jump, &c.back_jump_gradient, &c.back_advance, &c.back_advance_gradient})
    read.merge(symbols_in(*list));
  if (c.slope.defined()) read.merge(free_symbols(c.slope));
  return read;
}

}  // namespace

void Lowering::plan_draws() {
  for (const Cell& c : program.cells)
    for (const Draw& d : c.draws) {
      DrawLayout layout;
      layout.buffer = buffer(identifier(d.name), Space::worker, Shape::draws, c.name, false, d.name);
      layout.cell = c.name;
      layout.site = d.site;
      layout.normal = d.kind == Draw::Kind::normal;
      std::vector<Expr> amounts;
      bool simple = amounts_in(c.threshold, d.name, layout.normal, amounts);
      for (const auto* list : {&c.jump, &c.after, &c.advance})
        for (const Update& u : *list) simple = amounts_in(u.value, d.name, layout.normal, amounts) && simple;
      for (Expr a : amounts) {
        const Expr hoisted = constants.hoist(a);
        const bool constant = hoisted.is(Kind::symbol) && constants.find(hoisted.name()) && constants.find(hoisted.name())->axes != Constant::Axes::step;
        simple = simple && (constant || hoisted.is(Kind::number));
        layout.amounts.push_back(hoisted);
      }
      layout.always = !simple || read_backwards(c).contains(d.name);   // the gradient by an amount of zero needs the numbers
      module.draws.push_back(layout);
    }
}

std::vector<Node> Lowering::draw_rows(bool backward) {
  std::vector<Node> out;
  for (const Cell& c : program.cells) {
    const std::set<std::string> read = backward ? read_backwards(c) : std::set<std::string>{};
    for (const Draw& d : c.draws) {
      if (backward && !read.contains(d.name)) continue;
      Node n = in_cell(NodeKind::draw_rows, c.name);
      n.buffer = identifier(d.name);
      n.row = backward ? Row::next_step : Row::step;
      out.push_back(n);
    }
  }
  return out;
}

void Lowering::place_draws(const Cell& c, Block& b, Column column) {
  for (const Draw& d : c.draws) b.place(d.name, {identifier(d.name), Row::step, column}, local_name(d.name));
}

}  // namespace antidrome::kernel
