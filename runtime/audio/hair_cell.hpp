// The inner hair cell: pools of transmitter between the cell and the cleft of its synapses.
//   R. Meddis, "Simulation of mechanical to neural transduction in the auditory receptor", J. Acoust. Soc. Am. 79 (1986) 702-711;
//   parameters of R. Meddis, J. Acoust. Soc. Am. 83 (1988) 1056-1063 (a fibre of medium spontaneous rate).
//
// q: transmitter ready in the cell, c: in the cleft, w: on its way back; s(t): the motion of the membrane.
//   k = g max(s + A, 0) / (s + A + B)          permeability of the cell's membrane
//   q' = y max(M - q, 0) - k q + x w
//   c' = k q - (l + r) c
//   w' = r c - x w
//   a fibre fires with the rate h c
#pragma once
#include <array>
#include <cstddef>

namespace antidrome::audio {

/// Channels that are computed side by side.
inline constexpr std::size_t lanes = 16;
using Lanes = std::array<float, lanes>;

/// Rates per second; A, B in units of the motion, M of transmitter.
struct HairCellModel {
  double y = 5.05, g = 2000, l = 2500, r = 6580, x = 66.3, a = 5, b = 300, h = 50000, m = 1;
};

struct HairCells {
  alignas(64) Lanes q, c, w;
};

/// The state in which a cell rests when nothing moves.
HairCells resting(const HairCellModel& model);

/// The model per time step: rates times dt.
struct HairCellStep {
  HairCellStep(const HairCellModel& k, double dt_s)
      : y(static_cast<float>(k.y * dt_s)), g(static_cast<float>(k.g * dt_s)), lr(static_cast<float>((k.l + k.r) * dt_s)), r(static_cast<float>(k.r * dt_s)), x(static_cast<float>(k.x * dt_s)),
        a(static_cast<float>(k.a)), b(static_cast<float>(k.b)), h(static_cast<float>(k.h * dt_s)), m(static_cast<float>(k.m)) {}
  float y, g, lr, r, x, a, b, h, m;

  /// Advances one lane by one step of Euler's method and returns the probability that a fibre fires in it.
  inline __attribute__((always_inline)) float advance(HairCells& cells, std::size_t lane, float motion) const {
    const float q = cells.q[lane], c = cells.c[lane], w = cells.w[lane];
    const float driven = motion + a;
    const float k = driven > 0 ? g * driven / (driven + b) : 0.0f;
    const float made = q < m ? y * (m - q) : 0.0f, released = k * q, returned = x * w;
    cells.q[lane] = q + made - released + returned;
    cells.c[lane] = c + released - lr * c;
    cells.w[lane] = w + r * c - returned;
    return h * cells.c[lane];
  }
};

}  // namespace antidrome::audio
