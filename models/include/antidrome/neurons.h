// The shipped neurons. Each is an ordinary struct: copy one into your model file and change it.
//
// A neuron either owns its synaptic current (Cuba…: a Pulse jumps its state `i`) or has an input `i` that synapses with a
// time course of their own (ExpCurrent, Alpha, Nmda, …) sum into.
#pragma once
#include <antidrome/model.h>

namespace antidrome {

/// Leaky integrate-and-fire: tau_mem dv/dt = i - v; spikes at theta, is set to v_reset.
struct Lif {
  param tau_mem = 20_ms, theta = 1, v_reset = 0;
  state v;
  input i;
  void flow()  { d(v) = (i - v) / tau_mem; }
  bool fires() { return v >= theta; }
  void reset() { v = v_reset; }
};

/// Leaky integrator, never spikes: the usual output of a classifier.
struct Leaky {
  param tau_mem = 20_ms;
  state v;
  input i;
  void flow() { d(v) = (i - v) / tau_mem; }
};

/// Lif with its own exponential synaptic current: tau_syn di/dt = -i. (Wunderlich & Pehle 2021, eq. 1)
struct CubaLif {
  param tau_mem = 20_ms, tau_syn = 5_ms, theta = 1, v_reset = 0;
  state v, i;
  void flow()  { d(v) = (i - v) / tau_mem;  d(i) = -i / tau_syn; }
  bool fires() { return v >= theta; }
  void reset() { v = v_reset; }
};

/// Leaky integrator with its own exponential synaptic current.
struct CubaLeaky {
  param tau_mem = 20_ms, tau_syn = 5_ms;
  state v, i;
  void flow() { d(v) = (i - v) / tau_mem;  d(i) = -i / tau_syn; }
};

/// CubaLif that, in training, passes its threshold test only with probability 1 - p_drop in each step (so a spike comes later, it
/// is not lost) and has noise on its membrane, per square root of a ms.
struct NoisyCubaLif {
  param tau_mem = 20_ms, tau_syn = 5_ms, theta = 1, v_reset = 0, p_drop = 0, noise = 0;
  state v, i;
  void flow()  { d(v) = (i - v) / tau_mem + noise * white() * training();  d(i) = -i / tau_syn; }
  bool fires() { return v >= theta && uniform() >= p_drop * training(); }
  void reset() { v = v_reset; }
};

/// CubaLeaky with a gain that decays; Gate raises it with each input spike, InputWeighted weighs v with it.
struct GatedLeaky {
  param tau_mem = 20_ms, tau_syn = 5_ms, tau_gain = 20_ms;
  state v, i, gain;
  void flow() { d(v) = (i - v) / tau_mem;  d(i) = -i / tau_syn;  d(gain) = -gain / tau_gain; }
};

/// Lif with an adaptive threshold theta + beta a; a jumps by one at each spike. (Bellec et al. 2018)
struct Alif {
  param tau_mem = 20_ms, tau_a = 150_ms, theta = 1, beta = 0.3, v_reset = 0;
  state v, a;
  input i;
  void flow()  { d(v) = (i - v) / tau_mem;  d(a) = -a / tau_a; }
  bool fires() { return v >= theta + beta * a; }
  void reset() { v = v_reset;  a += 1; }
};

/// CubaLif with an adaptive threshold theta + b; b jumps by b_jump at each spike.
struct CubaAlif {
  param tau_mem = 20_ms, tau_syn = 5_ms, tau_b = 100_ms, theta = 1, v_reset = 0, b_jump = 0.1;
  state v, i, b;
  void flow()  { d(v) = (i - v) / tau_mem;  d(i) = -i / tau_syn;  d(b) = -b / tau_b; }
  bool fires() { return v >= theta + b; }
  void reset() { v = v_reset;  b += b_jump; }
};

/// Lif that loses theta at a spike instead of being set: overshoot is kept.
struct SoftResetLif {
  param tau_mem = 20_ms, theta = 1;
  state v;
  input i;
  void flow()  { d(v) = (i - v) / tau_mem; }
  bool fires() { return v >= theta; }
  void reset() { v -= theta; }
};

/// Lif that cannot spike within t_ref of its last spike. The membrane integrates on meanwhile; only the threshold is masked:
/// `since` is the time since the last spike (long ago, at first), so the gradient by t_ref is exact too.
struct RefractoryLif {
  param tau_mem = 20_ms, theta = 1, v_reset = 0, t_ref = 2_ms;
  state v, since = 1000_ms;
  input i;
  void flow()  { d(v) = (i - v) / tau_mem;  d(since) = 1; }
  bool fires() { return v >= theta && since >= t_ref; }
  void reset() { v = v_reset;  since = 0; }
};

/// Quadratic integrate-and-fire with adaptation: tau_mem dv/dt = v^2 + i - u, tau_u du/dt = b v - u. (Ermentrout & Kopell 1986)
struct Qif {
  param tau_mem = 10_ms, tau_u = 100_ms, b = 0.2, v_peak = 10, v_reset = -2, u_jump = 0.5;
  state v = -1, u;
  input i;
  void flow()  { d(v) = (sq(v) + i - u) / tau_mem;  d(u) = (b * v - u) / tau_u; }
  bool fires() { return v >= v_peak; }
  void reset() { v = v_reset;  u += u_jump; }
};

/// Adaptive exponential integrate-and-fire, in mV, pA, nS, pF. (Brette & Gerstner 2005, table 1) The spike is cut at
/// V_T + 5 delta, where the upstroke takes over: higher, the flow only gets stiffer.
struct AdEx {
  param C = 281_pF, g_L = 30_nS, E_L = -70.6_mV, V_T = -50.4_mV, delta = 2_mV, tau_w = 144_ms, a = 4_nS, b = 80.5_pA, v_peak = -40.4_mV,
        v_reset = -70.6_mV;
  state v = -70.6_mV, w;
  input i;
  void flow() {
    d(v) = (g_L * (E_L - v) + g_L * delta * exp((v - V_T) / delta) - w + i) / C;
    d(w) = (a * (v - E_L) - w) / tau_w;
  }
  bool fires() { return v >= v_peak; }
  void reset() { v = v_reset;  w += b; }
};

/// Izhikevich 2003, eqs. 1-3, in mV and ms; the defaults are a regular spiking cell.
struct Izhikevich {
  param a = 0.02, b = 0.2, c = -65_mV, jump = 8, v_peak = 30_mV;
  state v = -65_mV, u = -13;
  input i;
  void flow()  { d(v) = 0.04 * sq(v) + 5 * v + 140 - u + i;  d(u) = a * (b * v - u); }
  bool fires() { return v >= v_peak; }
  void reset() { v = c;  u += jump; }
};

/// Lif with excitatory and inhibitory conductances in units of the leak: PulseTo<&CobaLif::g_exc>. (Vogels & Abbott 2005)
struct CobaLif {
  param tau_mem = 20_ms, tau_exc = 5_ms, tau_inh = 10_ms, E_L = -49_mV, e_exc = 0_mV, e_inh = -80_mV, theta = -50_mV, v_reset = -60_mV;
  state v = -60_mV, g_exc, g_inh;
  void flow() {
    d(v) = (E_L - v + g_exc * (e_exc - v) + g_inh * (e_inh - v)) / tau_mem;
    d(g_exc) = -g_exc / tau_exc;
    d(g_inh) = -g_inh / tau_inh;
  }
  bool fires() { return v >= theta; }
  void reset() { v = v_reset; }
};

}  // namespace antidrome
