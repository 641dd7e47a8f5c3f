// Functions of numbers: what CUDA has beside those of math.h. Included by emulated_device.h.
//
// Operations with a rounding in their name are exactly that on both sides (kernels are compiled with -ffp-contract=off). Functions of math.h are those of
// the C library, whose last bits differ from CUDA's. The fast ones (__expf and the like) are defined as PTX computes them: by powers and logarithms of two.
#pragma once

// ---- bits
ANTIDROME_EMULATED_INLINE int __popc(unsigned x) { return __builtin_popcount(x); }
ANTIDROME_EMULATED_INLINE int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
ANTIDROME_EMULATED_INLINE int __clz(int x) { return x == 0 ? 32 : __builtin_clz(unsigned(x)); }
ANTIDROME_EMULATED_INLINE int __clzll(long long x) { return x == 0 ? 64 : __builtin_clzll((unsigned long long)x); }
ANTIDROME_EMULATED_INLINE int __ffs(int x) { return __builtin_ffs(x); }
ANTIDROME_EMULATED_INLINE int __ffsll(long long x) { return __builtin_ffsll(x); }
ANTIDROME_EMULATED_INLINE unsigned __brev(unsigned x) {
  x = (x >> 1 & 0x55555555u) | (x & 0x55555555u) << 1;
  x = (x >> 2 & 0x33333333u) | (x & 0x33333333u) << 2;
  x = (x >> 4 & 0x0f0f0f0fu) | (x & 0x0f0f0f0fu) << 4;
  return __builtin_bswap32(x);
}
ANTIDROME_EMULATED_INLINE unsigned long long __brevll(unsigned long long x) { return (unsigned long long)__brev(unsigned(x)) << 32 | __brev(unsigned(x >> 32)); }
ANTIDROME_EMULATED_INLINE unsigned __umulhi(unsigned a, unsigned b) { return unsigned((unsigned long long)a * b >> 32); }
ANTIDROME_EMULATED_INLINE int __mulhi(int a, int b) { return int((long long)a * b >> 32); }
ANTIDROME_EMULATED_INLINE unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  __extension__ typedef unsigned __int128 wide;
  return (unsigned long long)((wide)a * b >> 64);
}
ANTIDROME_EMULATED_INLINE unsigned __funnelshift_l(unsigned low, unsigned high, unsigned n) { return unsigned((((unsigned long long)high << 32 | low) << (n & 31)) >> 32); }
ANTIDROME_EMULATED_INLINE unsigned __funnelshift_r(unsigned low, unsigned high, unsigned n) { return unsigned(((unsigned long long)high << 32 | low) >> (n & 31)); }
/// Four bytes out of the eight of b:a, chosen by nibbles, of which three bits count.
ANTIDROME_EMULATED_INLINE unsigned __byte_perm(unsigned a, unsigned b, unsigned selector) {
  const unsigned long long bytes = (unsigned long long)b << 32 | a;
  unsigned result = 0;
  for (int k = 0; k < 4; ++k) result |= (unsigned(bytes >> 8 * (selector >> 4 * k & 7u)) & 255u) << 8 * k;
  return result;
}

// ---- the same bits as another type
ANTIDROME_EMULATED_INLINE float __uint_as_float(unsigned x) { return __builtin_bit_cast(float, x); }
ANTIDROME_EMULATED_INLINE unsigned __float_as_uint(float x) { return __builtin_bit_cast(unsigned, x); }
ANTIDROME_EMULATED_INLINE float __int_as_float(int x) { return __builtin_bit_cast(float, x); }
ANTIDROME_EMULATED_INLINE int __float_as_int(float x) { return __builtin_bit_cast(int, x); }
ANTIDROME_EMULATED_INLINE double __longlong_as_double(long long x) { return __builtin_bit_cast(double, x); }
ANTIDROME_EMULATED_INLINE long long __double_as_longlong(double x) { return __builtin_bit_cast(long long, x); }
ANTIDROME_EMULATED_INLINE double __hiloint2double(int high, int low) { return __longlong_as_double((long long)((unsigned long long)unsigned(high) << 32 | unsigned(low))); }
ANTIDROME_EMULATED_INLINE int __double2hiint(double x) { return int((unsigned long long)__double_as_longlong(x) >> 32); }
ANTIDROME_EMULATED_INLINE int __double2loint(double x) { return int(__double_as_longlong(x)); }

// ---- conversions: integers saturate, and NaN becomes 0 (that of 64 bits the smallest number)
namespace antidrome {
namespace emulated {
template <class I, class F> ANTIDROME_EMULATED_INLINE I to_integer(F whole) {
  constexpr bool is_signed = I(-1) < I(0);
  constexpr int bits = 8 * int(sizeof(I)) - is_signed;
  constexpr I most = is_signed ? I(~(I(1) << (8 * sizeof(I) - 1))) : I(-1), least = is_signed ? I(I(1) << (8 * sizeof(I) - 1)) : I(0);
  constexpr F end = F(bits < 64 ? 1ull << (bits & 63) : 1ull << 63) * F(bits < 64 ? 1 : 2);
  if (whole != whole) return sizeof(I) == 8 ? I(1ull << 63) : I(0);
  return whole >= end ? most : whole <= F(least) ? least : I(whole);
}
}  // namespace emulated
}  // namespace antidrome
#define ANTIDROME_TO_INTEGER(from, F, to, I, suffix)                                                                          \
  ANTIDROME_EMULATED_INLINE I __##from##2##to##_rn(F x) { return antidrome::emulated::to_integer<I>(rint##suffix(x)); }       \
  ANTIDROME_EMULATED_INLINE I __##from##2##to##_rz(F x) { return antidrome::emulated::to_integer<I>(trunc##suffix(x)); }      \
  ANTIDROME_EMULATED_INLINE I __##from##2##to##_rd(F x) { return antidrome::emulated::to_integer<I>(floor##suffix(x)); }      \
  ANTIDROME_EMULATED_INLINE I __##from##2##to##_ru(F x) { return antidrome::emulated::to_integer<I>(ceil##suffix(x)); }
ANTIDROME_TO_INTEGER(float, float, int, int, f)
ANTIDROME_TO_INTEGER(float, float, uint, unsigned, f)
ANTIDROME_TO_INTEGER(float, float, ll, long long, f)
ANTIDROME_TO_INTEGER(float, float, ull, unsigned long long, f)
ANTIDROME_TO_INTEGER(double, double, int, int, )
ANTIDROME_TO_INTEGER(double, double, uint, unsigned, )
ANTIDROME_TO_INTEGER(double, double, ll, long long, )
ANTIDROME_TO_INTEGER(double, double, ull, unsigned long long, )
#undef ANTIDROME_TO_INTEGER
ANTIDROME_EMULATED_INLINE float __int2float_rn(int x) { return float(x); }
ANTIDROME_EMULATED_INLINE float __uint2float_rn(unsigned x) { return float(x); }
ANTIDROME_EMULATED_INLINE float __ll2float_rn(long long x) { return float(x); }
ANTIDROME_EMULATED_INLINE float __ull2float_rn(unsigned long long x) { return float(x); }
ANTIDROME_EMULATED_INLINE double __int2double_rn(int x) { return double(x); }
ANTIDROME_EMULATED_INLINE double __uint2double_rn(unsigned x) { return double(x); }
ANTIDROME_EMULATED_INLINE double __ll2double_rn(long long x) { return double(x); }
ANTIDROME_EMULATED_INLINE double __ull2double_rn(unsigned long long x) { return double(x); }
ANTIDROME_EMULATED_INLINE float __double2float_rn(double x) { return float(x); }

// ---- arithmetic, rounded to nearest as written
ANTIDROME_EMULATED_INLINE float __fadd_rn(float a, float b) { return a + b; }
ANTIDROME_EMULATED_INLINE float __fsub_rn(float a, float b) { return a - b; }
ANTIDROME_EMULATED_INLINE float __fmul_rn(float a, float b) { return a * b; }
ANTIDROME_EMULATED_INLINE float __fdiv_rn(float a, float b) { return a / b; }
ANTIDROME_EMULATED_INLINE float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
ANTIDROME_EMULATED_INLINE float __frcp_rn(float a) { return 1.0f / a; }
ANTIDROME_EMULATED_INLINE float __fsqrt_rn(float a) { return sqrtf(a); }
ANTIDROME_EMULATED_INLINE double __dadd_rn(double a, double b) { return a + b; }
ANTIDROME_EMULATED_INLINE double __dsub_rn(double a, double b) { return a - b; }
ANTIDROME_EMULATED_INLINE double __dmul_rn(double a, double b) { return a * b; }
ANTIDROME_EMULATED_INLINE double __ddiv_rn(double a, double b) { return a / b; }
ANTIDROME_EMULATED_INLINE double __fma_rn(double a, double b, double c) { return fma(a, b, c); }
ANTIDROME_EMULATED_INLINE double __drcp_rn(double a) { return 1.0 / a; }
ANTIDROME_EMULATED_INLINE double __dsqrt_rn(double a) { return sqrt(a); }

// ---- functions that math.h has not
ANTIDROME_EMULATED_INLINE double rsqrt(double x) { return 1.0 / sqrt(x); }
ANTIDROME_EMULATED_INLINE float rsqrtf(float x) { return float(1.0 / sqrt(double(x))); }
ANTIDROME_EMULATED_INLINE float rsqrt(float x) { return rsqrtf(x); }
ANTIDROME_EMULATED_INLINE float __frsqrt_rn(float x) { return rsqrtf(x); }
ANTIDROME_EMULATED_INLINE float __saturatef(float x) { return x > 0.0f ? (x < 1.0f ? x : 1.0f) : 0.0f; }
#define ANTIDROME_MIN_MAX(T)                                                     \
  ANTIDROME_EMULATED_INLINE T min(T a, T b) { return b < a ? b : a; }            \
  ANTIDROME_EMULATED_INLINE T max(T a, T b) { return a < b ? b : a; }
ANTIDROME_MIN_MAX(int)
ANTIDROME_MIN_MAX(unsigned)
ANTIDROME_MIN_MAX(long)
ANTIDROME_MIN_MAX(unsigned long)
ANTIDROME_MIN_MAX(long long)
ANTIDROME_MIN_MAX(unsigned long long)
#undef ANTIDROME_MIN_MAX
ANTIDROME_EMULATED_INLINE unsigned min(unsigned a, int b) { return min(a, unsigned(b)); }
ANTIDROME_EMULATED_INLINE unsigned min(int a, unsigned b) { return min(unsigned(a), b); }
ANTIDROME_EMULATED_INLINE unsigned max(unsigned a, int b) { return max(a, unsigned(b)); }
ANTIDROME_EMULATED_INLINE unsigned max(int a, unsigned b) { return max(unsigned(a), b); }
ANTIDROME_EMULATED_INLINE float min(float a, float b) { return fminf(a, b); }
ANTIDROME_EMULATED_INLINE float max(float a, float b) { return fmaxf(a, b); }
ANTIDROME_EMULATED_INLINE double min(double a, double b) { return fmin(a, b); }
ANTIDROME_EMULATED_INLINE double max(double a, double b) { return fmax(a, b); }

// ---- the fast ones. The C library has functions of these names; macros take precedence over them. Each step is the exact value rounded once, which is
// what the PTX interpreter computes too, and better than the hardware's approximation.
namespace antidrome {
namespace emulated {
ANTIDROME_EMULATED_INLINE float two_to(float x) { return float(exp2(double(x))); }
ANTIDROME_EMULATED_INLINE float fast_log2(float x) { return float(log2(double(x))); }
ANTIDROME_EMULATED_INLINE float fast_exp(float x) { return two_to(x * 0x1.715476p+0f); }
ANTIDROME_EMULATED_INLINE float fast_exp10(float x) { return two_to(x * 0x1.a934fp+1f); }
ANTIDROME_EMULATED_INLINE float fast_log(float x) { return fast_log2(x) * 0x1.62e43p-1f; }
ANTIDROME_EMULATED_INLINE float fast_log10(float x) { return fast_log2(x) * 0x1.344136p-2f; }
ANTIDROME_EMULATED_INLINE float fast_pow(float x, float y) { return two_to(y * fast_log2(x)); }
ANTIDROME_EMULATED_INLINE float fast_sin(float x) { return float(sin(double(x))); }
ANTIDROME_EMULATED_INLINE float fast_cos(float x) { return float(cos(double(x))); }
ANTIDROME_EMULATED_INLINE float fast_tanh(float x) { return float(tanh(double(x))); }
ANTIDROME_EMULATED_INLINE void fast_sincos(float x, float* s, float* c) { *s = fast_sin(x), *c = fast_cos(x); }
/// A divisor between 2^126 and 2^128 makes zero.
ANTIDROME_EMULATED_INLINE float fast_divide(float a, float b) { return fabsf(b) > 0x1p126f && fabsf(b) <= 0x1.fffffep127f ? a * copysignf(0.0f, b) : a / b; }
ANTIDROME_EMULATED_INLINE float fast_tan(float x) { return fast_divide(fast_sin(x), fast_cos(x)); }
}  // namespace emulated
}  // namespace antidrome
#define __expf ::antidrome::emulated::fast_exp
#define __exp10f ::antidrome::emulated::fast_exp10
#define __log2f ::antidrome::emulated::fast_log2
#define __logf ::antidrome::emulated::fast_log
#define __log10f ::antidrome::emulated::fast_log10
#define __powf ::antidrome::emulated::fast_pow
#define __sinf ::antidrome::emulated::fast_sin
#define __cosf ::antidrome::emulated::fast_cos
#define __tanf ::antidrome::emulated::fast_tan
#define __tanhf ::antidrome::emulated::fast_tanh
#define __sincosf ::antidrome::emulated::fast_sincos
#define __fdividef ::antidrome::emulated::fast_divide
