/* Philox4x32-10, the counter-based generator behind every random number of Antidrome (Salmon, Moraes, Dror & Shaw,
 * "Parallel random numbers: as easy as 1, 2, 3", SC'11). A draw is a pure function of (key, counter): nothing is stored,
 * so the same draw can be made again by any thread, in any order, and in the backward pass.
 *
 * Convention: key = the run's seed; counter = {number of the draw, index of the sample in its data set, epoch, purpose}.
 */
#ifndef ANTIDROME_PHILOX_H
#define ANTIDROME_PHILOX_H
#include <stdint.h>

typedef struct {
  uint32_t word[4];
} antidrome_philox;

/* What the runtime draws for. Purposes of a model (its draw sites) count from 0 and stay below the first of these. */
enum {
  ANTIDROME_DRAW_INITIAL = 0x7fff0000, /* initial values: + position of the parameter in the manifest */
  ANTIDROME_DRAW_AUGMENT = 0x7ffffe00, /* augmentations: + position in the list of the configuration */
  ANTIDROME_DRAW_SHUFFLE = 0x7fffff00, /* order of the samples in an epoch */
  ANTIDROME_DRAW_DROPOUT = 0x7fffff01, /* input events that are left out */
  ANTIDROME_DRAW_SPLIT = 0x7fffff02    /* which records of a file are held out for validation */
};

static inline antidrome_philox antidrome_philox4x32(uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3, uint64_t seed) {
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
static inline double antidrome_uniform(uint32_t word) { return ((double)word + 0.5) * (1.0 / 4294967296.0); }

#endif
