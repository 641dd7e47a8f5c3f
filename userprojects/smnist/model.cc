// Sequential MNIST: the pixels of an image one after the other, as level crossings of their grey values. A recurrent layer, and
// leaky integrators that are read with a weight over time.
#include <antidrome/library.h>
using namespace antidrome;

void network(Network& net) {
  auto input  = net.source("input", 99);
  auto hidden = net.population("hidden", net.option("hidden", 256), CubaLif{});
  auto output = net.population("output", 10, CubaLeaky{});

  net.connect(input, hidden, Dense{}, Pulse{.w = trainable(normal(0.02, 0.01))});
  if (!net.flag("feed_forward")) net.connect(hidden, hidden, Dense{}, Pulse{.w = trainable(normal(0, 0.02))});
  net.connect(hidden, output, Dense{}, Pulse{.w = trainable(normal(0, 0.03))});

  net.loss(net.read(output, ExpWeighted{}), CrossEntropy{.gain = net.option("gain", 1.0)});
  net.loss(net.read(hidden, CountPull{}), BatchCountTarget{.nu = 20, .up = 8e-7, .low = 8e-7});
  net.learn(EventProp{});
}
