// A step of the optimiser, as runtime/train/optimiser.cpp takes it on a host: the same operations in the same order, each rounded by itself. Included by
// device.h.
#pragma once

namespace antidrome {
namespace device {

// ---- operations that no compiler contracts
ANTIDROME_DEVICE float plus(float a, float b) { return __fadd_rn(a, b); }
ANTIDROME_DEVICE float times(float a, float b) { return __fmul_rn(a, b); }
ANTIDROME_DEVICE float over(float a, float b) { return __fdiv_rn(a, b); }
ANTIDROME_DEVICE float root(float a) { return __fsqrt_rn(a); }
ANTIDROME_DEVICE double plus(double a, double b) { return __dadd_rn(a, b); }
ANTIDROME_DEVICE double times(double a, double b) { return __dmul_rn(a, b); }
ANTIDROME_DEVICE double over(double a, double b) { return __ddiv_rn(a, b); }
ANTIDROME_DEVICE double root(double a) { return __dsqrt_rn(a); }

// ---- sums of squares. Those of floats have the range of a host's doubles: the sum is `sum` times 4^exponent.
constexpr int least_exponent = single_precision ? -126 : 0;
struct Squares { wide sum; int exponent; };
ANTIDROME_DEVICE Squares no_squares() { return {wide(0), least_exponent}; }
ANTIDROME_DEVICE float two_to(int n) { return __uint_as_float(u32(n + 127) << 23); }     // -126 to 127
ANTIDROME_DEVICE Squares square_of(float x) {
  const int n = int(__float_as_uint(x) >> 23 & 255u) - 127, exponent = n < -126 ? -126 : n > 126 ? 126 : n;
  const wide y = wide(__fmul_rn(x, two_to(-exponent)));
  return {y * y, exponent};
}
ANTIDROME_DEVICE Squares square_of(double x) { return {wide(times(x, x)), 0}; }
ANTIDROME_DEVICE Pair quartered(Pair x, int n) {                   // x / 4^n; what is below 2^-120 of the other summand has no say
  const float f = n > 60 ? 0.0f : two_to(-2 * n);
  return Pair(__fmul_rn(x.hi, f), __fmul_rn(x.lo, f));
}
ANTIDROME_DEVICE double quartered(double x, int) { return x; }
ANTIDROME_DEVICE Squares operator+(Squares a, Squares b) {
  const int exponent = a.exponent < b.exponent ? b.exponent : a.exponent;
  return {quartered(a.sum, exponent - a.exponent) + quartered(b.sum, exponent - b.exponent), exponent};
}
ANTIDROME_DEVICE double times_two_to(double x, int) { return x; }  // doubles have no exponent of their own

// ---- the numbers of a step, in the order in which backends/cuda/device/state.cpp writes them; rounded to `real` where they are used
enum UpdateNumber : u32 { update_sgd, update_beta1, update_beta2, update_correct1, update_correct2, update_epsilon, update_momentum, update_scale, update_clip, update_samples, update_numbers };
constexpr u32 move_numbers = 5;
struct Update { bool sgd; real beta1, beta2, correct1, correct2, epsilon, momentum, scale; };
struct Move { bool moves; real rate, keep, low, high; };
ANTIDROME_DEVICE Update update_of(const wide* n, real scale) {
  return {narrow(n[update_sgd]) != real(0), narrow(n[update_beta1]), narrow(n[update_beta2]), narrow(n[update_correct1]), narrow(n[update_correct2]), narrow(n[update_epsilon]), narrow(n[update_momentum]), scale};
}
/// Of the parameter of that number among those that learn.
ANTIDROME_DEVICE Move move_of(const wide* n, u32 parameter) {
  n += update_numbers + move_numbers * parameter;
  return {narrow(n[0]) != real(0), narrow(n[1]), narrow(n[2]), narrow(n[3]), narrow(n[4])};
}
/// What gradients are multiplied by: 1 / samples, and less where the norm of the mean gradient is above what it is clipped to.
ANTIDROME_DEVICE real scale_of(Squares all, const wide* n) {
  const wide clip = n[update_clip], samples = n[update_samples], norm = sqrt(all.sum) / samples;
  if (!(clip > wide(0)) || !(norm > times_two_to(clip, -all.exponent))) return narrow(n[update_scale]);
  return narrow(times_two_to(clip / norm / samples, -all.exponent));
}

ANTIDROME_DEVICE real without_tiny(real x) { return absolute(x) < real(1e-35) ? real(0) : x; }
/// One element and what is kept beside it: m and v, or m alone.
ANTIDROME_DEVICE void move_element(const Update& u, const Move& p, real* w, real gradient, real* m, real* v) {
  const real g = times(gradient, u.scale);
  real moved;
  if (u.sgd) {
    *m = without_tiny(plus(times(u.momentum, *m), g));
    moved = plus(*w, -times(p.rate, *m));
  } else {
    *m = without_tiny(plus(times(u.beta1, *m), times(plus(real(1), -u.beta1), g)));
    *v = without_tiny(plus(times(u.beta2, *v), times(times(plus(real(1), -u.beta2), g), g)));
    moved = plus(times(p.keep, *w), -over(times(p.rate, times(*m, u.correct1)), plus(root(times(*v, u.correct2)), u.epsilon)));
  }
  *w = minimum(maximum(moved, p.low), p.high);
}

}  // namespace device
}  // namespace antidrome
