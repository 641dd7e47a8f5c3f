#include "runtime/audio/hankel.hpp"

#include <array>
#include <cmath>
#include <numbers>

namespace antidrome::audio {
namespace {

using Complex = std::complex<double>;

// K0(w) = -(ln(w/2) + gamma) I0(w) + sum_k (w^2/4)^k / k!^2 (1 + 1/2 + ... + 1/k)      (Abramowitz & Stegun 9.6.13)
Complex k0_series(Complex w) {
  const Complex quarter = 0.25 * w * w;
  Complex term = 1, i0 = 1, rest = 0;
  double harmonic = 0;
  for (int k = 1; k < 20; ++k) {
    term *= quarter / static_cast<double>(k * k);
    harmonic += 1.0 / k;
    i0 += term;
    rest += term * harmonic;
  }
  return rest - (std::log(0.5 * w) + std::numbers::egamma) * i0;
}

// exp(-x^2) at the points of the trapezoidal rule with step H.
template <int POINTS>
std::array<double, POINTS> gauss(double step) {
  std::array<double, POINTS> out;
  for (int k = 0; k < POINTS; ++k) out[static_cast<std::size_t>(k)] = std::exp(-(k * step) * (k * step));
  return out;
}

// K0(w) = e^-w integral exp(-x^2) / sqrt(2 w + x^2) dx over the real line (DLMF 10.32.8 with t - 1 = x^2 / w). The integrand is
// analytic within |Im x| < sqrt(|w|) at least, so the trapezoidal rule with step h errs by exp(-2 pi sqrt(|w|) / h) and exp(-(pi/h)^2).
template <int POINTS>
Complex k0_integral(Complex w, double step, const std::array<double, POINTS>& weights) {
  double real = 0, imaginary = 0;
  for (int k = 0; k < POINTS; ++k) {
    // 1 / sqrt(a + i b) = (u - i b / 2u) / r with r = |a + i b|, u = sqrt((r + a) / 2); a >= 0, so nothing cancels
    const double x = k * step, a = 2 * w.real() + x * x, b = 2 * w.imag(), r = std::sqrt(a * a + b * b), u = std::sqrt(0.5 * (r + a));
    const double weight = weights[static_cast<std::size_t>(k)] * (k == 0 ? 0.5 : 1) / r;
    real += weight * u;
    imaginary -= weight * b / (2 * u);
  }
  return 2 * step * std::exp(-w) * Complex(real, imaginary);
}

Complex k0(Complex w) {
  static const auto fine = gauss<25>(0.25);
  static const auto coarse = gauss<13>(0.5);
  const double square = std::norm(w);
  if (square < 4) return k0_series(w);
  return square < 81 ? k0_integral<25>(w, 0.25, fine) : k0_integral<13>(w, 0.5, coarse);
}

}  // namespace

// H0^(1)(z) = 2 / (i pi) K0(-i z)      (DLMF 10.27.8)
Complex hankel1_0(Complex z) { return Complex(0, -2 / std::numbers::pi) * k0({z.imag(), -z.real()}); }

}  // namespace antidrome::audio
