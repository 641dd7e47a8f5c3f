// Synapses with delays of their own.
#include "backends/openmp/emit/printer.hpp"

namespace antidrome::openmp {

using namespace kernel;

namespace {

std::string row_of(const std::string& weight, const std::string& post) { return weight.empty() ? "static_cast<const real*>(nullptr)" : fmt::format("w.{} + std::size_t(j) * stride_of({})", identifier(weight), post); }

}  // namespace

/// The table of delays in steps, beside the weights.
void Printer::fill_delay(const EdgeLayout& e) {
  for (std::size_t k = 0; k < m_.parameters.size(); ++k) {
    const ParameterLayout& p = m_.parameters[k];
    if (p.name != e.delay_parameter) continue;
    w_.line("fill_delays(k.{0}, {1}, {2}, padded({2}), static_cast<const real*>(batch.parameters[{3}]), {4}, {5}, dt, {6}, {7});", identifier(p.name), n(e.pre), n(e.post), k,
            p.rows > 1 ? fmt::format("STRIDES[{}]", k) : "0", p.cols > 1 ? 1 : 0, e.delay, e.least_delay);
  }
}

void Printer::scattered(const Node& node) {
  const EdgeLayout& e = m_.edge(node.edge);
  const std::string post = n(e.post), table = "k." + identifier(e.delay_parameter), row = fmt::format("{} + std::size_t(j) * padded({})", table, post);
  if (node.kind == NodeKind::scatter) {
    w_.line("scatter_row<{}>(m.{}, {}, {}, t - {}, trial.steps);", post, node.buffer, row_of(node.name, post), row, node.count);
  } else if (node.kind == NodeKind::scattered_dot) {
    w_.line("add_scattered_dot<{}>({}, {}, {}, history.{}, history.rows, t, trial.steps);", post, node.name, row_of(node.cell, post), row, node.buffer);
  } else {
    const CellLayout& c = m_.cell(node.cell);
    const std::string by_unit = c.source >= 0 ? fmt::format("trial.events[{0}].unit_begin, trial.events[{0}].step", c.source) : fmt::format("tape.{0}_by_unit, tape.{0}_step", identifier(c.name));
    const bool of_delay = node.value.defined(), weighted = of_delay && !node.value.is_number(1);
    w_.line("scattered_gradient<{}>(slice, {}, {}, history.{}, history.rows, {}, trial.steps, Scale::{}, {}, part.{}, stride_of({}), {});", post, by_unit, n(c.name), node.buffer, table,
            !of_delay ? "none" : weighted ? "minus_weight" : "minus_one", weighted ? "w." + identifier(node.value.name()) : "nullptr", identifier(node.name), post, node.count ? "false" : "first");
  }
}

}  // namespace antidrome::openmp
