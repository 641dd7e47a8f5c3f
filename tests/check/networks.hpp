#pragma once
#include "tests/fixtures/models.hpp"

namespace antidrome::fixtures {

inline ir::Network recurrent(const ModelBuilder& neuron, const ModelBuilder& synapse, const ModelBuilder& readout = mean_voltage(), const ModelBuilder& loss = square_sum()) {
  const ir::Values w = {{"w", normal(0.5, 0.1)}};
  NetworkBuilder n;
  n.source("input", 5).population("cell", 4, neuron).connect("input", "cell", synapse, w, "in").connect("cell", "cell", synapse, w, "rec").loss("cell", readout, loss, false);
  return n.network();
}

/// Two kinds of synapse into one neuron, both also recurrent.
inline ir::Network two_synapses(const ModelBuilder& a, const ModelBuilder& b) {
  const ir::Values w = {{"w", normal(0.5, 0.1)}};
  NetworkBuilder n;
  n.source("input", 5).population("cell", 4, lif_with_input()).connect("input", "cell", a, w, "in_a").connect("input", "cell", b, w, "in_b").connect("cell", "cell", a, w, "rec_a")
      .connect("cell", "cell", b, w, "rec_b").loss("cell", mean_voltage(), square_sum(), false);
  return n.network();
}

inline ir::Network layered() {
  const ir::Values w = {{"w", normal(0.5, 0.1)}};
  NetworkBuilder n;
  n.source("input", 5).population("hidden", 4, adaptive_lif()).population("output", 3, leaky()).connect("input", "hidden", pulse(), w).connect("hidden", "hidden", pulse(), w)
      .connect("hidden", "output", pulse(), w).loss("output", mean_voltage(), cross_entropy());
  return n.network();
}

/// Delays of every spread: of single synapses (longer than a rehearsal), of sources (all alike, and none), of targets, and of a projection whose synapses depress,
/// where what arrives depends on when it arrives.
inline ir::Network delayed() {
  const ir::Values w = {{"w", normal(0.5, 0.1)}};
  NetworkBuilder n;
  n.source("input", 5).population("hidden", 4, cuba_lif()).population("output", 3, leaky()).connect("input", "hidden", pulse(), w, "of_synapse").connect("input", "hidden", pulse(), w, "of_source")
      .connect("hidden", "hidden", pulse(), w, "of_target").connect("hidden", "output", depressing(), w, "one").loss("output", mean_voltage(), cross_entropy());
  ir::Network network = n.network();
  const auto delay = [&](std::size_t projection, ir::Value value, ir::Value::Spread spread) {
    value.spread = spread;
    network.projections[projection].delay = value;
  };
  delay(0, uniform(0, 200), ir::Value::Spread::per_synapse);
  delay(1, number(0), ir::Value::Spread::per_source);
  delay(2, uniform(2, 8), ir::Value::Spread::per_target);
  delay(3, number(4), ir::Value::Spread::shared);
  return network;
}

}  // namespace antidrome::fixtures
