// A synapse whose jump depends on its own state (and on the target's), with a first-spike loss of one's own.
#include <antidrome/library.h>
using namespace antidrome;

struct Fatiguing {
  param tau_rest = 40_ms, tau = 6_ms, use = 0.4, floor_level = 0.05;
  weight w;
  state rest = 1, i;
  real available() const { return max(rest, floor_level); }
  void pre_spike(auto&, auto&) {
    const real released = use * available();
    i += w * released;
    rest -= released;
    if (rest < 0) rest = 0;
  }
  void flow(auto&, auto& post) { d(rest) = (1 - rest) / tau_rest;  d(i) = -i / tau;  post.i += i; }
};

struct Earliest {
  param tau0 = 1_ms;
  real loss(const auto& out, label y) const {
    const auto evidence = [&](const auto& o) { return o.n > 0 ? exp(-o.score() / tau0) : 0; };
    const real total = sum(out, evidence) + 1e-6;
    return -log((evidence(out[y]) + 1e-7) / total);
  }
};

void network(Network& net) {
  auto input = net.source("input", 6);
  auto output = net.population("output", 3, Lif{});
  net.connect(input, output, Dense{}, Fatiguing{.w = trainable(normal(2, 0.5))});
  net.loss(net.read(output, FirstSpike{}), Earliest{});
  net.learn(EventProp{});
}
