// Sizes, arguments, constants.
#include <algorithm>
#include <fmt/ranges.h>
#include <set>

#include "backends/cuda/emit/emit.hpp"
#include "backends/cuda/emit/printer.hpp"

namespace antidrome::cuda {

using namespace kernel;

void Printer::sizes() {
  w_.raw("");
  w_.raw("// ---- sizes");
  for (const CellLayout& c : m_.cells) {
    const Role* r = d_.role(c.name);
    if (r) w_.line("[[maybe_unused]] constexpr u32 n_of_{0} = {1}, lanes_of_{0} = {2}, warps_of_{0} = {3}, first_of_{0} = {4}, padded_of_{0} = {5};  // warps {4} to {6}, {2} neurons a lane", name(c.name), c.size, r->per_lane, r->warps, r->first_warp, r->padded(), r->first_warp + r->warps - 1);
    else w_.line("[[maybe_unused]] constexpr u32 n_of_{0} = {1}, padded_of_{0} = {1};", name(c.name), c.size);
  }
  w_.line("[[maybe_unused]] constexpr u32 neurons = {}, scores_n = {}, losses_n = {};", d_.neurons(), m_.scores, std::max(1, d_.losses));
  w_.line("[[maybe_unused]] constexpr real least_slope = real({});  // the grazing policy: |1 / slope| <= {}", fmt::format("{}", 1.0 / m_.clamp), fmt::format("{}", m_.clamp));
}

void Printer::arguments() {
  w_.raw("");
  w_.raw("// ---- what a host hands to every kernel");
  w_.open("struct Arguments");
  for (const DeviceArray& a : d_.arrays) {
    std::string size = a.count == 1 && !a.factors.empty() ? "" : std::to_string(a.count);
    for (const DeviceArray::Factor f : a.factors) size += fmt::format("[{}]", spelling(f));
    w_.line("{}* {};  // {}{}", spelling(a.type), a.name, a.factors.empty() || a.count == 1 ? size : size.substr(size.find('[')) + "[" + std::to_string(a.count) + "]", a.note.empty() ? "" : ": " + a.note);
  }
  w_.raw("u64 seed;");
  w_.raw("wide dt, trial;  // ms");
  w_.raw("u32 samples, steps, capacity, listed_capacity, chunks, epoch;");
  w_.raw("u32 whole, first_sample, whole_chunks, first_chunk;  // the batch of which these samples and chunks are a part, or all");
  w_.raw("u32 recorded;  // the sample whose traces are wanted, or none");
  w_.raw("int training, taping;  // taping: a backward pass follows");
  w_.close(";");
}

void Printer::constants_struct() {
  w_.raw("");
  w_.raw("// ---- constants of a batch: scalars lie in registers");
  w_.open("struct Constants");
  for (const Constant& c : m_.constants) w_.line("{} {};  // {}", c.axes == Constant::Axes::scalar ? "real" : "const real*", c.name, ir::print(c.value));
  for (const DrawLayout& d : m_.draws) w_.line("bool {}_used;", d.buffer);
  w_.close(";");
  w_.raw("/// `written_here`: by this kernel, so not through the read-only path.");
  w_.open("__device__ __forceinline__ Constants constants_of(const Arguments& a, bool written_here = false)");
  w_.raw("Constants k;");
  int scalar = 0;
  for (const Constant& c : m_.constants) {
    if (c.axes == Constant::Axes::scalar) w_.line("k.{0} = written_here ? a.scalars[{1}] : __ldg(a.scalars + {1});", c.name, scalar++);
    else w_.line("k.{0} = a.{0};", c.name);
  }
  for (const DrawLayout& d : m_.draws) w_.line("k.{0}_used = (written_here ? real(0) : __ldg(a.scalars + {1})) != real(0);", d.buffer, scalar++);
  w_.raw("return k;");
  w_.close();
}

/// What an expression of parameters reads, as wide numbers of its own names: `j` is the neuron.
void Printer::parameters_of(const std::vector<ir::Expr>& values) {
  std::set<std::string> names;
  for (ir::Expr e : values)
    for (const std::string& s : ir::free_symbols(e))
      if (s != "dt" && s != "trial" && s != "training" && s != "time") names.insert(s);
  for (const std::string& s : names) w_.line("const wide {0} = wide(a.{0}[{1}]);", identifier(s), m_.parameter(s).cell.empty() ? "0" : "j");
}

void Printer::constants_kernel(int threads) {
  w_.raw("const wide dt = a.dt;");
  w_.raw("[[maybe_unused]] const wide trial = a.trial, training = wide(a.training);");
  const auto of = [&](Constant::Axes axes, const std::string& cell) {
    std::vector<ir::Expr> values;
    for (const Constant& c : m_.constants)
      if (c.axes == axes && c.cell == cell) values.push_back(c.value);
    return values;
  };
  int scalar = 0;
  for (const Constant& c : m_.constants) {
    if (c.axes != Constant::Axes::scalar) continue;
    w_.open(fmt::format("if (threadIdx.x == {}u)", scalar * 32 % threads));   // each by a warp of its own, as far as they go
    parameters_of({c.value});
    w_.line("a.scalars[{}] = narrow({});  // {}", scalar++, number_text(c.value, Numbers::wide), c.name);
    w_.close();
  }
  w_.open("if (threadIdx.x == 0)");
  for (const EdgeLayout& e : m_.edges)
    if (!e.delay_parameter.empty() && !e.scattered) w_.line("a.{}_delay_steps[0] = steps_of_delay(a.{}[0], dt, {}, {});", name(e.name), identifier(e.delay_parameter), e.delay, e.least_delay);
  w_.close();
  for (const CellLayout& c : m_.cells) {
    const std::vector<ir::Expr> values = of(Constant::Axes::neuron, c.name);
    if (values.empty()) continue;
    w_.open(fmt::format("for (u32 q = threadIdx.x; q < padded_of_{}; q += blockDim.x)", name(c.name)));
    w_.line("const u32 j = q < n_of_{0} ? q : n_of_{0} - 1;  // lanes without a neuron do as the last one", name(c.name));
    parameters_of(values);
    for (const Constant& k : m_.constants)
      if (k.axes == Constant::Axes::neuron && k.cell == c.name) w_.line("a.{}[q] = narrow({});", k.name, number_text(k.value, Numbers::wide));
    w_.close();
  }
  if (const std::vector<ir::Expr> values = of(Constant::Axes::step, ""); !values.empty()) {
    parameters_of(values);
    w_.open("for (u32 t = threadIdx.x; t < a.steps; t += blockDim.x)");
    w_.raw("[[maybe_unused]] const wide time = wide(t) * dt;");
    for (const Constant& c : m_.constants)
      if (c.axes == Constant::Axes::step) w_.line("a.{}[t] = narrow({});", c.name, number_text(c.value, Numbers::wide));
    w_.close();
  }
  for (const EdgeLayout& e : m_.edges) {
    if (!e.scattered) continue;
    const ParameterLayout& p = m_.parameter(e.delay_parameter);
    w_.open(fmt::format("for (u32 q = threadIdx.x; q < n_of_{} * padded_of_{}; q += blockDim.x)", name(e.pre), name(e.post)));
    w_.line("[[maybe_unused]] const u32 i = q / padded_of_{0}, j = q % padded_of_{0};", name(e.post));
    const std::string element = p.matrix ? fmt::format("i * padded_of_{} + j", name(e.post)) : p.rows > 1 ? "i" : p.cols > 1 ? "j" : "0";
    w_.line("a.{0}_delay_steps[q] = u16(j < n_of_{1} ? steps_of_delay(a.{2}[{3}], dt, {4}, {5}) : {5}u);", name(e.name), name(e.post), identifier(e.delay_parameter), element, e.delay, e.least_delay);
    w_.close();
  }
  if (!m_.draws.empty()) draws_used(scalar);
}

/// Random numbers that no amount asks for are not drawn.
void Printer::draws_used(int scalar) {
  w_.raw("__syncthreads();");
  w_.open("if (threadIdx.x == 0)");
  w_.raw("[[maybe_unused]] const Constants k = constants_of(a, true);");
  for (const DrawLayout& d : m_.draws) {
    w_.line("bool {}_used = {};", d.buffer, d.always ? "true" : "false");
    for (ir::Expr e : d.amounts) {
      if (d.always) break;
      std::string cell;
      for (const std::string& s : ir::free_symbols(e))
        for (const Constant& c : m_.constants)
          if ("k." + c.name == s && c.axes == Constant::Axes::neuron) cell = c.cell;
      if (cell.empty()) w_.line("{}_used |= {} > real(0);", d.buffer, text(e));
      else w_.line("for (u32 j = 0; j < n_of_{}; ++j) {}_used |= {}[j] > real(0);", name(cell), d.buffer, text(e));
    }
    w_.line("a.scalars[{}] = {}_used ? real(1) : real(0);", scalar++, d.buffer);
  }
  w_.close();
}

void Printer::begin_kernel(const DeviceKernel& k) {
  w_.raw("");
  w_.comment(k.note);
  w_.open(fmt::format("extern \"C\" __global__ void __launch_bounds__({}, {}) {}(const Arguments a)", k.threads, k.least_blocks, k.name));
}

void Printer::end_kernel(const DeviceKernel& k) {
  w_.close();
  w_.line("ANTIDROME_KERNEL({}, Arguments)", k.name);
}

std::string Printer::print() {
  numbers_ = m_.precision == Precision::single_precision ? Numbers::single_precision : Numbers::double_precision;
  w_.line("// Generated from {}: kernels of the fused schedule. A block of threads owns a sample for the whole trial; a neuron lives in the", m_.model_file);
  w_.raw("// registers of one lane; spikes go from warp to warp through lists in shared memory.");
  w_.line("#define ANTIDROME_REAL {}", m_.precision == Precision::single_precision ? "float" : "double");
  w_.raw("#include <antidrome/device.h>");
  w_.raw("");
  w_.raw("namespace antidrome {");
  w_.raw("namespace device {");
  sizes();
  arguments();
  constants_struct();
  for (const DeviceKernel& k : d_.kernels) {
    begin_kernel(k);
    if (k.name == "constants") constants_kernel(k.threads);
    else if (k.body.kind == NodeKind::kernel) trial(k);
    else if (k.body.kind == NodeKind::for_events_ahead) sum_inputs(k);
    else if (k.body.kind == NodeKind::scatter) send_inputs(k);
    else if (k.body.kind == NodeKind::for_samples) batch_means();
    else if (k.body.kind == NodeKind::sequence) sum_parameters(k);
    else if (k.body.kind == NodeKind::reduce_gradient) add_parts(k);
    else if (k.body.kind == NodeKind::square_gradients) square_gradients(k);
    else if (k.body.kind == NodeKind::decide_step) decide_step();
    else if (k.body.kind == NodeKind::move_parameters) move_parameters(k);
    else gather(k);
    end_kernel(k);
  }
  w_.raw("");
  w_.raw("}  // namespace device");
  w_.raw("}  // namespace antidrome");
  return w_.text();
}

std::string emit_kernels(const DeviceModule& module) { return Printer(module).print(); }

}  // namespace antidrome::cuda
