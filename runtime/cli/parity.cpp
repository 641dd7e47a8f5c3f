#include "runtime/cli/parity.hpp"

#include "runtime/session/draws.hpp"
#include "runtime/session/failure.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numeric>

namespace antidrome {
namespace {

constexpr std::uint32_t purpose_events = 1;  // a draw site of this check

/// Random events of one source of one sample, in both orders of the ABI.
struct RandomSource {
  std::vector<std::uint32_t> step_begin, unit_begin;
  std::vector<std::uint16_t> unit, step;
  std::vector<double> time_ms;

  RandomSource(std::uint32_t units, std::uint32_t sample, const ParityOptions& o) : step_begin(o.steps + 1, 0), unit_begin(units + 1, 0) {
    const double probability = std::min(1.0, o.events_per_unit / o.steps);
    struct Event { std::uint32_t step, unit; double time; };
    std::vector<Event> events;
    for (std::uint32_t u = 0; u < units; ++u) {
      Draws draws(o.seed, purpose_events + sample, u);
      for (std::uint32_t n = 0; n < o.steps; ++n)
        if (draws.uniform() < probability) events.push_back({n, u, (n + draws.uniform()) * o.dt_ms});
    }
    for (const Event& e : events) step.push_back(static_cast<std::uint16_t>(e.step)), ++unit_begin[e.unit + 1];
    std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) { return a.time < b.time; });
    for (const Event& e : events) unit.push_back(static_cast<std::uint16_t>(e.unit)), time_ms.push_back(e.time), ++step_begin[e.step + 1];
    std::partial_sum(step_begin.begin(), step_begin.end(), step_begin.begin());
    std::partial_sum(unit_begin.begin(), unit_begin.end(), unit_begin.begin());
  }
  antidrome_events view() const { return {step_begin.data(), unit.data(), time_ms.data(), unit_begin.data(), step.data()}; }
};

struct RandomBatch {
  std::vector<std::unique_ptr<RandomSource>> sources;
  std::vector<std::vector<antidrome_events>> views;
  std::vector<antidrome_sample> samples;

  RandomBatch(const Manifest& m, const ParityOptions& o) {
    for (std::uint32_t k = 0; k < o.batch; ++k) {
      std::vector<antidrome_events> events;
      for (std::uint32_t s = 0; s < m.sources.size(); ++s) {
        sources.push_back(std::make_unique<RandomSource>(m.sources[s].size, k * static_cast<std::uint32_t>(m.sources.size()) + s, o));
        events.push_back(sources.back()->view());
      }
      views.push_back(std::move(events));
    }
    const std::int32_t classes = static_cast<std::int32_t>(std::max(1u, m.scores()));
    for (std::uint32_t k = 0; k < o.batch; ++k) samples.push_back({views[k].data(), k, static_cast<std::int32_t>(k) % classes});
  }
};

double largest(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0, [](double m, double x) { return std::max(m, std::fabs(x)); });
}

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  double out = 0;
  for (std::size_t k = 0; k < a.size(); ++k) out = std::isfinite(a[k] - b[k]) ? std::max(out, std::fabs(a[k] - b[k])) : std::numeric_limits<double>::infinity();
  return out;
}

}  // namespace

ParityReport compare_backends(const Manifest& first, const Manifest& second, const ParityOptions& o) {
  if (first.fingerprint != second.fingerprint || first.parameters.size() != second.parameters.size())
    fail(exit_internal, "AD423", {second.directory.string()}, "the two builds are not of the same network", "please report it with the model");
  const RandomBatch batch(first, o);
  const SessionOptions options{.dt_ms = o.dt_ms, .steps = o.steps, .threads = o.threads, .chunks = 4, .seed = o.seed};
  Session a(first, options), b(second, options);
  for (Session* s : {&a, &b}) initialise(s->parameters(), s->manifest(), o.seed);
  const Pass pass{.backward = !first.losses.empty() && !first.rule.empty()};
  const BatchResult ra = a.run(batch.samples, pass), rb = b.run(batch.samples, pass);

  ParityReport report;
  // Both compute in double and differ in the order of sums alone. A gradient entry is a sum of some 10^5 products, each of a
  // history of as many roundings: 1e-16 sqrt(1e5) 1e3 for cancellation stays below 1e-10 of the largest entry; ten times that is a bug.
  report.tolerance = 1e-9;
  for (std::size_t k = 0; k < ra.spike_counts.size(); ++k) {
    report.spikes_first += ra.spike_counts[k];
    report.spikes_second += rb.spike_counts[k];
    if (ra.spike_counts[k] != rb.spike_counts[k]) ++report.spike_counts_differ;
  }
  report.loss_difference = largest_difference(ra.loss, rb.loss) / std::max(largest(ra.loss), 1e-300);
  report.agrees = ra.code == rb.code && report.spike_counts_differ == 0 && report.loss_difference <= report.tolerance;
  for (std::size_t k = 0; pass.backward && k < first.parameters.size(); ++k) {
    if (!first.parameters[k].trainable) continue;
    const std::vector<double> ga = a.gradients().values(k), gb = b.gradients().values(k);
    ParityReport::Row row{first.parameters[k].name, largest(ga), largest_difference(ga, gb), true};
    row.agrees = row.difference <= report.tolerance * row.largest;
    report.agrees = report.agrees && row.agrees;
    report.gradients.push_back(row);
  }
  return report;
}

}  // namespace antidrome
