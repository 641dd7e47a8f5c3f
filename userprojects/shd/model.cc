// Spoken words as spikes of 700 channels of an inner ear: one recurrent layer and leaky integrators that are read with a weight
// over time. (Nowotny, Turner & Knight 2025)
#include <antidrome/library.h>
using namespace antidrome;

void network(Network& net) {
  auto input  = net.source("input", net.option("units", 700));
  auto hidden = net.population("hidden", net.option("hidden", 256), CubaLif{});
  auto output = net.population("output", net.option("classes", 20), CubaLeaky{});

  const int copies = net.option("delay_line", 0);                // the input again, 30 ms later each time
  for (int k = 1; k <= copies; ++k)
    net.connect(input, hidden, Dense{}, Pulse{.w = trainable(normal(0.002, 0.002))}, {.delay = 30_ms * k});
  const Pulse first{.w = trainable(copies ? normal(0.002, 0.002) : normal(0.03, 0.01))};
  if (net.flag("delays")) net.connect(input, hidden, Dense{}, first, {.delay = trainable(uniform(0_ms, 50_ms)), .max_delay = net.option("max_delay", 200.0) * 1_ms});
  else                    net.connect(input, hidden, Dense{}, first);
  if (!net.flag("feed_forward")) net.connect(hidden, hidden, Dense{}, Pulse{.w = trainable(normal(0, 0.02))});
  net.connect(hidden, output, Dense{}, Pulse{.w = trainable(normal(0, 0.03))});

  const auto loss = net.choice("loss", {"sum_weigh_exp", "sum_weigh_linear", "sum_weigh_sigmoid", "sum", "max", "avg_xentropy"});
  const CrossEntropy softmax{.gain = net.option("gain", 1.0)};
  if (loss == "sum_weigh_exp")     net.loss(net.read(output, ExpWeighted{}), softmax);
  if (loss == "sum_weigh_linear")  net.loss(net.read(output, LinearWeighted{}), softmax);
  if (loss == "sum_weigh_sigmoid") net.loss(net.read(output, SigmoidWeighted{}), softmax);
  if (loss == "sum")               net.loss(net.read(output, MeanVoltage{}), softmax);
  if (loss == "max")               net.loss(net.read(output, MaxVoltage{}), softmax);
  if (loss == "avg_xentropy")      net.loss(net.read(output, Voltage{}), softmax, each_step);
  net.loss(net.read(hidden, CountPull{}), BatchCountTarget{.nu = 14, .up = 5e-9, .low = 5e-9});
  net.learn(EventProp{});
}
