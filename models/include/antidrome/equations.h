// What an equation may use besides its own symbols: the context, elementary functions, and sums over a range.
#pragma once
#include <antidrome/roles.h>

// The C library's functions, declared as <math.h> declares them. Including <math.h> would cost ten times the rest of this file.
extern "C" {
double exp(double) noexcept;
double log(double) noexcept;
double sqrt(double) noexcept;
double sin(double) noexcept;
double cos(double) noexcept;
double tanh(double) noexcept;
double pow(double, double) noexcept;
double fabs(double) noexcept;
double floor(double) noexcept;
}

namespace antidrome {

/// Set by whoever executes a struct; read through the functions below.
struct Context {
  real time = 0, dt = 1, trial = 100;
  bool training = true;
  unsigned long long draws = 1;
  bool one_draw = false;  ///< all draws of a hook are the same: what the lift check compares with
};
inline Context context;

inline real time() { return context.time; }           ///< ms since the start of the trial: of the step, or of the event
inline real dt() { return context.dt; }               ///< ms per step
inline real trial() { return context.trial; }         ///< length of the trial in ms
inline bool training() { return context.training; }   ///< false in evaluation

/// The nominal value of x: it moves with time, not with parameters, so no gradient passes.
inline real stop(real x) { return x; }

inline real max(real a, real b) { return a > b ? a : b; }
inline real min(real a, real b) { return a < b ? a : b; }
inline real clip(real x, real low, real high) { return min(max(x, low), high); }
inline real sq(real x) { return x * x; }
inline real sgn(real x) { return (x > 0) - (x < 0); }
inline real sigmoid(real x) { return 1 / (1 + exp(-x)); }

// ---- draws, a new one per neuron and step: a simulator makes them from the seed, the epoch, the sample, the neuron and the step
inline real uniform() {
  const unsigned long long next = context.draws * 6364136223846793005u + 1442695040888963407u;
  if (!context.one_draw) context.draws = next;
  return static_cast<real>(next >> 11) * 0x1p-53;
}
inline real normal() { return sqrt(-2 * log(1 - uniform())) * cos(6.283185307179586 * uniform()); }
inline real white() { return normal() / sqrt(dt()); }  ///< white noise of unit intensity, additive in flow()

// ---- over the neurons of a readout, in a loss

namespace detail {
/// What a loss sees: the readout of every neuron.
template <class T>
struct Range {
  T* first = nullptr;
  int size = 0;
  T* begin() const { return first; }
  T* end() const { return first + size; }
  T& operator[](label y) const { return first[y.index]; }
};
}  // namespace detail

template <class Elements, class Function>
real sum(const Elements& range, Function f) {
  real total = 0;
  for (auto& x : range) total += f(x);
  return total;
}
template <class Elements, class Function>
real maximum(const Elements& range, Function f) {
  real top = -__builtin_inf();
  for (auto& x : range) top = max(top, f(x));
  return top;
}
inline real batch_mean(real x) { return x; }  ///< over the samples of a batch
inline real batch_sum(real x) { return x; }

}  // namespace antidrome
