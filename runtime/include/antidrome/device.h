// What generated CUDA kernels are written in: numbers, vectors, sums over lanes, lists of spikes, rows of weights. Compiles under nvcc, NVRTC (no
// other header is needed) and clang; with ANTIDROME_EMULATED it is ordinary C++ that runs on a CPU.
//
// A generated file may define ANTIDROME_REAL (float or double) before it includes this header.
#pragma once

#ifdef ANTIDROME_EMULATED
#include <antidrome/emulated_device.h>
#define ANTIDROME_DEVICE_CALLED static inline __attribute__((noinline))
#else
#define ANTIDROME_DEVICE_CALLED static inline __device__ __noinline__  // of constants of a batch: too long to be compiled wherever it is used
#define ANTIDROME_KERNEL(name, Arguments)
#define ANTIDROME_DYNAMIC_SHARED(type, name) extern __shared__ __align__(16) type name[]
#endif
#ifndef ANTIDROME_REAL
#define ANTIDROME_REAL float
#endif
#define ANTIDROME_DEVICE static __device__ __forceinline__

#ifdef __CUDACC_RTC__
using uint32_t = unsigned int;
using uint64_t = unsigned long long;
using int64_t = long long;
#else
#include <stdint.h>
#endif
#define ANTIDROME_PHILOX_FUNCTION ANTIDROME_DEVICE
#define ANTIDROME_PHILOX_SQRT ::sqrt
#include <antidrome/philox.h>

namespace antidrome {
namespace device {

using real = ANTIDROME_REAL;
using u16 = unsigned short;
using u32 = unsigned int;
using u64 = unsigned long long;
constexpr bool single_precision = sizeof(real) == 4;
constexpr u32 none = 0xffffffffu, every_lane = 0xffffffffu;

// ---- vectors of reals: 16 bytes at a time where a lane owns four neurons
template <class T, int N> struct Vector;
template <> struct Vector<float, 1> { using type = float; };
template <> struct Vector<float, 2> { using type = float2; };
template <> struct Vector<float, 4> { using type = float4; };
template <> struct Vector<double, 1> { using type = double; };
template <> struct Vector<double, 2> { using type = double2; };
ANTIDROME_DEVICE void unpack(float v, float* x) { x[0] = v; }
ANTIDROME_DEVICE void unpack(float2 v, float* x) { x[0] = v.x, x[1] = v.y; }
ANTIDROME_DEVICE void unpack(float4 v, float* x) { x[0] = v.x, x[1] = v.y, x[2] = v.z, x[3] = v.w; }
ANTIDROME_DEVICE void unpack(double v, double* x) { x[0] = v; }
ANTIDROME_DEVICE void unpack(double2 v, double* x) { x[0] = v.x, x[1] = v.y; }
ANTIDROME_DEVICE float pack(const float* x, float) { return x[0]; }
ANTIDROME_DEVICE float2 pack(const float* x, float2) { return make_float2(x[0], x[1]); }
ANTIDROME_DEVICE float4 pack(const float* x, float4) { return make_float4(x[0], x[1], x[2], x[3]); }
ANTIDROME_DEVICE double pack(const double* x, double) { return x[0]; }
ANTIDROME_DEVICE double2 pack(const double* x, double2) { return make_double2(x[0], x[1]); }
/// Reals of the widest access that N neighbours allow.
template <int N> constexpr int width_of = N < 16 / int(sizeof(real)) ? N : 16 / int(sizeof(real));

/// N neighbours, aligned to their size (16 bytes at most).
template <int N, int M> ANTIDROME_DEVICE void load_lanes(real (&x)[M], const real* p) {
  constexpr int W = width_of<N>;
  using V = typename Vector<real, W>::type;
#pragma unroll
  for (int k = 0; k < N; k += W) unpack(*reinterpret_cast<const V*>(p + k), x + k);
}
/// The same, through the read-only path: of memory that this kernel does not write.
template <int N, int M> ANTIDROME_DEVICE void fetch_lanes(real (&x)[M], const real* p) {
  constexpr int W = width_of<N>;
  using V = typename Vector<real, W>::type;
#pragma unroll
  for (int k = 0; k < N; k += W) unpack(__ldg(reinterpret_cast<const V*>(p + k)), x + k);
}
template <int N, int M> ANTIDROME_DEVICE void store_lanes(real* p, const real (&x)[M]) {
  constexpr int W = width_of<N>;
  using V = typename Vector<real, W>::type;
#pragma unroll
  for (int k = 0; k < N; k += W) *reinterpret_cast<V*>(p + k) = pack(x + k, V());
}

// ---- pointers that stay: worked out once, where a compiler would add up their parts again in every step
template <class T> ANTIDROME_DEVICE T* fixed_global(T* p) {
#ifndef ANTIDROME_EMULATED
  asm volatile("" : "+l"(p));
  __builtin_assume(__isGlobal(p));
#endif
  return p;
}
template <class T> ANTIDROME_DEVICE T* fixed_shared(T* p) {
#ifndef ANTIDROME_EMULATED
  asm volatile("" : "+l"(p));
  __builtin_assume(__isShared(p));
#endif
  return p;
}
/// A number as if it came from outside: what is made of it is worked out here again, and takes no register up to here.
ANTIDROME_DEVICE u32 anew(u32 x) {
#ifndef ANTIDROME_EMULATED
  asm volatile("" : "+r"(x));
#endif
  return x;
}
/// Row `row` of STRIDE elements in global memory: a product and a sum at once.
template <u32 STRIDE, class T> ANTIDROME_DEVICE T* row_at(T* rows, u32 row) {
#ifdef ANTIDROME_EMULATED
  return rows + u64(row) * STRIDE;
#else
  T* p;
  asm("mad.wide.u32 %0, %1, %2, %3;" : "=l"(p) : "r"(row), "n"(STRIDE * sizeof(T)), "l"(rows));
  __builtin_assume(__isGlobal(p));
  return p;
#endif
}

// ---- truth values and choices, by the names of the expressions
ANTIDROME_DEVICE bool both(bool a, bool b) { return a && b; }
ANTIDROME_DEVICE bool either(bool a, bool b) { return a || b; }
ANTIDROME_DEVICE bool negate(bool a) { return !a; }
ANTIDROME_DEVICE float pick(bool c, float a, float b) { return c ? a : b; }
ANTIDROME_DEVICE double pick(bool c, double a, double b) { return c ? a : b; }
ANTIDROME_DEVICE real number(bool c) { return c ? real(1) : real(0); }
/// Not infinite, not NaN: a test of the exponent, which no flag of a compiler can remove.
ANTIDROME_DEVICE bool finite(float x) {
#ifdef ANTIDROME_EMULATED
  const u32 bits = __float_as_uint(x);
#else
  u32 bits;                                     // by name: a register whose bits a cast asks for would be kept as an integer, and copied at every use
  asm("mov.b32 %0, %1;" : "=r"(bits) : "f"(x));
#endif
  return (bits & 0x7f800000u) != 0x7f800000u;
}
ANTIDROME_DEVICE bool finite(double x) { return (u64(__double_as_longlong(x)) & 0x7ff0000000000000ull) != 0x7ff0000000000000ull; }

// ---- sums over the lanes of a warp, the same bits in every lane
ANTIDROME_DEVICE real warp_sum(real x) {
#pragma unroll
  for (int d = 16; d > 0; d >>= 1) x += __shfl_xor_sync(every_lane, x, d);
  return x;
}
ANTIDROME_DEVICE u32 warp_sum(u32 x) {
#pragma unroll
  for (int d = 16; d > 0; d >>= 1) x += __shfl_xor_sync(every_lane, x, d);
  return x;
}
ANTIDROME_DEVICE real warp_max(real x) {
#pragma unroll
  for (int d = 16; d > 0; d >>= 1) { const real y = __shfl_xor_sync(every_lane, x, d); x = x < y ? y : x; }
  return x;
}
/// Sum over the lanes below.
ANTIDROME_DEVICE u32 sum_before(u32 x) {
  const u32 lane = threadIdx.x & 31u;
  u32 sum = x;
#pragma unroll
  for (u32 d = 1; d < 32; d <<= 1) { const u32 y = __shfl_up_sync(every_lane, sum, d); sum += lane >= d ? y : 0u; }
  return sum - x;
}
/// Element j of an array that lies `N` to a lane.
template <int N, int M> ANTIDROME_DEVICE real of_lane(const real (&x)[M], int j) {
  real mine = x[0];
#pragma unroll
  for (int e = 1; e < N; ++e) mine = j % N == e ? x[e] : mine;
  return __shfl_sync(every_lane, mine, j / N);
}
/// The label with the smallest loss; -1 when two share it.
template <class F> ANTIDROME_DEVICE int best_label(int n, F loss) {
  int best = 0;
  real least = loss(0);
  bool tie = false;
  for (int label = 1; label < n; ++label) {
    const real x = loss(label);
    if (x < least) { least = x; best = label; tie = false; }
    else if (!(x > least)) tie = true;
  }
  return tie ? -1 : best;
}

/// d(threshold)/dt kept away from zero: |1 / slope| <= clamp. A spike that grazes the threshold is counted.
ANTIDROME_DEVICE real clamp_slope(real slope, real least, u32& clamped) {
  const bool grazes = slope < least && slope > -least;
  clamped += grazes;
  return grazes ? (slope < real(0) ? -least : least) : slope;
}

}  // namespace device
}  // namespace antidrome

#include <antidrome/device_math.h>
#include <antidrome/device_spikes.h>
#include <antidrome/device_batch.h>
#include <antidrome/device_update.h>
