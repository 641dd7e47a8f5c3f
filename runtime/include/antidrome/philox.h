/* Philox4x32-10, the counter-based generator behind every random number of Antidrome (Salmon, Moraes, Dror & Shaw,
 * "Parallel random numbers: as easy as 1, 2, 3", SC'11). A draw is a pure function of (key, counter): nothing is stored,
 * so the same draw can be made again by any thread, in any order, and in the backward pass.
 *
 * Convention: key = the run's seed; counter = {number of the draw, index of the sample in its data set, epoch, purpose}.
 */
#ifndef ANTIDROME_PHILOX_H
#define ANTIDROME_PHILOX_H
#ifndef ANTIDROME_PHILOX_FUNCTION /* device code brings its own, and the integer types */
#include <stdint.h>
#define ANTIDROME_PHILOX_FUNCTION static inline
#define ANTIDROME_PHILOX_SQRT __builtin_sqrt
#endif

typedef struct {
  uint32_t word[4];
} antidrome_philox;

/* What the runtime draws for. Purposes of a model (its draw sites) count from 0 and stay below the first of these. */
enum {
  ANTIDROME_DRAW_INITIAL = 0x7fff0000, /* initial values: + position of the parameter in the manifest */
  ANTIDROME_DRAW_AUGMENT = 0x7ffffe00, /* augmentations: + position in the list of the configuration */
  ANTIDROME_DRAW_SHUFFLE = 0x7fffff00, /* order of the samples in an epoch */
  ANTIDROME_DRAW_DROPOUT = 0x7fffff01, /* input events that are left out */
  ANTIDROME_DRAW_SPLIT = 0x7fffff02,   /* which records of a file are held out for validation */
  ANTIDROME_DRAW_DATA = 0x7fffff03,    /* events of a generated data set; its own seed is the key */
  ANTIDROME_DRAW_FIBRES = 0x7fffff40   /* fibres of the auditory nerve that fire; counter: step / 4, recording, channel */
};

ANTIDROME_PHILOX_FUNCTION antidrome_philox antidrome_philox4x32(uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3, uint64_t seed) {
  uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
    const uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
    c0 = n0, c1 = (uint32_t)p1, c2 = n2, c3 = (uint32_t)p0;
    k0 += 0x9E3779B9u, k1 += 0xBB67AE85u; /* Weyl sequence: golden ratio, sqrt(3) - 1 */
  }
  const antidrome_philox out = {{c0, c1, c2, c3}};
  return out;
}

/* Uniform in the open interval (0, 1), from 32 bits: the middle of one of 2^32 equal cells, so log() of it is finite. */
ANTIDROME_PHILOX_FUNCTION double antidrome_uniform(uint32_t word) { return ((double)word + 0.5) * (1.0 / 4294967296.0); }

/* Two independent standard normals from two words (Box & Muller 1958). Only +, -, *, / and sqrt, each correctly rounded: every
 * compiler and vector width gives the same bits, which a library's log and cos do not. Errors are a few units in the last place. */
ANTIDROME_PHILOX_FUNCTION void antidrome_normal_pair(uint32_t a, uint32_t b, double* first, double* second) {
  /* log u = e log 2 + log m with m in [sqrt(1/2), sqrt(2)), and log m = 2 atanh((m - 1) / (m + 1)) */
  union { double x; uint64_t bits; } u;
  u.x = antidrome_uniform(a);
  int64_t e = (int64_t)(u.bits >> 52) - 1023;
  u.bits = (u.bits & 0x000fffffffffffffull) | 0x3ff0000000000000ull;
  const int above = u.x > 1.4142135623730951;
  const double m = above ? 0.5 * u.x : u.x, s = (m - 1) / (m + 1), q = s * s;
  e += above;
  double series = 1.0 / 21;
  series = series * q + 1.0 / 19, series = series * q + 1.0 / 17, series = series * q + 1.0 / 15, series = series * q + 1.0 / 13;
  series = series * q + 1.0 / 11, series = series * q + 1.0 / 9, series = series * q + 1.0 / 7, series = series * q + 1.0 / 5;
  series = series * q + 1.0 / 3, series = series * q + 1;
  const double log_u = (double)e * 0.69314718055994530942 + 2 * s * series;
  const double radius = ANTIDROME_PHILOX_SQRT(-2 * log_u);
  /* the angle 2 pi t: the nearest quarter turn, and the rest in [-pi/4, pi/4] by Taylor's series */
  const double t = antidrome_uniform(b);
  const int quarter = (int)(4 * t + 0.5);
  const double x = 6.283185307179586477 * (t - 0.25 * quarter), y = x * x;
  double sine = -1.0 / 1307674368000.0, cosine = 1.0 / 20922789888000.0;
  sine = sine * y + 1.0 / 6227020800.0, sine = sine * y - 1.0 / 39916800.0, sine = sine * y + 1.0 / 362880.0, sine = sine * y - 1.0 / 5040.0;
  sine = sine * y + 1.0 / 120.0, sine = sine * y - 1.0 / 6.0, sine = sine * y + 1, sine = sine * x;
  cosine = cosine * y - 1.0 / 87178291200.0, cosine = cosine * y + 1.0 / 479001600.0, cosine = cosine * y - 1.0 / 3628800.0;
  cosine = cosine * y + 1.0 / 40320.0, cosine = cosine * y - 1.0 / 720.0, cosine = cosine * y + 1.0 / 24.0, cosine = cosine * y - 0.5, cosine = cosine * y + 1;
  const double c = quarter & 1 ? -sine : cosine, d = quarter & 1 ? cosine : sine;
  *first = radius * (quarter & 2 ? -c : c);
  *second = radius * (quarter & 2 ? -d : d);
}

/* The numbers of one draw of a model's equations. One block serves one unit in four steps: counter {step / 4 and unit, sample, epoch,
 * site}. `out` gets the numbers of the steps 4 * group to 4 * group + 3. Steps and units are below 65536. */
ANTIDROME_PHILOX_FUNCTION void antidrome_draw(int normal, uint64_t seed, uint32_t site, uint32_t epoch, uint32_t sample, uint32_t group, uint32_t unit, double out[4]) {
  const antidrome_philox p = antidrome_philox4x32(group << 16 | unit, sample, epoch, site, seed);
  if (normal) {
    antidrome_normal_pair(p.word[0], p.word[1], &out[0], &out[1]);
    antidrome_normal_pair(p.word[2], p.word[3], &out[2], &out[3]);
  } else {
    for (int k = 0; k < 4; ++k) out[k] = antidrome_uniform(p.word[k]);
  }
}

#endif
