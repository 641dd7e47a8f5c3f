#include "runtime/audio/basilar_membrane.hpp"
#include "runtime/audio/hankel.hpp"

#include <cmath>
#include <gtest/gtest.h>
#include <numbers>

namespace antidrome::audio {
namespace {

using Complex = std::complex<double>;

double relative(Complex a, Complex b) { return std::abs(a - b) / std::abs(b); }

TEST(Hankel, on_the_real_axis_it_is_made_of_bessel_functions) {
  for (double x = 0.01; x < 60; x *= 1.17) EXPECT_LT(relative(hankel1_0(x), {j0(x), y0(x)}), 1e-13) << x;
}

// H0^(1)(z) = 2 / (i pi) integral_0^inf exp(i z cosh t) dt for Im z > 0 (DLMF 10.9.10), by Simpson's rule.
TEST(Hankel, above_the_real_axis_it_is_its_integral) {
  for (const double radius : {0.05, 0.7, 1.9, 2.1, 5.0, 8.9, 9.1, 30.0})
    for (const double angle : {0.35, 0.8, 1.2, std::numbers::pi / 2}) {
      const Complex z = std::polar(radius, angle);
      const double end = std::acosh(1 + 45 / z.imag()), step = end / 20000;
      Complex sum = 0;
      for (int k = 0; k <= 20000; ++k) sum += (k == 0 || k == 20000 ? 1.0 : k % 2 == 1 ? 4.0 : 2.0) * std::exp(Complex(0, 1) * z * (std::cosh(k * step) - 1));
      const Complex integral = Complex(0, -2 / std::numbers::pi) * std::exp(Complex(0, 1) * z) * sum * step / 3.0;
      EXPECT_LT(relative(hankel1_0(z), integral), 1e-10) << z;   // Simpson's error; the function's own is smaller
    }
}

// The closed form of the phase against the integral of the wave number, by Gauss-Legendre with three points in each of many pieces.
TEST(BasilarMembrane, the_phase_is_the_integral_of_the_wave_number) {
  for (const double frequency : {20.0, 100.0, 440.0, 1000.0, 3200.0, 11000.0}) {
    const MembraneAt membrane(frequency);
    Complex sum = 2.0 / 3 * membrane.wave_number(0);   // 2 g(0) / alpha
    EXPECT_LT(relative(membrane.phase(0), sum), 1e-12);
    const int pieces = 14000;
    const double step = 3.5 / pieces, node = std::sqrt(0.6);
    for (int k = 0; k < pieces; ++k) {
      const double middle = (k + 0.5) * step;
      sum += step / 18 * (5.0 * membrane.wave_number(middle - 0.5 * step * node) + 8.0 * membrane.wave_number(middle) + 5.0 * membrane.wave_number(middle + 0.5 * step * node));
      if ((k + 1) % 2000 != 0) continue;
      EXPECT_LT(relative(membrane.phase((k + 1) * step), sum), 1e-9) << frequency;
    }
  }
}

// The best frequency of some of 700 channels, as found for the published model by another implementation.
TEST(BasilarMembrane, channels_have_their_frequencies) {
  const std::pair<double, std::size_t> best[] = {{200, 608}, {400, 517}, {800, 425}, {1600, 334}, {3200, 243}, {5000, 182}, {8000, 122}, {11000, 81}};
  for (const auto& [expected, channel] : best) {
    const auto response = [c = place_of(channel, 700)](double frequency) { return std::abs(MembraneAt(frequency).velocity(c)); };
    double found = 0.8 * expected;
    for (double f = found; f < 1.25 * expected; f *= 1.001)
      if (response(f) > response(found)) found = f;
    EXPECT_NEAR(found / expected, 1, 0.015) << channel;   // a channel is 0.8 % of frequency: rounding of the channel, and of the search there
  }
}

}  // namespace
}  // namespace antidrome::audio
