// What is computed for all samples at once, before and after the trials.
#include <algorithm>
#include <fmt/format.h>

#include "codegen/kernel_ir/device/lowering.hpp"

namespace antidrome::kernel {

using namespace ir;

namespace {

constexpr int wide_block = 256, sum_block = 512, gather_block = 512, constants_block = 512;
constexpr int slice = 32;                       // columns: 128 bytes of every row

DeviceKernel kernel_of(const std::string& name, Grid grid, int threads, Node body, bool backward, const std::string& note) {
  DeviceKernel k;
  k.name = name;
  k.note = note;
  k.grid = grid;
  k.threads = threads;
  k.body = std::move(body);
  k.backward = backward;
  if (grid == Grid::elements) k.rows = element_blocks;
  return k;
}

}  // namespace

void DeviceLowering::batch_kernels() {
  const int block = 32 * d_.warps();
  std::vector<DeviceKernel>& out = d_.kernels;
  // the trials first, since they say which buffers and constants there are
  Node forward = forward_trial();
  DeviceKernel trial = kernel_of("forward_trial", Grid::samples, block, std::move(forward), false, "forward pass");
  std::vector<Node> finish = l_.finish_batch();
  DeviceKernel back;
  if (l_.module.learns) {
    back = kernel_of("backward_trial", Grid::samples, block, backward_trial(), true, "backward pass");
    back.threads = 32 * d_.backward_warps();
  }

  out.push_back(kernel_of("constants", Grid::one, constants_block, make_node(NodeKind::sequence), false, "what reads parameters and dt alone"));
  for (CellPlan& p : l_.cells)
    for (const Accumulator& a : p.sums) {
      if (!a.ahead.empty()) {
        Node n = in_cell(NodeKind::for_events_ahead, p.cell->name);
        n.name = a.name;
        n.buffer = a.name + "_ahead";
        for (const auto& [e, g] : a.ahead) n.body.push_back(forward_.row_sum(*e, *g, a.name));
        out.push_back(kernel_of("sum_" + a.name, Grid::chunks, sum_block, n, false, "input sums of every step: no dependence between steps"));
        out.back().slice = slice;
        // a lane of two blocks beside each other has 64 registers: too few to hold a delay for each of many projections
        out.back().least_blocks = std::count_if(a.ahead.begin(), a.ahead.end(), [](const auto& edge) { return !edge.first->delay.empty(); }) > 4 ? 1 : 2;
        out.back().rows = d_.padded(p.cell->name) / slice;
      }
      if (a.scattered.empty()) continue;
      Node n = in_cell(NodeKind::scatter, p.cell->name);
      n.buffer = l_.pending(a);
      for (const auto& [e, g] : a.scattered) {
        if (!l_.program.cell(e->pre)->source) continue;
        Node one = in_cell(NodeKind::scatter, p.cell->name);
        one.name = g->weight;
        one.edge = e->name;
        n.body.push_back(one);
      }
      out.push_back(kernel_of("send_" + a.name, Grid::samples, wide_block, n, false, "events on their way, each synapse at its own time"));
    }
  out.push_back(std::move(trial));
  if (!finish.empty()) {
    out.push_back(kernel_of("batch_means", Grid::elements, wide_block, make_node(NodeKind::for_samples), false, "means over the samples that came to their end"));
    out.back().whole = {"spikes", "first_bad"};
    for (const BatchMean& mean : l_.module.batch_means) out.back().whole.push_back(mean.name + "_share");
    Node sample = make_node(NodeKind::block_samples, loss_phases(std::move(finish.front().body)));
    Node end = make_node(NodeKind::end_sample);
    end.count = 2;
    sample.body.push_back(end);
    Node n = make_node(NodeKind::kernel, {sample}, "losses that read means over the batch");
    n.name = "batch_losses";
    out.push_back(kernel_of("batch_losses", Grid::samples, block, n, false, n.note));
  }
  if (!l_.module.learns) return;
  out.push_back(std::move(back));
  history_gradients();
  sums_over_batch();
  step_of_optimiser();
}

/// What becomes one number for the whole batch: partial sums of matrices, and everything that each sample adds to another parameter.
void DeviceLowering::sums_over_batch() {
  std::vector<DeviceKernel>& out = d_.kernels;
  Node parts = make_node(NodeKind::reduce_gradient);
  std::vector<std::string> chunks;
  for (const Parameter& q : l_.program.parameters) {
    const EdgePlan* shared = shared_delay(q);
    if (!q.trainable || (q.axes != Parameter::Axes::source_target && !shared)) continue;
    parts.body.push_back(in_cell(NodeKind::reduce_gradient, q.name));
    if (shared) parts.body.back().edge = shared->edge->name;
    chunks.push_back(identifier(q.name) + "_part");
  }
  if (!parts.body.empty()) out.push_back(kernel_of("add_parts", Grid::elements, wide_block, parts, true, "partial sums of the gradients of matrices, in their order"));
  if (!parts.body.empty()) out.back().whole = chunks;
  Node sums = make_node(NodeKind::sequence, backward_.parameter_sums());
  std::vector<std::string> samples = {"spikes", "first_bad"};
  for (Node& n : sums.body) {
    if (l_.module.buffer_of(n.buffer).space == Space::worker) n.buffer += "_of_sample";
    if (std::find(samples.begin(), samples.end(), n.buffer) == samples.end()) samples.push_back(n.buffer);
  }
  if (!sums.body.empty()) out.push_back(kernel_of("sum_parameters", Grid::one, wide_block, sums, true, "gradients of parameters that are not matrices"));
  if (!sums.body.empty()) out.back().whole = samples;
}

/// The parameters stay on the device: what a host's optimiser does with gradients, it does here.
void DeviceLowering::step_of_optimiser() {
  Node squares = make_node(NodeKind::square_gradients), moves = make_node(NodeKind::move_parameters);
  for (const Parameter& q : l_.program.parameters) {
    if (!q.trainable) continue;
    for (Node* n : {&squares, &moves}) {
      n->body.push_back(make_node(n->kind));
      n->body.back().name = q.name;
    }
  }
  if (squares.body.empty()) return;
  const std::size_t first = d_.kernels.size();
  d_.kernels.push_back(kernel_of("square_gradients", Grid::elements, wide_block, squares, true, "the norm of the gradient, block by block"));
  d_.kernels.push_back(kernel_of("decide_step", Grid::one, wide_block, make_node(NodeKind::decide_step), true, "whether the optimiser takes its step"));
  d_.kernels.back().whole = {"spikes", "first_bad", "loss"};
  d_.kernels.push_back(kernel_of("move_parameters", Grid::elements, wide_block, moves, true, "the optimiser's step"));
  for (std::size_t k = first; k < d_.kernels.size(); ++k) d_.kernels[k].updates = true;
}

/// Blocks own slices of columns and, beside each other, as many rows as their groups of lanes hold twice. Matrices lie side by side in one launch, which fills
/// the device; the host counts a warp a row.
DeviceKernel DeviceLowering::sliced_gradients(const std::string& name, const std::string& note, std::vector<Node> gathers) const {
  DeviceKernel k = kernel_of(name, Grid::rows, gather_block, make_node(NodeKind::gather_gradient, std::move(gathers)), true, note);
  const int lanes = slice / (l_.module.precision == Precision::single_precision ? 4 : 2), groups = k.threads / lanes;
  k.slice = slice;
  // two blocks beside each other leave a lane 64 registers: too few where each spike brings a factor
  k.least_blocks = std::any_of(k.body.body.begin(), k.body.body.end(), [](const Node& n) { return n.value.defined(); }) ? 1 : 2;
  for (const Node& n : k.body.body)
    if (l_.program.parameter(n.name)->rows > groups) k.rows_of_lane = 2;
  const int tile = groups * k.rows_of_lane;
  for (const Node& n : k.body.body) k.rows += (l_.program.parameter(n.name)->rows + tile - 1) / tile * (d_.padded(l_.program.edge(n.edge)->post) / slice) * (k.threads / 32);
  return k;
}

/// Gradients of matrices: every source unit gathers the history of its targets at its spikes.
void DeviceLowering::history_gradients() {
  std::vector<Node> side_by_side;
  std::vector<DeviceKernel> others;
  std::map<std::string, int> times;
  const auto add = [&](const EdgePlan& p, Node n) {
    const bool delay = n.kind == NodeKind::scattered_gradient && n.name == p.edge->delay;
    n.count = delay && l_.plan_of(*p.edge).edge->gathers.size() > 1 ? 1 : 0;
    std::string name = "gather_" + identifier(n.name);
    for (int before = times[n.name]++; before > 0; --before) name += "_more", n.count = 1;   // adds to what that one wrote
    if (n.kind != NodeKind::gather_gradient) {
      others.push_back(kernel_of(name, Grid::rows, wide_block, n, true, "gradient of " + n.name));
      others.back().rows = l_.program.cell(p.edge->pre)->size;
    } else if (times[n.name] > 1) {
      others.push_back(sliced_gradients(name, "gradient of " + n.name, {n}));
    } else {
      side_by_side.push_back(n);
    }
  };
  for (const EdgePlan& p : l_.edges) {
    if (p.scattered)
      for (const Node& n : l_.scattered_gradients(p)) add(p, n);
    for (const Gather& g : p.edge->gathers) {
      const Parameter* w = l_.program.parameter(g.weight);
      if (!w || !w->trainable || (p.scattered && !g.continuous)) continue;
      Node n = make_node(g.continuous ? NodeKind::dense_gradient : NodeKind::gather_gradient);
      n.name = g.weight;
      n.cell = p.edge->pre;
      if (g.continuous) {
        n.edge = l_.factor(g) + "_history";
        n.buffer = identifier(adjoint_name(g.name)) + "_history";
      } else {
        n.edge = p.edge->name;
        n.buffer = l_.history(*p.edge, adjoint_name(g.name));
        if (p.by_spike && !g.factor.is_number(1)) n.value = symbol(l_.factor(g) + "_by_unit");
      }
      add(p, n);
    }
  }
  if (!side_by_side.empty()) d_.kernels.push_back(sliced_gradients("gather_weights", "gradients of weights", std::move(side_by_side)));
  d_.kernels.insert(d_.kernels.end(), others.begin(), others.end());
}

}  // namespace antidrome::kernel
