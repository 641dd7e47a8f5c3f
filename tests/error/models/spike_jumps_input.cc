#include <antidrome/library.h>
using namespace antidrome;

void network(Network& net) {
  auto input = net.source("input", 5);
  auto cells = net.population("cells", 3, Lif{});
  net.connect(input, cells, Dense{}, Pulse{.w = trainable(normal(0, 1))});
  net.loss(net.read(cells, MeanVoltage{}), CrossEntropy{});
  net.learn(EventProp{});
}
