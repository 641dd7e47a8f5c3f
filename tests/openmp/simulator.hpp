// Compiles a Program into a simulator and runs batches on it, for tests.
#pragma once
#include <antidrome/abi.h>
#include <dlfcn.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <stdexcept>
#include <vector>

#include "backends/openmp/emit/emit.hpp"
#include "codegen/passes/passes.hpp"

namespace antidrome::fixtures {

/// A folder for generated files that outlives the test, so that ccache and readers can look into it.
inline std::filesystem::path scratch(const std::string& name) {
  const std::filesystem::path p = std::filesystem::path(ANTIDROME_BINARY_DIR) / "tests" / "generated" / name;
  std::filesystem::create_directories(p);
  return p;
}

struct Aligned {
  explicit Aligned(std::size_t bytes) : data(std::aligned_alloc(64, (bytes + 127) / 64 * 64)), size(bytes) { std::memset(data, 0, (bytes + 127) / 64 * 64); }
  Aligned(Aligned&& o) noexcept : data(o.data), size(o.size) { o.data = nullptr; }
  Aligned(const Aligned&) = delete;
  ~Aligned() { std::free(data); }
  void* data;
  std::size_t size;
};

/// Events of one source, cut into steps.
struct SourceEvents {
  std::vector<std::uint32_t> step_begin, unit_begin;
  std::vector<std::uint16_t> unit, step;
  std::vector<double> time_ms;
  SourceEvents(std::vector<std::pair<double, int>> events, int units, int steps, double dt) {
    std::sort(events.begin(), events.end());
    step_begin.assign(static_cast<std::size_t>(steps) + 1, 0);
    std::vector<std::vector<std::uint16_t>> by_unit(static_cast<std::size_t>(units));
    std::size_t e = 0;
    for (int n = 0; n < steps; ++n) {
      step_begin[static_cast<std::size_t>(n)] = static_cast<std::uint32_t>(unit.size());
      for (; e < events.size() && events[e].first < (n + 1 - 1e-9) * dt; ++e) {
        unit.push_back(static_cast<std::uint16_t>(events[e].second));
        time_ms.push_back(events[e].first);
        by_unit[static_cast<std::size_t>(events[e].second)].push_back(static_cast<std::uint16_t>(n));
      }
    }
    step_begin.back() = static_cast<std::uint32_t>(unit.size());
    unit_begin.push_back(0);
    for (const auto& list : by_unit) {
      step.insert(step.end(), list.begin(), list.end());
      unit_begin.push_back(static_cast<std::uint32_t>(step.size()));
    }
  }
  /// Those of the first `steps` steps.
  SourceEvents cut(std::uint32_t steps) const {
    SourceEvents out = *this;
    out.step_begin.resize(steps + std::size_t{1});
    out.unit.resize(out.step_begin.back());
    out.time_ms.resize(out.step_begin.back());
    out.step.clear();
    for (std::size_t j = 0; j + 1 < unit_begin.size(); ++j) {
      out.unit_begin[j] = static_cast<std::uint32_t>(out.step.size());
      for (std::uint32_t e = unit_begin[j]; e < unit_begin[j + 1]; ++e)
        if (step[e] < steps) out.step.push_back(step[e]);
    }
    out.unit_begin.back() = static_cast<std::uint32_t>(out.step.size());
    return out;
  }
  antidrome_events view() const { return {step_begin.data(), unit.data(), time_ms.data(), unit_begin.data(), step.data()}; }
};

struct Sample {
  std::vector<SourceEvents> sources;
  int label = 0;
  int index = -1;                               ///< in its data set; -1: as it stands in the batch
  std::uint64_t index_at(std::size_t k) const { return index < 0 ? k : static_cast<std::uint64_t>(index); }
};

struct BatchResult {
  int code = 0;
  std::vector<double> loss, scores;
  std::vector<int> prediction;
  std::vector<std::uint32_t> spike_counts;
  std::vector<antidrome_status> status;
  std::vector<std::vector<double>> gradient;    ///< per parameter, rows x cols without padding
  std::vector<std::vector<double>> moved;       ///< with RunOptions::update: every parameter after the step, its moments; squared norms
  bool taken = false;
  std::uint64_t workspace = 0, tape = 0;
  double times[3] = {};
};

struct RunOptions {
  double dt_ms = 1;
  std::uint32_t steps = 100, threads = 1, chunks = 4, spike_capacity = 20000, event_capacity = 20000;
  bool backward = true;
  std::uint64_t seed = 1, epoch = 0;
  bool training = true;
  const antidrome_record* record = nullptr;
  bool update = false;                          ///< a step of Adam of the parameters that the simulator holds
};

class Simulator {
 public:
  Simulator(const ir::Program& program, const antidrome_simulator* simulator) : program_(program), s_(simulator) {}

  /// Values of a parameter, row-major without padding.
  void set(const std::string& name, std::vector<double> values) { values_[name] = std::move(values); }
  const std::vector<double>& values(const std::string& name) { return values_.at(name); }
  /// Every parameter that was not set gets the mean of its initialiser (matrices: drawn).
  void initialise(unsigned seed) {
    std::mt19937 g(seed);
    for (const ir::Parameter& p : program_.parameters) {
      if (values_.contains(p.name)) continue;
      std::vector<double> v(static_cast<std::size_t>(p.rows) * static_cast<std::size_t>(p.cols), p.value.a);
      for (double& x : v) {
        if (p.value.kind == ir::Value::Kind::normal) x = std::normal_distribution<double>(p.value.a, p.value.b)(g);
        if (p.value.kind == ir::Value::Kind::uniform) x = std::uniform_real_distribution<double>(p.value.a, p.value.b)(g);
      }
      values_[p.name] = v;
    }
  }
  const ir::Program& program() const { return program_; }
  const antidrome_simulator* raw() const { return s_; }

  BatchResult run(const std::vector<Sample>& samples, const RunOptions& o) {
    std::vector<Aligned> storage;
    std::vector<const void*> parameters;
    std::vector<void*> gradients;
    for (std::size_t k = 0; k < program_.parameters.size(); ++k) {
      const ir::Parameter& p = program_.parameters[k];
      storage.emplace_back(static_cast<std::size_t>(p.rows) * s_->strides[k] * s_->precision);
      parameters.push_back(storage.back().data);
      copy_in(k, storage.back().data);
    }
    for (std::size_t k = 0; k < program_.parameters.size(); ++k) {
      const ir::Parameter& p = program_.parameters[k];
      if (!p.trainable) { gradients.push_back(nullptr); continue; }
      storage.emplace_back(static_cast<std::size_t>(p.rows) * s_->strides[k] * s_->precision);
      std::memset(storage.back().data, 0x7f, storage.back().size);                     // it must be overwritten
      gradients.push_back(storage.back().data);
    }
    std::vector<std::vector<antidrome_events>> events;
    for (const Sample& s : samples) {
      events.emplace_back();
      for (const SourceEvents& e : s.sources) events.back().push_back(e.view());
    }
    std::vector<antidrome_sample> views;
    for (std::size_t k = 0; k < samples.size(); ++k) views.push_back({events[k].data(), samples[k].index_at(k), samples[k].label});
    std::size_t neurons = 0;
    for (const ir::Cell& c : program_.cells) neurons += c.source ? 0 : static_cast<std::size_t>(c.size);
    const std::size_t outputs = program_.losses.empty() ? 0 : static_cast<std::size_t>(program_.cell(program_.losses[0].cell)->size);
    BatchResult r;
    r.loss.resize(samples.size());
    r.prediction.resize(samples.size());
    r.scores.resize(samples.size() * outputs);
    r.spike_counts.resize(samples.size() * neurons);
    r.status.resize(samples.size());
    antidrome_settings settings{o.dt_ms, o.steps, static_cast<std::uint32_t>(samples.size()), o.threads, o.chunks, o.spike_capacity, o.event_capacity, o.seed, o.epoch, o.training, o.backward, {}};
    r.workspace = s_->workspace_bytes(s_->self, &settings, &r.tape);
    Aligned workspace(r.workspace);
    std::memset(workspace.data, 0xff, workspace.size);                                // nothing may rely on what it holds: all numbers are NaN
    antidrome_batch batch{&settings, views.data(), parameters.data(), gradients.data(), r.loss.data(), r.scores.data(), r.prediction.data(), r.spike_counts.data(), r.status.data(), o.record, r.times, workspace.data, nullptr, 0, nullptr, nullptr};
    if (o.update) run_and_move(batch, r);
    else r.code = s_->run(s_->self, &batch);
    for (std::size_t k = 0; k < program_.parameters.size(); ++k) {
      const ir::Parameter& p = program_.parameters[k];
      r.gradient.push_back(p.trainable ? copy_out(k, gradients[k]) : std::vector<double>());
    }
    return r;
  }

 private:
  /// From moments of zero; the rate is a tenth, so that everything moves.
  void run_and_move(antidrome_batch& batch, BatchResult& r) {
    std::vector<Aligned> storage;
    std::vector<void*> values, means, squares;
    std::vector<antidrome_move> moves;
    for (std::size_t k = 0; k < program_.parameters.size(); ++k) {
      const ir::Parameter& p = program_.parameters[k];
      for (std::vector<void*>* list : {&values, &means, &squares}) {
        storage.emplace_back(static_cast<std::size_t>(p.rows) * s_->strides[k] * s_->precision);
        list->push_back(storage.back().data);
      }
      copy_in(k, values.back());
      moves.push_back({p.trainable, 0.1, 1, -1e30, 1e30});
    }
    const antidrome_state state{values.data(), {means.data(), squares.data()}};
    s_->put(s_->self, &state);
    std::vector<double> norms(values.size());
    antidrome_update update{ANTIDROME_ADAM, 0.9, 0.999, 10, 1000, 1e-8, 0, 1e-3, static_cast<double>(batch.settings->batch), moves.data(), norms.data(), 0};
    batch.parameters = nullptr;
    batch.update = &update;
    r.code = s_->run(s_->self, &batch);
    r.taken = update.taken != 0;
    s_->fetch(s_->self, &state);
    for (const std::vector<void*>* list : {&values, &means, &squares})
      for (std::size_t k = 0; k < values.size(); ++k) r.moved.push_back(copy_out(k, (*list)[k]));
    r.moved.push_back(norms);
  }
  std::vector<double> copy_out(std::size_t k, const void* from) const {
    std::vector<double> out;
    const ir::Parameter& p = program_.parameters[k];
    for (int i = 0; i < p.rows; ++i)
      for (int j = 0; j < p.cols; ++j) {
        const std::size_t at = static_cast<std::size_t>(i) * s_->strides[k] + static_cast<std::size_t>(j);
        out.push_back(s_->precision == 4 ? double(static_cast<const float*>(from)[at]) : static_cast<const double*>(from)[at]);
      }
    return out;
  }
  void copy_in(std::size_t k, void* to) {
    const ir::Parameter& p = program_.parameters[k];
    const std::vector<double>& v = values_.at(p.name);
    for (int i = 0; i < p.rows; ++i)
      for (int j = 0; j < p.cols; ++j) {
        const std::size_t at = static_cast<std::size_t>(i) * s_->strides[k] + static_cast<std::size_t>(j);
        const double x = v[static_cast<std::size_t>(i * p.cols + j)];
        if (s_->precision == 4) static_cast<float*>(to)[at] = float(x);
        else static_cast<double*>(to)[at] = x;
      }
  }
  ir::Program program_;
  const antidrome_simulator* s_;
  std::map<std::string, std::vector<double>> values_;
};

struct CompileOptions {
  kernel::Precision precision = kernel::Precision::double_precision;
  std::string march = "native";
  std::string compiler = "g++";
  std::string extra = {};
  bool half = false;                            ///< rows of weights and histories in half precision
};

inline Simulator compile(const ir::Program& program, const std::string& name, const CompileOptions& o = {}) {
  Diagnostics diagnostics;
  const kernel::KernelModule module = kernel::lower(program, {.precision = o.precision, .fingerprint = name, .half_storage = o.half}, diagnostics);
  if (diagnostics.has_errors()) throw std::runtime_error(diagnostics.render());
  const std::filesystem::path folder = scratch(name + (o.precision == kernel::Precision::double_precision ? "_double_" : o.half ? "_mixed_" : "_float_") + o.march);
  std::ofstream(folder / "simulator.cc") << openmp::emit_openmp(module);
  std::ofstream(folder / "kernel.txt") << print(module);
  std::string command = o.compiler;
  for (const std::string& flag : openmp::compile_flags()) command += " " + (flag.starts_with("-march") ? "-march=" + o.march : flag);
  command += " " + o.extra + " -shared -fPIC -I " ANTIDROME_SOURCE_DIR "/runtime/include -o " + (folder / "simulator.so").string() + " " + (folder / "simulator.cc").string() + " 2> " + (folder / "errors.txt").string();
  if (std::system(command.c_str()) != 0) throw std::runtime_error("the generated code does not compile: see " + (folder / "errors.txt").string());
  void* library = dlopen((folder / "simulator.so").c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) throw std::runtime_error(dlerror());
  const auto open = reinterpret_cast<antidrome_open_fn>(dlsym(library, ANTIDROME_OPEN_SYMBOL));
  char message[256] = "";
  return Simulator(program, open(folder.c_str(), message, sizeof message));
}

inline ir::Program derive(const ir::Network& network, ir::TimeMode mode = ir::TimeMode::grid) {
  Diagnostics diagnostics;
  ir::Program program = passes::derive_program(network, {mode}, diagnostics);
  if (diagnostics.has_errors()) throw std::runtime_error(diagnostics.render());
  return program;
}

}  // namespace antidrome::fixtures
