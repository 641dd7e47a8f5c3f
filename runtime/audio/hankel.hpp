// Hankel functions of order 0, for the waves on the basilar membrane.
#pragma once
#include <complex>

namespace antidrome::audio {

/// H0^(1)(z) for 0 <= arg z <= pi/2, z != 0; relative error below 1e-13.
std::complex<double> hankel1_0(std::complex<double> z);

}  // namespace antidrome::audio
