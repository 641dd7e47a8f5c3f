// Two inputs fire in either order. All weights are fixed: four hidden neurons tell the order by their learned time constants alone.
#include <antidrome/library.h>
using namespace antidrome;

void network(Network& net) {
  // A slower membrane comes later to its threshold, and at 10 ms only just: with tau_mem = 2 tau_syn the peak is a fourth of the weight.
  const auto tau_mem = trainable(per_neuron(uniform(6_ms, 9_ms))).clamp(6_ms, 9.5_ms);
  const auto listen  = host([](Array w) { for (int neuron = 0; neuron < 4; ++neuron) w(neuron % 2, neuron) = 4; });   // to one input each
  const auto report  = host([](Array w) { for (int neuron = 0; neuron < 4; ++neuron) w(neuron, neuron / 2) = 4; });   // each output hears both

  auto input  = net.source("input", 2);
  auto hidden = net.population("hidden", 4, CubaLif{.tau_mem = tau_mem, .tau_syn = 5_ms});
  auto output = net.population("output", 2, CubaLeaky{.tau_mem = 10_ms, .tau_syn = 5_ms});
  net.connect(input, hidden, Dense{}, Pulse{.w = listen});
  net.connect(hidden, output, Dense{}, Pulse{.w = report});
  net.loss(net.read(output, MaxVoltage{}), CrossEntropy{});
  net.learn(EventProp{});
}
