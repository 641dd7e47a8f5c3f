#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

#include "backends/openmp/bench/bench.hpp"
#include "backends/openmp/emit/emit.hpp"
#include "codegen/passes/passes.hpp"

namespace antidrome::bench {
namespace {

struct Aligned {
  explicit Aligned(std::size_t bytes) : data(std::aligned_alloc(64, (bytes + 127) / 64 * 64)) { std::memset(data, 0, (bytes + 127) / 64 * 64); }
  Aligned(Aligned&& o) noexcept : data(o.data) { o.data = nullptr; }
  Aligned(const Aligned&) = delete;
  ~Aligned() { std::free(data); }
  void* data;
};

const antidrome_simulator* compile(const ir::Program& program, const Options& o, Diagnostics& diagnostics) {
  const auto precision = o.precision == "double" ? kernel::Precision::double_precision : kernel::Precision::single_precision;
  const kernel::KernelModule module = kernel::lower(program, {.precision = precision, .fingerprint = "bench"}, diagnostics);
  if (diagnostics.has_errors()) return nullptr;
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / fmt::format("antidrome-bench-{}", getpid());
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "simulator.cc") << openmp::emit_openmp(module);
  std::string command = o.compiler;
  for (const std::string& flag : openmp::compile_flags()) command += " " + (flag.starts_with("-march") ? "-march=" + o.march : flag);
  command += fmt::format(" -shared -fPIC -I {} -o {}/simulator.so {}/simulator.cc", ANTIDROME_INCLUDE_DIR, folder.string(), folder.string());
  const int failed = std::system(command.c_str());
  void* library = failed ? nullptr : dlopen((folder / "simulator.so").c_str(), RTLD_NOW | RTLD_LOCAL);
  std::filesystem::remove_all(folder);
  if (!library) {
    diagnostics.error("AD305", {}, "the compiler refused the generated code", "look at the messages above");
    return nullptr;
  }
  char message[256] = "";
  return reinterpret_cast<antidrome_open_fn>(dlsym(library, ANTIDROME_OPEN_SYMBOL))("", message, sizeof message);
}

/// One number that varies from run to run: least, median, largest.
struct Spread {
  std::vector<double> values;
  double least() const { return *std::min_element(values.begin(), values.end()); }
  std::string text() const {
    std::vector<double> v = values;
    std::sort(v.begin(), v.end());
    return fmt::format("{:8.3f} {:8.3f} {:8.3f}", v.front(), v[v.size() / 2], v.back());
  }
};

void draw(const ir::Parameter& p, const antidrome_simulator& s, std::uint32_t stride, void* to) {
  std::mt19937 g(7);
  std::normal_distribution<double> normal(p.value.a, p.value.b > 0 ? p.value.b : 1);
  for (int i = 0; i < p.rows; ++i)
    for (int j = 0; j < p.cols; ++j) {
      const double x = p.value.kind == ir::Value::Kind::normal ? normal(g) : p.value.a;
      const std::size_t at = static_cast<std::size_t>(i) * stride + static_cast<std::size_t>(j);
      if (s.precision == 4) static_cast<float*>(to)[at] = static_cast<float>(x);
      else static_cast<double*>(to)[at] = x;
    }
}

}  // namespace

int run_bench(const Options& o) {
  Diagnostics diagnostics;
  const Workload w = workload(o);
  const ir::Program program = passes::derive_program(w.network, {}, diagnostics);
  const antidrome_simulator* s = diagnostics.has_errors() ? nullptr : compile(program, o, diagnostics);
  if (!s) {
    fmt::print(stderr, "{}", diagnostics.render());
    return exit_internal;
  }
  const std::vector<Events> events = synthetic_events(w, o);
  std::vector<antidrome_events> views;
  for (const Events& e : events) views.push_back({e.step_begin.data(), e.unit.data(), nullptr, e.unit_begin.data(), e.step.data()});
  std::vector<antidrome_sample> samples;
  for (std::size_t k = 0; k < events.size(); ++k) samples.push_back({&views[k], k, static_cast<std::int32_t>(k % 3)});
  std::vector<Aligned> storage;
  std::vector<const void*> parameters;
  std::vector<void*> gradients;
  for (std::size_t k = 0; k < program.parameters.size(); ++k) {
    const ir::Parameter& p = program.parameters[k];
    const std::size_t bytes = static_cast<std::size_t>(p.rows) * s->strides[k] * s->precision;
    draw(p, *s, s->strides[k], storage.emplace_back(bytes).data);
    parameters.push_back(storage.back().data);
    gradients.push_back(p.trainable ? storage.emplace_back(bytes).data : nullptr);
  }
  const auto batch_size = static_cast<std::uint32_t>(o.batch);
  const antidrome_settings settings{w.dt_ms, static_cast<std::uint32_t>(w.steps), batch_size, static_cast<std::uint32_t>(o.threads), 8, static_cast<std::uint32_t>(40 * w.steps + 2 * o.hidden), 100000, 1, 0, 1, 1, {}};
  Aligned workspace(s->workspace_bytes(s->self, &settings, nullptr));
  std::vector<double> loss(batch_size);
  std::vector<antidrome_status> status(batch_size);
  Spread forward, adjoint, gradient, total;
  for (int k = 0; k < o.repetitions; ++k) {
    double times[3] = {};
    const antidrome_batch batch{&settings, samples.data(), parameters.data(), gradients.data(), loss.data(), nullptr, nullptr, nullptr, status.data(), nullptr, times, workspace.data, nullptr};
    if (const int code = s->run(s->self, &batch)) {
      fmt::print(stderr, "the simulator stopped with status {}\n", code);
      return exit_check_failed;
    }
    forward.values.push_back(1e3 * times[0]);
    adjoint.values.push_back(1e3 * times[1]);
    gradient.values.push_back(1e3 * times[2]);
    total.values.push_back(1e3 * (times[0] + times[1] + times[2]));
  }
  double spikes = 0;
  antidrome_settings fitted = settings;                          // the tape as a session has it, which grows to what the samples need
  fitted.spike_capacity = static_cast<std::uint32_t>(o.hidden);
  for (const antidrome_status& x : status) {
    spikes += x.spikes;
    fitted.spike_capacity = std::max(fitted.spike_capacity, x.spikes + static_cast<std::uint32_t>(o.hidden));
  }
  std::uint64_t tape = 0;
  s->workspace_bytes(s->self, &fitted, &tape);
  const double neuron_steps = double(o.batch) * w.steps * o.hidden;
  const double synaptic = double(o.batch) * w.events * o.hidden + spikes * ((o.recurrent && o.shape == "shd" ? o.hidden : 0) + (o.shape == "shd" ? 20 : 3));
  fmt::print("{}: {} inputs, {} hidden, {} steps, batch {}, {} threads, {}, {} lanes, {} repetitions\n", o.shape, w.inputs, o.hidden, w.steps, o.batch, o.threads, o.precision, s->lanes, o.repetitions);
  fmt::print("CPU ms per batch     least   median  largest\n  forward         {}\n  adjoint         {}\n  gradient        {}\n  total           {}\n", forward.text(), adjoint.text(), gradient.text(), total.text());
  fmt::print("hidden spikes per sample {:.0f}; tape {:.2f} MiB per batch, with room for {} spikes a sample\n", spikes / o.batch, double(tape) / 0x1p20, fitted.spike_capacity);
  fmt::print("{:.4f} ns per neuron and step, {:.4f} ns per synaptic event (each the whole time over one count)\n", 1e6 * total.least() / neuron_steps, 1e6 * total.least() / synaptic);
  return exit_ok;
}

}  // namespace antidrome::bench
