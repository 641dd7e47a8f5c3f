// Elementary functions and random numbers on a device. Included by device.h.
//
// `wide` are the numbers that constants of a run are computed in: once per batch, and with more digits than a kernel's own, because an error of a
// propagator exp(-dt/tau) grows over thousands of steps. In double builds they are double; in float builds pairs of floats (Dekker 1971; Knuth 1969;
// about 48 bits), so that not a single instruction of a float build is a slow double one.
#pragma once

namespace antidrome {
namespace device {

// ---- real
ANTIDROME_DEVICE float exp(float x) { return expf(x); }
ANTIDROME_DEVICE float log(float x) { return logf(x); }
ANTIDROME_DEVICE float sqrt(float x) { return sqrtf(x); }
ANTIDROME_DEVICE float tanh(float x) { return tanhf(x); }
ANTIDROME_DEVICE float pow(float x, float y) { return powf(x, y); }
ANTIDROME_DEVICE float floor(float x) { return floorf(x); }
ANTIDROME_DEVICE float absolute(float x) { return fabsf(x); }
ANTIDROME_DEVICE double exp(double x) { return ::exp(x); }
ANTIDROME_DEVICE double log(double x) { return ::log(x); }
ANTIDROME_DEVICE double sqrt(double x) { return ::sqrt(x); }
ANTIDROME_DEVICE double sin(double x) { return ::sin(x); }
ANTIDROME_DEVICE double cos(double x) { return ::cos(x); }
ANTIDROME_DEVICE double tanh(double x) { return ::tanh(x); }
ANTIDROME_DEVICE double pow(double x, double y) { return ::pow(x, y); }
ANTIDROME_DEVICE double floor(double x) { return ::floor(x); }
ANTIDROME_DEVICE double absolute(double x) { return ::fabs(x); }
ANTIDROME_DEVICE float minimum(float a, float b) { return b < a ? b : a; }
ANTIDROME_DEVICE float maximum(float a, float b) { return a < b ? b : a; }
ANTIDROME_DEVICE double minimum(double a, double b) { return b < a ? b : a; }
ANTIDROME_DEVICE double maximum(double a, double b) { return a < b ? b : a; }

// ---- pairs of floats: hi + lo, |lo| <= ulp(hi) / 2. Every operation is rounded as written: no contraction.
struct Pair {
  float hi, lo;
  Pair() = default;
  __device__ __forceinline__ Pair(float high, float low) : hi(high), lo(low) {}
  __device__ __forceinline__ Pair(float x) : hi(x), lo(0.0f) {}
  __device__ __forceinline__ Pair(double x) : hi(float(x)), lo(float(x - double(float(x)))) {}   // of literals: the compiler's work
  __device__ __forceinline__ Pair(int x) : hi(float(x)), lo(float(x - int(float(x)))) {}
  __device__ __forceinline__ Pair(u32 x) : Pair(int(x)) {}                                        // steps and units: below 2^31
  __device__ __forceinline__ explicit operator float() const { return hi; }
};
ANTIDROME_DEVICE Pair sum_of(float a, float b) {                    // exactly (Knuth)
  const float s = __fadd_rn(a, b), t = __fadd_rn(s, -a);
  return Pair(s, __fadd_rn(__fadd_rn(a, -__fadd_rn(s, -t)), __fadd_rn(b, -t)));
}
ANTIDROME_DEVICE Pair tidied(float a, float b) {                    // |a| >= |b| (Dekker)
  const float s = __fadd_rn(a, b);
  return Pair(s, __fadd_rn(b, -__fadd_rn(s, -a)));
}
ANTIDROME_DEVICE Pair operator-(Pair a) { return Pair(-a.hi, -a.lo); }
ANTIDROME_DEVICE Pair operator+(Pair a, Pair b) {
  const Pair s = sum_of(a.hi, b.hi), t = sum_of(a.lo, b.lo), u = tidied(s.hi, __fadd_rn(s.lo, t.hi));
  return tidied(u.hi, __fadd_rn(u.lo, t.lo));
}
ANTIDROME_DEVICE Pair operator-(Pair a, Pair b) { return a + -b; }
ANTIDROME_DEVICE Pair operator*(Pair a, Pair b) {
  const float p = __fmul_rn(a.hi, b.hi);
  float e = __fmaf_rn(a.hi, b.hi, -p);
  e = __fmaf_rn(a.hi, b.lo, __fmaf_rn(a.lo, b.hi, e));
  return tidied(p, e);
}
ANTIDROME_DEVICE_CALLED Pair operator/(Pair a, Pair b) {            // three quotients, each of what the last one left
  const float p = __fdiv_rn(a.hi, b.hi);
  if (!finite(p) || b.hi == 0.0f) return Pair(p);
  Pair rest = a - b * Pair(p);
  const float q = __fdiv_rn(rest.hi, b.hi);
  rest = rest - b * Pair(q);
  const Pair s = tidied(p, q);
  return s + Pair(__fdiv_rn(rest.hi, b.hi));
}
ANTIDROME_DEVICE bool operator<(Pair a, Pair b) { return a.hi < b.hi || (a.hi == b.hi && a.lo < b.lo); }
ANTIDROME_DEVICE bool operator<=(Pair a, Pair b) { return !(b < a); }
ANTIDROME_DEVICE bool operator>(Pair a, Pair b) { return b < a; }
ANTIDROME_DEVICE bool operator>=(Pair a, Pair b) { return !(a < b); }
ANTIDROME_DEVICE bool operator==(Pair a, Pair b) { return a.hi == b.hi && a.lo == b.lo; }
ANTIDROME_DEVICE bool operator!=(Pair a, Pair b) { return !(a == b); }
ANTIDROME_DEVICE Pair times_two_to(Pair x, int n) {                 // in two steps: n may exceed the exponent's range by half
  const int half = n / 2;
  const float a = __uint_as_float(u32(half + 127) << 23), b = __uint_as_float(u32(n - half + 127) << 23);
  return Pair(x.hi * a * b, x.lo * a * b);
}
ANTIDROME_DEVICE Pair sqrt(Pair x) {
  if (!(x.hi > 0.0f) || !finite(x.hi)) return Pair(sqrtf(x.hi));
  const float y = __fsqrt_rn(x.hi);
  const Pair rest = x - Pair(y) * Pair(y);
  return tidied(y, __fdiv_rn(rest.hi, 2.0f * y));
}
/// x = n log 2 + r; exp r = (exp(r / 8))^8 by Taylor's series
ANTIDROME_DEVICE Pair exp_in_place(Pair x) {
  if (!(x.hi < 89.0f)) return Pair(expf(x.hi));                     // overflow, infinity, NaN
  if (x.hi < -104.0f) return Pair(0.0f);
  const float n = rintf(x.hi * 1.44269504f);
  const Pair r = (x - Pair(n) * Pair(0.6931471805599453)) * Pair(0.125f);
  Pair sum = Pair(1.0 / 362880.0);
  sum = sum * r + Pair(1.0 / 40320.0), sum = sum * r + Pair(1.0 / 5040.0), sum = sum * r + Pair(1.0 / 720.0), sum = sum * r + Pair(1.0 / 120.0);
  sum = sum * r + Pair(1.0 / 24.0), sum = sum * r + Pair(1.0 / 6.0), sum = sum * r + Pair(0.5f), sum = sum * r + Pair(1.0f), sum = sum * r + Pair(1.0f);
  sum = sum * sum, sum = sum * sum, sum = sum * sum;
  return times_two_to(sum, int(n));
}
ANTIDROME_DEVICE_CALLED Pair exp(Pair x) { return exp_in_place(x); }
/// One step of Newton's method from the logarithm in single precision.
ANTIDROME_DEVICE Pair log(Pair x) {
  if (!(x.hi > 0.0f) || !finite(x.hi)) return Pair(logf(x.hi));
  const float y = logf(x.hi);
  return Pair(y) + (x * exp_in_place(Pair(-y)) - Pair(1.0f));        // of noise, too: in kernels that count
}
/// Quarter turns taken off, then Taylor's series; `quarter` more turns the sine into a cosine.
ANTIDROME_DEVICE Pair turned_sine(Pair x, int quarter) {
  const float n = rintf(x.hi * 0.636619772f);
  const Pair r = x - Pair(n) * Pair(1.5707963267948966), z = r * r;
  const int k = int(n) + quarter;
  Pair odd = Pair(-1.0 / 39916800.0), even = Pair(1.0 / 479001600.0);
  odd = odd * z + Pair(1.0 / 362880.0), odd = odd * z + Pair(-1.0 / 5040.0), odd = odd * z + Pair(1.0 / 120.0), odd = odd * z + Pair(-1.0 / 6.0), odd = (odd * z + Pair(1.0f)) * r;
  even = even * z + Pair(-1.0 / 3628800.0), even = even * z + Pair(1.0 / 40320.0), even = even * z + Pair(-1.0 / 720.0), even = even * z + Pair(1.0 / 24.0), even = even * z + Pair(-0.5f), even = even * z + Pair(1.0f);
  const Pair y = k & 1 ? even : odd;
  return k & 2 ? -y : y;
}
ANTIDROME_DEVICE Pair sin(Pair x) { return turned_sine(x, 0); }
ANTIDROME_DEVICE Pair cos(Pair x) { return turned_sine(x, 1); }
ANTIDROME_DEVICE float sin(float x) { return float(turned_sine(Pair(x), 0)); }   // sinf falls back on double numbers for large x
ANTIDROME_DEVICE float cos(float x) { return float(turned_sine(Pair(x), 1)); }
ANTIDROME_DEVICE Pair absolute(Pair x) { return x.hi < 0.0f ? -x : x; }
ANTIDROME_DEVICE Pair floor(Pair x) {
  const float whole = floorf(x.hi);
  return whole == x.hi ? tidied(whole, floorf(x.lo)) : Pair(whole);
}
ANTIDROME_DEVICE Pair tanh(Pair x) {
  const Pair a = absolute(x);
  if (a.hi < 0.02f) {                                               // where the quotient would cancel
    const Pair z = x * x;
    return x * (Pair(1.0f) + z * (Pair(-1.0 / 3.0) + z * (Pair(2.0 / 15.0) + z * (Pair(-17.0 / 315.0) + z * Pair(62.0 / 2835.0)))));
  }
  const Pair y = a.hi > 20.0f ? Pair(1.0f) : Pair(1.0f) - Pair(2.0f) / (exp(a + a) + Pair(1.0f));
  return x.hi < 0.0f ? -y : y;
}
ANTIDROME_DEVICE Pair pow(Pair x, Pair y) {
  if (x.hi > 0.0f) return exp(y * log(x));
  const bool whole = floor(y) == y, odd = whole && !(floor(y * Pair(0.5f)) * Pair(2.0f) == y);
  if (!whole || x.hi == 0.0f) return Pair(powf(x.hi, y.hi));
  const Pair z = exp(y * log(-x));
  return odd ? -z : z;
}

template <bool Single> struct WideOf { using type = Pair; };
template <> struct WideOf<false> { using type = double; };
using wide = typename WideOf<single_precision>::type;

ANTIDROME_DEVICE Pair pick(bool c, Pair a, Pair b) { return c ? a : b; }
ANTIDROME_DEVICE Pair minimum(Pair a, Pair b) { return b < a ? b : a; }
ANTIDROME_DEVICE Pair maximum(Pair a, Pair b) { return a < b ? b : a; }
ANTIDROME_DEVICE real narrow(wide x) { return real(x); }

// ---- divided differences of exp, smooth where points coincide (see lanes_math.h for the formulas); T: real or wide
template <class T> ANTIDROME_DEVICE T expdd_two(T a, T b) {
  const T d = T(0.5) * (b - a), z = d * d;
  if (z >= T(1.0)) return (exp(b) - exp(a)) / (b - a);
  T sum = T(1.0), term = T(1.0);
  for (int k = 1; k <= 9; ++k) {
    term = term * z / T(2 * k * (2 * k + 1));
    sum = sum + term;
  }
  return exp(T(0.5) * (a + b)) * sum;
}
template <class T> ANTIDROME_DEVICE T expdd_three(T a, T b, T c) {
  const T low = minimum(a, minimum(b, c)), high = maximum(a, maximum(b, c)), inner = maximum(minimum(a, b), minimum(maximum(a, b), c));
  if (high - low >= T(0.5)) return (expdd_two(inner, high) - expdd_two(low, inner)) / (high - low);
  const T mean = (a + b + c) / T(3.0), u = low - mean, v = inner - mean, x = high - mean, e2 = u * v + u * x + v * x, e3 = u * v * x;
  T h3 = T(1.0), h2 = T(0.0), h1 = -e2, sum = T(0.5) + h1 / T(24.0), factorial = T(24.0);
  for (int k = 3; k <= 14; ++k) {
    const T h = e3 * h3 - e2 * h2;
    factorial = factorial * T(k + 2);
    sum = sum + h / factorial;
    h3 = h2, h2 = h1, h1 = h;
  }
  return exp(mean) * sum;
}
/// Any number of points: scaling and squaring of exp of the bidiagonal matrix with the points on its diagonal (Opitz).
template <class T, int N> ANTIDROME_DEVICE T expdd_of(const T (&points)[N]) {
  T mean = T(0.0), spread = T(1.0);
#pragma unroll
  for (int k = 0; k < N; ++k) mean = mean + points[k] / T(N);
#pragma unroll
  for (int k = 0; k < N; ++k) spread = maximum(spread, absolute(points[k] - mean));
  int squarings = 0;
  T scale = T(1.0);
  while (spread * scale > T(0.5)) scale = scale * T(0.5), ++squarings;
  T e[N][N], term[N][N], next[N][N];
#pragma unroll
  for (int i = 0; i < N; ++i)
#pragma unroll
    for (int j = 0; j < N; ++j) e[i][j] = term[i][j] = T(i == j ? 1.0 : 0.0);
  for (int order = 1; order <= 22; ++order) {
#pragma unroll
    for (int i = 0; i < N; ++i)
#pragma unroll
      for (int j = N - 1; j >= i; --j) {
        T t = term[i][j] * (points[j] - mean);
        if (j > i) t = t + term[i][j - 1];
        term[i][j] = scale * t / T(order);
        e[i][j] = e[i][j] + term[i][j];
      }
  }
  for (int q = 0; q < squarings; ++q) {
#pragma unroll
    for (int i = 0; i < N; ++i)
#pragma unroll
      for (int j = i; j < N; ++j) {
        next[i][j] = T(0.0);
#pragma unroll
        for (int m = i; m <= j; ++m) next[i][j] = next[i][j] + e[i][m] * e[m][j];
      }
#pragma unroll
    for (int i = 0; i < N; ++i)
#pragma unroll
      for (int j = i; j < N; ++j) e[i][j] = next[i][j];
  }
  return exp(mean) * e[0][N - 1];
}
template <class T, class... More> ANTIDROME_DEVICE T expdd_any(T a, T b, More... more) {
  if constexpr (sizeof...(More) == 0) {
    return expdd_two(a, b);
  } else if constexpr (sizeof...(More) == 1) {
    return expdd_three(a, b, T(more)...);
  } else {
    const T points[] = {a, b, T(more)...};
    return expdd_of(points);
  }
}
template <class... More> ANTIDROME_DEVICE float expdd(float a, float b, More... more) { return expdd_any<float>(a, b, more...); }
template <class... More> ANTIDROME_DEVICE double expdd(double a, double b, More... more) { return expdd_any<double>(a, b, more...); }
template <class... More> ANTIDROME_DEVICE Pair expdd(Pair a, Pair b, More... more) { return expdd_any<Pair>(a, b, more...); }

// ---- random numbers: the same blocks of Philox as everywhere
ANTIDROME_DEVICE float uniform_of(u32 word, float) { return __ull2float_rn((u64(word) << 1) | 1u) * 1.16415321826934814453125e-10f; }   // 2^-33, rounded once
ANTIDROME_DEVICE double uniform_of(u32 word, double) { return antidrome_uniform(word); }
ANTIDROME_DEVICE void normal_pair(u32 a, u32 b, float& first, float& second) {
  const Pair u = (Pair(float(a & 0xffff0000u)) + Pair(float(a & 0xffffu) + 0.5f)) * Pair(2.3283064365386962890625e-10f);
  const Pair turn = (Pair(float(b & 0xffff0000u)) + Pair(float(b & 0xffffu) + 0.5f)) * Pair(2.3283064365386962890625e-10f);
  const Pair radius = sqrt(Pair(-2.0f) * log(u));
  const float quarter = floorf(4.0f * turn.hi + 0.5f);
  const Pair x = (turn - Pair(0.25f * quarter)) * Pair(6.283185307179586);
  first = float(radius * turned_sine(x, int(quarter) + 1));
  second = float(radius * turned_sine(x, int(quarter)));
}
ANTIDROME_DEVICE void normal_pair(u32 a, u32 b, double& first, double& second) { antidrome_normal_pair(a, b, &first, &second); }
/// Four steps of one draw for the neurons j to j + N - 1: rows[q][j] is step 4 * group + q. Without a use for them all are 1/2.
template <int N, int P> ANTIDROME_DEVICE void draw_rows(real (*rows)[P], bool used, bool normal, u64 seed, u32 site, u32 epoch, u32 sample, u32 group, u32 j) {
#pragma unroll
  for (int e = 0; e < N; ++e) {
    real x[4] = {real(0.5), real(0.5), real(0.5), real(0.5)};
    if (used) {
      const antidrome_philox p = antidrome_philox4x32(group << 16 | (j + e), sample, epoch, site, seed);
      if (normal) {
        normal_pair(p.word[0], p.word[1], x[0], x[1]);
        normal_pair(p.word[2], p.word[3], x[2], x[3]);
      } else {
#pragma unroll
        for (int q = 0; q < 4; ++q) x[q] = uniform_of(p.word[q], real());
      }
    }
#pragma unroll
    for (int q = 0; q < 4; ++q) rows[q][j + e] = x[q];
  }
}

}  // namespace device
}  // namespace antidrome
