// Every shipped struct, once. Not a network that makes sense.
#include <antidrome/library.h>
using namespace antidrome;

template <class Neuron>
auto add(Network& net, const char* name, Neuron model) {
  auto population = net.population(name, 3, model);
  net.read(population, MaxVoltage{});
  return population;
}

void network(Network& net) {
  auto input = net.source("input", 3);
  auto lif = add(net, "lif", Lif{});
  auto leaky = add(net, "leaky", Leaky{});
  auto cuba_lif = add(net, "cuba_lif", CubaLif{});
  auto cuba_leaky = add(net, "cuba_leaky", CubaLeaky{});
  auto alif = add(net, "alif", Alif{});
  auto cuba_alif = add(net, "cuba_alif", CubaAlif{});
  auto soft = add(net, "soft", SoftResetLif{});
  auto refractory = add(net, "refractory", RefractoryLif{});
  auto qif = add(net, "qif", Qif{});
  auto adex = add(net, "adex", AdEx{});
  auto izhikevich = add(net, "izhikevich", Izhikevich{});
  auto coba = add(net, "coba", CobaLif{});
  add(net, "noisy", NoisyCubaLif{});
  auto gated = add(net, "gated", GatedLeaky{});

  const auto w = trainable(normal(0, 1));
  net.connect(input, cuba_lif, Dense{}, Pulse{.w = w});
  net.connect(input, coba, Dense{}, PulseTo<&CobaLif::g_exc>{.w = w});
  net.connect(input, coba, Dense{}, PulseTo<&CobaLif::g_inh>{.w = w});
  net.connect(input, gated, Dense{}, Gate{});
  net.connect(lif, cuba_leaky, Dense{}, Delta{.w = w});
  net.connect(lif, alif, Dense{}, ExpCurrent{.w = w});
  net.connect(cuba_alif, leaky, Dense{}, Alpha{.w = w});
  net.connect(qif, soft, Sparse{.probability = 0.5}, ExpConductance{.w = w});
  net.connect(izhikevich, refractory, OneToOne{}, TsodyksMarkram{.w = w});
  net.connect(refractory, adex, Dense{}, Nmda{.w = w});
  net.connect(alif, adex, Dense{}, LinearNmda{.w = w});

  auto voltage = net.read(leaky, Voltage{});
  net.loss(net.read(leaky, MeanVoltage{}), CrossEntropy{});
  net.loss(net.read(leaky, LinearWeighted{}), MeanSquare{});
  net.loss(net.read(leaky, ExpWeighted{}), CrossEntropy{});
  net.loss(net.read(leaky, SigmoidWeighted{}), CrossEntropy{});
  net.loss(voltage, CrossEntropy{}, each_step);
  net.loss(net.read(lif, FirstSpike{}), FirstSpikeExp{});
  net.loss(net.read(lif, FirstSpike{}), FirstSpikeLate{});
  net.loss(net.read(lif, FirstSpike{}), FirstSpikeMargin{});
  net.loss(net.read(lif, Rate{}), Ceiling{}, at_end, 0.1);
  net.loss(net.read(lif, CountPull{}), CountTarget{});
  net.loss(net.read(lif, CountPull{}), PopulationTarget{});
  net.loss(net.read(gated, InputWeighted{}), CrossEntropy{.gain = 5});
  net.loss(net.read(lif, TimedSpike{}), TargetSquare{});
  net.loss(net.read(lif, SpikeCount{}), CrossEntropy{.gain = 0.1});
  net.loss(net.read(lif, CountPull{}), BatchCountTarget{});
  net.loss(net.read(lif, CountPull{}), BatchPopulationTarget{});
  net.learn(EventProp{});
}
