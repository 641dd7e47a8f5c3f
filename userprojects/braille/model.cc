// Braille letters under a moving fingertip of twelve sensors, as level crossings: a recurrent layer, and leaky integrators that are
// read with a weight over time.
#include <antidrome/library.h>
using namespace antidrome;

void network(Network& net) {
  auto input  = net.source("input", 2 * 12);
  auto hidden = net.population("hidden", net.option("hidden", 256), CubaLif{.tau_mem = 40_ms, .tau_syn = 10_ms});
  auto output = net.population("output", 27, CubaLeaky{.tau_mem = 40_ms, .tau_syn = 10_ms});

  net.connect(input, hidden, Dense{}, Pulse{.w = trainable(normal(0.1, 0.15))});
  net.connect(hidden, hidden, Dense{}, Pulse{.w = trainable(normal(0, 0.02))});
  net.connect(hidden, output, Dense{}, Pulse{.w = trainable(normal(0, 0.03))});

  net.loss(net.read(output, ExpWeighted{}), CrossEntropy{.gain = net.option("gain", 5.0)});
  net.loss(net.read(hidden, CountPull{}), BatchCountTarget{.nu = 14, .up = 2e-7, .low = 2e-7});
  net.learn(EventProp{});
}
