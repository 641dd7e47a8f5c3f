#include <fmt/format.h>

#include "codegen/kernel_ir/lowering.hpp"

namespace antidrome::kernel {

using namespace ir;

namespace {

void check(const Program& program, Diagnostics& diagnostics) {
  for (const Cell& c : program.cells)
    if (c.size >= 65536)
      diagnostics.error("AD301", c.at, fmt::format("population '{}' has {} neurons; the fused schedule numbers them in [0, 65535]", c.name, c.size), "use at most 65535 neurons in one population");
  if (program.mode == TimeMode::exact && (program.cells.size() > 255 || program.edges.size() > 255))
    diagnostics.error("AD302", {program.model_file, 0, 0}, fmt::format("exact mode numbers populations and projections in [0, 255]; the network has {} and {}", program.cells.size(), program.edges.size()), "join populations, or use mode = grid");
}

void mark_lists(const Node& n, KernelModule& m) {
  if (n.kind == NodeKind::list_by_unit)
    for (CellLayout& c : m.cells)
      if (c.name == n.cell) c.listed_by_unit = true;
  for (const Node& child : n.body) mark_lists(child, m);
}

}  // namespace

void lay_out(Lowering& l) {
  KernelModule& m = l.module;
  int sources = 0, populations = 0;
  for (CellPlan& p : l.cells) {
    const Cell& c = *p.cell;
    CellLayout layout;
    layout.name = c.name;
    layout.size = c.size;
    (c.source ? layout.source : layout.population) = c.source ? sources++ : populations++;
    layout.fires = c.threshold.defined();
    layout.remembers_fired = !p.lazy.empty();
    for (const State& s : c.states) layout.states.push_back(l.state(s.name));
    for (const State& s : c.states)
      if (!s.count && m.buffer(identifier(adjoint_name(s.name)))) layout.adjoints.push_back(identifier(adjoint_name(s.name)));
    for (const State& s : c.states) {
      const std::string adjoint = adjoint_name(s.name);
      const auto history = p.history_of_state.find(adjoint);
      if (history != p.history_of_state.end()) layout.recorded_adjoints.push_back({history->second, true});
      else layout.recorded_adjoints.push_back({!s.count && m.buffer(identifier(adjoint)) ? identifier(adjoint) : std::string(), false});
    }
    m.cells.push_back(layout);
  }
  for (EdgePlan& p : l.edges) {
    EdgeLayout e{p.edge->name, p.edge->pre, p.edge->post, p.edge->delay_steps, p.edge->delay, l.program.cell(p.edge->pre)->source ? 0 : 1, l.program.scattered(*p.edge), {}, false};
    const Cell& post = *l.program.cell(p.edge->post);
    for (const Update& u : p.edge->arrive_post) e.may_fire_target |= post.threshold.defined() && depends_on(post.threshold, {u.target});
    for (const Gather& g : p.edge->gathers)
      if (m.buffer(l.factor(g)) && !g.continuous) e.factors.push_back(l.factor(g));
    m.edges.push_back(e);
  }
  for (const Parameter& q : l.program.parameters) {
    ParameterLayout layout{q.name, q.rows, q.cols, q.trainable && m.learns, q.axes == Parameter::Axes::source_target, q.axes == Parameter::Axes::shared ? std::string() : q.cell, q.axes == Parameter::Axes::source};
    if (l.half_rows(q)) {
      layout.half = true;
      const Edge& e = *l.program.edge(q.edge);
      const CellPlan& post = l.plan(e.post);
      layout.half_sums = l.program.cell(e.pre)->source && !l.plan_of(e).by_spike ? 1 : post.rides ? 0 : static_cast<int>(post.sums.size());
    }
    m.parameters.push_back(layout);
  }
}

void begin_module(Lowering& l) {
  check(l.program, l.diagnostics);
  KernelModule& m = l.module;
  m.model_file = l.program.model_file;
  m.fingerprint = l.options.fingerprint;
  m.precision = l.options.precision;
  m.mode = l.program.mode;
  m.learns = !l.program.learn.name.empty();
  m.clamp = l.program.learn.clamp;
  m.steps_ahead = l.options.steps_ahead;
}

KernelModule lower(const Program& program, const LowerOptions& options, Diagnostics& diagnostics) {
  KernelModule module;
  Lowering l(program, options, module, diagnostics);
  begin_module(l);
  if (diagnostics.has_errors()) return module;
  l.plan_all();
  if (diagnostics.has_errors()) return module;
  std::vector<Node> finish = l.finish_batch();
  if (program.mode == TimeMode::exact) {
    module.batch.body.push_back(l.exact());
  } else {
    module.batch.body.push_back(l.forward());
    if (module.learns) module.batch.body.push_back(l.backward());
  }
  append(module.batch.body, std::move(finish));
  module.batch.note = module.batch_means.empty() ? "one batch: forward passes of all samples, then backward passes in chunks"
                                                 : "one batch: forward passes of all samples, means over the batch, losses that read them, then backward passes in chunks";
  for (const Buffer& b : module.buffers) module.sample_at_a_time |= b.space == Space::tape && b.shape == Shape::step_neurons;
  module.sample_at_a_time &= module.learns && module.batch_means.empty();
  if (module.sample_at_a_time) module.batch.note = "one batch: samples forwards and backwards, one after the other, in chunks";
  lay_out(l);
  mark_lists(module.batch, module);
  return module;
}

}  // namespace antidrome::kernel
