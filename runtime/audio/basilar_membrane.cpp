#include "runtime/audio/basilar_membrane.hpp"

#include "runtime/audio/hankel.hpp"

#include <cmath>
#include <numbers>

namespace antidrome::audio {
namespace {

using Complex = std::complex<double>;

constexpr double length = 3.5;         // cm
constexpr double c0 = 1e9;             // C0, stiffness at the stapes, g / (cm s)^2
constexpr double a = 3500;             // what is taken off the stiffness everywhere
constexpr double alpha = 3;            // its decay along the membrane, 1 / cm
constexpr double rho = 1;              // density of the fluid, g / cm^3
constexpr double h = 0.1;              // height of the scala, cm
constexpr double m = 0.05;             // mass, g / cm^2
constexpr double damping = 0.15;
const double r0 = damping * std::sqrt(c0 * m);   // friction at the stapes

// With y = e^(alpha c / 2), dc = 2 dy / (alpha y) and B = a + m w^2:
//   integral g dc = (2 w / alpha) sqrt(rho / h) integral dy / sqrt(C0 - i w r0 y - B y^2)
//                 = (2 w / alpha) sqrt(rho / (h B)) arcsin s,   s(y) = sqrt(B / D) (y + i w r0 / (2 B)),   D = C0 - (w r0)^2 / (4 B)
// D > 0 as damping < 2, and s moves parallel to the real axis above it, so the principal arcsin is continuous.
Complex arcsin_at(double y, double w, double b) {
  const double d = c0 - w * r0 * w * r0 / (4 * b);
  return std::asin(std::sqrt(b / d) * Complex(y, w * r0 / (2 * b)));
}

Complex input_impedance(double w) {
  const double u = 2 * w / alpha * std::sqrt(2 / (h * c0));
  const Complex h0(j0(u), -y0(u)), h1(j1(u), -y1(u));
  return Complex(0, std::sqrt(2 * c0 / h)) * h0 / h1;
}

}  // namespace

double place_of(std::size_t channel, std::size_t channels) {
  return channels < 2 ? 0 : length * static_cast<double>(channel) / static_cast<double>(channels - 1);
}

MembraneAt::MembraneAt(double frequency_hz) : w_(2 * std::numbers::pi * frequency_hz), squared_(a + m * w_ * w_), start_(arcsin_at(1, w_, squared_)) {
  input_ = input_impedance(w_) / pressure(0);
}

Complex MembraneAt::xi(double c) const {
  const double x = std::exp(-0.5 * alpha * c);
  return {c0 * x * x - squared_, -w_ * r0 * x};
}

Complex MembraneAt::wave_number(double c) const { return w_ * std::sqrt(rho / (h * xi(c))); }

Complex MembraneAt::phase(double c) const {
  const Complex travelled = arcsin_at(std::exp(0.5 * alpha * c), w_, squared_) - start_;
  return 2 / alpha * (wave_number(0) + w_ * std::sqrt(rho / (h * squared_)) * travelled);
}

Complex MembraneAt::pressure(double c) const {
  const Complex g_sum = phase(c);
  return std::sqrt(g_sum / wave_number(c)) * hankel1_0(g_sum);
}

Complex MembraneAt::velocity(double c) const { return 2 * w_ / xi(c) * pressure(c) * input_; }

}  // namespace antidrome::audio
