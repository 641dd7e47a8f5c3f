// Elementary functions of vectors, free of branches, and of scalars by the same names. Included by lanes.h.
#pragma once

namespace antidrome {
namespace [[gnu::visibility("hidden")]] lanes {  // simulators of other widths may be loaded beside this one

// ---- scalars: the library's
template <class T> concept Scalar = std::is_floating_point_v<T>;
template <Scalar T> ANTIDROME_INLINE T exp(T x) { return std::exp(x); }
template <Scalar T> ANTIDROME_INLINE T log(T x) { return std::log(x); }
template <Scalar T> ANTIDROME_INLINE T sqrt(T x) { return std::sqrt(x); }
template <Scalar T> ANTIDROME_INLINE T sin(T x) { return std::sin(x); }
template <Scalar T> ANTIDROME_INLINE T cos(T x) { return std::cos(x); }
template <Scalar T> ANTIDROME_INLINE T tanh(T x) { return std::tanh(x); }
template <Scalar T> ANTIDROME_INLINE T floor(T x) { return std::floor(x); }
template <Scalar T> ANTIDROME_INLINE T absolute(T x) { return std::fabs(x); }
template <Scalar T> ANTIDROME_INLINE T pow(T x, T y) { return std::pow(x, y); }
template <Scalar T> ANTIDROME_INLINE T minimum(T a, T b) { return b < a ? b : a; }
template <Scalar T> ANTIDROME_INLINE T maximum(T a, T b) { return a < b ? b : a; }

// ---- vectors
constexpr word sign_bit = word(unsigned_word(1) << (8 * sizeof(word) - 1));
ANTIDROME_INLINE vf minimum(vf a, vf b) { return lower_of(b, a); }
ANTIDROME_INLINE vf maximum(vf a, vf b) { return upper_of(b, a); }
ANTIDROME_INLINE vf minimum(vf a, real b) { return minimum(a, vec(b)); }
ANTIDROME_INLINE vf minimum(real a, vf b) { return minimum(vec(a), b); }
ANTIDROME_INLINE vf maximum(vf a, real b) { return maximum(a, vec(b)); }
ANTIDROME_INLINE vf maximum(real a, vf b) { return maximum(vec(a), b); }
ANTIDROME_INLINE vf absolute(vf x) { return (vf)((vi)x & ~sign_bit); }
/// Lane by lane, for what has no vector form of its own.
template <class F> ANTIDROME_INLINE vf each_lane(vf x, F f) {
  vf y;
  for (int l = 0; l < LANES; ++l) y[l] = f(x[l]);
  return y;
}
ANTIDROME_INLINE vf sqrt(vf x) { vf y; ANTIDROME_UNROLL for (int l = 0; l < LANES; ++l) y[l] = std::sqrt(x[l]); return y; }
ANTIDROME_INLINE vf floor(vf x) {
  // beyond 2^(mantissa bits) a number is an integer already
  const real whole = sizeof(real) == 4 ? real(8388608) : real(4503599627370496.0);
  const vf truncated = __builtin_convertvector(__builtin_convertvector(x, vi), vf);
  const vf lower = truncated > x ? truncated - real(1) : truncated;
  return absolute(x) < whole ? lower : x;
}
ANTIDROME_INLINE vf sin(vf x) { return each_lane(x, [](real a) { return std::sin(a); }); }
ANTIDROME_INLINE vf cos(vf x) { return each_lane(x, [](real a) { return std::cos(a); }); }

/// By Horner's rule, the highest power first.
template <class... C> ANTIDROME_INLINE vf polynomial(vf x, double highest, C... lower) {
  vf p = vec(real(highest));
  ((p = multiply_add(p, x, vec(real(lower)))), ...);
  return p;
}

/// 2^n for integers n in the exponent's range, built from its bits.
ANTIDROME_INLINE vf power_of_two(vi n) {
  const word bias = sizeof(real) == 4 ? 127 : 1023, mantissa = sizeof(real) == 4 ? 23 : 52;
  return (vf)((n + bias) << mantissa);
}

/// exp(x) = 2^n (1 + minus_one): x = n log 2 + r with |r| <= log 2 / 2, a polynomial in r.
struct ExpParts { vf minus_one; vi n; };
ANTIDROME_INLINE ExpParts exp_parts(vf x) {
  constexpr bool single = sizeof(real) == 4;
  const real top = single ? real(88.8) : real(709.9), bottom = single ? real(-87) : real(-708);
  const vf y = maximum(minimum(x, top), bottom);
  const real magic = single ? real(12582912.0) : real(6755399441055744.0);         // 1.5 * 2^23 (2^52): adding it rounds to an integer
  const vf shifted = y * real(1.4426950408889634074) + magic;
  const vf n = shifted - magic;
  const vi k = (vi)shifted - (vi)vec(magic);
  vf r = y - n * (single ? real(0.693359375) : real(6.93147180369123816490e-01));   // log 2 in two parts: the first times n is exact
  r = multiply_add(n, vec(single ? real(2.12194440e-4) : real(-1.90821492927058770002e-10)), r);
  vf p;
  if constexpr (single) {
    p = polynomial(r, 1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1);
  } else {
    // Taylor to degree 13: the next term is below 2^-58 on |r| <= log 2 / 2
    p = polynomial(r, 1.0 / 6227020800.0, 1.0 / 479001600.0, 1.0 / 39916800.0, 1.0 / 3628800.0, 1.0 / 362880.0, 1.0 / 40320.0, 1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5);
  }
  p = multiply_add(p, r * r, r);
  return {p, k};
}
/// Half of 2^n, so that n may be one more than the greatest exponent. Below the normal numbers everything is zero, as it is in a trial.
ANTIDROME_INLINE vf half_power(const ExpParts& e) { return power_of_two(e.n - word(1)); }
ANTIDROME_INLINE vf exp(vf x) {
  const ExpParts e = exp_parts(x);
  const vf half = half_power(e), value = multiply_add(e.minus_one, half, half);
  return value + value;
}

/// log: x = 2^n m with m in [sqrt(1/2), sqrt 2), log m = 2 atanh(s) with s = (m - 1) / (m + 1), as a series in s^2.
ANTIDROME_INLINE vf log(vf x) {
  constexpr bool single = sizeof(real) == 4;
  const word mantissa = single ? 23 : 52, bias = single ? 127 : 1023;
  const word mask_bits = word((unsigned_word(1) << mantissa) - 1);
  const vi bits = (vi)x;
  vi n = (bits >> mantissa) - bias;
  vf m = (vf)((bits & mask_bits) | (bias << mantissa));
  const vi high = m > real(1.41421356237309504880);
  m = high ? m * real(0.5) : m;
  n = n - high;                                                                     // a true mask is -1
  const vf f = m - real(1), s = f / (m + real(1)), z = s * s;
  vf p;
  if constexpr (single) p = polynomial(z, 2.0 / 9, 2.0 / 7, 2.0 / 5, 2.0 / 3);
  else p = polynomial(z, 2.0 / 21, 2.0 / 19, 2.0 / 17, 2.0 / 15, 2.0 / 13, 2.0 / 11, 2.0 / 9, 2.0 / 7, 2.0 / 5, 2.0 / 3);
  const vf e = __builtin_convertvector(n, vf), h = real(0.5) * f * f;
  // log m = f - (h - s (h + z p)): the large part f is added last
  const vf low = s * (h + z * p);
  vf y = e * (single ? real(0.693359375) : real(6.93147180369123816490e-01)) - ((h - (low + e * (single ? real(-2.12194440e-4) : real(1.90821492927058770002e-10)))) - f);
  const vf infinity = vec(real(__builtin_inf()));
  y = x == real(0) ? -infinity : y;
  y = x < real(0) ? vec(real(__builtin_nan(""))) : y;
  return (x < infinity) ? y : (x == infinity ? x : (x == x ? y : x));
}

/// tanh: a rational form near zero, where 1 - 2 / (exp(2x) + 1) would cancel.
ANTIDROME_INLINE vf tanh(vf x) {
  const vf a = absolute(x), z = x * x;
  // continued fraction x / (1 + z / (3 + z / (5 + ...))), for |x| < 0.6
  vf d = vec(real(19));
  ANTIDROME_UNROLL for (int k = 17; k >= 1; k -= 2) d = real(k) + z / d;
  const vf small = x / d;
  const vf big = real(1) - real(2) / (exp(real(2) * minimum(a, real(30))) + real(1));
  return a < real(0.6) ? small : (x < real(0) ? -big : big);
}
ANTIDROME_INLINE vf pow(vf x, vf y) {
  vf z;
  for (int l = 0; l < LANES; ++l) z[l] = std::pow(x[l], y[l]);
  return z;
}
ANTIDROME_INLINE vf pow(vf x, real y) { return each_lane(x, [y](real a) { return std::pow(a, y); }); }
ANTIDROME_INLINE vf pow(real x, vf y) { return each_lane(y, [x](real a) { return std::pow(x, a); }); }

// ---- divided differences of exp, smooth where points coincide
/// Any number of points, in double: scaling and squaring of exp of the bidiagonal matrix with the points on its diagonal
/// (Opitz), whose corner element is exp[x0, ..., xn]. Nothing is subtracted that could cancel, so coincident points are no case.
inline double expdd_of(const double* points, int n) {
  constexpr int MOST = 8;
  double mean = 0, spread = 1;
  for (int k = 0; k < n; ++k) mean += points[k] / n;
  for (int k = 0; k < n; ++k) spread = std::fmax(spread, std::fabs(points[k] - mean));
  int squarings = 0;
  while (std::ldexp(spread, -squarings) > 0.5) ++squarings;
  const double scale = std::ldexp(1.0, -squarings);
  double e[MOST][MOST] = {}, term[MOST][MOST] = {}, next[MOST][MOST];
  for (int k = 0; k < n; ++k) e[k][k] = term[k][k] = 1;
  for (int order = 1; order <= 22; ++order) {                    // term := term * Z / order, Z = scale (diag(x - mean) + superdiagonal)
    for (int i = 0; i < n; ++i)
      for (int j = n - 1; j >= i; --j) term[i][j] = scale * (term[i][j] * (points[j] - mean) + (j > i ? term[i][j - 1] : 0.0)) / order;
    for (int i = 0; i < n; ++i)
      for (int j = i; j < n; ++j) e[i][j] += term[i][j];
  }
  for (int q = 0; q < squarings; ++q) {
    for (int i = 0; i < n; ++i)
      for (int j = i; j < n; ++j) {
        next[i][j] = 0;
        for (int m = i; m <= j; ++m) next[i][j] += e[i][m] * e[m][j];
      }
    std::memcpy(e, next, sizeof e);
  }
  return std::exp(mean) * e[0][n - 1];
}
inline double expdd_two(double a, double b) {                      // exp((a + b) / 2) sinh(d) / d, by its series for |d| < 1
  const double d = 0.5 * (b - a), z = d * d;
  if (z >= 1) return (std::exp(b) - std::exp(a)) / (b - a);
  double sum = 1, term = 1;
  for (int k = 1; k <= 9; ++k) sum += term *= z / (2 * k * (2 * k + 1));
  return std::exp(0.5 * (a + b)) * sum;
}
inline double expdd_three(double a, double b, double c) {           // as expdd3 below
  const double low = std::fmin(a, std::fmin(b, c)), high = std::fmax(a, std::fmax(b, c)), inner = std::fmax(std::fmin(a, b), std::fmin(std::fmax(a, b), c));
  if (high - low >= 0.5) return (expdd_two(inner, high) - expdd_two(low, inner)) / (high - low);
  const double mean = (a + b + c) / 3, u = low - mean, v = inner - mean, x = high - mean, e2 = u * v + u * x + v * x, e3 = u * v * x;
  double h3 = 1, h2 = 0, h1 = -e2, sum = 0.5 + h1 / 24, factorial = 24;
  for (int k = 3; k <= 14; ++k) {
    const double h = e3 * h3 - e2 * h2;
    factorial *= k + 2;
    sum += h / factorial;
    h3 = h2; h2 = h1; h1 = h;
  }
  return std::exp(mean) * sum;
}
template <Scalar... T> double expdd(double a, double b, T... more) {
  const double points[] = {a, b, double(more)...};
  if constexpr (sizeof...(T) == 0) return expdd_two(a, b);
  else if constexpr (sizeof...(T) == 1) return expdd_three(a, b, points[2]);
  else return expdd_of(points, int(sizeof points / sizeof points[0]));
}

/// exp[a, b] = exp((a + b) / 2) * sinh(d) / d with d = (b - a) / 2: a series for small d, the quotient beyond.
ANTIDROME_INLINE vf expdd2(vf a, vf b) {
  const vf d = real(0.5) * (b - a), z = d * d, middle = exp(real(0.5) * (a + b));
  vf p;
  if constexpr (sizeof(real) == 4) p = polynomial(z, 1.0 / 6227020800.0, 1.0 / 39916800.0, 1.0 / 362880.0, 1.0 / 5040.0, 1.0 / 120.0, 1.0 / 6.0, 1);
  else p = polynomial(z, 1.0 / 121645100408832000.0, 1.0 / 355687428096000.0, 1.0 / 1307674368000.0, 1.0 / 6227020800.0, 1.0 / 39916800.0, 1.0 / 362880.0, 1.0 / 5040.0, 1.0 / 120.0, 1.0 / 6.0, 1);
  const vi small = z < real(1);
  const vf apart = small ? vec(real(1)) : b - a;
  return small ? middle * p : (exp(b) - exp(a)) / apart;
}
/// exp[a, b, c]: the quotient over the widest gap, or, for points within 1/2, exp(mean) * sum_k h_k / (k + 2)! with the complete
/// symmetric polynomials h_k of the distances from the mean (h_k = -e2 h_(k-2) + e3 h_(k-3), as e1 = 0).
ANTIDROME_INLINE vf expdd3(vf a, vf b, vf c) {
  const vf low = minimum(a, minimum(b, c)), high = maximum(a, maximum(b, c));
  const vf inner = maximum(minimum(a, b), minimum(maximum(a, b), c));
  const vf mean = (a + b + c) * real(1.0 / 3.0), u = low - mean, v = inner - mean, x = high - mean;
  const vf e2 = u * v + u * x + v * x, e3 = u * v * x;
  vf h3 = vec(real(1)), h2 = {}, h1 = -e2;                         // h_0, h_1, h_2
  vf sum = h3 * real(0.5) + h1 * real(1.0 / 24.0);
  real factorial = real(24);
  ANTIDROME_UNROLL for (int k = 3; k <= (sizeof(real) == 8 ? 14 : 9); ++k) {
    const vf h = e3 * h3 - e2 * h2;
    factorial *= real(k + 2);
    sum += h / factorial;
    h3 = h2; h2 = h1; h1 = h;
  }
  const vi small = high - low < real(0.5);
  const vf apart = small ? vec(real(1)) : high - low;
  return small ? exp(mean) * sum : (expdd2(inner, high) - expdd2(low, inner)) / apart;
}
/// exp[0, x] = (exp(x) - 1) / x and exp itself, by one polynomial: exp(x) - 1 = 2^n (exp(r) - 1) + (2^n - 1), which does not cancel.
struct ExpFromZero { vf exp, divided, per_x; };
ANTIDROME_INLINE ExpFromZero exp_from_zero(vf x) {
  constexpr bool single = sizeof(real) == 4;
  const ExpParts e = exp_parts(x);
  const vf half = half_power(e), less = multiply_add(e.minus_one, half, half - real(0.5)), value = multiply_add(e.minus_one, half, half);   // halves
  const vf per_x = real(1) / x, divided = (less + less) * per_x;
  return {value + value, absolute(x) < (single ? real(1e-30) : real(1e-300)) ? vec(real(1)) : divided, per_x};
}
/// exp[0, x, x]: the derivative of exp[0, x], sum_k (k + 1) x^k / (k + 2)! for |x| < 1.
ANTIDROME_INLINE vf expdd_zero_slope(vf x) {
  constexpr int TERMS = sizeof(real) == 4 ? 10 : 19;
  struct Series {
    real a[TERMS];
    constexpr Series() : a{} {
      double factorial = 1;
      for (int k = 0; k < TERMS; ++k) {
        factorial *= k + 2;
        a[k] = real((k + 1) / factorial);
      }
    }
  };
  constexpr Series series;
  vf sum = vec(series.a[TERMS - 1]);
  ANTIDROME_UNROLL for (int k = TERMS - 2; k >= 0; --k) sum = multiply_add(sum, x, vec(series.a[k]));
  const ExpFromZero e = exp_from_zero(x);
  return absolute(x) < real(1) ? sum : (e.exp - e.divided) * e.per_x;
}
/// Zero as a number, and the same vector twice, are the forms that exponential Euler steps and their adjoints have: known when this is compiled.
template <class A, class... B> ANTIDROME_INLINE bool is_zero(const A& a, const B&...) {
  if constexpr (Scalar<A>) return a == A(0);
  else return false;
}
template <class A, class B, class C> ANTIDROME_INLINE bool is_twice(const A&, const B& b, const C& c) { return static_cast<const void*>(&b) == static_cast<const void*>(&c); }
template <class A, class B> ANTIDROME_INLINE vf second(const A&, const B& b) { return vec(b); }
template <class A, class B, class C> ANTIDROME_INLINE vf second(const A&, const B& b, const C&) { return vec(b); }
template <class... A> requires(std::is_same_v<std::remove_cvref_t<A>, vf> || ...) ANTIDROME_INLINE vf expdd(const A&... points) {
  if constexpr (sizeof...(A) == 2) {
    if (is_zero(points...)) return exp_from_zero(second(points...)).divided;
  }
  if constexpr (sizeof...(A) == 3) {
    if (is_zero(points...) && is_twice(points...)) return expdd_zero_slope(second(points...));
  }
  if constexpr (sizeof...(A) == 2) {
    return expdd2(vec(points)...);
  } else if constexpr (sizeof...(A) == 3) {
    return expdd3(vec(points)...);
  } else {
    const vf all[] = {vec(points)...};
    vf y;
    for (int l = 0; l < LANES; ++l) {
      double x[sizeof...(A)];
      for (std::size_t k = 0; k < sizeof...(A); ++k) x[k] = double(all[k][l]);
      y[l] = real(expdd_of(x, int(sizeof...(A))));
    }
    return y;
  }
}

}  // namespace lanes
}  // namespace antidrome
