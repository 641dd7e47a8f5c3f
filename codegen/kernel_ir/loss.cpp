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
  /// `at_end`: states are those that each trial left behind on its tape, else the worker's.
  LossLowering(Lowering& l, const ProgramLoss& loss, std::size_t index, bool at_end = false) : l_(l), loss_(loss), cell_(*l.program.cell(loss.cell)), index_(index), at_end_(at_end) {}

  /// Reductions become names; what they are is appended to `free` or, where it depends on the label, to `labelled`.
  Expr reduce(Expr e, std::vector<Node>& free, std::vector<Node>& labelled) {
    if (e.args().empty()) return e;
    if (e.is(Kind::batch_mean)) return symbol(l_.batch_means.at(e));
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
    for (const State& s : cell_.states) b.place(s.name, {at_end_ ? l_.state(s.name) + "_at_end" : l_.state(s.name), Row::none, Column::unit}, local_name(s.name));
    for (const auto& [e, name] : names_) b.bind(name, name);
    for (const auto& [e, name] : l_.batch_means) b.place(name, {name, Row::none, l_.module.buffer_of(name).shape == Shape::one ? Column::none : Column::unit}, name);
    if (l_.program.mode == TimeMode::exact) b.bind("time", "time");
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

  /// This sample's part of a batch mean, put on its tape.
  std::vector<Node> share(Expr mean, const std::string& name) {
    std::vector<Node> out, labelled;
    const Expr value = reduce(mean.arg(0), out, labelled);
    append(out, labelled);
    const bool one = l_.module.buffer_of(name).shape == Shape::one;
    Block b = element_block();
    b.store({name + "_share", Row::none, one ? Column::none : Column::unit}, b.lower(value), print(mean));
    if (one) append(out, b.finish());
    else out.push_back(in_cell(NodeKind::for_neurons, cell_.name, b.finish()));
    return out;
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
  /// Whether the parameter of this gradient has one number per neuron.
  bool per_neuron(const std::string& gradient) const {
    for (const Parameter& p : l_.program.parameters)
      if (gradient_name(p.name) == gradient) return p.axes == Parameter::Axes::neuron;
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
      if (!at_end_ && seeded.insert(at.buffer).second) s.store(at, s.lower(guarded(value)));
      else s.add(at, s.lower(guarded(value)));
    }
    std::vector<Node> body;
    Block once = element_block();
    once.bind("has_label", "has_label");
    for (const Update& u : loss_.gradient) {
      const Expr value = reduce(averaged(u.value), out, labelled);
      const bool each = per_neuron(u.target);
      Block& b = each ? s : once;
      for (const auto& [e, name] : names_) b.bind(name, name);
      const std::string at = l_.buffer(identifier(u.target) + "_loss", Space::tape, each ? Shape::neurons : Shape::one, each ? cell_.name : "", true, "from the loss");
      b.add({at, Row::none, each ? Column::unit : Column::none}, b.lower(guarded(value)));
    }
    std::vector<Node> element = s.finish();
    append(body, labelled);
    if (!element.empty()) body.push_back(in_cell(NodeKind::for_neurons, cell_.name, element));
    append(body, once.finish());
    if (!body.empty()) out.push_back(make_node(NodeKind::when_taping, body));
  }

  Lowering& l_;
  const ProgramLoss& loss_;
  const Cell& cell_;
  std::size_t index_;
  bool at_end_;
  std::map<Expr, std::string> names_;
};

}  // namespace

namespace {

bool is_batched(const ProgramLoss& l) { return !nodes_of(l.value, Kind::batch_mean).empty(); }

/// The first loss with labels tells the prediction.
std::size_t predicting(const Program& program) {
  std::size_t k = 0;
  while (k < program.losses.size() && !program.losses[k].labelled) ++k;
  return k;
}

std::set<std::string> read_by(const ProgramLoss& l) {
  std::set<std::string> names = free_symbols(l.value);
  names.merge(symbols_in(l.seed));
  names.merge(symbols_in(l.gradient));
  return names;
}

/// Does it differ between neurons? Names below a reduction do not count.
bool per_element(Expr e, const Program& program, const Cell& c) {
  if (is_reduction(e)) return false;
  if (e.is(Kind::symbol)) {
    const Parameter* p = program.parameter(e.name());
    return c.state(e.name()) || (p && p->axes == Parameter::Axes::neuron);
  }
  for (Expr a : e.args())
    if (per_element(a, program, c)) return true;
  return false;
}

}  // namespace

void Lowering::plan_batch_means() {
  for (const ProgramLoss& l : program.losses) {
    std::vector<Expr> means = nodes_of(l.value, Kind::batch_mean);
    for (const auto* list : {&l.seed, &l.gradient})
      for (const Update& u : *list)
        for (Expr e : nodes_of(u.value, Kind::batch_mean)) means.push_back(e);
    for (Expr e : means) {
      const auto [it, fresh] = batch_means.emplace(e, fmt::format("batch_mean{}", batch_means.size()));
      if (!fresh) continue;
      const bool spread = per_element(e.arg(0), program, *program.cell(l.cell));
      const Shape shape = spread ? Shape::neurons : Shape::one;
      buffer(it->second, Space::batch, shape, l.cell, false, print(e));
      buffer(it->second + "_share", Space::tape, shape, l.cell, false, print(e.arg(0)) + " of this sample");
      module.batch_means.push_back({it->second, spread ? l.cell : ""});
    }
    if (!is_batched(l)) continue;
    for (const State& s : program.cell(l.cell)->states)
      if (read_by(l).contains(s.name)) buffer(state(s.name) + "_at_end", Space::tape, Shape::neurons, l.cell, false, s.name + " at the end of the trial");
  }
}

std::vector<Node> Lowering::losses(Loss::When when) {
  std::vector<Node> out;
  const std::size_t predicts = predicting(program);
  for (std::size_t k = 0; k < program.losses.size(); ++k) {
    LossLowering loss(*this, program.losses[k], k);
    if (program.losses[k].when == when && !is_batched(program.losses[k])) append(out, loss.build(seeded, k == predicts));
    else if (when == Loss::When::end && k == predicts && program.losses[k].when != when) append(out, loss.predict_at_end());
    if (when == Loss::When::end && k == 0 && program.losses[k].score.defined()) {
      module.scores = program.cell(program.losses[k].cell)->size;
      append(out, loss.scores());
    }
  }
  return out;
}

std::vector<Node> Lowering::batch_shares() {
  std::vector<Node> out;
  std::set<std::string> shared, kept;
  for (std::size_t k = 0; k < program.losses.size(); ++k) {
    const ProgramLoss& l = program.losses[k];
    if (!is_batched(l)) continue;
    LossLowering loss(*this, l, k);
    for (const auto& [e, name] : batch_means)
      if (module.buffer_of(name).cell == l.cell && shared.insert(name).second) append(out, loss.share(e, name));
    Block b(constants, Column::block);
    for (const State& s : program.cell(l.cell)->states) {
      if (!read_by(l).contains(s.name) || !kept.insert(s.name).second) continue;
      b.place(s.name, {state(s.name), Row::none, Column::block}, local_name(s.name));
      b.store({state(s.name) + "_at_end"}, b.read(s.name));
    }
    if (!b.empty()) out.push_back(in_cell(NodeKind::for_blocks, l.cell, b.finish()));
  }
  return out;
}

std::vector<Node> Lowering::finish_batch() {
  std::vector<Node> body;
  for (std::size_t k = 0; k < program.losses.size(); ++k)
    if (is_batched(program.losses[k])) append(body, LossLowering(*this, program.losses[k], k, true).build(seeded, k == predicting(program)));
  if (body.empty()) return {};
  Node n = make_node(NodeKind::function, body, "losses that read means over the batch");
  n.name = "finish_batch";
  return {n};
}

}  // namespace antidrome::kernel
