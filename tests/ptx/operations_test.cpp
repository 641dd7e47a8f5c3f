// Each operation on single lanes against plain C++, on many values.
#include <algorithm>
#include <cfenv>

#include "tests/ptx/lanes.hpp"

namespace antidrome {
namespace {

using namespace test;
__extension__ typedef unsigned __int128 u128;
__extension__ typedef __int128 s128;

template <class T> class Integers : public testing::Test {
 protected:
  static std::string t() { return type_name<T>(); }
};
using IntegerTypes = testing::Types<u16, s16, u32, s32, u64, s64>;
TYPED_TEST_SUITE(Integers, IntegerTypes);

TYPED_TEST(Integers, add_subtract_multiply_and_wrap) {
  using T = TypeParam;
  const std::string t = this->t();
  expect_operation<T, T, T>("add." + t + " %d, %a, %b;", [](T a, T b) { return T(u64(a) + u64(b)); });
  expect_operation<T, T, T>("sub." + t + " %d, %a, %b;", [](T a, T b) { return T(u64(a) - u64(b)); });
  expect_operation<T, T, T>("mul.lo." + t + " %d, %a, %b;", [](T a, T b) { return T(u64(a) * u64(b)); });
  expect_operation<T, T, T>("mul.hi." + t + " %d, %a, %b;", [](T a, T b) {
    using W = std::conditional_t<std::is_signed_v<T>, s128, u128>;
    return T(W(W(a) * W(b)) >> 8 * sizeof(T));
  });
  expect_operation<T, T, T, T>("mad.lo." + t + " %d, %a, %b, %c;", [](T a, T b, T c) { return T(u64(a) * u64(b) + u64(c)); });
  expect_operation<T, T>("neg." + t + " %d, %a;", [](T a) { return T(u64(0) - u64(a)); });
  if constexpr (std::is_signed_v<T>) expect_operation<T, T>("abs." + t + " %d, %a;", [](T a) { return a < 0 ? T(u64(0) - u64(a)) : a; });
}

TYPED_TEST(Integers, compare_and_choose) {
  using T = TypeParam;
  const std::string t = this->t();
  expect_operation<T, T, T>("min." + t + " %d, %a, %b;", [](T a, T b) { return std::min(a, b); });
  expect_operation<T, T, T>("max." + t + " %d, %a, %b;", [](T a, T b) { return std::max(a, b); });
  const auto compare = [&](const std::string& how, auto f) {
    expect_operation<u32, T, T>("setp." + how + "." + t + " %p, %a, %b;\nselp.u32 %d, 7, 9, %p;", [f](T a, T b) { return f(a, b) ? 7 : 9; });
  };
  compare("eq", std::equal_to<T>()), compare("ne", std::not_equal_to<T>()), compare("lt", std::less<T>()), compare("le", std::less_equal<T>()), compare("gt", std::greater<T>()), compare("ge", std::greater_equal<T>());
}

TYPED_TEST(Integers, divide_and_shift) {
  using T = TypeParam;
  const std::string t = this->t();
  const auto divisor = [](T b) { return b == 0 || b == T(-1) ? T(3) : b; };
  const std::string guarded = fmt::format("setp.eq.{0} %p, %b, 0;\nsetp.eq.or.{0} %p, %b, -1, %p;\nselp.{1} %b, 3, %b, %p;\n", t, "b" + t.substr(1));
  expect_operation<T, T, T>(guarded + "div." + t + " %d, %a, %b;", [&](T a, T b) { return T(a / divisor(b)); });
  expect_operation<T, T, T>(guarded + "rem." + t + " %d, %a, %b;", [&](T a, T b) { return T(a % divisor(b)); });
  constexpr u32 bits = 8 * sizeof(T);
  expect_operation<T, T, u32>("shr." + t + " %d, %a, %b;", [](T a, u32 n) { return n < bits ? T(a >> n) : T(std::is_signed_v<T> && a < 0 ? -1 : 0); });
  expect_operation<T, T, u32>("shl.b" + t.substr(1) + " %d, %a, %b;", [](T a, u32 n) { return n < bits ? T(u64(a) << n) : T(0); });
}

TEST(Operations, products_of_twice_the_width) {
  expect_operation<u32, u16, u16>("mul.wide.u16 %d, %a, %b;", [](u16 a, u16 b) { return u32{a} * b; });
  expect_operation<s32, s16, s16>("mul.wide.s16 %d, %a, %b;", [](s16 a, s16 b) { return s32{a} * b; });
  expect_operation<u64, u32, u32>("mul.wide.u32 %d, %a, %b;", [](u32 a, u32 b) { return u64{a} * b; });
  expect_operation<s64, s32, s32>("mul.wide.s32 %d, %a, %b;", [](s32 a, s32 b) { return s64{a} * b; });
  expect_operation<u64, u32, u32, u64>("mad.wide.u32 %d, %a, %b, %c;", [](u32 a, u32 b, u64 c) { return u64{a} * b + c; });
  expect_operation<s64, s32, s32, s64>("mad.wide.s32 %d, %a, %b, %c;", [](s32 a, s32 b, s64 c) { return s64(u64(s64{a} * b) + u64(c)); });
  expect_operation<u32, u32, u32, u32>("mad.hi.u32 %d, %a, %b, %c;", [](u32 a, u32 b, u32 c) { return u32((u64{a} * b) >> 32) + c; });
}

TEST(Operations, chains_through_the_carry) {
  expect_operation<u64, u64, u64>(
      "mov.b64 {%x0, %x1}, %a;\nmov.b64 {%x2, %x3}, %b;\nadd.cc.u32 %x0, %x0, %x2;\naddc.u32 %x1, %x1, %x3;\nmov.b64 %d, {%x0, %x1};", [](u64 a, u64 b) { return a + b; });
  expect_operation<u64, u64, u64>(
      "mov.b64 {%x0, %x1}, %a;\nmov.b64 {%x2, %x3}, %b;\nsub.cc.u32 %x0, %x0, %x2;\nsubc.u32 %x1, %x1, %x3;\nmov.b64 %d, {%x0, %x1};", [](u64 a, u64 b) { return a - b; });
  // The upper half of a product of 64 bits, from products of 32.
  const std::string product = R"(mov.b64 {%x0, %x1}, %a;
    mov.b64 {%x2, %x3}, %b;
    mul.hi.u32 %x4, %x0, %x2;
    mad.lo.cc.u32 %x4, %x0, %x3, %x4;
    madc.hi.u32 %x5, %x0, %x3, 0;
    mad.lo.cc.u32 %x4, %x1, %x2, %x4;
    madc.hi.cc.u32 %x5, %x1, %x2, %x5;
    addc.u32 %x6, 0, 0;
    mad.lo.cc.u32 %x5, %x1, %x3, %x5;
    madc.hi.u32 %x6, %x1, %x3, %x6;
    mov.b64 %d, {%x5, %x6};)";
  expect_operation<u64, u64, u64>(product, [](u64 a, u64 b) { return u64((u128{a} * b) >> 64); });
}

TEST(Operations, of_bits) {
  expect_operation<u32, u32, u32>("and.b32 %d, %a, %b;", [](u32 a, u32 b) { return a & b; });
  expect_operation<u64, u64, u64>("or.b64 %d, %a, %b;", [](u64 a, u64 b) { return a | b; });
  expect_operation<u16, u16, u16>("xor.b16 %d, %a, %b;", [](u16 a, u16 b) { return a ^ b; });
  expect_operation<u32, u32>("not.b32 %d, %a;", [](u32 a) { return ~a; });
  expect_operation<u32, u32>("cnot.b32 %d, %a;", [](u32 a) { return a == 0; });
  expect_operation<u32, u32>("popc.b32 %d, %a;", [](u32 a) { return std::popcount(a); });
  expect_operation<u32, u64>("popc.b64 %d, %a;", [](u64 a) { return std::popcount(a); });
  expect_operation<u32, u32>("clz.b32 %d, %a;", [](u32 a) { return std::countl_zero(a); });
  expect_operation<u32, u64>("clz.b64 %d, %a;", [](u64 a) { return std::countl_zero(a); });
  expect_operation<u32, u32>("brev.b32 %d, %a;", [](u32 a) {
    u32 r = 0;
    for (int k = 0; k < 32; ++k) r |= (a >> k & 1) << (31 - k);
    return r;
  });
  expect_operation<u32, u32>("bfind.u32 %d, %a;", [](u32 a) { return a == 0 ? 0xffffffffu : 31 - u32(std::countl_zero(a)); });
  expect_operation<u32, u32>("bfind.shiftamt.u32 %d, %a;", [](u32 a) { return a == 0 ? 0xffffffffu : u32(std::countl_zero(a)); });
  expect_operation<u32, s32>("bfind.s32 %d, %a;", [](s32 a) { const u32 x = u32(a < 0 ? ~a : a); return x == 0 ? 0xffffffffu : 31 - u32(std::countl_zero(x)); });
  for (const u32 lut : {0x96u, 0xe8u, 0xcau, 0x01u})
    expect_operation<u32, u32, u32, u32>(fmt::format("lop3.b32 %d, %a, %b, %c, {};", lut), [lut](u32 a, u32 b, u32 c) {
      u32 r = 0;
      for (u32 k = 0; k < 32; ++k) r |= (lut >> ((a >> k & 1) * 4 + (b >> k & 1) * 2 + (c >> k & 1)) & 1) << k;
      return r;
    });
}

/// Bit by bit, from the definition of the instruction set.
template <class T> T extracted(T a, u32 position, u32 length) {
  constexpr u32 bits = 8 * sizeof(T);
  position &= 255, length &= 255;
  const bool sign = std::is_signed_v<T> && length != 0 && (a >> std::min(position + length - 1, bits - 1) & 1);
  u64 r = 0;
  for (u32 k = 0; k < bits; ++k) r |= u64{k < length && position + k < bits ? bool(a >> (position + k) & 1) : sign} << k;
  return T(r);
}
template <class T> T inserted(T a, T b, u32 position, u32 length) {
  position &= 255, length &= 255;
  for (u32 k = 0; k < length && position + k < 8 * sizeof(T); ++k) b = T((b & ~(T(1) << (position + k))) | (a >> k & 1) << (position + k));
  return b;
}

TEST(Operations, of_fields) {
  expect_operation<u32, u32, u32, u32>("bfe.u32 %d, %a, %b, %c;", extracted<u32>);
  expect_operation<s32, s32, u32, u32>("bfe.s32 %d, %a, %b, %c;", extracted<s32>);
  expect_operation<u64, u64, u32, u32>("bfe.u64 %d, %a, %b, %c;", extracted<u64>);
  expect_operation<s64, s64, u32, u32>("bfe.s64 %d, %a, %b, %c;", extracted<s64>);
  expect_operation<u32, u32, u32, u32, u32>("bfi.b32 %d, %a, %b, %c, %e;", inserted<u32>);
  expect_operation<u64, u64, u64, u32, u32>("bfi.b64 %d, %a, %b, %c, %e;", inserted<u64>);
  expect_operation<u32, u32, u32, u32>("prmt.b32 %d, %a, %b, %c;", [](u32 a, u32 b, u32 c) {
    u32 r = 0;
    for (u32 k = 0; k < 4; ++k) {
      const u32 nibble = c >> 4 * k & 15, byte = u32((u64{b} << 32 | a) >> 8 * (nibble & 7)) & 255;
      r |= (nibble < 8 ? byte : byte >> 7 ? 255u : 0u) << 8 * k;
    }
    return r;
  });
  expect_operation<u32, u32, u32, u32>("shf.l.wrap.b32 %d, %a, %b, %c;", [](u32 a, u32 b, u32 n) { return u32(((u64{b} << 32 | a) << (n % 32)) >> 32); });
  expect_operation<u32, u32, u32, u32>("shf.r.wrap.b32 %d, %a, %b, %c;", [](u32 a, u32 b, u32 n) { return u32((u64{b} << 32 | a) >> (n % 32)); });
  expect_operation<u32, u32, u32, u32>("shf.l.clamp.b32 %d, %a, %b, %c;", [](u32 a, u32 b, u32 n) { return n >= 32 ? a : u32(((u64{b} << 32 | a) << n) >> 32); });
  expect_operation<u32, u32, u32, u32>("shf.r.clamp.b32 %d, %a, %b, %c;", [](u32 a, u32 b, u32 n) { return n >= 32 ? b : u32((u64{b} << 32 | a) >> n); });
}

template <class T> class Reals : public testing::Test {
 protected:
  static std::string t() { return type_name<T>(); }
};
using RealTypes = testing::Types<float, double>;
TYPED_TEST_SUITE(Reals, RealTypes);

TYPED_TEST(Reals, round_to_nearest) {
  using T = TypeParam;
  const std::string t = this->t();
  expect_operation<T, T, T>("add.rn." + t + " %d, %a, %b;", [](T a, T b) { return a + b; });
  expect_operation<T, T, T>("sub." + t + " %d, %a, %b;", [](T a, T b) { return a - b; });
  expect_operation<T, T, T>("mul.rn." + t + " %d, %a, %b;", [](T a, T b) { return a * b; });
  expect_operation<T, T, T, T>("fma.rn." + t + " %d, %a, %b, %c;", [](T a, T b, T c) { return std::fma(a, b, c); });
  expect_operation<T, T, T>("div.rn." + t + " %d, %a, %b;", [](T a, T b) { return a / b; });
  expect_operation<T, T>("sqrt.rn." + t + " %d, %a;", [](T a) { return std::sqrt(a); });
  expect_operation<T, T>("rcp.rn." + t + " %d, %a;", [](T a) { return T(1) / a; });
  expect_operation<T, T>("neg." + t + " %d, %a;", [](T a) { return -a; });
  expect_operation<T, T>("abs." + t + " %d, %a;", [](T a) { return std::fabs(a); });
  expect_operation<T, T, T>("copysign." + t + " %d, %a, %b;", [](T a, T b) { return std::copysign(b, a); });
}

TYPED_TEST(Reals, compare_with_and_without_order) {
  using T = TypeParam;
  const std::string t = this->t();
  const auto compare = [&](const std::string& how, auto f) {
    expect_operation<u32, T, T>("setp." + how + "." + t + " %p, %a, %b;\nselp.u32 %d, 1, 0, %p;", [f](T a, T b) { return f(a, b); });
  };
  const auto nan = [](T a, T b) { return a != a || b != b; };
  compare("eq", [&](T a, T b) { return a == b; }), compare("ne", [&](T a, T b) { return !nan(a, b) && a != b; });
  compare("lt", [&](T a, T b) { return a < b; }), compare("le", [&](T a, T b) { return a <= b; });
  compare("gt", [&](T a, T b) { return a > b; }), compare("ge", [&](T a, T b) { return a >= b; });
  compare("equ", [&](T a, T b) { return nan(a, b) || a == b; }), compare("neu", [&](T a, T b) { return nan(a, b) || a != b; });
  compare("ltu", [&](T a, T b) { return nan(a, b) || a < b; }), compare("leu", [&](T a, T b) { return nan(a, b) || a <= b; });
  compare("gtu", [&](T a, T b) { return nan(a, b) || a > b; }), compare("geu", [&](T a, T b) { return nan(a, b) || a >= b; });
  compare("num", [&](T a, T b) { return !nan(a, b); }), compare("nan", nan);
}

TYPED_TEST(Reals, have_minima_that_ignore_nan) {
  using T = TypeParam;
  const auto zeros = [](T a, T b, bool least) { return std::signbit(a) == least ? a : b; };   // of +0 and -0
  expect_operation<T, T, T>("min." + this->t() + " %d, %a, %b;", [&](T a, T b) { return a == T(0) && b == T(0) ? zeros(a, b, true) : std::fmin(a, b); });
  expect_operation<T, T, T>("max." + this->t() + " %d, %a, %b;", [&](T a, T b) { return a == T(0) && b == T(0) ? zeros(a, b, false) : std::fmax(a, b); });
}

TYPED_TEST(Reals, round_in_a_direction) {
  using T = TypeParam;
  const std::string t = this->t();
  // The exact result by twice the digits, and its neighbours.
  using W = long double;
  const auto towards = [](W exact, int direction) {
    T x = T(exact);
    if (direction < 0 && W(x) > exact) x = std::nextafter(x, -std::numeric_limits<T>::infinity());
    if (direction > 0 && W(x) < exact) x = std::nextafter(x, std::numeric_limits<T>::infinity());
    return x;
  };
  // Small integers over a power of two: sums and products are exact in W.
  std::vector<T> a, b;
  std::mt19937 g(3);
  for (int k = 0; k < 200; ++k) a.push_back(T(int(g() % 20001) - 10000) / T(7)), b.push_back(T(int(g() % 20001) - 10000) / T(3));
  if constexpr (sizeof(T) == 4)
    for (const auto& [how, direction] : {std::pair{"rm", -1}, {"rp", 1}}) {
      const auto sums = run_lanes<T>(fmt::format("add.{}.{} %d, %a, %b;", how, t), a, b), products = run_lanes<T>(fmt::format("mul.{}.{} %d, %a, %b;", how, t), a, b);
      const auto fused = run_lanes<T>(fmt::format("fma.{}.{} %d, %a, %b, %b;", how, t), a, b);
      for (std::size_t k = 0; k < a.size(); ++k) {
        EXPECT_EQ(sums[k], towards(W(a[k]) + W(b[k]), direction));
        EXPECT_EQ(products[k], towards(W(a[k]) * W(b[k]), direction));
        EXPECT_EQ(fused[k], towards(W(a[k]) * W(b[k]) + W(b[k]), direction)) << a[k] << " " << b[k];
      }
    }
  const auto zero = run_lanes<T>("div.rz." + t + " %d, %a, %b;", a, b), down = run_lanes<T>("div.rm." + t + " %d, %a, %b;", a, b), up = run_lanes<T>("div.rp." + t + " %d, %a, %b;", a, b);
  for (std::size_t k = 0; k < a.size(); ++k) {
    if (b[k] == 0) continue;
    EXPECT_LE(down[k], a[k] / b[k]);
    EXPECT_GE(up[k], a[k] / b[k]);
    EXPECT_LE(up[k], std::nextafter(down[k], std::numeric_limits<T>::infinity()));
    EXPECT_EQ(zero[k], a[k] / b[k] > 0 ? down[k] : up[k]);
  }
}

float flushed(float x) { return std::fabs(x) < 0x1p-126f ? std::copysign(0.0f, x) : x; }

TEST(Operations, flush_and_saturate) {
  expect_operation<float, float, float>("mul.ftz.f32 %d, %a, %b;", [](float a, float b) { return flushed(flushed(a) * flushed(b)); });
  const auto clamp = [](float x) { return x > 0 ? std::min(x, 1.0f) : 0.0f; };
  expect_operation<float, float, float>("add.sat.f32 %d, %a, %b;", [&](float a, float b) { return clamp(a + b); });
  expect_operation<float, float>("cvt.sat.f32.f32 %d, %a;", clamp);
}

TEST(Operations, approximations_are_exact_values_rounded_once) {
  expect_operation<float, float>("ex2.approx.ftz.f32 %d, %a;", [](float a) { return flushed(float(std::exp2(double(flushed(a))))); });
  expect_operation<float, float>("lg2.approx.f32 %d, %a;", [](float a) { return float(std::log2(double(a))); });
  expect_operation<float, float>("rsqrt.approx.f32 %d, %a;", [](float a) { return float(1.0 / std::sqrt(double(a))); });
  expect_operation<float, float>("rcp.approx.ftz.f32 %d, %a;", [](float a) { return flushed(1.0f / flushed(a)); });
  expect_operation<float, float>("sin.approx.f32 %d, %a;", [](float a) { return float(std::sin(double(a))); });
  // A seed has the upper half of the number: 20 bits behind the point.
  const std::vector<double> x = {1.0, 3.0, -7.0, 1e100, 0.1};
  const auto seeds = run_lanes<double>("rcp.approx.ftz.f64 %d, %a;", x);
  for (std::size_t k = 0; k < x.size(); ++k) {
    EXPECT_NEAR(seeds[k] * x[k], 1.0, 0x1p-20);
    EXPECT_EQ(u32(std::bit_cast<u64>(seeds[k])), 0u);
  }
}

template <class D, class S> D to_integer(S x) {
  if (x != x) return sizeof(D) == 8 ? D(u64{1} << 63) : D(0);
  const long double w = static_cast<long double>(x), most = static_cast<long double>(std::numeric_limits<D>::max()), least = static_cast<long double>(std::numeric_limits<D>::min());
  return w >= most ? std::numeric_limits<D>::max() : w <= least ? std::numeric_limits<D>::min() : D(x);
}

TEST(Conversions, from_reals_to_integers) {
  expect_operation<s32, float>("cvt.rzi.s32.f32 %d, %a;", [](float a) { return to_integer<s32>(std::trunc(a)); });
  expect_operation<s32, float>("cvt.rni.s32.f32 %d, %a;", [](float a) { return to_integer<s32>(std::nearbyint(a)); });
  expect_operation<u32, float>("cvt.rmi.u32.f32 %d, %a;", [](float a) { return to_integer<u32>(std::floor(a)); });
  expect_operation<s64, double>("cvt.rpi.s64.f64 %d, %a;", [](double a) { return to_integer<s64>(std::ceil(a)); });
  expect_operation<u64, float>("cvt.rzi.u64.f32 %d, %a;", [](float a) { return to_integer<u64>(std::trunc(a)); });
  expect_operation<u32, double>("cvt.rzi.u32.f64 %d, %a;", [](double a) { return to_integer<u32>(std::trunc(a)); });
  expect_operation<float, float>("cvt.rmi.f32.f32 %d, %a;", [](float a) { return std::floor(a); });
  expect_operation<double, double>("cvt.rni.f64.f64 %d, %a;", [](double a) { return std::nearbyint(a); });
}

TEST(Conversions, from_integers_to_reals) {
  expect_operation<float, s32>("cvt.rn.f32.s32 %d, %a;", [](s32 a) { return float(a); });
  expect_operation<float, u64>("cvt.rn.f32.u64 %d, %a;", [](u64 a) { return float(a); });
  expect_operation<double, u32>("cvt.rn.f64.u32 %d, %a;", [](u32 a) { return double(a); });
  expect_operation<double, s64>("cvt.rn.f64.s64 %d, %a;", [](s64 a) { return double(a); });
  expect_operation<float, u16>("cvt.rn.f32.u16 %d, %a;", [](u16 a) { return float(a); });
  expect_operation<float, u8>("cvt.rn.f32.u8 %d, %a;", [](u8 a) { return float(a); });   // out of a wider register
}

TEST(Conversions, between_reals_and_between_integers) {
  expect_operation<double, float>("cvt.f64.f32 %d, %a;", [](float a) { return double(a); });
  expect_operation<float, double>("cvt.rn.f32.f64 %d, %a;", [](double a) { return float(a); });
  expect_operation<float, double>("cvt.rz.f32.f64 %d, %a;", [](double a) {
    float x = float(a);
    if (std::fabs(double(x)) > std::fabs(a)) x = std::nextafter(x, 0.0f);
    return x;
  });
  expect_operation<u64, u32>("cvt.u64.u32 %d, %a;", [](u32 a) { return u64{a}; });
  expect_operation<s64, s32>("cvt.s64.s32 %d, %a;", [](s32 a) { return s64{a}; });
  expect_operation<u32, u64>("cvt.u32.u64 %d, %a;", [](u64 a) { return u32(a); });
  expect_operation<s32, u32>("cvt.s32.s8 %d, %a;", [](u32 a) { return s32(s8(a)); });
  expect_operation<u32, u32>("cvt.u32.u16 %d, %a;", [](u32 a) { return u32(u16(a)); });
  expect_operation<u16, u32>("cvt.u16.u32 %d, %a;", [](u32 a) { return u16(a); });
  expect_operation<s32, s64>("cvt.sat.s32.s64 %d, %a;", [](s64 a) { return s32(std::clamp<s64>(a, INT32_MIN, INT32_MAX)); });
}

TEST(Operations, of_predicates) {
  const std::string two = "setp.lt.u32 %p, %a, 50;\nsetp.lt.u32 %q, %b, 50;\n", out = "selp.u32 %d, 1, 0, %p;";
  const auto of = [](auto f) { return [f](u32 a, u32 b) { return f(a < 50, b < 50); }; };
  expect_operation<u32, u32, u32>(two + "and.pred %p, %p, %q;" + out, of([](bool a, bool b) { return a && b; }));
  expect_operation<u32, u32, u32>(two + "or.pred %p, %p, %q;" + out, of([](bool a, bool b) { return a || b; }));
  expect_operation<u32, u32, u32>(two + "xor.pred %p, %p, %q;" + out, of([](bool a, bool b) { return a != b; }));
  expect_operation<u32, u32, u32>(two + "not.pred %p, %q;" + out, of([](bool, bool b) { return !b; }));
  expect_operation<u32, u32, u32>("setp.lt.u32 %q, %b, 50;\nsetp.lt.and.u32 %p, %a, 50, !%q;" + out, of([](bool a, bool b) { return a && !b; }));
  expect_operation<u32, u32, u32>("setp.lt.u32 %p|%q, %a, %b;\nselp.u32 %d, 1, 0, %q;", [](u32 a, u32 b) { return a >= b; });
  expect_operation<u32, u32, u32>("mov.u32 %d, 3;\nsetp.lt.u32 %p, %a, %b;\n@%p mov.u32 %d, 4;\n@!%p add.u32 %d, %d, 7;", [](u32 a, u32 b) { return a < b ? 4 : 10; });
}

TEST(Operations, moves_and_numbers) {
  expect_operation<u32, u64>("{ .reg .b32 %z; mov.b64 {%z, %d}, %a; }", [](u64 a) { return u32(a >> 32); });
  expect_operation<u32, u16, u16>("mov.b32 %d, {%a, %b};", [](u16 a, u16 b) { return u32{b} << 16 | a; });
  expect_operation<float, float>("add.f32 %d, %a, 0f3FC00000;", [](float a) { return a + 1.5f; });
  expect_operation<double, double>("mul.f64 %d, %a, 0dC000000000000000;", [](double a) { return a * -2.0; });
  expect_operation<s64, s64>("add.s64 %d, %a, -9223372036854775808;", [](s64 a) { return s64(u64(a) + (u64{1} << 63)); });
}

}  // namespace
}  // namespace antidrome
