// The shipped readouts: states that ride on a population. score() is the number per neuron that a loss sees.
#pragma once
#include <antidrome/model.h>

namespace antidrome {

/// Mean of v over the trial ("sum" in the EventProp literature).
struct MeanVoltage {
  state s;
  void flow(auto& neuron) { d(s) = neuron.v / trial(); }
  real score() const      { return s; }
};

/// Mean of v with a weight that falls linearly to zero.
struct LinearWeighted {
  state s;
  void flow(auto& neuron) { d(s) = (1 - time() / trial()) * neuron.v / trial(); }
  real score() const      { return s; }
};

/// Mean of v with the weight exp(-t/T). (Nowotny, Turner & Knight 2025)
struct ExpWeighted {
  state s;
  void flow(auto& neuron) { d(s) = exp(-time() / trial()) * neuron.v / trial(); }
  real score() const      { return s; }
};

/// Mean of v with a sigmoid weight that falls around half of the trial.
struct SigmoidWeighted {
  state s;
  void flow(auto& neuron) { d(s) = sigmoid((0.5 - time() / trial()) / 0.2) * neuron.v / trial(); }
  real score() const      { return s; }
};

/// Mean of v with the neuron's `gain` as its weight: for GatedLeaky, whose gain follows the input. ("sum_weigh_input")
struct InputWeighted {
  state s;
  void flow(auto& neuron) { d(s) = neuron.gain * neuron.v / trial(); }
  real score() const      { return s; }
};

/// Largest v of the trial, at least zero.
struct MaxVoltage {
  state m;
  void step(auto& neuron) { m = max(m, neuron.v); }
  real score() const      { return m; }
};

/// v of the last step. With `each_step`: v of every step.
struct Voltage {
  state now;
  void step(auto& neuron) { now = neuron.v; }
  real score() const      { return now; }
};

/// Time of the first spike; 1 ms after the trial where there is none. A silent neuron's gradient is a user gradient: each ms by
/// which the loss wants it earlier pulls its last potential up by 1 / `lift`, the phantom spike of Nowotny et al. 2022. Without
/// it, an output that falls silent stays silent.
struct FirstSpike {
  param lift = 20_ms;
  state t, last;
  count n;
  void spike(auto&)       { if (n == 0) t = time();  n += 1; }
  void step(auto& neuron) { last = neuron.v; }
  real score() const      { return n > 0 ? real(t) : trial() + 1_ms - lift * (last - stop(last)); }
};

/// FirstSpike with a time at which each neuron should spike: TimedSpike{.at = per_neuron(…)} with the loss TargetSquare.
struct TimedSpike {
  param at = 10_ms, lift = 20_ms;
  state t, last;
  count n;
  void spike(auto&)       { if (n == 0) t = time();  n += 1; }
  void step(auto& neuron) { last = neuron.v; }
  real score() const      { return n > 0 ? real(t) : trial() + 1_ms - lift * (last - stop(last)); }
  real target() const     { return at; }
};

/// Number of spikes. Its gradient is a user gradient, since a count has none: one spike more is v higher by one at every spike.
struct SpikeCount {
  count n;
  state pull;
  void spike(auto& neuron) { n += 1;  pull += neuron.v - stop(neuron.v); }
  real score() const       { return n + pull; }
};

/// Spikes per ms. A count has no gradient: use it to read, or CountPull to train.
struct Rate {
  count n;
  void spike(auto&)  { n += 1; }
  real score() const { return n / trial(); }
};

/// Handle on a spike count: d(count)/d(v) is zero, so `pull` moves v at the spike instead. For CountTarget and PopulationTarget.
struct CountPull {
  count n;
  state pull;
  void spike(auto& neuron) { n += 1;  pull += neuron.v - stop(neuron.v); }
};

}  // namespace antidrome
