// The interpreter behind the C ABI: reads DIRECTORY/program.air. It keeps its own memory (the workspace is not used), and samples
// run in waves whose gradients are added in the order of the samples, so that the sum does not depend on the number of threads.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "backends/reference/interpreter.hpp"
#include "runtime/include/antidrome/abi.h"

namespace antidrome::reference {
namespace {

constexpr std::uint32_t reals_per_row = 8;   // rows are padded to 64 bytes

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + file.string());
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::uint32_t stride_of(const ir::Parameter& p) { return (static_cast<std::uint32_t>(p.cols) + reals_per_row - 1) / reals_per_row * reals_per_row; }

class SimulatorLibrary {
 public:
  explicit SimulatorLibrary(const std::filesystem::path& directory)
      : interpreter_(ir::parse_program(text_of(directory / "program.air"))),
        fingerprint_(nlohmann::json::parse(text_of(directory / "manifest.json")).at("fingerprint")) {
    for (const ir::Parameter& p : program().parameters) strides_.push_back(stride_of(p));
    for (std::size_t c = 0; c < program().cells.size(); ++c)
      if (!program().cells[c].source) populations_.push_back(c);
    abi_ = {ANTIDROME_ABI_VERSION, sizeof(double), reals_per_row, fingerprint_.c_str(), "reference", 0, static_cast<std::uint32_t>(strides_.size()),
            strides_.data(), this, &workspace_bytes, &run, nullptr, nullptr};
  }

  const antidrome_simulator* abi() const { return &abi_; }

 private:
  static std::uint64_t workspace_bytes(void*, const antidrome_settings*, std::uint64_t* tape_bytes) {
    if (tape_bytes) *tape_bytes = 0;
    return 64;
  }

  static int run(void* self, const antidrome_batch* batch) { return static_cast<const SimulatorLibrary*>(self)->run_batch(*batch); }

  const ir::Program& program() const { return interpreter_.program(); }

  int run_batch(const antidrome_batch&) const;
  std::vector<Result> run_wave(const antidrome_batch&, const Parameters&, std::size_t first, std::size_t count) const;
  Parameters parameters_of(const antidrome_batch&) const;
  Sample sample_of(const antidrome_batch&, std::size_t k) const;
  Settings settings_of(const antidrome_batch&, std::size_t k) const;
  void clear_gradients(const antidrome_batch&) const;
  void add_gradients(const antidrome_batch&, const Result&) const;
  void write_sample(const antidrome_batch&, std::size_t k, const Result&) const;
  void write_record(const antidrome_record&, const Result&) const;
  void write_rows(float* const* to, const std::vector<std::vector<double>>& rows) const;
  antidrome_status status_of(const Result&) const;

  Interpreter interpreter_;
  std::string fingerprint_;
  std::vector<std::uint32_t> strides_;
  std::vector<std::size_t> populations_;   ///< cells that are not sources, in the manifest's order
  antidrome_simulator abi_{};
};

Parameters SimulatorLibrary::parameters_of(const antidrome_batch& b) const {
  Parameters all;
  for (std::size_t p = 0; p < strides_.size(); ++p) {
    const ir::Parameter& what = program().parameters[p];
    std::vector<double>& numbers = all.emplace_back();
    for (int r = 0; r < what.rows; ++r) {
      const double* row = static_cast<const double*>(b.parameters[p]) + static_cast<std::size_t>(r) * strides_[p];
      numbers.insert(numbers.end(), row, row + what.cols);
    }
  }
  return all;
}

Sample SimulatorLibrary::sample_of(const antidrome_batch& b, std::size_t k) const {
  Sample sample;
  sample.label = b.samples[k].label;
  sample.index = b.samples[k].index;
  const std::size_t sources = program().cells.size() - populations_.size();
  for (std::size_t s = 0; s < sources; ++s) {
    const antidrome_events& in = b.samples[k].sources[s];
    Events& events = sample.sources.emplace_back();
    for (std::uint32_t n = 0; n < b.settings->steps; ++n)
      for (std::uint32_t e = in.step_begin[n]; e < in.step_begin[n + 1]; ++e) {
        events.unit.push_back(in.unit[e]);
        events.step.push_back(n);
        if (program().mode == ir::TimeMode::exact) events.time_ms.push_back(in.time_ms[e]);
      }
  }
  return sample;
}

Settings SimulatorLibrary::settings_of(const antidrome_batch& b, std::size_t k) const {
  const antidrome_settings& s = *b.settings;
  const bool traces = b.record && b.record->trace && b.record->sample == k;
  const bool adjoints = s.backward != 0 && b.record && b.record->adjoint && b.record->sample == k && program().mode == ir::TimeMode::grid;
  return {.dt_ms = s.dt_ms, .steps = static_cast<int>(s.steps), .training = s.training != 0, .backward = s.backward != 0, .traces = traces, .adjoints = adjoints, .seed = s.seed, .epoch = s.epoch};
}

void SimulatorLibrary::clear_gradients(const antidrome_batch& b) const {
  for (std::size_t p = 0; p < strides_.size(); ++p)
    if (b.gradients && b.gradients[p]) std::memset(b.gradients[p], 0, sizeof(double) * strides_[p] * static_cast<std::size_t>(program().parameters[p].rows));
}

void SimulatorLibrary::add_gradients(const antidrome_batch& b, const Result& result) const {
  for (std::size_t p = 0; p < result.gradients.size(); ++p) {
    if (result.gradients[p].empty() || !b.gradients || !b.gradients[p]) continue;
    const auto cols = static_cast<std::size_t>(program().parameters[p].cols);
    for (std::size_t k = 0; k < result.gradients[p].size(); ++k) static_cast<double*>(b.gradients[p])[k / cols * strides_[p] + k % cols] += result.gradients[p][k];
  }
}

antidrome_status SimulatorLibrary::status_of(const Result& result) const {
  antidrome_status status{};
  status.population = status.neuron = status.variable = status.step = UINT32_MAX;
  for (const auto& list : result.spikes) status.spikes += static_cast<std::uint32_t>(list.size());
  status.clamped = result.clamped;
  status.missed = result.ties;
  const NotFinite& bad = result.not_finite;
  if (bad.seen) {
    status.code = bad.backward ? ANTIDROME_NONFINITE_BACKWARD : ANTIDROME_NONFINITE_FORWARD;
    const auto at = std::find(populations_.begin(), populations_.end(), bad.cell);
    if (at != populations_.end()) status.population = static_cast<std::uint32_t>(at - populations_.begin());
    status.neuron = static_cast<std::uint32_t>(bad.neuron);
    if (bad.state != NotFinite::no_state) status.variable = static_cast<std::uint32_t>(bad.state);
    status.step = bad.step;
    return status;
  }
  if (!std::isfinite(result.loss)) status.code = ANTIDROME_NONFINITE_FORWARD;
  for (const auto& list : result.gradients)
    if (!std::all_of(list.begin(), list.end(), [](double g) { return std::isfinite(g); })) status.code = std::max<std::uint32_t>(status.code, ANTIDROME_NONFINITE_BACKWARD);
  return status;
}

void SimulatorLibrary::write_sample(const antidrome_batch& b, std::size_t k, const Result& result) const {
  b.status[k] = status_of(result);
  b.loss[k] = result.loss;
  if (b.prediction) b.prediction[k] = result.prediction;
  if (b.scores && !program().losses.empty()) {
    const auto count = static_cast<std::size_t>(program().cell(program().losses[0].cell)->size);
    for (std::size_t n = 0; n < count; ++n) b.scores[k * count + n] = n < result.scores.size() ? result.scores[n] : 0;
  }
  if (b.spike_counts) {
    std::size_t neurons = 0;
    for (const std::size_t c : populations_) neurons += static_cast<std::size_t>(program().cells[c].size);
    std::uint32_t* counts = b.spike_counts + k * neurons;
    std::fill(counts, counts + neurons, 0u);
    for (const std::size_t c : populations_) {
      for (const Spike& s : result.spikes[c]) ++counts[s.unit];
      counts += program().cells[c].size;
    }
  }
  if (b.record && b.record->sample == k) write_record(*b.record, result);
}

void SimulatorLibrary::write_record(const antidrome_record& record, const Result& result) const {
  for (std::size_t p = 0; p < populations_.size(); ++p) {
    const std::vector<Spike>& spikes = result.spikes[populations_[p]];
    if (record.spike_count) record.spike_count[p] = static_cast<std::uint32_t>(spikes.size());
    for (std::size_t k = 0; k < std::min<std::size_t>(spikes.size(), record.spike_capacity); ++k) {
      if (record.spike_unit && record.spike_unit[p]) record.spike_unit[p][k] = spikes[k].unit;
      if (record.spike_time_ms && record.spike_time_ms[p]) record.spike_time_ms[p][k] = spikes[k].time_ms;
    }
  }
  write_rows(record.trace, result.traces);
  write_rows(record.adjoint, result.adjoints);
}

// Rows of all cells; the caller wants those of populations.
void SimulatorLibrary::write_rows(float* const* to, const std::vector<std::vector<double>>& rows) const {
  if (!to || rows.empty()) return;
  std::size_t in = 0, out = 0;
  for (const ir::Cell& c : program().cells)
    for (std::size_t s = 0; s < c.states.size(); ++s, ++in) {
      if (c.source) continue;
      if (float* row = to[out++]) std::transform(rows[in].begin(), rows[in].end(), row, [](double x) { return static_cast<float>(x); });
    }
}

int SimulatorLibrary::run_batch(const antidrome_batch& b) const {
  const Parameters parameters = parameters_of(b);
  const std::size_t batch = b.settings->batch, threads = std::clamp<std::size_t>(b.settings->threads, 1, std::max<std::size_t>(batch, 1));
  const std::size_t wave = program().couples_samples() ? batch : threads;
  clear_gradients(b);
  std::uint32_t code = ANTIDROME_OK;
  for (std::size_t first = 0; first < batch; first += wave) {
    const std::vector<Result> results = run_wave(b, parameters, first, std::min(wave, batch - first));
    for (std::size_t k = 0; k < results.size(); ++k) {
      write_sample(b, first + k, results[k]);
      code = std::max(code, b.status[first + k].code);
      if (b.settings->backward && b.status[first + k].code == ANTIDROME_OK) add_gradients(b, results[k]);
      if (b.times_s) b.times_s[0] += results[k].forward_s, b.times_s[1] += results[k].backward_s;
    }
  }
  return static_cast<int>(code);
}

/// Samples [first, first + count): a thread each, or, where a loss reads the whole batch, all of them together.
std::vector<Result> SimulatorLibrary::run_wave(const antidrome_batch& b, const Parameters& parameters, std::size_t first, std::size_t count) const {
  if (program().couples_samples()) {
    std::vector<Sample> samples;
    for (std::size_t k = 0; k < count; ++k) samples.push_back(sample_of(b, first + k));
    return interpreter_.run(samples, parameters, settings_of(b, b.record ? b.record->sample : 0));
  }
  std::vector<Result> results(count);
  const auto work = [&](std::size_t k) { results[k] = interpreter_.run(sample_of(b, first + k), parameters, settings_of(b, first + k)); };
  std::vector<std::thread> threads;
  for (std::size_t k = 1; k < count; ++k) threads.emplace_back(work, k);
  work(0);
  for (std::thread& t : threads) t.join();
  return results;
}

}  // namespace
}  // namespace antidrome::reference

extern "C" __attribute__((visibility("default"))) const antidrome_simulator* antidrome_open(const char* directory, char* message, uint64_t message_bytes) {
  try {
    // never freed: the caller keeps the pointer as long as the library is loaded
    return (new antidrome::reference::SimulatorLibrary(directory))->abi();
  } catch (const antidrome::ir::ParseError& e) {
    std::snprintf(message, message_bytes, "program.air, offset %zu: %s", e.offset, e.what());
  } catch (const std::exception& e) {
    std::snprintf(message, message_bytes, "%s", e.what());
  }
  return nullptr;
}
