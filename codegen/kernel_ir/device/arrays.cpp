// Every array in the memory of a device, with its size as a product of what a run decides.
#include <algorithm>
#include <fmt/format.h>

#include "codegen/kernel_ir/device/lowering.hpp"

namespace antidrome::kernel {

using namespace ir;
using Type = DeviceArray::Type;
using Factor = DeviceArray::Factor;

const char* spelling(Type t) {
  switch (t) {
    case Type::real: return "real";
    case Type::wide: return "wide";
    case Type::f32: return "float";
    case Type::u32: return "u32";
    case Type::u16: return "u16";
    case Type::i32: return "int";
  }
  return "";
}

const char* spelling(Factor f) {
  switch (f) {
    case Factor::samples: return "samples";
    case Factor::steps: return "steps";
    case Factor::steps_and_one: return "steps+1";
    case Factor::capacity: return "capacity";
    case Factor::listed_capacity: return "listed capacity";
    case Factor::chunks: return "chunks";
    case Factor::events: return "events";
  }
  return "";
}

void DeviceLowering::array(const std::string& name, Type type, int count, std::vector<Factor> factors, const std::string& note, bool backward, const std::string& of, bool zeroed) {
  DeviceArray a;
  a.name = name;
  a.type = type;
  a.count = count;
  a.factors = std::move(factors);
  a.of = of;
  a.zeroed = zeroed;
  a.backward = backward;
  a.note = note;
  d_.arrays.push_back(std::move(a));
}

/// Whether a kernel writes the gradient of `p`, or its partial sums if it is a matrix: nothing may depend on a parameter, and then its gradient is zero.
bool DeviceLowering::has_gradient(const Parameter& p) const {
  const bool matrix = p.axes == Parameter::Axes::source_target || shared_delay(p);
  for (const DeviceKernel& k : d_.kernels) {
    if (matrix && k.grid == Grid::rows && (k.body.name == p.name || std::any_of(k.body.body.begin(), k.body.body.end(), [&](const Node& n) { return n.name == p.name; }))) return true;
    if (!matrix && k.name == "sum_parameters" && std::any_of(k.body.body.begin(), k.body.body.end(), [&](const Node& n) { return n.name == p.name; })) return true;
  }
  return false;
}

const EdgePlan* DeviceLowering::shared_delay(const Parameter& p) const {
  for (const EdgePlan& e : l_.edges)
    if (e.scattered && e.delay_trained && e.edge->delay == p.name && p.axes != Parameter::Axes::source_target) return &e;
  return nullptr;
}

void DeviceLowering::arrays_of_parameters() {
  for (const Parameter& q : l_.program.parameters) {
    DeviceParameter p;
    p.name = q.name;
    p.rows = q.rows;
    p.cols = q.cols;
    p.trainable = q.trainable && l_.module.learns;
    p.matrix = q.axes == Parameter::Axes::source_target;
    p.stride = p.matrix ? d_.padded(l_.program.edge(q.edge)->post) : q.cols;
    d_.parameters.push_back(p);
    const std::string name = identifier(q.name);
    array(name, Type::real, (p.rows + (p.matrix ? 1 : 0)) * p.stride, {}, q.name, false, q.name);
    if (!p.trainable) continue;
    const bool zeroed = !has_gradient(q);
    array(name + "_gradient", Type::real, p.rows * p.stride, {}, "gradient of " + q.name, true, q.name, zeroed && !p.matrix);
    if (const EdgePlan* e = shared_delay(q)) array(name + "_part", Type::real, l_.program.cell(e->edge->pre)->size * d_.padded(e->edge->post), {Factor::chunks}, "of each synapse, partial sums", true, q.name, zeroed);
    if (p.matrix) array(name + "_part", Type::real, p.rows * p.stride, {Factor::chunks}, "its partial sums", true, q.name, zeroed);
  }
  int scalars = 0;
  for (const Constant& c : l_.module.constants) {
    scalars += c.axes == Constant::Axes::scalar;
    if (c.axes == Constant::Axes::neuron) array(c.name, Type::real, d_.padded(c.cell), {}, print(c.value));
    if (c.axes == Constant::Axes::step) array(c.name, Type::real, 1, {Factor::steps}, print(c.value));
  }
  array("scalars", Type::real, std::max(1, scalars + static_cast<int>(l_.module.draws.size())), {}, "constants; whether draws are used");
  for (const EdgePlan& p : l_.edges) {
    if (p.edge->delay.empty()) continue;
    const std::string name = identifier(p.edge->name) + "_delay_steps";
    if (p.scattered) array(name, Type::u16, (l_.program.cell(p.edge->pre)->size + 1) * d_.padded(p.edge->post), {}, "delay of each synapse of " + p.edge->name + ", in steps");
    else array(name, Type::u32, 1, {}, "delay of " + p.edge->name + ", in steps");
  }
}

void DeviceLowering::arrays_of_sources() {
  for (const Cell& c : l_.program.cells) {
    if (!c.source) continue;
    const std::string name = identifier(c.name);
    array("group_of_" + name, Type::u32, 1, {Factor::samples, Factor::steps_and_one}, "group of four events at which each step begins", false, c.name);
    array("unit_of_" + name, Type::u32, 1, {Factor::events}, "units of the events, filled up with the null unit", false, c.name);
    array("unit_group_of_" + name, Type::u32, c.size + 1, {Factor::samples}, "group of four at which each unit's events begin", true, c.name);
    array("step_of_" + name, Type::u32, 1, {Factor::events}, "steps of the events by unit, filled up with the number of steps", true, c.name);
  }
}

void DeviceLowering::arrays_of_spikes() {
  for (const CellLayout& c : l_.module.cells) {
    if (!c.fires) continue;
    const std::string name = identifier(c.name);
    array("begin_of_" + name, Type::u32, 1, {Factor::samples, Factor::steps_and_one}, "first spike of each step");
    array("unit_of_" + name, Type::u32, 1, {Factor::samples, Factor::capacity}, "units of the spikes");
    if (const SpikeRecord* r = d_.record(c.name)) array("record_of_" + name, Type::real, static_cast<int>(r->members.size()), {Factor::samples, Factor::capacity}, fmt::format("{}", fmt::join(r->members, ", ")), true);
    if (!c.listed_by_unit) continue;
    array("by_unit_of_" + name, Type::u32, d_.padded(c.name) + 1, {Factor::samples}, "first spike of each unit in its list", true);
    array("step_of_" + name, Type::u32, 1, {Factor::samples, Factor::listed_capacity}, "steps of the spikes by unit, filled up with the number of steps", true);
  }
}

void DeviceLowering::arrays_of_buffers() {
  std::set<std::string> joined;
  for (const SpikeRecord& r : d_.records) joined.insert(r.members.begin(), r.members.end());
  for (const Buffer& b : l_.module.buffers) {
    if (b.space == Space::lane || b.space == Space::shared || b.space == Space::worker || joined.contains(b.name)) continue;
    const int width = b.cell.empty() ? 1 : d_.padded(b.cell);
    const bool data = !b.cell.empty() && l_.program.cell(b.cell)->source;
    // losses add to their seeds and to the gradients of their parameters, neurons only
    const bool added = b.name.find("_seed") != std::string::npos || b.name.ends_with("_loss");
    std::vector<Factor> factors = b.space == Space::batch ? std::vector<Factor>{} : std::vector<Factor>{Factor::samples};
    int count = width;
    switch (b.shape) {
      case Shape::neurons: break;
      case Shape::one: count = 1; break;
      case Shape::step_neurons: factors.push_back(b.space == Space::history ? Factor::steps_and_one : Factor::steps); break;
      case Shape::pending: factors.push_back(Factor::steps_and_one); break;
      case Shape::spikes:
        count = 1;
        factors = data ? std::vector<Factor>{Factor::events} : std::vector<Factor>{Factor::samples, Factor::capacity};
        break;
      default: throw InternalError("internal error: no place on a device for '" + b.name + "', please report it");
    }
    array(b.name, Type::real, count, factors, b.note, b.backward, data ? b.cell : "", added);
  }
  for (const EdgeLayout& e : l_.module.edges)
    for (const std::string& f : e.factors) {
      if (!l_.module.learns) continue;
      const bool data = l_.program.cell(e.pre)->source;
      array(f + "_by_unit", Type::real, 1, data ? std::vector<Factor>{Factor::events} : std::vector<Factor>{Factor::samples, Factor::listed_capacity}, f + ", unit by unit", true, data ? e.pre : "");
    }
}

void DeviceLowering::arrays_of_results() {
  int traced = 0;
  for (const CellLayout& c : l_.module.cells)
    if (c.population >= 0) traced += c.size * static_cast<int>(c.states.size());
  array("label", Type::i32, 1, {Factor::samples}, "-1: none");
  array("index", Type::u32, 1, {Factor::samples}, "of the sample in its data set: the key of its random numbers");
  array("loss", Type::real, std::max(1, d_.losses), {Factor::samples}, "of every term");
  array("prediction", Type::i32, 1, {Factor::samples}, "");
  array("scores", Type::real, std::max(1, l_.module.scores), {Factor::samples}, "");
  array("spike_counts", Type::u32, std::max(1, d_.neurons()), {Factor::samples}, "");
  array("spikes", Type::u32, 1, {Factor::samples}, "most spikes of one population: more than the capacity, and the sample has to run again");
  array("first_bad", Type::u32, 2, {Factor::samples}, "state << 16 | neuron that is not finite, forwards and backwards");
  array("clamped", Type::u32, 1, {Factor::samples}, "threshold slopes that were clamped", true, "", true);
  array("trace", Type::f32, std::max(1, traced), {Factor::steps}, "states of the recorded sample");
  array("adjoint_trace", Type::f32, std::max(1, traced), {Factor::steps}, "its adjoints", true);
}

/// What the optimiser reads and keeps.
void DeviceLowering::arrays_of_update() {
  const std::size_t first = d_.arrays.size();
  int learned = 0;
  for (const DeviceParameter& p : d_.parameters) {
    if (!p.trainable) continue;
    ++learned;
    for (const auto& [suffix, what] : {std::pair{"_moment1", "mean of the gradient of "}, std::pair{"_moment2", "mean square of the gradient of "}}) array(identifier(p.name) + suffix, Type::real, p.rows * p.stride, {}, what + p.name, true, p.name);
  }
  if (learned == 0) return;
  array("update_numbers", Type::wide, 10 + 5 * learned, {}, "of this step: device_update.h", true);
  array("square_parts", Type::wide, learned * element_blocks, {}, "sums of squares of gradients, by parameter and block", true);
  array("square_part_exponents", Type::i32, learned * element_blocks, {}, "times 4 to the power of these", true);
  array("squared_norms", Type::wide, learned, {}, "of the gradient of each parameter", true);
  array("squared_norm_exponents", Type::i32, learned, {}, "times 4 to the power of these", true);
  array("step_taken", Type::u32, 1, {}, "1: the optimiser takes its step", true);
  array("step_scale", Type::real, 1, {}, "what it multiplies gradients by", true);
  for (std::size_t k = first; k < d_.arrays.size(); ++k) d_.arrays[k].updates = true;
}

void DeviceLowering::plan_arrays() {
  arrays_of_parameters();
  arrays_of_sources();
  arrays_of_spikes();
  arrays_of_buffers();
  arrays_of_results();
  arrays_of_update();
}

int DeviceModule::padded(std::string_view cell) const {
  if (const Role* r = role(cell)) return r->padded();
  return base.cell(cell).size;
}

int DeviceModule::neurons() const {
  int n = 0;
  for (const CellLayout& c : base.cells) n += c.population >= 0 ? c.size : 0;
  return n;
}

const DeviceParameter& DeviceModule::parameter(std::string_view name) const {
  for (const DeviceParameter& p : parameters)
    if (p.name == name) return p;
  throw InternalError(fmt::format("internal error: no parameter '{}' on the device, please report it", name));
}

}  // namespace antidrome::kernel
