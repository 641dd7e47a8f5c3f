#include <antidrome/library.h>
using namespace antidrome;

struct Cell {
  param tau = 20_ms, theta = 1;
  state v, i;
  void flow()  { d(v) = (i - v) / tau;  d(i) = -i / 5; }
  bool fires() { return v >= theta; }
  void reset() { v = 0; }
};

struct Differences {
  real loss(const auto& out) const {
    return sum(out, [&](auto& a) { return sum(out, [&](auto& b) { return sq(a.score() - b.score()); }); });
  }
};

void network(Network& net) {
  auto input = net.source("input", 5);
  auto cells = net.population("cells", 3, Cell{});
  net.connect(input, cells, Dense{}, Pulse{.w = trainable(normal(0, 1))});
  net.loss(net.read(cells, MeanVoltage{}), CrossEntropy{});
  net.loss(net.read(cells, MeanVoltage{}), Differences{});
  net.learn(EventProp{});
}
