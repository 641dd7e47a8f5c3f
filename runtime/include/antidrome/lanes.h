// The vector layer of generated simulators: one width per target, chosen by the compiler's flags, on GCC/Clang vector
// extensions alone. The same text gives AVX-512, AVX2 and SSE2 (or NEON) code.
//
// A generated file may define ANTIDROME_REAL (float or double) before it includes this header.
#pragma once
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <type_traits>
#include <utility>

#ifndef ANTIDROME_REAL
#define ANTIDROME_REAL float
#endif
#if defined(__AVX512F__)
#define ANTIDROME_VECTOR_BYTES 64
#define ANTIDROME_ACCUMULATORS 16
#elif defined(__AVX2__) && defined(__FMA__)
#define ANTIDROME_VECTOR_BYTES 32
#define ANTIDROME_ACCUMULATORS 8
#else
#define ANTIDROME_VECTOR_BYTES 16
#define ANTIDROME_ACCUMULATORS 8
#endif
#define ANTIDROME_UNROLL _Pragma("GCC unroll 64")
#define ANTIDROME_INLINE static inline __attribute__((always_inline))

namespace antidrome {
namespace [[gnu::visibility("hidden")]] lanes {  // simulators of other widths may be loaded beside this one

using real = ANTIDROME_REAL;
using word = std::conditional_t<sizeof(real) == 4, std::int32_t, std::int64_t>;     // what a comparison of reals gives: 0 or -1
using unsigned_word = std::make_unsigned_t<word>;
constexpr int LANES = ANTIDROME_VECTOR_BYTES / int(sizeof(real));
constexpr int ACCUMULATORS = ANTIDROME_ACCUMULATORS;                                // vectors of partial sums that stay in registers
typedef real vf __attribute__((vector_size(ANTIDROME_VECTOR_BYTES), may_alias));
typedef word vi __attribute__((vector_size(ANTIDROME_VECTOR_BYTES), may_alias));

// ---- layout of a population: blocks of LANES neurons, padded until groups of accumulators fill the registers
constexpr int round_up(int n, int m) { return (n + m - 1) / m * m; }
constexpr int divisor(int n, int most) { int d = n < most ? n : most; while (n % d) --d; return d; }
constexpr int blocks_of(int neurons) {
  int n = round_up(neurons, LANES) / LANES;
  while (2 * divisor(n, ACCUMULATORS) < (n < ACCUMULATORS ? n : ACCUMULATORS)) ++n;
  return n;
}
constexpr int padded(int neurons) { return blocks_of(neurons) * LANES; }
/// Blocks whose `sums` accumulators each stay in registers together.
constexpr int tile_of(int neurons, int sums = 1) {
  const int n = blocks_of(neurons), most = sums < ACCUMULATORS ? ACCUMULATORS / sums : 1, tile = divisor(n, most);
  return 2 * tile < (n < most ? n : most) ? divisor(n, ACCUMULATORS) : tile;
}
constexpr int stride_of(int columns) { return round_up(columns == 1 ? 1 : padded(columns), 64 / int(sizeof(real))); }   // rows are 64-byte aligned
/// Blocks of one history slice: its rows for a whole trial stay in the second-level cache.
constexpr int slice_of(int neurons) { const int n = blocks_of(neurons); return n <= ACCUMULATORS ? (n % 8 ? n : 8) : divisor(n, 8); }

// ---- vectors
ANTIDROME_INLINE vf load(const real* p) { return *reinterpret_cast<const vf*>(p); }
ANTIDROME_INLINE void store(real* p, vf x) { *reinterpret_cast<vf*>(p) = x; }
ANTIDROME_INLINE vi load_mask(const word* p) { return *reinterpret_cast<const vi*>(p); }
ANTIDROME_INLINE void store_mask(word* p, vi x) { *reinterpret_cast<vi*>(p) = x; }
ANTIDROME_INLINE vf vec(vf x) { return x; }
ANTIDROME_INLINE vf vec(real x) { const vf zero = {}; return zero + x; }
/// a * b + c, rounded once where vectors have 32 bytes or more: a matter of the width, not of the compiler.
template <class V> ANTIDROME_INLINE V multiply_add(V a, V b, V c) {
#if ANTIDROME_VECTOR_BYTES == 16
  return a * b + c;
#elif defined(__clang__)
  return __builtin_elementwise_fma(a, b, c);
#elif ANTIDROME_VECTOR_BYTES == 32
  if constexpr (sizeof(real) == 4) return (V)__builtin_ia32_vfmaddps256(a, b, c);
  else return (V)__builtin_ia32_vfmaddpd256(a, b, c);
#else
  if constexpr (sizeof(real) == 4) return (V)__builtin_ia32_vfmaddps512_mask(a, b, c, -1, 4);   // all lanes, rounding as set
  else return (V)__builtin_ia32_vfmaddpd512_mask(a, b, c, -1, 4);
#endif
}
/// a < b ? a : b and a > b ? a : b, b where one is no number: one instruction that g++ does not find by itself.
#if defined(__x86_64__) && !defined(__clang__)
#if ANTIDROME_VECTOR_BYTES == 64
#define ANTIDROME_EXTREME(name, a, b) \
  if constexpr (sizeof(real) == 4) return (V)__builtin_ia32_##name##ps512_mask(a, b, a, -1, 4); \
  else return (V)__builtin_ia32_##name##pd512_mask(a, b, a, -1, 4)
#elif ANTIDROME_VECTOR_BYTES == 32
#define ANTIDROME_EXTREME(name, a, b) \
  if constexpr (sizeof(real) == 4) return (V)__builtin_ia32_##name##ps256(a, b); \
  else return (V)__builtin_ia32_##name##pd256(a, b)
#else
#define ANTIDROME_EXTREME(name, a, b) \
  if constexpr (sizeof(real) == 4) return (V)__builtin_ia32_##name##ps(a, b); \
  else return (V)__builtin_ia32_##name##pd(a, b)
#endif
template <class V> ANTIDROME_INLINE V lower_of(V a, V b) { ANTIDROME_EXTREME(min, a, b); }
template <class V> ANTIDROME_INLINE V upper_of(V a, V b) { ANTIDROME_EXTREME(max, a, b); }
#undef ANTIDROME_EXTREME
#else
template <class V> ANTIDROME_INLINE V lower_of(V a, V b) { return a < b ? a : b; }
template <class V> ANTIDROME_INLINE V upper_of(V a, V b) { return a > b ? a : b; }
#endif
ANTIDROME_INLINE vi lane_index() { vi lane; ANTIDROME_UNROLL for (int l = 0; l < LANES; ++l) lane[l] = l; return lane; }
/// Writes one element as a whole vector, so that the vector load that follows is served from the store buffer.
ANTIDROME_INLINE void set_element(real* p, int j, real x) {
  real* block = p + (j & ~(LANES - 1));
  store(block, lane_index() == word(j & (LANES - 1)) ? vec(x) : load(block));
}

// ---- truth values: masks of vectors, bools of scalars
ANTIDROME_INLINE vi mask(vi x) { return x; }
ANTIDROME_INLINE vi mask(bool x) { const vi zero = {}; return zero - word(x); }
ANTIDROME_INLINE vi both(vi a, vi b) { return a & b; }
ANTIDROME_INLINE vi either(vi a, vi b) { return a | b; }
ANTIDROME_INLINE vi negate(vi a) { return ~a; }
ANTIDROME_INLINE bool both(bool a, bool b) { return a && b; }
ANTIDROME_INLINE bool either(bool a, bool b) { return a || b; }
ANTIDROME_INLINE bool negate(bool a) { return !a; }
ANTIDROME_INLINE vi both(vi a, bool b) { return a & mask(b); }
ANTIDROME_INLINE vi both(bool a, vi b) { return mask(a) & b; }
ANTIDROME_INLINE vi either(vi a, bool b) { return a | mask(b); }
ANTIDROME_INLINE vi either(bool a, vi b) { return mask(a) | b; }
template <class A, class B> concept OneIsVector = std::is_same_v<A, vf> || std::is_same_v<B, vf>;
/// condition ? a : b, for any mixture of scalars and vectors
ANTIDROME_INLINE vf pick(vi c, vf a, vf b) { return c ? a : b; }
ANTIDROME_INLINE vf pick(vi c, real a, vf b) { return c ? vec(a) : b; }
ANTIDROME_INLINE vf pick(vi c, vf a, real b) { return c ? a : vec(b); }
ANTIDROME_INLINE vf pick(vi c, real a, real b) { return c ? vec(a) : vec(b); }
ANTIDROME_INLINE vf pick(bool c, vf a, vf b) { return c ? a : b; }
ANTIDROME_INLINE vf pick(bool c, real a, vf b) { return c ? vec(a) : b; }
ANTIDROME_INLINE vf pick(bool c, vf a, real b) { return c ? a : vec(b); }
template <class T> requires std::is_floating_point_v<T> ANTIDROME_INLINE T pick(bool c, T a, T b) { return c ? a : b; }
/// a truth value as 0 or 1
ANTIDROME_INLINE vf number(vi c) { return c ? vec(real(1)) : vf{}; }
ANTIDROME_INLINE real number(bool c) { return c ? real(1) : real(0); }

// ---- sums over lanes, halves first
template <int L, class V> ANTIDROME_INLINE real sum_of_lanes(V x) {
  if constexpr (L == 16) return sum_of_lanes<8>(__builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7) + __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15));
  else if constexpr (L == 8) return sum_of_lanes<4>(__builtin_shufflevector(x, x, 0, 1, 2, 3) + __builtin_shufflevector(x, x, 4, 5, 6, 7));
  else if constexpr (L == 4) return sum_of_lanes<2>(__builtin_shufflevector(x, x, 0, 1) + __builtin_shufflevector(x, x, 2, 3));
  else return x[0] + x[1];
}
ANTIDROME_INLINE real sum_lanes(vf x) { return sum_of_lanes<LANES>(x); }

/// True when any of n numbers is infinite or NaN: an integer test of the exponent, which no compiler flag can remove.
ANTIDROME_INLINE int first_nonfinite(const real* p, int n) {
  const unsigned_word exponent = sizeof(real) == 4 ? unsigned_word(0x7f800000u) : unsigned_word(0x7ff0000000000000ull);
  unsigned_word bad = 0;
  for (int j = 0; j < n; ++j) bad |= unsigned_word((std::bit_cast<unsigned_word>(p[j]) & exponent) == exponent);
  if (!bad) return -1;
  for (int j = 0; j < n; ++j)
    if ((std::bit_cast<unsigned_word>(p[j]) & exponent) == exponent) return j;
  return -1;
}

// ---- denormal numbers are flushed for the calling thread, restored on exit
#if defined(__SSE__)
struct FlushDenormals {
  unsigned saved = __builtin_ia32_stmxcsr();
  FlushDenormals() { __builtin_ia32_ldmxcsr(saved | 0x8040u); }
  ~FlushDenormals() { __builtin_ia32_ldmxcsr(saved); }
};
#elif defined(__aarch64__)
struct FlushDenormals {
  std::uint64_t saved;
  FlushDenormals() { asm volatile("mrs %0, fpcr" : "=r"(saved)); asm volatile("msr fpcr, %0" ::"r"(saved | (1u << 24))); }
  ~FlushDenormals() { asm volatile("msr fpcr, %0" ::"r"(saved)); }
};
#else
struct FlushDenormals {};
#endif

/// CPU seconds of the calling thread.
ANTIDROME_INLINE double cpu_seconds() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return double(t.tv_sec) + 1e-9 * double(t.tv_nsec);
}

/// Hands out 64-byte aligned arrays of one workspace; with a null base it only counts.
struct Arena {
  char* base = nullptr;
  std::size_t used = 0;
  template <class T> T* take(std::size_t n) {
    T* p = base ? reinterpret_cast<T*>(base + used) : nullptr;
    used += (n * sizeof(T) + 127) / 64 * 64;                     // a cache line apart: no array shares a line with the next
    return p;
  }
};

}  // namespace lanes
}  // namespace antidrome

#include <antidrome/lanes_math.h>
#include <antidrome/lanes_spikes.h>
#include <antidrome/lanes_half.h>
#include <antidrome/lanes_gradient.h>
#include <antidrome/lanes_delays.h>
