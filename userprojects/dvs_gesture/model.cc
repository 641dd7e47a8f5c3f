// Gestures before an event camera: a recurrent layer, and leaky integrators whose mean potentials name the class.
#include <antidrome/library.h>
using namespace antidrome;

void network(Network& net) {
  auto input  = net.source("input", 32 * 32 * 2);
  auto hidden = net.population("hidden", net.option("hidden", 512), CubaLif{});
  auto output = net.population("output", 11, CubaLeaky{});

  net.connect(input, hidden, Dense{}, Pulse{.w = trainable(normal(0.008, 0.004))});
  net.connect(hidden, hidden, Dense{}, Pulse{.w = trainable(normal(0, 0.02))});
  net.connect(hidden, output, Dense{}, Pulse{.w = trainable(normal(0, 0.03))});

  net.loss(net.read(output, MeanVoltage{}), CrossEntropy{.gain = net.option("gain", 1.0)});
  net.loss(net.read(hidden, CountPull{}), BatchCountTarget{.nu = 100, .up = 8e-8, .low = 8e-8});
  net.learn(EventProp{});
}
