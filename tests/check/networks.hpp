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

}  // namespace antidrome::fixtures
