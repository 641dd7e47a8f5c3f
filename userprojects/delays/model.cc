// Two inputs fire in either order; two leaky outputs with fixed weights tell the order by their learned delays alone.
#include <antidrome/library.h>
using namespace antidrome;

void network(Network& net) {
  auto input  = net.source("input", 2);
  auto output = net.population("output", 2, CubaLeaky{.tau_mem = 10_ms, .tau_syn = 5_ms});
  net.connect(input, output, Dense{}, Pulse{.w = 1}, {.delay = trainable(per_synapse(0_ms)), .max_delay = 15_ms});
  net.loss(net.read(output, MaxVoltage{}), CrossEntropy{});
  net.learn(EventProp{});
}
