// Synapses with delays of their own.
#include "backends/openmp/emit/printer.hpp"

namespace antidrome::openmp {

using namespace kernel;

namespace {

std::string row_of(const std::string& weight, const std::string& post) { return weight.empty() ? "nullptr" : fmt::format("w.{} + std::size_t(j) * stride_of({})", identifier(weight), post); }

}  // namespace

/// The table of delays in steps, beside the weights.
void Printer::fill_delay(const EdgeLayout& e) {
  for (std::size_t k = 0; k < m_.parameters.size(); ++k) {
    const ParameterLayout& p = m_.parameters[k];
    if (p.name != e.delay_parameter) continue;
    w_.line("if (const std::uint32_t longest = fill_delays(k.{0}, {1}, {2}, delay_stride({2}), static_cast<const real*>(batch.parameters[{3}]), {4}, {5}, dt, {6}, {7}, settings.steps); longest > k.longest_delay) k.longest_delay = longest;",
            identifier(p.name), n(e.pre), n(e.post), k, p.rows > 1 ? fmt::format("STRIDES[{}]", k) : "0", p.cols > 1 ? 1 : 0, e.delay, e.least_delay);
  }
}

void Printer::scattered(const Node& node) {
  const EdgeLayout& e = m_.edge(node.edge);
  const std::string post = n(e.post), table = "k." + identifier(e.delay_parameter), row = fmt::format("{} + std::size_t(j) * delay_stride({})", table, post);
  const std::string rows = "arrival_rows(trial.steps)";
  const CellLayout& pre = m_.cell(e.pre);
  const std::string by_unit = pre.source >= 0 ? fmt::format("trial.events[{0}].unit_begin, trial.events[{0}].step", pre.source) : fmt::format("tape.{0}_by_unit, tape.{0}_step", identifier(pre.name));
  if (node.kind == NodeKind::scatter) {
    w_.line("scatter_row<{}>(m.{}, {}, {}, {}, t - {});", post, node.buffer, rows, row_of(node.name, post), row, node.count);
  } else if (node.kind == NodeKind::scatter_all) {
    w_.line("scatter_units<{0}>(m.{1}, {2}, {3}, {4}, {5}, stride_of({0}), {6});", post, node.buffer, rows, by_unit, n(e.pre), node.name.empty() ? "nullptr" : "w." + identifier(node.name), table);
  } else if (node.kind == NodeKind::scattered_dot) {
    w_.line("add_scattered_dot<{}>({}, {}, {}, history.{}, {}, t);", post, node.name, row_of(node.cell, post), row, node.buffer, rows);
  } else {
    const auto sum = [&](const Node& of) {
      const bool of_delay = of.value.defined(), weighted = of_delay && !of.value.is_number(1);
      const ParameterLayout& p = m_.parameter(of.name);
      const std::string scale = !of_delay ? "none" : weighted ? "minus_weight" : "minus_one", weight = weighted ? "w." + identifier(of.value.name()) : "nullptr";
      if (!p.matrix) return fmt::format("ArrivalSum{{Scale::{}, {}, nullptr, false, part.{}, SharedBy::{}}}", scale, weight, identifier(of.name), p.along_rows ? "source" : "target");
      return fmt::format("ArrivalSum{{Scale::{}, {}, part.{}, {}, nullptr, SharedBy::source}}", scale, weight, identifier(of.name), of.count ? "false" : "first");
    };
    const bool pairs = m_.buffer_of(node.buffer).pairs;
    w_.line("{}<{}>({}, {}, history.{}, {}, {}, stride_of({}), {}{});", pairs ? "paired_gradients" : "scattered_gradient", post, by_unit, n(pre.name), node.buffer, rows, table, post, sum(node), pairs ? ", " + sum(node.body.front()) : "");
  }
}

// ---- exact mode: arrivals under way

std::string Printer::delay_place(const EdgeLayout& e, const std::string& unit, const std::string& target) const {
  const ParameterLayout& p = m_.parameter(e.delay_parameter);
  if (p.matrix) return fmt::format("std::size_t({}) * stride_of({}) + std::size_t({})", unit, p.cols, target);
  return p.rows > 1 ? fmt::format("std::size_t({}) * std::size_t(stride_of(1))", unit) : p.cols > 1 ? target : "0";
}

/// In the gradient, which has no padding between the sources.
std::string Printer::delay_gradient_place(const EdgeLayout& e, const std::string& unit, const std::string& target) const {
  return m_.parameter(e.delay_parameter).along_rows ? fmt::format("std::size_t({})", unit) : delay_place(e, unit, target);
}

/// `post`: one spike on its way along one edge, to be delivered later.
void Printer::exact_delays() {
  w_.raw("Travelling* const waiting = tape.waiting;");
  w_.raw("[[maybe_unused]] std::uint32_t n_waiting = 0, n_posted = 0;");
  w_.open("[[maybe_unused]] const auto post = [&](std::uint8_t edge, std::uint16_t unit, int target, std::int64_t spike, double delay)");
  w_.raw("if (n_waiting == settings.event_capacity) { status.code = ANTIDROME_TAPE_OVERFLOW; return; }");
  w_.raw("waiting[n_waiting++] = {now + delay, n_posted++, edge, unit, target, spike};");
  w_.raw("std::push_heap(waiting, waiting + n_waiting, later);");
  w_.close(";");
}

/// The first of what is under way arrives.
void Printer::exact_deliver() {
  bool any = false;
  for (const EdgeLayout& e : m_.edges) any |= e.delay > 0 || !e.delay_parameter.empty();
  if (!any) return;
  w_.open("while (n_waiting && waiting[0].time <= now && status.code == ANTIDROME_OK)");
  w_.raw("std::pop_heap(waiting, waiting + n_waiting--, later);");
  w_.raw("const Travelling a = waiting[n_waiting];");
  w_.raw("deliver(a);");
  w_.raw("settle();");
  w_.close();
}

}  // namespace antidrome::openmp
