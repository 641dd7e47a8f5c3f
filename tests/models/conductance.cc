// A conductance-based neuron with two kinds of receptor, one of which saturates with voltage; written with if and helpers.
#include <antidrome/library.h>
using namespace antidrome;

constexpr real e_leak = -65_mV;

real drive(real g, real e, real v) { return g * (e - v); }

struct TwoCompartments {
  param C = 200_pF, g_leak = 10_nS, g_couple = 6_nS, e_exc = 0_mV, e_inh = -75_mV, theta = -50_mV, v_reset = -65_mV, tau_exc = 4_ms, tau_inh = 9_ms;
  state v = e_leak, u = e_leak, g_exc, g_inh;
  static real rectified(real x) {
    if (x > 0) return x;
    return 0;
  }
  void flow() {
    real dendrite = drive(g_leak, e_leak, u) + drive(g_couple, v, u);
    if (u < -20_mV) {
      dendrite += drive(g_exc, e_exc, u);
    } else {
      const real open = exp(-(u + 20_mV) / 10_mV);
      dendrite += open * drive(g_exc, e_exc, u);
    }
    d(u) = dendrite / C;
    d(v) = (drive(g_leak, e_leak, v) + drive(g_couple, u, v) - g_inh * rectified(v - e_inh)) / C;
    d(g_exc) = -g_exc / tau_exc;
    d(g_inh) = -g_inh / tau_inh;
  }
  bool fires() { return v >= theta; }
  void reset() { v = v_reset;  u = max(u, v_reset) - 2_mV; }
};

void network(Network& net) {
  auto input = net.source("input", 10);
  auto cells = net.population("cells", 4, TwoCompartments{.C = trainable(200_pF).clamp(50_pF, 800_pF)}, {.solver = Solver::rk4});
  net.connect(input, cells, Dense{}, PulseTo<&TwoCompartments::g_exc>{.w = trainable(uniform(2, 6))});
  net.connect(cells, cells, Dense{.self = false}, PulseTo<&TwoCompartments::g_inh>{.w = trainable(uniform(0.5, 1))});
  net.loss(net.read(cells, MeanVoltage{}), CrossEntropy{});
  net.learn(EventProp{});
}
