// Base units: ms, mV, pA, nS, pF are 1, so that equations stay near one in float and pA / pF = mV / ms. Rates are per ms.
#pragma once

namespace antidrome {

constexpr double operator""_ms(long double x) { return static_cast<double>(x); }
constexpr double operator""_ms(unsigned long long x) { return static_cast<double>(x); }
constexpr double operator""_s(long double x) { return 1e3 * static_cast<double>(x); }
constexpr double operator""_s(unsigned long long x) { return 1e3 * static_cast<double>(x); }
constexpr double operator""_us(long double x) { return 1e-3 * static_cast<double>(x); }
constexpr double operator""_us(unsigned long long x) { return 1e-3 * static_cast<double>(x); }
constexpr double operator""_Hz(long double x) { return 1e-3 * static_cast<double>(x); }
constexpr double operator""_Hz(unsigned long long x) { return 1e-3 * static_cast<double>(x); }
constexpr double operator""_mV(long double x) { return static_cast<double>(x); }
constexpr double operator""_mV(unsigned long long x) { return static_cast<double>(x); }
constexpr double operator""_pA(long double x) { return static_cast<double>(x); }
constexpr double operator""_pA(unsigned long long x) { return static_cast<double>(x); }
constexpr double operator""_nA(long double x) { return 1e3 * static_cast<double>(x); }
constexpr double operator""_nA(unsigned long long x) { return 1e3 * static_cast<double>(x); }
constexpr double operator""_nS(long double x) { return static_cast<double>(x); }
constexpr double operator""_nS(unsigned long long x) { return static_cast<double>(x); }
constexpr double operator""_uS(long double x) { return 1e3 * static_cast<double>(x); }
constexpr double operator""_uS(unsigned long long x) { return 1e3 * static_cast<double>(x); }
constexpr double operator""_pF(long double x) { return static_cast<double>(x); }
constexpr double operator""_pF(unsigned long long x) { return static_cast<double>(x); }
constexpr double operator""_nF(long double x) { return 1e3 * static_cast<double>(x); }
constexpr double operator""_nF(unsigned long long x) { return 1e3 * static_cast<double>(x); }

/// A delay in whole steps: `{.delay = 3_steps}`, or in steps and ms, `{.delay = 1_steps + 30_ms}`.
struct Steps {
  int n = 0;
};
constexpr Steps operator""_steps(unsigned long long n) { return {static_cast<int>(n)}; }

}  // namespace antidrome
