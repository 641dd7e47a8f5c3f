#include "backends/cuda/ptx/conversion.hpp"

#include <bit>
#include <cmath>
#include <limits>

#include "backends/cuda/ptx/lanewise.hpp"

namespace antidrome::ptx {

namespace {

Rounding rounding_of(u32 mode) { return static_cast<Rounding>(mode & 7u); }

/// To a whole number.
template <class F> F whole(F x, Rounding r) {
  switch (r) {
    case Rounding::nearest: case Rounding::whole_nearest: return std::nearbyint(x);
    case Rounding::zero: case Rounding::whole_zero: return std::trunc(x);
    case Rounding::down: case Rounding::whole_down: return std::floor(x);
    case Rounding::up: case Rounding::whole_up: return std::ceil(x);
  }
  return x;
}

/// Saturates; NaN becomes 0, in 64 bits the number with the highest bit alone.
template <class I, class F> I to_integer(F x) {
  constexpr bool negative = std::is_signed_v<I>;
  const F end = std::ldexp(F(1), 8 * int(sizeof(I)) - negative);
  if (x != x) return sizeof(I) == 8 ? I(u64{1} << 63) : I(0);
  if (x >= end) return std::numeric_limits<I>::max();
  if (x <= (negative ? -end : F(0))) return std::numeric_limits<I>::min();
  return I(x);
}

/// x as the nearest number of the type, then to its neighbour where the direction asks for it.
template <class F, class X> F directed(X x, Rounding r) {
  const F near = F(x);
  if (r == Rounding::nearest) return near;
  const long double exact = static_cast<long double>(x), got = static_cast<long double>(near);
  const F infinity = std::numeric_limits<F>::infinity();
  const bool down = r == Rounding::down || (r == Rounding::zero && exact > 0), up = r == Rounding::up || (r == Rounding::zero && exact < 0);
  if (down && got > exact) return std::nextafter(near, -infinity);
  if (up && got < exact) return std::nextafter(near, infinity);
  return near;
}

float flushed(float x) { return std::fabs(x) < std::numeric_limits<float>::min() ? std::copysign(0.0f, x) : x; }

template <class D, class S> D convert(S x, u32 mode) {
  if constexpr (std::is_floating_point_v<S> && std::is_floating_point_v<D>) {
    if constexpr (std::is_same_v<S, float>) x = mode & flushes ? flushed(x) : x;
    D y = D();
    if constexpr (std::is_same_v<D, S>) y = (mode & 7u) >= u32(Rounding::whole_nearest) ? whole(x, rounding_of(mode)) : x;
    else if constexpr (sizeof(D) < sizeof(S)) y = directed<D>(x, rounding_of(mode));
    else y = D(x);
    if constexpr (std::is_same_v<D, float>) y = mode & flushes ? flushed(y) : y;
    if (mode & saturates) y = y > D(0) ? (y < D(1) ? y : D(1)) : D(0);
    return y;
  } else if constexpr (std::is_floating_point_v<S>) {
    if constexpr (std::is_same_v<S, float>) x = mode & flushes ? flushed(x) : x;
    return to_integer<D>(whole(x, rounding_of(mode)));
  } else if constexpr (std::is_floating_point_v<D>) {
    const D y = directed<D>(x, rounding_of(mode));
    return mode & saturates ? (y > D(0) ? (y < D(1) ? y : D(1)) : D(0)) : y;
  } else {
    if (mode & saturates) {
      const s128 v = x, least = std::numeric_limits<D>::min(), most = std::numeric_limits<D>::max();
      return D(v < least ? least : v > most ? most : v);
    }
    return D(x);
  }
}

template <class D, class S> void narrow(Warp& w, const Instruction& i, Mask m) {
  const S* s = w.lanes<S>(i.s[0]);
  D* d = w.lanes<D>(i.d[0]);
  const u32 mode = i.mode;
  if (m == every_lane) {
#pragma GCC ivdep
    for (u32 l = 0; l < warp_size; ++l) d[l] = convert<D, S>(s[l], mode);
  } else {
    for_lanes(m, [&](u32 l) { d[l] = convert<D, S>(s[l], mode); });
  }
}

/// Registers wider than the types: the low bits are read; what is written is extended.
template <class D, class S> void wide(Warp& w, const Instruction& i, Mask m) {
  for_lanes(m, [&](u32 l) {
    S x;
    const u64 bits = w.number(i.s[0], l);
    if constexpr (std::is_floating_point_v<S>) x = std::bit_cast<S>(std::conditional_t<sizeof(S) == 4, u32, u64>(bits));
    else x = S(bits);
    const D y = convert<D, S>(x, i.mode);
    if constexpr (std::is_floating_point_v<D>) w.assign_number(i.d[0], l, std::bit_cast<std::conditional_t<sizeof(D) == 4, u32, u64>>(y));
    else w.assign_number(i.d[0], l, u64(s64(y)));
  });
}
// An unsigned number of 64 bits is its own extension, and s64(y) keeps its bits; narrower ones are extended by zeros, since s64 holds them all.

template <class D, class S> Handler of(bool same_width) { return same_width ? &narrow<D, S> : &wide<D, S>; }

template <class D> Handler to(Type from, bool same_width) {
  switch (from) {
    case Type::b8: case Type::u8: return of<D, u8>(same_width);
    case Type::b16: case Type::u16: return of<D, u16>(same_width);
    case Type::b32: case Type::u32: return of<D, u32>(same_width);
    case Type::b64: case Type::u64: return of<D, u64>(same_width);
    case Type::s8: return of<D, s8>(same_width);
    case Type::s16: return of<D, s16>(same_width);
    case Type::s32: return of<D, s32>(same_width);
    case Type::s64: return of<D, s64>(same_width);
    case Type::f32: return of<D, float>(same_width);
    case Type::f64: return of<D, double>(same_width);
    case Type::none: case Type::pred: return nullptr;
  }
  return nullptr;
}

}  // namespace

Handler conversion(Type result, Type from, bool same_width) {
  switch (result) {
    case Type::b8: case Type::u8: return to<u8>(from, same_width);
    case Type::b16: case Type::u16: return to<u16>(from, same_width);
    case Type::b32: case Type::u32: return to<u32>(from, same_width);
    case Type::b64: case Type::u64: return to<u64>(from, same_width);
    case Type::s8: return to<s8>(from, same_width);
    case Type::s16: return to<s16>(from, same_width);
    case Type::s32: return to<s32>(from, same_width);
    case Type::s64: return to<s64>(from, same_width);
    case Type::f32: return to<float>(from, same_width);
    case Type::f64: return to<double>(from, same_width);
    case Type::none: case Type::pred: return nullptr;
  }
  return nullptr;
}

}  // namespace antidrome::ptx
