#include <antidrome/library.h>
using namespace antidrome;

struct Cell {
  param alpha = 0.9, theta = 1;
  state v, i;
  spike z;
  void step() { v = alpha * v + i - theta * z;  z = v > theta; }
};

void network(Network& net) {
  auto input = net.source("input", 5);
  auto cells = net.population("cells", 3, Cell{});
  net.connect(input, cells, Dense{}, Pulse{.w = trainable(normal(0, 1))});
  net.loss(net.read(cells, MeanVoltage{}), CrossEntropy{});
  net.learn(EventProp{});
}
