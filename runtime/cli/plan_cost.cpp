#include "runtime/cli/plan_cost.hpp"

#include "runtime/bench/bench.hpp"
#include "runtime/data/batch.hpp"
#include "runtime/session/failure.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

namespace antidrome::cli {
namespace {

using nlohmann::json;

/// One row of cost.json, times how often it happens in a batch: bytes by the cache they come from.
struct Row {
  std::string pass, kernel;
  double times = 0, l1 = 0, l2 = 0, l3 = 0, flops = 0, ms = 0;
};

/// What happened in the batch that was measured.
struct Happened {
  double batch = 0, steps = 0, ms[3] = {1e300, 1e300, 1e300};
  std::map<std::string, double> spikes;    ///< by population or source
};

Happened run(Session& session, std::uint32_t batch, int events) {
  const Manifest& m = session.manifest();
  std::vector<std::uint32_t> sizes;
  for (const SourceInfo& s : m.sources) sizes.push_back(s.size);
  const std::uint32_t classes = std::max(1u, m.scores());
  const SessionOptions& o = session.options();
  const bench::SyntheticData data(sizes, classes, events, o.steps * o.dt_ms, bench::Activity::uniform, batch);
  data::BatchBuilder builder(data, {.dt_ms = o.dt_ms, .steps = o.steps});
  data::EventBatch built;
  std::vector<std::size_t> order(batch);
  std::iota(order.begin(), order.end(), std::size_t{0});
  builder.build(order, 0, false, built);
  Happened h;
  h.batch = batch;
  h.steps = o.steps;
  const BatchResult* result = nullptr;
  for (int k = 0; k < 6; ++k) {
    const double before[3] = {session.times_s()[0], session.times_s()[1], session.times_s()[2]};
    result = &session.run(built.samples(), {.training = true, .backward = !m.rule.empty()});
    for (int p = 0; p < 3 && k > 0; ++p) h.ms[p] = std::min(h.ms[p], 1e3 * (session.times_s()[p] - before[p]));
  }
  for (const SourceInfo& s : m.sources) h.spikes[s.name] = double(built.events()) / double(m.sources.size());
  std::size_t first = 0;
  for (const PopulationInfo& p : m.populations) {
    for (std::size_t k = 0; k < result->samples; ++k)
      for (std::size_t j = 0; j < p.size; ++j) h.spikes[p.name] += result->spike_counts[k * m.neurons() + first + j];
    first += p.size;
  }
  return h;
}

std::vector<Row> rows_of(const Manifest& m, const Happened& h, const bench::Roofline& roofline) {
  std::ifstream in(m.directory / "cost.json");
  const json list = json::parse(in, nullptr, false);
  std::map<std::string, double> size;
  for (const SourceInfo& s : m.sources) size[s.name] = s.size;
  for (const PopulationInfo& p : m.populations) size[p.name] = p.size;
  const double real = m.precision == "double" ? 8 : 4, half = m.precision == "mixed" ? 2 : real;
  double weights = 0;
  for (const ParameterInfo& p : m.parameters) weights += p.axes == "source target" ? double(p.elements()) * half : 0;
  std::vector<Row> out;
  for (const json& c : list.is_array() ? list : json::array()) {
    Row r{c.at("pass"), c.at("kernel")};
    const std::string cell = c.at("cell"), per = c.at("per");
    r.times = per == "sample" ? h.batch : per == "spike" ? h.spikes.at(cell) : h.batch * h.steps * size.at(cell);
    const auto move = [&](double bytes, double working_set) { (working_set <= double(roofline.l1_bytes) ? r.l1 : working_set <= double(roofline.l2_bytes) ? r.l2 : r.l3) += r.times * bytes; };
    move(c.at("near"), 0);
    move(c.at("rows"), weights);
    move(c.at("history"), std::min(128.0, size.at(cell)) * h.steps * half);
    move(c.at("tape"), double(c.at("tape")) > 0 && per == "neuron_step" ? h.steps * size.at(cell) * double(c.at("tape")) : 0);
    move(c.at("part"), weights * real / half);
    r.flops = r.times * double(c.at("flops"));
    r.ms = 1e-6 * std::max(r.l1 / roofline.l1 + r.l2 / roofline.l2 + r.l3 / roofline.l3, r.flops / roofline.gflops);
    out.push_back(r);
  }
  return out;
}

}  // namespace

void print_cost(Session& session, std::uint32_t batch, int events) {
  const Manifest& m = session.manifest();
  if (m.backend != "openmp" || m.exact()) fail(exit_user, "AD416", {m.directory.string()}, fmt::format("the cost of kernels is known for the backend openmp in grid mode, not for {} in {} mode", m.backend, m.mode), "plan --cost without --backend and --mode");
  const bench::Roofline roofline = bench::measure_roofline();
  const Happened h = run(session, batch, events);
  fmt::print("cost of a batch of {} with {} events a source and sample; this core: {:.0f}, {:.0f}, {:.0f} GB/s from its caches, {:.0f} Gflop/s\n", batch, events, roofline.l1, roofline.l2, roofline.l3, roofline.gflops);
  fmt::print("  {:<9} {:<52} {:>11} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}\n", "pass", "kernel", "times", "L1 MB", "L2 MB", "L3 MB", "Mflop", "bound ms", "measured");
  const std::vector<Row> rows = rows_of(m, h, roofline);
  const char* const passes[] = {"forward", "adjoint", "gradient"};
  for (int p = 0; p < 3; ++p) {
    Row sum{passes[p], "together"};
    for (const Row& r : rows) {
      if (r.pass != passes[p]) continue;
      fmt::print("  {:<9} {:<52.52} {:>11.0f} {:>9.2f} {:>9.2f} {:>9.2f} {:>9.2f} {:>9.3f}\n", r.pass, r.kernel, r.times, 1e-6 * r.l1, 1e-6 * r.l2, 1e-6 * r.l3, 1e-6 * r.flops, r.ms);
      sum.l1 += r.l1, sum.l2 += r.l2, sum.l3 += r.l3, sum.flops += r.flops, sum.ms += r.ms;
    }
    if (sum.ms > 0) fmt::print("  {:<9} {:<52} {:>11} {:>9.2f} {:>9.2f} {:>9.2f} {:>9.2f} {:>9.3f} {:>9.3f}\n", sum.pass, sum.kernel, "", 1e-6 * sum.l1, 1e-6 * sum.l2, 1e-6 * sum.l3, 1e-6 * sum.flops, sum.ms, h.ms[p]);
  }
}

}  // namespace antidrome::cli
