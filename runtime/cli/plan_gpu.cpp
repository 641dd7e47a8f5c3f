#include "runtime/cli/plan_gpu.hpp"

#include "runtime/bench/bench.hpp"
#include "runtime/data/batch.hpp"
#include "runtime/session/failure.hpp"
#include "runtime/session/recorder.hpp"
#include "runtime/train/optimiser.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>
#include <unistd.h>

namespace antidrome::cli {
namespace {

using nlohmann::json;

std::filesystem::path launches_file() { return std::filesystem::temp_directory_path() / fmt::format("antidrome-launches-{}.json", getpid()); }

/// What the network did in the batch that was counted.
struct Activity {
  double spikes = 0;                       ///< of all populations, a sample
  double spiking_steps = 0;                ///< share of the first sample's steps that have a spike
};

json run(Session& session, std::uint32_t batch, int events, Activity& activity) {
  const Manifest& m = session.manifest();
  std::vector<std::uint32_t> sizes;
  for (const SourceInfo& s : m.sources) sizes.push_back(s.size);
  const SessionOptions& o = session.options();
  const bench::SyntheticData data(sizes, std::max(1u, m.scores()), events, o.steps * o.dt_ms, bench::Activity::throughout, batch);
  data::BatchBuilder builder(data, {.dt_ms = o.dt_ms, .steps = o.steps});
  data::EventBatch built;
  std::vector<std::size_t> order(batch);
  std::iota(order.begin(), order.end(), std::size_t{0});
  builder.build(order, 0, false, built);
  RecordRequest spikes;                    // in another run, since writing them down takes time as well
  for (const PopulationInfo& p : m.populations) {
    spikes.spikes.push_back(true);
    spikes.traces.emplace_back(p.states.size(), false);
    spikes.adjoints.emplace_back(p.states.size(), false);
  }
  const std::unique_ptr<Optimiser> optimiser = make_optimiser(TrainConfig{}, m, session.simulator());
  Pass pass{.training = true, .backward = !m.rule.empty()};
  if (pass.backward && std::any_of(m.parameters.begin(), m.parameters.end(), [](const ParameterInfo& p) { return p.trainable; })) {
    session.keep_moments(optimiser->kept());
    pass.update = &optimiser->next_step(1, batch);
  }
  std::set<double> times;
  for (const Recording::Population& p : record(session, built.samples(), 0, spikes, {.training = true, .backward = !m.rule.empty()}).populations) times.insert(p.time_ms.begin(), p.time_ms.end());
  activity.spiking_steps = double(times.size()) / o.steps;
  const BatchResult& result = session.run(built.samples(), pass);
  for (std::size_t k = 0; k < result.samples * m.neurons(); ++k) activity.spikes += result.spike_counts[k] / double(batch);
  std::ifstream in(launches_file());
  json report = json::parse(in, nullptr, false);
  if (!report.is_object()) fail(exit_internal, "AD416", {launches_file().string()}, "the interpreter left no counters of its launches", "please report it with the model file");
  session.keep_moments({});
  std::error_code ignored;
  std::filesystem::remove(launches_file(), ignored);
  return report;
}

/// Of each launch that is a chain of steps: what its last warps waited for.
void print_chains(const json& launches, double steps, int lines) {
  fmt::print("cycles of the chain, a step: what the warp that comes last to each barrier issues and waits for\n");
  for (const json& l : launches) {
    if (l.at("barriers") == 0) continue;
    std::vector<std::pair<double, std::string>> of;
    double all = 0;
    for (const auto& [name, cycles] : l.at("chain").items()) {
      of.emplace_back(double(cycles) / steps, name);
      all += double(cycles) / steps;
    }
    std::sort(of.rbegin(), of.rend());
    std::string text;
    for (const auto& [cycles, name] : of)
      if (cycles >= 0.01 * all) text += fmt::format("{}{} {:.1f}", text.empty() ? "" : ", ", name, cycles);
    fmt::print("  {:<28} {:>7.1f}: {}\n", l.at("kernel").get<std::string>(), all, text);
    std::vector<json> places(l.at("lines").begin(), l.at("lines").end());
    std::sort(places.begin(), places.end(), [](const json& a, const json& b) { return a.at("chain") > b.at("chain"); });
    for (int k = 0; k < lines && k < static_cast<int>(places.size()); ++k)
      fmt::print("    {:>7.1f} {:>7.1f} instructions  {:<14} {}:{}\n", double(places[static_cast<std::size_t>(k)].at("chain")) / steps, double(places[static_cast<std::size_t>(k)].at("instructions")) / steps,
                 places[static_cast<std::size_t>(k)].at("class").get<std::string>(), places[static_cast<std::size_t>(k)].at("file").get<std::string>(), places[static_cast<std::size_t>(k)].at("line").get<int>());
  }
}

}  // namespace

void count_launches(const std::string& gpu, const std::string& backend, std::string& device) {
  if (backend != "cuda") fail(exit_user, "AD416", {"plan"}, fmt::format("--device-model is about kernels for a GPU, not about the backend {}", backend), "antidrome plan --backend cuda --device-model " + gpu);
  device = "interpreted";
  setenv("ANTIDROME_GPU_MODEL", gpu.c_str(), 1);
  setenv("ANTIDROME_LAUNCHES", launches_file().c_str(), 1);
}

void print_gpu_time(Session& session, std::uint32_t batch, int events, int lines) {
  Activity activity;
  const json report = run(session, batch, events, activity);
  const double steps = double(batch) * session.options().steps, gap = report.at("launch_us");
  fmt::print("a model, not a measurement: a batch of {}, {} events a source and sample, {:.0f} spikes a sample (in {:.0f} % of the steps), on {}\n", batch, events, activity.spikes, 100 * activity.spiking_steps, report.at("title").get<std::string>());
  fmt::print("  {:<28} {:>7} {:>8} {:>12} {:>9} {:>11} {:>7} {:>10} {:>10} {:>9} {:>9}\n", "launch", "blocks", "threads", "instructions", "a step", "sectors", "L1", "barriers", "cycles us", "L2 us", "us");
  double total = 0, instructions = 0;
  for (const json& l : report.at("launches")) {
    const double counted = l.at("instructions"), sectors = l.at("sectors"), us = l.at("us");
    fmt::print("  {:<28} {:>7} {:>8} {:>12.0f} {:>9.1f} {:>11.0f} {:>6.0f}% {:>10} {:>10.1f} {:>9.1f} {:>9.1f}\n", l.at("kernel").get<std::string>(), l.at("blocks").get<int>(), l.at("threads").get<int>(), counted, counted / steps,
               sectors, sectors > 0 ? 100 * double(l.at("l1_hits")) / sectors : 0, l.at("barriers").get<std::uint64_t>(), double(l.at("cycles_us")), double(l.at("sectors_us")), us);
    total += us + gap;
    instructions += counted;
  }
  fmt::print("  {:<28} {:>7} {:>8} {:>12.0f} {:>9.1f} {:>54} {:>9.1f}\n", "together", "", "", instructions, instructions / steps, fmt::format("with {} us before each launch", gap), total);
  print_chains(report.at("launches"), steps, lines);
  fmt::print("instructions are those of PTX, by warps, a step of one sample; cycles by docs/ptx.md; L2: sectors that L1 did not have. The update of the parameters is the last three launches.\n");
}

}  // namespace antidrome::cli
