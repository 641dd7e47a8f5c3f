#include <random>
#include <stdexcept>

#include "backends/openmp/bench/bench.hpp"

namespace antidrome::bench {

using namespace ir;

namespace {

Value number(double x) {
  Value v;
  v.a = x;
  return v;
}

Value trainable_normal(double mean, double sd) {
  Value v;
  v.kind = Value::Kind::normal;
  v.a = mean;
  v.b = sd;
  v.trainable = true;
  return v;
}

void flow(Model& m, const char* target, const char* text) { m.hooks[Trigger::flow].effects.push_back({Effect::Kind::derivative, target, parse(text), {}}); }

/// Leaky integrate-and-fire with an exponential current; without a threshold it is a readout neuron.
Population neurons(const std::string& name, int size, bool fires) {
  Population p;
  p.name = name;
  p.size = size;
  p.model.name = fires ? "CubaLif" : "CubaLeaky";
  for (const char* s : {"v", "i"}) p.model.symbols.push_back({s, Role::state, 0, {}});
  for (const auto& [param, value] : {std::pair{"tau_mem", 20.0}, {"tau_syn", 5.0}, {"theta", 1.0}}) {
    p.model.symbols.push_back({param, Role::param, 0, {}});
    p.values[param] = number(value);
  }
  flow(p.model, "v", "(i - v) / tau_mem");
  flow(p.model, "i", "-i / tau_syn");
  if (fires) {
    p.model.hooks[Trigger::fires].result = parse("v >= theta");
    p.model.hooks[Trigger::reset].effects.push_back({Effect::Kind::assign, "v", parse("0"), {}});
  }
  return p;
}

Projection pulses(const std::string& pre, const std::string& post, Value w) {
  Projection p;
  p.name = pre + "_" + post;
  p.pre = pre;
  p.post = post;
  p.model.name = "Pulse";
  p.model.symbols.push_back({"w", Role::weight, 0, {}});
  p.model.hooks[Trigger::pre_spike].effects.push_back({Effect::Kind::assign, "post.i", parse("post.i + w"), {}});
  p.values["w"] = w;
  return p;
}

void add_loss(Network& n) {
  Readout r;
  r.name = "output_ExpWeighted";
  r.population = "output";
  r.model.name = "ExpWeighted";
  r.model.symbols.push_back({"s", Role::state, 0, {}});
  flow(r.model, "s", "exp(-time / trial) * neuron.v / trial");
  r.model.hooks[Trigger::score].result = parse("s");
  n.readouts.push_back(r);
  Loss l;
  l.name = l.model.name = "CrossEntropy";
  l.readout = r.name;
  l.model.hooks[Trigger::loss].result = parse("log(sum(exp(out.s - maxof(out.s)))) + maxof(out.s) - at_label(out.s)");
  n.losses.push_back(l);
}

}  // namespace

Workload workload(const Options& o) {
  Workload w;
  Network& n = w.network;
  n.model_file = "bench " + o.shape;
  const bool shd = o.shape == "shd";
  if (!shd && o.shape != "yinyang") throw std::invalid_argument("unknown shape '" + o.shape + "': shd or yinyang");
  if (!shd) w = {n, 0.1, 300, 5, 5};
  Population input;
  input.name = "input";
  input.size = w.inputs;
  input.source = true;
  n.populations = {input, neurons("hidden", o.hidden, true), neurons("output", shd ? 20 : 3, false)};
  n.projections.push_back(pulses("input", "hidden", shd ? trainable_normal(0.02, 0.055) : trainable_normal(1.9, 1.5)));
  if (shd && o.recurrent) n.projections.push_back(pulses("hidden", "hidden", trainable_normal(0, 0.02)));
  n.projections.push_back(pulses("hidden", "output", trainable_normal(0, 0.03)));
  add_loss(n);
  return w;
}

std::vector<Events> synthetic_events(const Workload& w, const Options& o) {
  std::mt19937 g(3);
  std::vector<Events> samples;
  for (int k = 0; k < o.batch; ++k) {
    Events e;
    std::vector<std::vector<std::uint16_t>> by_unit(static_cast<std::size_t>(w.inputs));
    std::vector<std::vector<std::uint16_t>> by_step(static_cast<std::size_t>(w.steps));
    for (int q = 0; q < w.events; ++q) {                           // in the first seven tenths of the trial, like spoken digits
      const auto step = g() % static_cast<unsigned>(0.7 * w.steps);
      const auto unit = w.events == w.inputs ? static_cast<unsigned>(q) : g() % static_cast<unsigned>(w.inputs);
      by_step[step].push_back(static_cast<std::uint16_t>(unit));
    }
    for (std::size_t t = 0; t < by_step.size(); ++t) {
      e.step_begin.push_back(static_cast<std::uint32_t>(e.unit.size()));
      for (std::uint16_t u : by_step[t]) {
        e.unit.push_back(u);
        by_unit[u].push_back(static_cast<std::uint16_t>(t));
      }
    }
    e.step_begin.push_back(static_cast<std::uint32_t>(e.unit.size()));
    for (const auto& list : by_unit) {
      e.unit_begin.push_back(static_cast<std::uint32_t>(e.step.size()));
      e.step.insert(e.step.end(), list.begin(), list.end());
    }
    e.unit_begin.push_back(static_cast<std::uint32_t>(e.step.size()));
    samples.push_back(std::move(e));
  }
  return samples;
}

}  // namespace antidrome::bench
