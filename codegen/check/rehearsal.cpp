#include "codegen/check/rehearsal.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

namespace antidrome::check {
namespace {

using namespace ir;

void all_trainable(Values& values) {
  for (auto& [name, v] : values) {
    v.trainable = true;
    if (v.kind == Value::Kind::values) {                       // sized for the whole network: its mean stands for it
      v.a = v.values.empty() ? 0 : std::accumulate(v.values.begin(), v.values.end(), 0.0) / static_cast<double>(v.values.size());
      v.kind = Value::Kind::number;
      v.values.clear();
    }
  }
}

double drawn(const Value& v, std::mt19937_64& random) {
  switch (v.kind) {
    case Value::Kind::uniform: return std::uniform_real_distribution<double>(v.a, v.b)(random);
    case Value::Kind::normal: return std::normal_distribution<double>(v.a, v.b)(random);
    case Value::Kind::gamma: return std::gamma_distribution<double>(v.a, v.b)(random);
    case Value::Kind::number:
    case Value::Kind::values: return v.a;
  }
  return v.a;
}

bool is_weight(const Program& program, const std::string& name) {
  for (const Edge& e : program.edges)
    for (const Gather& g : e.gathers)
      if (g.weight == name) return true;
  return false;
}

reference::Parameters draw_parameters(const Program& program, std::mt19937_64& random) {
  std::uniform_real_distribution<double> spread(0.8, 1.2);
  reference::Parameters all;
  for (const Parameter& p : program.parameters) {
    std::vector<double> numbers(static_cast<std::size_t>(p.rows) * static_cast<std::size_t>(p.cols));
    for (double& x : numbers) {
      x = drawn(p.value, random);
      if (numbers.size() > 1 && p.value.kind == Value::Kind::number) x *= spread(random);
      if (x == 0 && is_weight(program, p.name)) x = 0.5 * spread(random);
      if (p.value.low) x = std::max(x, *p.value.low);
      if (p.value.high) x = std::min(x, *p.value.high);
    }
    all.push_back(std::move(numbers));
  }
  return all;
}

reference::Events draw_events(int units, const RehearsalOptions& o, std::mt19937_64& random) {
  std::vector<std::pair<double, std::uint32_t>> list;
  std::uniform_real_distribution<double> time(0.01 * o.trial_ms, 0.85 * o.trial_ms);
  for (int u = 0; u < units; ++u)
    for (int k = 0; k < o.events_per_unit; ++k) list.emplace_back(time(random), static_cast<std::uint32_t>(u));
  std::sort(list.begin(), list.end());
  reference::Events e;
  for (const auto& [t, u] : list) {
    e.time_ms.push_back(t);
    e.unit.push_back(u);
  }
  return e;
}

/// Spikes per neuron of each cell; -1 where it never fires.
std::vector<double> rates(const Program& program, const reference::Result& r) {
  std::vector<double> all;
  for (std::size_t c = 0; c < program.cells.size(); ++c)
    all.push_back(program.cells[c].threshold.defined() ? static_cast<double>(r.spikes[c].size()) / program.cells[c].size : -1);
  return all;
}

double length(const reference::Parameters& all) {
  double sum = 0;
  for (const auto& list : all)
    for (double x : list) sum += x * x;
  return std::sqrt(sum);
}

double sensitivity(const reference::Interpreter& interpreter, const Rehearsal& r, reference::Settings settings) {
  settings.backward = true;
  reference::Parameters moved = r.parameters;
  for (auto& list : moved)
    for (double& x : list) x *= 1.001;
  const reference::Parameters g = interpreter.run(r.sample, r.parameters, settings).gradients;
  reference::Parameters difference = interpreter.run(r.sample, moved, settings).gradients;
  for (std::size_t p = 0; p < g.size(); ++p)
    for (std::size_t k = 0; k < g[p].size(); ++k) difference[p][k] -= g[p][k];
  const double change = length(difference) / std::max(length(g), 1e-300);
  return std::isfinite(change) ? change : std::numeric_limits<double>::max();
}

Rehearsal one_rehearsal(const reference::Interpreter&, const reference::Settings&, const RehearsalOptions&);

}  // namespace

Rehearsal rehearse(const reference::Interpreter& interpreter, const reference::Settings& settings, const RehearsalOptions& options) {
  Rehearsal best;
  for (int k = 0; k < options.draws; ++k) {
    RehearsalOptions o = options;
    o.seed = options.seed * 1000 + static_cast<std::uint64_t>(k);
    Rehearsal r = one_rehearsal(interpreter, settings, o);
    r.sensitivity = sensitivity(interpreter, r, settings);
    if (k == 0 || r.sensitivity < best.sensitivity) best = std::move(r);
  }
  return best;
}

Network shrink(const Network& network, const RehearsalOptions& o) {
  Network n = network;
  for (Population& p : n.populations) {
    p.size = std::min(p.size, p.source ? o.source_units : o.neurons);
    all_trainable(p.values);
  }
  for (Projection& p : n.projections) {
    all_trainable(p.values);
    p.delay_steps.reset();                                     // exact mode has none yet, and what is checked here are the equations
  }
  for (Readout& r : n.readouts) all_trainable(r.values);
  for (ir::Loss& l : n.losses) all_trainable(l.values);
  return n;
}

namespace {

Rehearsal one_rehearsal(const reference::Interpreter& interpreter, const reference::Settings& given, const RehearsalOptions& o) {
  const Program& program = interpreter.program();
  std::mt19937_64 random(o.seed);
  Rehearsal r;
  r.parameters = draw_parameters(program, random);
  for (const Cell& c : program.cells)
    if (c.source) r.sample.sources.push_back(draw_events(c.size, o, random));
  r.sample.label = 1;
  for (const ProgramLoss& l : program.losses)
    if (program.cell(l.cell)->size < 2) r.sample.label = 0;
  reference::Settings settings = given;
  settings.backward = false;
  for (int round = 0; round < 60; ++round) {                   // cells nearer to the input settle first, the others follow
    const std::vector<double> level = rates(program, interpreter.run(r.sample, r.parameters, settings));
    bool settled = true;
    for (std::size_t c = 0; c < program.cells.size(); ++c) {
      const double by = level[c] < 0 ? 1 : level[c] < 1.2 ? 1.3 : level[c] > 5 ? 0.85 : 1;
      if (by == 1) continue;
      settled = false;
      for (const Edge& e : program.edges)
        for (const Gather& g : e.gathers)
          for (std::size_t p = 0; p < program.parameters.size(); ++p)
            if (e.post == program.cells[c].name && program.parameters[p].name == g.weight)
              for (double& w : r.parameters[p]) w *= by;
    }
    double sum = 0, cells = 0;
    for (double x : level)
      if (x >= 0) { sum += x; ++cells; }
    r.spikes_per_neuron = cells > 0 ? sum / cells : 0;
    if (settled) break;
  }
  return r;
}

}  // namespace

std::vector<std::pair<std::size_t, std::uint32_t>> spike_order(const reference::Result& r) {
  std::vector<std::tuple<double, std::size_t, std::uint32_t>> timed;
  for (std::size_t c = 0; c < r.spikes.size(); ++c)
    for (const reference::Spike& s : r.spikes[c]) timed.emplace_back(s.time_ms, c, s.unit);
  std::sort(timed.begin(), timed.end());
  std::vector<std::pair<std::size_t, std::uint32_t>> order;
  for (const auto& [time, cell, unit] : timed) order.emplace_back(cell, unit);
  return order;
}

}  // namespace antidrome::check
