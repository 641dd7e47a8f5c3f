// Losses: reductions over the neurons of a readout, in double, once per sample (or per step).
#include <fmt/format.h>

#include "codegen/kernel_ir/lowering.hpp"

namespace antidrome::kernel {

using namespace ir;

namespace {

bool is_reduction(Expr e) { return e.is(Kind::reduce_sum) || e.is(Kind::reduce_max) || e.is(Kind::at_label); }

bool reads_label(Expr e) {
  if (e.is(Kind::at_label) || e.is(Kind::is_label)) return true;
  for (Expr a : e.args())
    if (reads_label(a)) return true;
  return false;
}

class LossLowering {
 public:
  LossLowering(Lowering& l, const ProgramLoss& loss, std::size_t index) : l_(l), loss_(loss), cell_(*l.program.cell(loss.cell)), index_(index) {}

  /// Reductions become names; what they are is appended to `free` or, where it depends on the label, to `labelled`.
  Expr reduce(Expr e, std::vector<Node>& free, std::vector<Node>& labelled) {
    if (e.args().empty()) return e;
    std::vector<Expr> args;
    for (Expr a : e.args()) args.push_back(reduce(a, free, labelled));
    if (!is_reduction(e)) return make(e.kind(), args);
    std::vector<Node>& out = reads_label(e) ? labelled : free;
    if (auto it = names_.find(e); it != names_.end() && (&out == &free || defined_here(labelled, it->second))) return symbol(it->second);
    Node n = in_cell(e.is(Kind::reduce_sum) ? NodeKind::reduce_sum : e.is(Kind::reduce_max) ? NodeKind::reduce_max : NodeKind::at_label, cell_.name);
    n.name = fmt::format("r{}_{}", index_, names_.size());
    if (auto it = names_.find(e); it != names_.end()) n.name = it->second;
    names_[e] = n.name;
    Block b = element_block();
    n.note = print(e);
    out.push_back(with_body(b, n, args[0]));
    return symbol(n.name);
  }

  Block element_block() {
    Block b(l_.constants, Column::unit);
    for (const State& s : cell_.states) b.place(s.name, {l_.state(s.name), Row::none, Column::unit}, local_name(s.name));
    for (const auto& [e, name] : names_) b.bind(name, name);
    return b;
  }

  /// The loss and its seeds. `predicts`: this is the loss whose smallest value tells the label.
  std::vector<Node> build(std::set<std::string>& seeded, bool predicts) {
    std::vector<Node> out;
    Node value = in_cell(NodeKind::loss_value, cell_.name);
    value.name = fmt::format("loss{}", index_);
    value.note = loss_.name + ": " + print(loss_.value);
    value.count = loss_.labelled ? 1 : 0;
    const Expr total = reduce(averaged(loss_.value), out, value.body);
    Block b = element_block();
    Node whole = with_body(b, make_node(NodeKind::let), total);
    append(value.body, std::move(whole.body));
    value.value = whole.value;
    out.push_back(value);
    if (predicts) {
      Node n = in_cell(each_step() ? NodeKind::add_label_losses : NodeKind::predict, cell_.name);
      n.name = value.name;
      if (each_step()) n.buffer = l_.buffer("label_losses", Space::worker, Shape::neurons, cell_.name, false, "the loss so far, for every label");
      out.push_back(n);
    }
    if (!l_.program.learn.name.empty()) seeds(out, seeded);
    return out;
  }

  std::vector<Node> scores() {
    Block s = element_block();
    Node score = make_node(NodeKind::score);
    score.value = s.lower(loss_.score);
    s.push(score);
    return {in_cell(NodeKind::for_neurons, cell_.name, s.finish())};
  }

  std::vector<Node> predict_at_end() {
    Node n = in_cell(NodeKind::predict, cell_.name);
    n.buffer = "label_losses";
    return {n};
  }

 private:
  /// The statements that a value needs, as the body of the node that has this value.
  static Node with_body(Block& b, Node n, Expr value) {
    n.value = b.lower(value);
    n.kind = n.kind == NodeKind::let ? NodeKind::score : n.kind;  // a let without readers would be dropped
    b.push(std::move(n));
    std::vector<Node> nodes = b.finish();
    Node last = std::move(nodes.back());
    nodes.pop_back();
    last.body = std::move(nodes);
    return last;
  }
  static bool defined_here(const std::vector<Node>& nodes, const std::string& name) {
    for (const Node& n : nodes)
      if (n.name == name) return true;
    return false;
  }
  bool each_step() const { return loss_.when == Loss::When::each_step; }
  /// A loss at each step is averaged over the steps of the trial.
  Expr averaged(Expr e) const { return each_step() ? e * (symbol("dt") / symbol("trial")) : e; }
  Expr guarded(Expr e) const { return loss_.labelled ? select(symbol("has_label"), e, 0.0) : e; }

  void seeds(std::vector<Node>& out, std::set<std::string>& seeded) {
    std::vector<Node> labelled, stores;
    Block s = element_block();
    s.bind("has_label", "has_label");
    for (const Update& u : loss_.seed) {
      const Expr value = reduce(averaged(u.value), out, labelled);
      for (const auto& [e, name] : names_) s.bind(name, name);
      const Place at{l_.buffer(identifier(u.target) + (each_step() ? "_seed_of_step" : "_seed"), Space::tape, each_step() ? Shape::step_neurons : Shape::neurons, cell_.name, true, "dL/d" + u.target),
                     each_step() ? Row::step : Row::none, Column::unit};
      if (seeded.insert(at.buffer).second) s.store(at, s.lower(guarded(value)));
      else s.add(at, s.lower(guarded(value)));
    }
    std::vector<Node> body;
    std::vector<Node> element = s.finish();
    Block once(l_.constants, Column::none);
    once.bind("has_label", "has_label");
    for (const Update& u : loss_.gradient) {
      const Expr value = reduce(averaged(u.value), out, labelled);
      for (const auto& [e, name] : names_) once.bind(name, name);
      const std::string at = l_.buffer(identifier(u.target) + "_loss", Space::tape, Shape::one, "", true, "from the loss");
      once.add({at, Row::none, Column::none}, once.lower(guarded(value)));
    }
    append(body, labelled);
    if (!element.empty()) body.push_back(in_cell(NodeKind::for_neurons, cell_.name, element));
    append(body, once.finish());
    if (!body.empty()) out.push_back(make_node(NodeKind::when_taping, body));
  }

  Lowering& l_;
  const ProgramLoss& loss_;
  const Cell& cell_;
  std::size_t index_;
  std::map<Expr, std::string> names_;
};

}  // namespace

std::vector<Node> Lowering::losses(Loss::When when) {
  std::vector<Node> out;
  std::set<std::string> seeded;
  std::size_t predicting = program.losses.size();
  for (std::size_t k = program.losses.size(); k-- > 0;)
    if (program.losses[k].labelled) predicting = k;
  for (std::size_t k = 0; k < program.losses.size(); ++k) {
    LossLowering loss(*this, program.losses[k], k);
    if (program.losses[k].when == when) append(out, loss.build(seeded, k == predicting));
    else if (when == Loss::When::end && k == predicting) append(out, loss.predict_at_end());
    if (when == Loss::When::end && k == 0 && program.losses[k].score.defined()) {
      module.scores = program.cell(program.losses[k].cell)->size;
      append(out, loss.scores());
    }
  }
  return out;
}

}  // namespace antidrome::kernel
