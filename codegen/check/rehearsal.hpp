// A small instance of a network, with parameters, input and weights under which its neurons fire: what a gradient can be checked on.
#pragma once
#include <string>

#include "backends/reference/interpreter.hpp"
#include "codegen/ir/network.hpp"

namespace antidrome::check {

struct RehearsalOptions {
  int neurons = 4;               ///< at most this many per population: the equations do not know the size
  int source_units = 5;
  int events_per_unit = 4;
  double trial_ms = 60;
  std::uint64_t seed = 1;
  int draws = 4;                 ///< of which the best conditioned is taken
};

/// The same equations with populations cut down, every number trainable, delays short enough for the trial, and without noise and dropout.
ir::Network shrink(const ir::Network&, const RehearsalOptions&);

/// The same equations with stop(x) read as x: a pull x - stop(x) vanishes, and what is left is the derivative of the loss.
ir::Network without_user_gradients(const ir::Network&);

struct Rehearsal {
  reference::Sample sample;
  reference::Parameters parameters;   ///< in the order of the Program's parameters
  double sensitivity = 0;             ///< relative change of the gradient when all parameters grow by 0.1 %
  double spikes_per_neuron = 0;       ///< of the firing populations, after the search for a level of input
};

/// Draws parameters (heterogeneous where an axis allows it) and events, and scales the weights until neurons fire a few times each.
/// Of several draws it keeps the best conditioned: the one whose gradient changes least when all parameters grow by 0.1 %. A
/// spike that grazes its threshold, or is about to vanish, makes the gradient itself wild, and then no comparison means much.
Rehearsal rehearse(const reference::Interpreter&, const reference::Settings&, const RehearsalOptions&);

/// Who spiked, in order of time: two runs with the same answer are on the same smooth branch of the loss.
std::vector<std::pair<std::size_t, std::uint32_t>> spike_order(const reference::Result&);

}  // namespace antidrome::check
