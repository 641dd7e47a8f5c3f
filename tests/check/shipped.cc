// Every shipped neuron with every shipped synapse that makes sense with it, fed forward and recurrent; one pair per choice.
#include <antidrome/library.h>
using namespace antidrome;

/// Two kinds of synapse into the same neuron.
template <class Neuron, class A, class B>
void build(Network& net, Neuron neuron, A a, B b, bool both) {
  auto input = net.source("input", 5);
  auto cell = net.population("cell", 4, neuron);
  net.connect(input, cell, Dense{}, a);
  net.connect(cell, cell, Dense{}, a);
  if (both) {
    net.connect(input, cell, Dense{}, b);
    net.connect(cell, cell, Dense{}, b);
  }
  const double rest = net.option("rest", 0);                     // the loss is of order one, so that differences resolve it
  net.loss(net.read(cell, MeanVoltage{}), MeanSquare{.on = rest + 1, .off = rest});
  net.learn(EventProp{});
}

template <class Neuron>
void with_synapse(Network& net, Neuron neuron, double reversal, double weight, auto synapse) {
  weight *= net.option("strength", 1.0);
  const auto w = trainable(normal(weight, 0.2 * weight));
  const auto conductance = trainable(normal(weight / 5, 0.04 * weight));
  if (synapse == "Delta") build(net, neuron, Delta{.w = conductance}, ExpCurrent{.w = w}, false);
  if (synapse == "ExpCurrent") build(net, neuron, ExpCurrent{.w = w}, Alpha{.w = w}, false);
  if (synapse == "Alpha") build(net, neuron, Alpha{.w = w}, ExpCurrent{.w = w}, false);
  if (synapse == "ExpConductance") build(net, neuron, ExpConductance{.e_rev = reversal, .w = conductance}, ExpCurrent{.w = w}, false);
  if (synapse == "TsodyksMarkram") build(net, neuron, TsodyksMarkram{.w = w}, ExpCurrent{.w = w}, false);
  if (synapse == "LinearNmda") build(net, neuron, LinearNmda{.tau_decay = 30_ms, .e_rev = reversal, .w = conductance}, ExpCurrent{.w = w}, false);
  if (synapse == "Nmda") build(net, neuron, Nmda{.tau_decay = 30_ms, .e_rev = reversal, .w = conductance}, ExpCurrent{.w = w}, false);
  if (synapse == "two") build(net, neuron, TsodyksMarkram{.w = w}, ExpConductance{.e_rev = reversal, .w = conductance}, true);
}

void network(Network& net) {
  const auto neuron = net.choice("neuron", {"Lif", "Alif", "SoftResetLif", "RefractoryLif", "Qif", "AdEx", "Izhikevich", "CubaLif", "CubaAlif", "CobaLif"});
  const auto synapse = net.choice("synapse", {"ExpCurrent", "Alpha", "ExpConductance", "TsodyksMarkram", "LinearNmda", "Nmda", "Delta", "two", "Pulse"});
  const auto w = trainable(normal(1, 0.2));
  if (neuron == "Lif") with_synapse(net, Lif{}, 3, 1, synapse);
  if (neuron == "Alif") with_synapse(net, Alif{}, 3, 1, synapse);
  if (neuron == "SoftResetLif") with_synapse(net, SoftResetLif{}, 3, 1, synapse);
  if (neuron == "RefractoryLif") with_synapse(net, RefractoryLif{.t_ref = 8_ms}, 3, 1, synapse);
  if (neuron == "Qif") with_synapse(net, Qif{}, 20, 4, synapse);
  if (neuron == "AdEx") with_synapse(net, AdEx{}, 0, 100, synapse);
  if (neuron == "Izhikevich") with_synapse(net, Izhikevich{}, 0, 2, synapse);
  if (neuron == "CubaLif" && synapse == "Pulse") build(net, CubaLif{}, Pulse{.w = w}, Delta{.w = w}, false);
  if (neuron == "CubaLif" && synapse == "Delta") build(net, CubaLif{}, Delta{.w = w}, Pulse{.w = w}, false);
  if (neuron == "CubaLif" && synapse == "two") build(net, CubaLif{}, Pulse{.w = w}, Delta{.w = trainable(normal(0.2, 0.05))}, true);
  if (neuron == "CubaAlif" && synapse == "Pulse") build(net, CubaAlif{}, Pulse{.w = w}, Delta{.w = w}, false);
  if (neuron == "CobaLif" && synapse == "two") build(net, CobaLif{}, PulseTo<&CobaLif::g_exc>{.w = w}, PulseTo<&CobaLif::g_inh>{.w = trainable(normal(0.1, 0.02))}, true);
}
