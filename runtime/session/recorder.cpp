#include "runtime/session/recorder.hpp"

#include "runtime/session/failure.hpp"
#include "runtime/session/suggest.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace antidrome {

std::string adjoint_name(const std::string& state) {
  const std::size_t dot = state.rfind('.'), at = dot == std::string::npos ? 0 : dot + 1;
  return state.substr(0, at) + "lambda_" + state.substr(at);
}

bool RecordRequest::any_adjoint() const {
  return std::any_of(adjoints.begin(), adjoints.end(), [](const std::vector<bool>& list) { return std::find(list.begin(), list.end(), true) != list.end(); });
}

RecordRequest record_request(const Manifest& m, const std::vector<std::string>& names, const std::function<Location(const std::string&)>& at) {
  RecordRequest request;
  std::vector<std::string> known = {"all", "adjoints"};
  for (const PopulationInfo& p : m.populations) {
    request.spikes.push_back(false);
    request.traces.emplace_back(p.states.size(), false);
    request.adjoints.emplace_back(p.states.size(), false);
    known.push_back(p.name);
    if (p.fires) known.push_back(p.name + ".spikes");
    for (const std::string& state : p.states) known.push_back(p.name + "." + state), known.push_back(p.name + "." + adjoint_name(state));
  }
  for (const std::string& name : names) {
    bool found = false;
    for (std::size_t k = 0; k < m.populations.size(); ++k) {
      const PopulationInfo& p = m.populations[k];
      const bool everything = name == "all" || name == p.name;
      if (p.fires && (everything || name == p.name + ".spikes")) request.spikes[k] = found = true;
      for (std::size_t s = 0; s < p.states.size(); ++s) {
        if (everything || name == p.name + "." + p.states[s]) request.traces[k][s] = found = true;
        if (name == "adjoints" || name == p.name + "." + adjoint_name(p.states[s])) request.adjoints[k][s] = found = true;
      }
    }
    if (request.any_adjoint() && (m.exact() || m.rule.empty()))
      fail(exit_user, "AD413", at(name), fmt::format("'{}' cannot be recorded: {}", name, m.exact() ? "adjoints are recorded in grid mode only" : "the model does not learn, so it has no adjoints"),
           m.exact() ? "[model] mode = \"grid\"" : "add net.loss(…) and net.learn(EventProp{}) to its network()");
    if (!found) fail(exit_user, "AD413", at(name), fmt::format("the model has nothing called '{}' to record", name), did_you_mean(name, known));
  }
  return request;
}

std::uint64_t record_bytes(const Manifest& m, const RecordRequest& request, std::uint32_t steps) {
  std::uint64_t bytes = 0;
  for (std::size_t k = 0; k < m.populations.size(); ++k)
    bytes += static_cast<std::uint64_t>(std::count(request.traces[k].begin(), request.traces[k].end(), true) + std::count(request.adjoints[k].begin(), request.adjoints[k].end(), true)) * steps * m.populations[k].size * sizeof(float);
  return bytes;
}

Recording record(Session& session, std::span<const antidrome_sample> batch, std::size_t slot, const RecordRequest& request, const Pass& wanted) {
  const Manifest& m = session.manifest();
  const std::uint32_t steps = session.options().steps;
  const std::size_t n = m.populations.size();
  Recording out;
  out.populations.resize(n);
  std::uint32_t capacity = 1024;
  std::vector<std::uint32_t> counts(n, 0);
  for (;;) {
    std::vector<std::uint32_t*> units(n, nullptr);
    std::vector<double*> times(n, nullptr);
    std::vector<float*> traces, adjoints;
    for (std::size_t k = 0; k < n; ++k) {
      Recording::Population& p = out.populations[k];
      if (request.spikes[k]) {
        p.unit.assign(capacity, 0), p.time_ms.assign(capacity, 0);
        units[k] = p.unit.data(), times[k] = p.time_ms.data();
      }
      const auto rooms = [&](std::vector<std::vector<float>>& rows, const std::vector<bool>& wanted_rows, std::vector<float*>& pointers) {
        rows.resize(wanted_rows.size());
        for (std::size_t s = 0; s < rows.size(); ++s) {
          if (wanted_rows[s]) rows[s].assign(std::size_t{steps} * m.populations[k].size, 0);
          pointers.push_back(wanted_rows[s] ? rows[s].data() : nullptr);
        }
      };
      rooms(p.traces, request.traces[k], traces);
      rooms(p.adjoints, request.adjoints[k], adjoints);
    }
    std::fill(counts.begin(), counts.end(), 0);
    antidrome_record record{};
    record.sample = static_cast<std::uint32_t>(slot);
    record.spike_capacity = capacity;
    record.spike_unit = units.data();
    record.spike_time_ms = times.data();
    record.spike_count = counts.data();
    record.trace = traces.data();
    record.adjoint = request.any_adjoint() ? adjoints.data() : nullptr;
    Pass pass = wanted;
    pass.record = &record;
    pass.backward = pass.backward || request.any_adjoint();
    const BatchResult& result = session.run(batch, pass);
    out.label = batch[slot].label;
    out.prediction = result.prediction[slot];
    out.loss = result.loss[slot];
    const auto scores = static_cast<std::ptrdiff_t>(m.scores()), first = static_cast<std::ptrdiff_t>(slot) * scores;
    out.scores.assign(result.scores.begin() + first, result.scores.begin() + first + scores);
    const std::uint32_t most = *std::max_element(counts.begin(), counts.end());
    if (most <= capacity) break;
    capacity = most;  // the counts are complete even where the room was not
  }
  for (std::size_t k = 0; k < n; ++k)
    if (request.spikes[k]) out.populations[k].unit.resize(counts[k]), out.populations[k].time_ms.resize(counts[k]);
  return out;
}

}  // namespace antidrome
