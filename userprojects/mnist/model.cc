// Latency-coded MNIST: every pixel spikes at most once, the brighter the earlier.
#include <antidrome/library.h>
using namespace antidrome;

void network(Network& net) {
  auto input  = net.source("input", 28 * 28);
  auto hidden = net.population("hidden", net.option("hidden", 128), CubaLif{});
  auto output = net.population("output", 10, CubaLeaky{});

  net.connect(input, hidden, Dense{}, Pulse{.w = trainable(normal(0.078, 0.045))});
  net.connect(hidden, output, Dense{}, Pulse{.w = trainable(normal(0.2, 0.37))});
  if (net.flag("recurrent")) net.connect(hidden, hidden, Dense{}, Pulse{.w = trainable(normal(0.2, 0.37))});

  const auto loss = net.choice("loss", {"max", "sum", "every_step"});
  if (loss == "max") net.loss(net.read(output, MaxVoltage{}), CrossEntropy{});
  if (loss == "sum") net.loss(net.read(output, MeanVoltage{}), CrossEntropy{});
  if (loss == "every_step") net.loss(net.read(output, Voltage{}), CrossEntropy{}, each_step);
  net.learn(EventProp{});
}
