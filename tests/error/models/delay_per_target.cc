#include <antidrome/library.h>
using namespace antidrome;

struct Cell {
  param tau = 20_ms, theta = 1;
  state v, i;
  void flow()  { d(v) = (i - v) / tau;  d(i) = -i / 5; }
  bool fires() { return v >= theta; }
  void reset() { v = 0; }
};

void network(Network& net) {
  auto input = net.source("input", 5);
  auto cells = net.population("cells", 3, Cell{});
  net.connect(input, cells, Dense{}, Pulse{.w = trainable(normal(0, 1))}, {.delay = trainable(per_target(5_ms)), .max_delay = 20_ms});
  net.loss(net.read(cells, MeanVoltage{}), CrossEntropy{});
  net.learn(EventProp{});
}
