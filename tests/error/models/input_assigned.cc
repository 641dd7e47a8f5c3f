#include <antidrome/library.h>
using namespace antidrome;

struct Synapse {
  weight w;
  state s;
  void pre_spike(auto&, auto&) { s += w; }
  void flow(auto&, auto& post) { d(s) = -s / 5;  post.i = s; }
};

void network(Network& net) {
  auto input = net.source("input", 5);
  auto cells = net.population("cells", 3, Lif{});
  net.connect(input, cells, Dense{}, Synapse{.w = trainable(normal(0, 1))});
  net.loss(net.read(cells, MeanVoltage{}), CrossEntropy{});
  net.learn(EventProp{});
}
