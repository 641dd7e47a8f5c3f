// The model of docs/tutorials/first-neuron-model.md: a neuron that holds itself back after each spike, on the Yin-Yang task.
#include <antidrome/library.h>
using namespace antidrome;

/// A LIF neuron with an afterhyperpolarisation: each spike adds `strength` to a slow current k that opposes the input.
struct AhpLif {
  param tau_mem = 20_ms, tau_syn = 5_ms, tau_k = 30_ms, theta = 1, strength = 0.2;
  state v, i, k;
  void flow() {
    d(v) = (i - k - v) / tau_mem;
    d(i) = -i / tau_syn;
    d(k) = -k / tau_k;
  }
  bool fires() { return v >= theta; }
  void reset() { v = 0;  k += strength; }
};

void network(Network& net) {
  const auto tau_k    = trainable(per_neuron(30_ms)).clamp(5_ms, 200_ms);
  const auto strength = trainable(0.2).clamp(0, 2);

  auto input  = net.source("input", 5);
  auto hidden = net.population("hidden", net.option("hidden", 100), AhpLif{.tau_k = tau_k, .strength = strength});
  auto output = net.population("output", 3, CubaLeaky{});

  net.connect(input, hidden, Dense{}, Pulse{.w = trainable(normal(1.5, 0.78))});
  net.connect(hidden, output, Dense{}, Pulse{.w = trainable(normal(0.2, 0.37))});

  net.loss(net.read(output, MeanVoltage{}), CrossEntropy{});
  net.learn(EventProp{});
}
