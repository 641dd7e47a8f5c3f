// The basilar membrane: a tapering elastic plate in water, driven by the stapes at c = 0 and read at places c (cm) along it.
//   T. Sieroka, H. G. Dosch & A. Rupp, "Semirealistic models of the cochlea", J. Acoust. Soc. Am. 120 (2006) 297-304;
//   used for the Heidelberg digits by Cramer, Stradmann, Schemmel & Zenke (2020).
//
// Lengths in cm, times in s, masses in g. With the angular frequency w and the time dependence e^(-i w t):
//   stiffness S(c) = C0 e^(-alpha c) - a,  friction R(c) = r0 e^(-alpha c / 2),  mass m,
//   xi(c) = S - m w^2 - i w R              the impedance of the membrane, times -i w
//   g(c)  = w sqrt(rho / (h xi))           the wave number of the shallow water above it
//   G(c)  = 2 g(0) / alpha + integral_0^c g
//   p(c)  = sqrt(G / g) H0^(1)(G)          the pressure, up to a factor that the ratio p(c) / p(0) drops
//   Z     = i sqrt(2 C0 / h) H0^(2)(u) / H1^(2)(u),  u = (2 w / alpha) sqrt(2 / (h C0))      the input impedance
//   v(c)  = (2 w / xi) p(c) / p(0) Z       the velocity of the membrane for unit input
#pragma once
#include <complex>
#include <cstddef>

namespace antidrome::audio {

/// Where the membrane is read: `channel` of `channels` evenly spaced places, from the stapes (high tones) to the far end, in cm.
double place_of(std::size_t channel, std::size_t channels);

/// One frequency. What does not depend on the place is worked out once.
class MembraneAt {
 public:
  explicit MembraneAt(double frequency_hz);   ///< > 0

  std::complex<double> wave_number(double place_cm) const;        ///< g(c), 1/cm
  std::complex<double> phase(double place_cm) const;              ///< G(c), in closed form
  std::complex<double> velocity(double place_cm) const;           ///< v(c)

 private:
  std::complex<double> xi(double place_cm) const;
  std::complex<double> pressure(double place_cm) const;

  double w_, squared_;                        // w; B = a + m w^2
  std::complex<double> start_, input_;        // arcsin at c = 0; Z / p(0)
};

}  // namespace antidrome::audio
