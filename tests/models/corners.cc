// Corners of C++ that equations may use, in one struct: a base class, aliases, early returns, nested branches, std functions.
#include <algorithm>
#include <cmath>

#include <antidrome/library.h>
using namespace antidrome;

enum Mode : int { slow = 2, fast = 5 };

template <int N>
struct Membrane {
  param tau = 20_ms;
  state v;
  static real poly(real x) {
    if constexpr (N > 1) return x * x;
    else return x;
  }
};

struct Corners : Membrane<2> {
  param theta = 1, k = 3;
  state u = 0.5, r;
  input i;
  count n, m;
  real gain() const { return theta > 0.9 ? +k : 2 * theta; }
  void flow() {
    auto& me = *this;
    const state copy = v;
    d(me.v) = (i - copy) / tau + poly(u) * gain();
    d(u) = std::max<real>(u, 0.1) - std::abs(v) + std::exp(-std::fabs(u)) - std::min<real>(u, int(fast));
    d(r) = int(fast) * v / int(slow);
    d(r) += -r;
  }
  bool fires() const {
    if (u > 10) return false;
    return v >= theta;
  }
  void step() {
    if (n > 2) {
      m += 1;
      if (m > 3) return;  // on some paths the rest is skipped
      n = 0;
    } else if (v < 0 || !(u > 0)) {
      r = 1;
    }
    real x = v;
    x *= 2;
    r += x > 1 ? 1 : 0;
    const bool big = r > 2;
    if (big) u = -u;
    int steps = 3;
    steps += 2;
    u = u + steps;
    v = (v > 0) + (u > 0 && big);
  }
  void reset() {
    const real old = v;
    v = u;
    u = old;
    n += 1;
  }
};

void network(Network& net) { net.population("corners", 2, Corners{}); }
