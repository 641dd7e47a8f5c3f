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

// The channel of 700 that answers a tone most, and how much: values of an independent implementation, which integrates the wave
// number by Gauss-Legendre.
TEST(BasilarMembrane, tones_have_their_places) {
  struct Best { double frequency; std::size_t channel; double velocity; };
  const Best all[] = {{200, 613, 212.49220}, {400, 522, 200.29093}, {800, 431, 179.57566}, {1600, 338, 148.35677}, {3200, 246, 113.76037}, {5000, 187, 94.435964}, {8000, 124, 79.330532}, {11000, 82, 74.040037}};
  for (const Best& expected : all) {
    const MembraneAt membrane(expected.frequency);
    std::size_t best = 0;
    for (std::size_t c = 1; c < 700; ++c)
      if (std::abs(membrane.velocity(place_of(c, 700))) > std::abs(membrane.velocity(place_of(best, 700)))) best = c;
    EXPECT_EQ(best, expected.channel) << expected.frequency;
    EXPECT_NEAR(std::abs(membrane.velocity(place_of(best, 700))) / expected.velocity, 1, 1e-6) << expected.frequency;
  }
}

}  // namespace
}  // namespace antidrome::audio
