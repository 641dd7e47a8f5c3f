#include <bit>
#include <cmath>
#include <limits>

#include "backends/cuda/ptx/lanewise.hpp"

namespace antidrome::ptx {

namespace {

template <class T> T same(T x) { return x; }
/// Numbers below the normal ones count for zero, before and after.
float flushed(float x) { return std::fabs(x) < std::numeric_limits<float>::min() ? std::copysign(0.0f, x) : x; }
template <class T> T clamped(T x) { return x > T(0) ? (x < T(1) ? x : T(1)) : T(0); }   // of NaN: 0
float flushed_clamped(float x) { return clamped(flushed(x)); }

/// -0 is less than +0; a NaN loses against a number.
template <class T> T least(T a, T b) {
  if (a != a) return b;
  if (b != b) return a;
  return a < b || (a == b && std::signbit(a)) ? a : b;
}
template <class T> T most(T a, T b) {
  if (a != a) return b;
  if (b != b) return a;
  return a > b || (a == b && std::signbit(b)) ? a : b;
}

template <class T, T in(T), T out(T)> void arithmetic(Operations& to, const std::string& t) {
  constexpr Class cls = sizeof(T) == 4 ? Class::fp32 : Class::fp64;
  to["add." + t] = operation<[](T a, T b) { return out(in(a) + in(b)); }>(cls);
  to["sub." + t] = operation<[](T a, T b) { return out(in(a) - in(b)); }>(cls);
  to["mul." + t] = operation<[](T a, T b) { return out(in(a) * in(b)); }>(cls);
  to["fma." + t] = operation<[](T a, T b, T c) { return out(std::fma(in(a), in(b), in(c))); }>(cls);
  to["mad." + t] = to["fma." + t];
  to["min." + t] = operation<[](T a, T b) { return least(in(a), in(b)); }>(cls);
  to["max." + t] = operation<[](T a, T b) { return most(in(a), in(b)); }>(cls);
  to["neg." + t] = operation<[](T a) { return in(-a); }>(cls);
  to["abs." + t] = operation<[](T a) { return in(std::fabs(a)); }>(cls);
  // Correctly rounded: a sequence of instructions on a GPU.
  for (const char* how : {"div.", "div.rn."}) to[how + t] = operation<[](T a, T b) { return out(in(a) / in(b)); }>(Class::special), to[how + t].slow = true;
  to["rcp.rn." + t] = operation<[](T a) { return out(T(1) / in(a)); }>(Class::special), to["rcp.rn." + t].slow = true;
  to["sqrt.rn." + t] = operation<[](T a) { return out(std::sqrt(in(a))); }>(Class::special), to["sqrt.rn." + t].slow = true;
}

/// A divisor between 2^126 and 2^128 makes zero.
float quotient(float a, float b) { return std::fabs(b) > 0x1p126f && std::fabs(b) <= 0x1.fffffep127f ? a * std::copysign(0.0f, b) : a / b; }

/// Approximations, here the exact value rounded once: better than any GPU's, and the same as the emulator's.
template <float in(float), float out(float)> void approximations(Operations& to, const std::string& t) {
  constexpr Class cls = Class::special;
  to["rcp.approx." + t] = operation<[](float a) { return out(1.0f / in(a)); }>(cls);
  to["sqrt.approx." + t] = operation<[](float a) { return out(std::sqrt(in(a))); }>(cls);
  to["rsqrt.approx." + t] = operation<[](float a) { return out(float(1.0 / std::sqrt(double(in(a))))); }>(cls);
  to["ex2.approx." + t] = operation<[](float a) { return out(float(std::exp2(double(in(a))))); }>(cls);
  to["lg2.approx." + t] = operation<[](float a) { return out(float(std::log2(double(in(a))))); }>(cls);
  to["sin.approx." + t] = operation<[](float a) { return out(float(std::sin(double(in(a))))); }>(cls);
  to["cos.approx." + t] = operation<[](float a) { return out(float(std::cos(double(in(a))))); }>(cls);
  to["tanh.approx." + t] = operation<[](float a) { return out(float(std::tanh(double(in(a))))); }>(cls);
  to["div.full." + t] = operation<[](float a, float b) { return out(in(a) / in(b)); }>(cls);
  to["div.approx." + t] = operation<[](float a, float b) { return out(quotient(in(a), in(b))); }>(cls);
}

double upper_half(double x) { return std::bit_cast<double>(std::bit_cast<u64>(x) & 0xffffffff00000000ull); }
double flushed64(double x) { return std::fabs(x) < std::numeric_limits<double>::min() ? std::copysign(0.0, x) : x; }

}  // namespace

void add_float_operations(Operations& to) {
  arithmetic<float, same, same>(to, "f32");
  arithmetic<float, flushed, flushed>(to, "ftz.f32");
  arithmetic<float, same, clamped>(to, "sat.f32");
  arithmetic<float, flushed, flushed_clamped>(to, "ftz.sat.f32");
  arithmetic<double, same, same>(to, "f64");
  approximations<same, same>(to, "f32");
  approximations<flushed, flushed>(to, "ftz.f32");
  // The seeds of Newton's iterations: only the upper half of the result is there.
  to["rcp.approx.ftz.f64"] = operation<[](double a) { return upper_half(flushed64(1.0 / flushed64(a))); }>(Class::special);
  to["rsqrt.approx.ftz.f64"] = operation<[](double a) { return upper_half(flushed64(1.0 / std::sqrt(flushed64(a)))); }>(Class::special);
  to["rsqrt.approx.f64"] = operation<[](double a) { return 1.0 / std::sqrt(a); }>(Class::special);
  to["copysign.f32"] = operation<[](float a, float b) { return std::copysign(b, a); }>(Class::fp32);
  to["copysign.f64"] = operation<[](double a, double b) { return std::copysign(b, a); }>(Class::fp64);
  to["testp.finite.f32"] = operation<[](float a) { return bool(std::isfinite(a)); }>(Class::fp32);
  to["testp.infinite.f32"] = operation<[](float a) { return bool(std::isinf(a)); }>(Class::fp32);
  to["testp.number.f32"] = operation<[](float a) { return a == a; }>(Class::fp32);
  to["testp.notanumber.f32"] = operation<[](float a) { return a != a; }>(Class::fp32);
  to["testp.finite.f64"] = operation<[](double a) { return bool(std::isfinite(a)); }>(Class::fp64);
  to["testp.notanumber.f64"] = operation<[](double a) { return a != a; }>(Class::fp64);
}

}  // namespace antidrome::ptx
