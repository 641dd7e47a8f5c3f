// Pattern generation: driven by the same noise in every trial, a recurrent network learns to draw three curves with its outputs.
#include <antidrome/library.h>
using namespace antidrome;

/// The potential of each step, and the curve that it should follow: sines of 1, 2, 3 and 5 Hz with sizes and phases of its own.
struct Curve {
  param size1, size2, size3, size5, phase1, phase2, phase3, phase5;
  state now;
  void step(auto& neuron) { now = neuron.v; }
  real score() const { return now; }
  real sine(real hertz, real phase) const { return sin(6.283185307179586 * (hertz * time() / 1_s + phase)); }
  real target() const { return size1 * sine(1, phase1) + size2 * sine(2, phase2) + size3 * sine(3, phase3) + size5 * sine(5, phase5); }
};

void network(Network& net) {
  const int hidden_size = net.option("hidden", 256);
  const auto size = per_neuron(uniform(0.1, 0.4)), phase = per_neuron(uniform(0, 1));

  auto input  = net.source("input", 20);
  auto hidden = net.population("hidden", hidden_size, CubaLif{.theta = 0.61});
  auto output = net.population("output", 3, CubaLeaky{});
  net.connect(input, hidden, Dense{}, Pulse{.w = trainable(normal(0.1, 0.3))});
  net.connect(hidden, hidden, Dense{}, Pulse{.w = trainable(normal(0, 0.02))});
  net.connect(hidden, output, Dense{}, Pulse{.w = trainable(normal(0, 0.05))});
  net.loss(net.read(output, Curve{size, size, size, size, phase, phase, phase, phase}), TargetSquare{}, each_step);
  net.loss(net.read(hidden, CountPull{}), CountTarget{.nu = 20, .up = 1e-3, .low = 1e-3});   // keeps neurons from falling silent
  net.learn(EventProp{});
}
