// Yin-yang: which of three regions of the disc does a point lie in? Five input neurons spike once each, at times that encode
// the point (x, y, 1 - x, 1 - y) and a bias.
#include <antidrome/library.h>
using namespace antidrome;

void network(Network& net) {
  const bool first_spike = net.choice("loss", {"sum", "first_spike"}) == "first_spike";

  auto input  = net.source("input", 5);
  auto hidden = net.population("hidden", net.option("hidden", 200), CubaLif{});
  net.connect(input, hidden, Dense{}, Pulse{.w = trainable(normal(1.5, 0.78))});

  if (first_spike) {  // the first output neuron to spike names the class
    auto output = net.population("output", 3, CubaLif{});
    net.connect(hidden, output, Dense{}, Pulse{.w = trainable(normal(0.93, 0.1))});
    net.loss(net.read(output, FirstSpike{}), FirstSpikeExp{});
  } else {            // the output neuron with the highest mean potential names the class
    auto output = net.population("output", 3, CubaLeaky{});
    net.connect(hidden, output, Dense{}, Pulse{.w = trainable(normal(0.2, 0.37))});
    net.loss(net.read(output, MeanVoltage{}), CrossEntropy{});
  }
  net.learn(EventProp{});
}
