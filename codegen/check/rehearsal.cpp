#include "codegen/check/rehearsal.hpp"
#include "codegen/check/in_parallel.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "codegen/passes/adjoint.hpp"

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

/// Multiplies the weights into a cell. Upwards only what drives it from outside: more recurrence may silence it.
void scale_weights(const Program& program, reference::Parameters& parameters, const std::string& cell, double by) {
  for (const Edge& e : program.edges) {
    if (e.post != cell || (by > 1 && e.pre == e.post)) continue;
    for (const Gather& g : e.gathers)
      for (std::size_t p = 0; p < program.parameters.size(); ++p)
        if (program.parameters[p].name == g.weight)
          for (double& w : parameters[p]) w *= by;
  }
}

/// Scales the weights until neurons fire one to five times each; cells nearer to the input settle first. Keeps the best level seen.
void settle(const reference::Interpreter& interpreter, const reference::Settings& given, Rehearsal& r) {
  constexpr double few = 1.2, many = 5, most_growth = 3e4;
  const Program& program = interpreter.program();
  reference::Settings settings = given;
  settings.backward = false;
  reference::Parameters best;
  double best_distance = std::numeric_limits<double>::infinity(), growth = 1;
  for (int round = 0; round < 50 && growth < most_growth; ++round) {
    const reference::Result result = interpreter.run(r.sample, r.parameters, settings);
    if (!std::isfinite(result.loss) || result.not_finite.seen) {      // firing without end
      if (!best.empty()) break;
      for (const Cell& c : program.cells) scale_weights(program, r.parameters, c.name, 0.5);
      continue;
    }
    const std::vector<double> level = rates(program, result);
    double distance = 0, sum = 0, cells = 0;
    for (double x : level) {
      if (x < 0) continue;
      distance += x < few ? few - x : x > many ? (x - many) / many : 0;
      sum += x;
      ++cells;
    }
    if (distance < best_distance) {
      best = r.parameters;
      best_distance = distance;
      r.spikes_per_neuron = cells > 0 ? sum / cells : 0;
    }
    if (distance == 0) break;
    bool grows = false;
    for (std::size_t c = 0; c < program.cells.size(); ++c) {
      if (level[c] < 0 || (level[c] >= few && level[c] <= many)) continue;
      grows = grows || level[c] < few;
      scale_weights(program, r.parameters, program.cells[c].name, level[c] < few ? 1.3 : 0.85);
    }
    if (grows) growth *= 1.3;
  }
  if (!best.empty()) r.parameters = std::move(best);
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

Network without_user_gradients(const Network& network) {
  Network n = network;
  auto strip = [](Model& m) {
    for (auto& [trigger, hook] : m.hooks) {
      for (Effect& e : hook.effects) e.value = passes::without_stops(e.value);
      if (hook.result.defined()) hook.result = passes::without_stops(hook.result);
    }
  };
  for (Population& p : n.populations) strip(p.model);
  for (Projection& p : n.projections) strip(p.model);
  for (Readout& r : n.readouts) strip(r.model);
  for (ir::Loss& l : n.losses) strip(l.model);
  return n;
}

Rehearsal rehearse(const reference::Interpreter& interpreter, const reference::Settings& settings, const RehearsalOptions& options) {
  std::vector<Rehearsal> drawn(static_cast<std::size_t>(options.draws));
  in_parallel(drawn.size(), [&](std::size_t k) {
    RehearsalOptions o = options;
    o.seed = options.seed * 1000 + k;
    drawn[k] = one_rehearsal(interpreter, settings, o);
    drawn[k].sensitivity = sensitivity(interpreter, drawn[k], settings);
  });
  return *std::min_element(drawn.begin(), drawn.end(), [](const Rehearsal& a, const Rehearsal& b) { return a.sensitivity < b.sensitivity; });
}

namespace {

/// Draws are constants of the gradient; here they have the value at which a dropout with p < 1/2 lets spikes pass and noise is still.
void without_draws(Model& m) {
  const auto still = [](Expr e) {
    Bindings draws;
    for (const std::string& name : free_symbols(e))
      if (is_draw(name)) draws.emplace(symbol(name), Expr(name.starts_with("draw_uniform") ? 0.5 : 0.0));
    return substitute(e, draws);
  };
  for (auto& [trigger, hook] : m.hooks) {
    for (Effect& e : hook.effects) e.value = still(e.value);
    if (hook.result.defined()) hook.result = still(hook.result);
  }
}

/// The least and the largest that a value is likely to have.
std::pair<double, double> range(const Value& v) {
  switch (v.kind) {
    case Value::Kind::number: return {v.a, v.a};
    case Value::Kind::uniform: return {v.a, v.b};
    case Value::Kind::normal: return {v.a - 2 * v.b, v.a + 2 * v.b};
    case Value::Kind::gamma: return {0, 2 * v.a * v.b};
    case Value::Kind::values: break;
  }
  const auto [least, largest] = std::minmax_element(v.values.begin(), v.values.end());
  return v.values.empty() ? std::pair{0.0, 0.0} : std::pair{*least, *largest};
}

/// Delays in the proportions of the given ones that a short trial has room for. None is zero, where a difference would look at arrivals
/// before their spike, and no two of a projection are equal.
Value short_delay(const Value& given, double trial_ms) {
  const auto [least, largest] = range(given);
  const double longest = largest > 0 ? std::min(largest, 0.2 * trial_ms) : 0.1 * trial_ms, ratio = largest > 0 ? std::clamp(least / largest, 0.05, 0.5) : 0.05;
  Value v = given;
  v.kind = Value::Kind::uniform;
  v.a = ratio * longest;
  v.b = longest;
  v.values.clear();
  v.low = v.high = std::nullopt;
  v.trainable = true;
  return v;
}

}  // namespace

Network shrink(const Network& network, const RehearsalOptions& o) {
  Network n = network;
  for (Population& p : n.populations) {
    p.size = std::min(p.size, p.source ? o.source_units : o.neurons);
    all_trainable(p.values);
    without_draws(p.model);
  }
  for (Projection& p : n.projections) {
    all_trainable(p.values);
    if (p.delay) p.delay = short_delay(*p.delay, o.trial_ms);
    p.delay_steps.reset();                                     // whole steps are no parameter
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
  settle(interpreter, given, r);
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
