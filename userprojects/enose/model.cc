// Odours from an electronic nose: eight sensors as eight event channels, four odours and a blank. The settings of the published experiment with
// genn_eventprop, which pads the outputs to eight; here there are five.
#include <antidrome/library.h>
using namespace antidrome;

void network(Network& net) {
  auto input  = net.source("input", net.option("units", 8));
  auto hidden = net.population("hidden", net.option("hidden", 256), NoisyCubaLif{});
  auto output = net.population("output", net.option("classes", 5), CubaLeaky{});

  net.connect(input, hidden, Dense{}, Pulse{.w = trainable(normal(0.4, 0.2))});
  net.connect(hidden, output, Dense{}, Pulse{.w = trainable(normal(0.2, 0.37))});

  const auto loss = net.choice("loss", {"sum", "max", "avg_xentropy"});
  if (loss == "sum")          net.loss(net.read(output, MeanVoltage{}), CrossEntropy{});
  if (loss == "max")          net.loss(net.read(output, MaxVoltage{}), CrossEntropy{});
  if (loss == "avg_xentropy") net.loss(net.read(output, Voltage{}), CrossEntropy{}, each_step);

  if (net.flag("regularise")) {  // no more than 20 and no less than 0.1 spikes, on average over the batch
    auto counts = net.read(hidden, CountPull{});
    net.loss(counts, BatchCountTarget{.nu = 20, .up = 2e-3, .low = 0});
    net.loss(counts, BatchCountTarget{.nu = 0.1, .up = 0, .low = 0.4});
  }
  net.learn(EventProp{});
}
