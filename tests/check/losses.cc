// One classifier with a recurrent hidden layer, and every loss in turn.
#include <antidrome/library.h>
using namespace antidrome;

/// The potential of each step beside a signal that differs between the outputs.
struct Sine {
  param period = 25_ms, phase = per_neuron(0.3), size = 0.4;
  state now;
  void step(auto& neuron) { now = neuron.v; }
  real score() const  { return now; }
  real target() const { return size * sin(6.283185307179586 * time() / period + phase); }
};

/// A cost of each spike that depends on its time: every spike counts, not only the first.
struct SpikeCost {
  param late = 40_ms;
  state cost;
  void spike(auto&)  { cost += sq(time() / late); }
  real score() const { return cost; }
};

struct Total {
  real loss(const auto& all) const { return sum(all, [](auto& o) { return o.score(); }); }
};

/// What no shipped loss is: a quotient of sums of the last potentials.
struct Sharpness {
  param floor = 0.1;
  real loss(const auto& out, label y) const { return sum(out, [](auto& o) { return sq(o.score()); }) / (sq(out[y].score()) + floor); }
};

template <class Hidden, class Output>
void classify(Network& net, Population<Hidden> hidden, Population<Output> output, auto loss) {
  const auto w = trainable(normal(0.5, 0.4));
  net.connect(hidden, output, Dense{}, Pulse{.w = w});
  if (loss == "sum") net.loss(net.read(output, MeanVoltage{}), CrossEntropy{.gain = 5});
  if (loss == "sum_weigh_linear") net.loss(net.read(output, LinearWeighted{}), CrossEntropy{.gain = 5});
  if (loss == "sum_weigh_exp") net.loss(net.read(output, ExpWeighted{}), CrossEntropy{.gain = 5});
  if (loss == "sum_weigh_sigmoid") net.loss(net.read(output, SigmoidWeighted{}), CrossEntropy{.gain = 5});
  if (loss == "avg_xentropy") net.loss(net.read(output, Voltage{}), CrossEntropy{.gain = 5}, each_step);
  if (loss == "max") net.loss(net.read(output, MaxVoltage{}), CrossEntropy{.gain = 5});
  if (loss == "mean_square") net.loss(net.read(output, MeanVoltage{}), MeanSquare{});
  if (loss == "mean_square_of_a_signal") net.loss(net.read(output, Sine{}), TargetSquare{}, each_step);
  if (loss == "last_voltage") net.loss(net.read(output, Voltage{}), Sharpness{});
}

template <class Hidden>
void spiking(Network& net, Population<Hidden> hidden, Population<CubaLif> output, auto loss) {
  net.connect(hidden, output, Dense{}, Pulse{.w = trainable(normal(0.8, 0.3))});
  if (loss == "first_spike_exp") net.loss(net.read(output, FirstSpike{}), FirstSpikeExp{.tau0 = 10_ms, .tau1 = 30_ms, .alpha = 0.1});
  if (loss == "first_spike") net.loss(net.read(output, FirstSpike{}), FirstSpikeLate{.tau0 = 10_ms, .alpha = 1});
  if (loss == "relative_first_spike") net.loss(net.read(output, FirstSpike{}), FirstSpikeMargin{}, at_end, 0.01);
  if (loss == "first_spike_at_times") net.loss(net.read(output, TimedSpike{.at = per_neuron(15_ms)}), TargetSquare{}, at_end, 0.01);
  if (loss == "every_spike") net.loss(net.read(output, SpikeCost{}), Total{});
  if (loss == "spike_count") net.loss(net.read(output, SpikeCount{}), CrossEntropy{.gain = 0.3});
}

void network(Network& net) {
  const auto loss = net.choice("loss", {"sum", "sum_weigh_linear", "sum_weigh_exp", "sum_weigh_sigmoid", "sum_weigh_input", "avg_xentropy", "max", "first_spike_exp", "first_spike",
                                        "mean_square", "mean_square_of_a_signal", "last_voltage", "relative_first_spike", "first_spike_at_times", "every_spike", "spike_count"});
  auto input = net.source("input", 5);
  auto hidden = net.population("hidden", 4, CubaLif{});
  ConnectOptions forward, recurrent;
  if (net.flag("delayed")) {
    forward = {.delay = trainable(uniform(1_ms, 10_ms)), .max_delay = 20_ms};
    recurrent = {.delay = trainable(3_ms), .max_delay = 20_ms};
  }
  net.connect(input, hidden, Dense{}, Pulse{.w = trainable(normal(1, 0.3))}, forward);
  net.connect(hidden, hidden, Dense{}, Pulse{.w = trainable(normal(0, 0.3))}, recurrent);
  if (loss == "sum_weigh_input") {
    auto output = net.population("output", 3, GatedLeaky{});
    net.connect(input, output, Dense{}, Gate{.each = 1});
    net.connect(hidden, output, Dense{}, Pulse{.w = trainable(normal(0.5, 0.4))});
    net.loss(net.read(output, InputWeighted{}), CrossEntropy{.gain = 5});
  } else if (loss == "first_spike_exp" || loss == "first_spike" || loss == "relative_first_spike" || loss == "first_spike_at_times" || loss == "every_spike" || loss == "spike_count") {
    spiking(net, hidden, net.population("output", 3, CubaLif{}), loss);
  } else {
    classify(net, hidden, net.population("output", 3, CubaLeaky{}), loss);
  }
  if (net.flag("regularised")) {
    const auto counts = net.read(hidden, CountPull{});
    net.loss(counts, BatchCountTarget{.nu = 3, .up = 0.01, .low = 0.01});
    net.loss(counts, BatchPopulationTarget{.rho = 2, .strength = 0.01});
  }
  net.learn(EventProp{});
}
