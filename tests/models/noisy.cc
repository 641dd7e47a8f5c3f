// Hidden spikes are dropped and membranes are noisy in training, a regulariser reads the whole batch, and parameters of every axis are trained: what must
// not depend on threads, on processes, on batches' slots or on an interruption.
#include <antidrome/library.h>
using namespace antidrome;

void network(Network& net) {
  net.choice("loss", {"sum", "first_spike"});                     // the options of yin-yang, whose configuration runs this
  auto input  = net.source("input", 5);
  auto hidden = net.population("hidden", net.option("hidden", 40), NoisyCubaLif{.tau_mem = trainable(per_neuron(20_ms)).clamp(5_ms, 100_ms), .tau_syn = trainable(5_ms).clamp(1_ms, 20_ms), .p_drop = 0.2, .noise = 0.01});
  auto output = net.population("output", 3, CubaLeaky{});
  net.connect(input, hidden, Dense{}, Pulse{.w = trainable(normal(1.5, 0.78))});
  net.connect(hidden, output, Dense{}, Pulse{.w = trainable(normal(0.2, 0.37))});
  net.loss(net.read(output, MeanVoltage{}), CrossEntropy{});
  net.loss(net.read(hidden, CountPull{}), BatchCountTarget{.nu = 2, .up = 1e-3, .low = 1e-3});
  net.learn(EventProp{});
}
