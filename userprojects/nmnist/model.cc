// Digits before a moving event camera: one hidden layer, and leaky integrators that are read with a weight over time.
#include <antidrome/library.h>
using namespace antidrome;

void network(Network& net) {
  auto input  = net.source("input", 34 * 34 * 2);
  auto hidden = net.population("hidden", net.option("hidden", 256), CubaLif{.tau_mem = 40_ms, .tau_syn = 10_ms});
  auto output = net.population("output", 10, CubaLeaky{.tau_mem = 40_ms, .tau_syn = 10_ms});

  net.connect(input, hidden, Dense{}, Pulse{.w = trainable(normal(0.01, 0.01))});
  net.connect(hidden, output, Dense{}, Pulse{.w = trainable(normal(0, 0.03))});

  const auto loss = net.choice("loss", {"sum_weigh_exp", "max"});
  const CrossEntropy softmax{.gain = net.option("gain", 1.0)};
  if (loss == "sum_weigh_exp") net.loss(net.read(output, ExpWeighted{}), softmax);
  if (loss == "max")           net.loss(net.read(output, MaxVoltage{}), softmax);
  net.loss(net.read(hidden, CountPull{}), BatchCountTarget{.nu = 5, .up = 2e-7, .low = 2e-7});
  net.learn(EventProp{});
}
