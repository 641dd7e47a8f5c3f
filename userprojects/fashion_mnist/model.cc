// Latency-coded Fashion-MNIST: as MNIST, with one or more hidden layers.
#include <antidrome/library.h>
using namespace antidrome;

void network(Network& net) {
  const int layers = net.option("layers", 1), width = net.option("hidden", 256);

  auto input  = net.source("input", 28 * 28);
  auto hidden = net.population("hidden1", width, CubaLif{});
  net.connect(input, hidden, Dense{}, Pulse{.w = trainable(normal(0.078, 0.045))});

  for (int k = 2; k <= layers; ++k) {
    auto next = net.population(numbered("hidden", k), width, CubaLif{});
    net.connect(hidden, next, Dense{}, Pulse{.w = trainable(normal(0.15, 0.25))});
    hidden = next;
  }
  auto output = net.population("output", 10, CubaLeaky{});
  net.connect(hidden, output, Dense{}, Pulse{.w = trainable(normal(0.2, 0.37))});

  const auto loss = net.choice("loss", {"max", "sum"});
  if (loss == "max") net.loss(net.read(output, MaxVoltage{}), CrossEntropy{});
  if (loss == "sum") net.loss(net.read(output, MeanVoltage{}), CrossEntropy{});
  net.learn(EventProp{});
}
