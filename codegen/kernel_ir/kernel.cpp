#include "codegen/kernel_ir/kernel.hpp"

#include <fmt/format.h>

namespace antidrome::kernel {
namespace {

template <class T> const T* find(const std::vector<T>& list, std::string_view name) {
  for (const T& x : list)
    if (x.name == name) return &x;
  return nullptr;
}

template <class T> const T& must_find(const std::vector<T>& list, std::string_view name) {
  const T* x = find(list, name);
  if (!x) throw InternalError(fmt::format("internal error: the kernel module has no '{}', please report it", name));
  return *x;
}

const char* spelling(Row r) { return r == Row::none ? "" : r == Row::step ? "step" : "step + 1"; }
const char* spelling(Column c) {
  switch (c) {
    case Column::none: return "";
    case Column::block: return "block";
    case Column::unit: return "unit";
    case Column::spike: return "spike";
  }
  return "";
}
const char* spelling(Shape s) {
  switch (s) {
    case Shape::neurons: return "neurons";
    case Shape::masks: return "masks";
    case Shape::ahead: return "ahead x neurons";
    case Shape::draws: return "4 steps x neurons";
    case Shape::step_neurons: return "steps x neurons";
    case Shape::pending: return "steps + 1 x neurons";
    case Shape::steps: return "steps + 1";
    case Shape::spikes: return "spikes";
    case Shape::units: return "spikes, ids";
    case Shape::counters: return "neurons + 1";
    case Shape::one: return "one";
  }
  return "";
}
const char* spelling(Space s) {
  switch (s) {
    case Space::worker: return "worker";
    case Space::history: return "history";
    case Space::tape: return "tape";
    case Space::batch: return "batch";
    case Space::lane: return "lane";
    case Space::shared: return "shared";
  }
  return "";
}

}  // namespace

const CellLayout& KernelModule::cell(std::string_view name) const { return must_find(cells, name); }
const EdgeLayout& KernelModule::edge(std::string_view name) const { return must_find(edges, name); }
const Buffer* KernelModule::buffer(std::string_view name) const { return find(buffers, name); }
const Buffer& KernelModule::buffer_of(std::string_view name) const { return must_find(buffers, name); }
const ParameterLayout& KernelModule::parameter(std::string_view name) const { return must_find(parameters, name); }

const char* spelling(NodeKind kind) {
  switch (kind) {
#define ANTIDROME_NODE(name, meaning) case NodeKind::name: return #name;
#include "codegen/kernel_ir/kernel_nodes.def"
  }
  return "";
}

std::string text_of(const Node& n) {
  std::string out = spelling(n.kind);
  if (!n.name.empty()) out += " " + n.name;
  if (!n.cell.empty()) out += " cell=" + n.cell;
  if (!n.edge.empty()) out += " of=" + n.edge;
  if (n.count) out += fmt::format(" count={}", n.count);
  if (!n.buffer.empty()) {
    out += " " + n.buffer;
    std::string place = spelling(n.row);
    if (n.column != Column::none) place += (place.empty() ? "" : ", ") + std::string(spelling(n.column));
    if (!place.empty()) out += "[" + place + "]";
  }
  if (n.value.defined()) out += " = " + ir::print(n.value);
  if (!n.note.empty()) out += "   # " + n.note;
  return out;
}

void print_tree(const Node& n, int depth, std::string& out) {
  out += std::string(static_cast<std::size_t>(2 * depth), ' ') + text_of(n) + "\n";
  for (const Node& child : n.body) print_tree(child, depth + 1, out);
}

std::string print(const KernelModule& m) {
  std::string out = fmt::format("kernel module of {} ({}, {})\n", m.model_file, m.mode == ir::TimeMode::grid ? "grid" : "exact", m.precision == Precision::single_precision ? "float" : "double");
  for (const CellLayout& c : m.cells) out += fmt::format("cell {} size={}{}{}\n", c.name, c.size, c.source >= 0 ? " source" : "", c.fires ? " fires" : "");
  for (const EdgeLayout& e : m.edges) out += fmt::format("edge {} {} -> {} delay={}{}\n", e.name, e.pre, e.post, e.delay, e.delay_parameter.empty() ? "" : " + " + e.delay_parameter);
  for (const Constant& c : m.constants)
    out += fmt::format("constant {}{} = {}\n", c.name, c.axes == Constant::Axes::scalar ? "" : c.axes == Constant::Axes::step ? "[step]" : c.axes == Constant::Axes::segment ? "[segment]" : "[" + c.cell + "]", ir::print(c.value));
  for (const DrawLayout& d : m.draws) out += fmt::format("draw {} site {} {}\n", d.buffer, d.site, d.normal ? "normal" : "uniform");
  for (const Buffer& b : m.buffers) out += fmt::format("buffer {} {} [{}]{}{}\n", b.name, spelling(b.space), spelling(b.shape), b.cell.empty() ? "" : " of " + b.cell + (b.half ? ", half" : b.pairs ? ", pairs" : ""), b.note.empty() ? "" : "   # " + b.note);
  print_tree(m.batch, 0, out);
  return out;
}

std::string identifier(std::string_view qualified) {
  std::string name(qualified);
  for (char& c : name)
    if (c == '.') c = '_';
  return name;
}

}  // namespace antidrome::kernel
