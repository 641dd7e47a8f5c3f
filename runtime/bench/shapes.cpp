// The shapes, and the one model file that they are options of.
#include "runtime/bench/bench.hpp"

#include <cmath>
#include <fmt/format.h>

namespace antidrome::bench {

const std::vector<Shape>& shapes() {
  static const std::vector<Shape> all = {
      {.name = "shd-256", .what = "one recurrent layer of LIF neurons, as for spoken digits"},
      {.name = "shd-512", .what = "twice as wide", .hidden = 512},
      {.name = "shd-1024", .what = "four times as wide", .hidden = 1024},
      {.name = "yinyang", .what = "five inputs, one layer, 300 steps", .inputs = 5, .hidden = 200, .outputs = 3, .recurrent = false, .length_ms = 30, .dt_ms = 0.1, .events = 5, .set = {{"mean", "1.9"}, {"sd", "1.5"}}},
      {.name = "mnist", .what = "images by latency, 20 steps", .inputs = 784, .hidden = 128, .outputs = 10, .recurrent = false, .length_ms = 20, .events = 150, .set = {{"mean", "0.08"}, {"sd", "0.1"}}},
      {.name = "two-layers", .what = "two recurrent layers, a delay of 5 ms on every projection", .layers = 2, .set = {{"delay", "5"}}},
      {.name = "own-delays", .what = "a delay for each recurrent synapse", .set = {{"delays", "own"}}},
      {.name = "learned-delays", .what = "a trained delay for each recurrent synapse", .set = {{"delays", "recurrent"}}},
      {.name = "all-learned-delays", .what = "a trained delay for each synapse", .set = {{"delays", "all"}}},
      {.name = "alif", .what = "adaptive thresholds that begin flat: the spikes of shd-256", .set = {{"neuron", "alif"}}},
      {.name = "adex", .what = "AdEx neurons", .set = {{"neuron", "adex"}}},
      {.name = "conductances", .what = "exponential conductances", .set = {{"neuron", "conductances"}}},
      {.name = "two-synapses", .what = "excitatory and inhibitory synapses with time constants of their own", .set = {{"neuron", "two_synapses"}}},
      {.name = "own-neuron", .what = "shd-256 with a neuron that a user wrote: the same equations under other names", .set = {{"neuron", "own"}}},
      {.name = "own-tau", .what = "a time constant for each neuron", .set = {{"tau", "own"}}},
      {.name = "trained-tau", .what = "a trained time constant for each neuron", .set = {{"tau", "trained"}}},
  };
  return all;
}

std::map<std::string, std::string> model_options(const Shape& s) {
  std::map<std::string, std::string> out = {{"inputs", std::to_string(s.inputs)}, {"hidden", std::to_string(s.hidden)}, {"layers", std::to_string(s.layers)}, {"outputs", std::to_string(s.outputs)}, {"recurrent", s.recurrent ? "1" : "0"}};
  out["spread"] = fmt::format("{:.6g}", 0.32 / std::sqrt(double(s.hidden)));   // of recurrent weights: the same sum over more of them
  out.insert(s.set.begin(), s.set.end());
  return out;
}

std::string model_text() {
  return "#include <antidrome/library.h>\n" R"model(// The networks of `antidrome bench`.
using namespace antidrome;

/// A LIF neuron with an excitatory and an inhibitory current.
struct TwoCurrents {
  param tau_mem = 20_ms, tau_exc = 5_ms, tau_inh = 10_ms, theta = 1;
  state v, exc, inh;
  void flow()  { d(v) = (exc - inh - v) / tau_mem;  d(exc) = -exc / tau_exc;  d(inh) = -inh / tau_inh; }
  bool fires() { return v >= theta; }
  void reset() { v = 0; }
};

/// The library's CubaLif, as a user may have written it.
struct OwnNeuron {
  param leak = 20_ms, decay = 5_ms, limit = 1, rest = 0;
  state drive, potential;
  void flow()  { d(drive) = -drive / decay;  d(potential) = (drive - potential) / leak; }
  bool fires() { return potential - limit >= 0; }
  void reset() { potential = rest; }
};

/// Layers of one kind of neuron: `scale` turns weights that suit a threshold of one into this neuron's units.
template <class Neuron, class Forward, class Recurrent>
void build(Network& net, Neuron neuron, Forward forward, Recurrent recurrent, real scale) {
  const auto delays = net.choice("delays", {"none", "own", "recurrent", "all"});
  const auto none = net.option("delay", 0.0) > 0 ? ConnectOptions{.delay = 1_ms * net.option("delay", 0.0)} : ConnectOptions{};
  const auto own = ConnectOptions{.delay = uniform(0_ms, 60_ms), .max_delay = 120_ms};
  const auto learned = ConnectOptions{.delay = trainable(uniform(0_ms, 60_ms)), .max_delay = 120_ms};
  const auto layer = [&](auto before, int k) {
    auto hidden = net.population(numbered("hidden", k), net.option("hidden", 256), neuron);
    forward.w = trainable(normal(net.option("mean", 0.02) * scale, net.option("sd", 0.055) * scale));
    recurrent.w = trainable(normal(0, net.option("spread", 0.02) * scale));
    net.connect(before, hidden, Dense{}, forward, delays == "all" ? learned : none);
    if (net.option("recurrent", 1)) net.connect(hidden, hidden, Dense{}, recurrent, delays == "none" ? none : delays == "own" ? own : learned);
    return hidden;
  };
  auto last = layer(net.source("input", net.option("inputs", 700)), 1);
  for (int k = 2; k <= net.option("layers", 1); ++k) last = layer(last, k);
  auto output = net.population("output", net.option("outputs", 20), CubaLeaky{});
  net.connect(last, output, Dense{}, Pulse{.w = trainable(normal(0, 0.03))}, none);
  net.loss(net.read(output, ExpWeighted{}), CrossEntropy{});
  net.learn(EventProp{});
}

void network(Network& net) {
  const auto neuron = net.choice("neuron", {"lif", "alif", "adex", "conductances", "two_synapses", "own"});
  const auto tau = net.choice("tau", {"shared", "own", "trained"});
  if (neuron == "alif") return build(net, CubaAlif{.b_jump = 0}, Pulse{}, Pulse{}, 1);
  if (neuron == "adex") return build(net, AdEx{}, ExpCurrent{}, ExpCurrent{}, 700);
  if (neuron == "conductances") return build(net, Lif{}, ExpConductance{.e_rev = 3}, ExpConductance{.e_rev = 3}, 0.4);
  if (neuron == "two_synapses") return build(net, TwoCurrents{}, PulseTo<&TwoCurrents::exc>{}, PulseTo<&TwoCurrents::inh>{}, 1);
  if (neuron == "own") return build(net, OwnNeuron{}, PulseTo<&OwnNeuron::drive>{}, PulseTo<&OwnNeuron::drive>{}, 1);
  if (tau == "own") return build(net, CubaLif{.tau_mem = per_neuron(normal(20_ms, 1_ms))}, Pulse{}, Pulse{}, 1);
  if (tau == "trained") return build(net, CubaLif{.tau_mem = trainable(per_neuron(normal(20_ms, 1_ms)))}, Pulse{}, Pulse{}, 1);
  build(net, CubaLif{}, Pulse{}, Pulse{}, 1);
}
)model";
}

}  // namespace antidrome::bench
