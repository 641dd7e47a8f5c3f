// A neuron that is in no library: membrane, a fast activation that the membrane drives, and a slow outward current that the
// activation drives. All three are coupled; the reset changes each of them.
#include <antidrome/library.h>
using namespace antidrome;

struct Burster {
  param tau_v = 8_ms, tau_m = 3_ms, tau_h = 60_ms, gain = 1.5, width = 0.4, kick = 0.35, theta = 1;
  state v, m, h = 0.1;
  input i;
  real activation(real x) const { return 1 / (1 + exp(-(x - 0.5) / width)); }
  void flow() {
    const real inward = gain * m * (1 - v);
    d(v) = (-v + inward - h + i) / tau_v;
    d(m) = (activation(v) - m) / tau_m;
    d(h) = (m * v - h) / tau_h;
  }
  bool fires() { return v >= theta + 0.2 * h; }
  void reset() {
    v -= theta;
    m *= 0.5;
    h += kick * (1 + m);  // reads m after its change
  }
};

void network(Network& net) {
  auto input = net.source("input", 8);
  auto bursters = net.population("bursters", 6, Burster{.tau_v = trainable(per_neuron(uniform(6_ms, 12_ms))).clamp(2_ms, 30_ms), .kick = trainable(0.35)});
  auto output = net.population("output", 2, Leaky{});
  net.connect(input, bursters, Dense{}, ExpCurrent{.w = trainable(normal(0.4, 0.2))});
  net.connect(bursters, bursters, Dense{}, ExpCurrent{.tau = 8_ms, .w = trainable(normal(0, 0.1))}, {.delay = 2_steps});
  net.connect(bursters, output, Dense{}, ExpCurrent{.w = trainable(normal(0, 0.3))});
  net.loss(net.read(output, ExpWeighted{}), CrossEntropy{});
  net.learn(EventProp{});
}
