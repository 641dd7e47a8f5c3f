// The shipped synapses. Hooks are templates over the real source and target: a synapse works with every neuron that has the
// variables it names, and says so at its own line where one has not.
#pragma once
#include <antidrome/model.h>

namespace antidrome {

/// A spike jumps the target's state i. For neurons that own their current (Cuba…).
struct Pulse {
  weight w;
  void pre_spike(auto&, auto& post) { post.i += w; }
};

/// A spike jumps the state you name: PulseTo<&CobaLif::g_exc>{.w = 0.6}.
template <auto Port>
struct PulseTo {
  weight w;
  void pre_spike(auto&, auto& post) { post.*Port += w; }
};

/// A spike raises the target's gain: it follows `each` times the input's spikes per ms, with the time constant tau_gain. For
/// GatedLeaky. (0.01 per spike and step in Nowotny et al. 2025: the same at steps of 1 ms)
struct Gate {
  param each = 0.01;
  void pre_spike(auto&, auto& post) { post.gain += each / post.tau_gain; }
};

/// A spike jumps the target's membrane potential. (It may then spike at once: exact mode handles that, grid mode refuses.)
struct Delta {
  weight w;
  void pre_spike(auto&, auto& post) { post.v += w; }
};

/// Exponential current: tau di/dt = -i. Linear and only summed, so it is kept once per target.
struct ExpCurrent {
  param tau = 5_ms;
  weight w;
  state i;
  void pre_spike(auto&, auto&)  { i += w; }
  void flow(auto&, auto& post)  { d(i) = -i / tau;  post.i += i; }
};

/// Alpha-function current w (t/tau) e^(1 - t/tau): rises to w after tau.
struct Alpha {
  param tau = 5_ms;
  weight w;
  state x, i;
  void pre_spike(auto&, auto&)  { x += w; }
  void flow(auto&, auto& post)  { d(x) = -x / tau;  d(i) = (2.718281828459045 * x - i) / tau;  post.i += i; }
};

/// Exponential conductance towards a reversal potential, kept once per target.
struct ExpConductance {
  param tau = 5_ms, e_rev = 0_mV;
  weight w;
  state g;
  void pre_spike(auto&, auto&)  { g += w; }
  void flow(auto&, auto& post)  { d(g) = -g / tau;  post.i += g * (e_rev - post.v); }
};

/// Short-term plasticity: utilisation u facilitates, resources r deplete. (Tsodyks, Pawelzik & Markram 1998)
struct TsodyksMarkram {
  param U = 0.5, tau_rec = 800_ms, tau_facil = 50_ms, tau_syn = 3_ms;
  weight w;
  state u, r = 1, i;
  void pre_spike(auto&, auto&)  { u += U * (1 - u);  i += w * u * r;  r -= u * r; }
  void flow(auto&, auto& post)  { d(u) = -u / tau_facil;  d(r) = (1 - r) / tau_rec;  d(i) = -i / tau_syn;  post.i += i; }
};

/// NMDA receptors far from saturation: conductance with rise and decay, kept once per target, and the magnesium block there.
/// (Jahr & Stevens 1990, eq. 4, for the block)
struct LinearNmda {
  param tau_rise = 2_ms, tau_decay = 100_ms, mg = 1, e_rev = 0_mV;
  weight w;
  state x, g;
  void pre_spike(auto&, auto&)  { x += w; }
  void flow(auto&, auto& post) {
    d(x) = -x / tau_rise;
    d(g) = x / tau_rise - g / tau_decay;
    post.i += g * (e_rev - post.v) / (1 + mg / 3.57 * exp(-0.062 * post.v));
  }
};

/// NMDA receptors: a saturating gate per source neuron, and the magnesium block at the target. (Wang 1999; Jahr & Stevens 1990)
struct Nmda {
  param tau_rise = 2_ms, tau_decay = 100_ms, alpha = 0.5, mg = 1, e_rev = 0_mV;
  weight w;
  state x, s;
  void pre_spike(auto&, auto&)  { x += 1; }
  void flow(auto&, auto& post) {
    d(x) = -x / tau_rise;
    d(s) = -s / tau_decay + alpha * x * (1 - s);
    post.i += w * s * (e_rev - post.v) / (1 + mg / 3.57 * exp(-0.062 * post.v));
  }
};

}  // namespace antidrome
