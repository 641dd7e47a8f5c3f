// A function of numbers as an operation of a warp.
#pragma once
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <utility>

#include "backends/cuda/ptx/operations.hpp"
#include "backends/cuda/ptx/warp.hpp"

namespace antidrome::ptx {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using s8 = std::int8_t;
using s16 = std::int16_t;
using s32 = std::int32_t;
using s64 = std::int64_t;
__extension__ typedef unsigned __int128 u128;
__extension__ typedef __int128 s128;

template <class T> constexpr Type type_of() {
  if constexpr (std::is_same_v<T, bool>) return Type::pred;
  else if constexpr (std::is_same_v<T, float>) return Type::f32;
  else if constexpr (std::is_same_v<T, double>) return Type::f64;
  else if constexpr (std::is_signed_v<T>) return sizeof(T) == 1 ? Type::s8 : sizeof(T) == 2 ? Type::s16 : sizeof(T) == 4 ? Type::s32 : Type::s64;
  else return sizeof(T) == 1 ? Type::u8 : sizeof(T) == 2 ? Type::u16 : sizeof(T) == 4 ? Type::u32 : Type::u64;
}

/// f of the lanes of up to four registers. An operand of type bool is the instruction's predicate.
template <auto f, class D, class... S> struct Lanewise {
  template <class T> static auto source(const Warp& w, const Instruction& i, std::size_t k) {
    if constexpr (std::is_same_v<T, bool>) return w.truth(i);
    else return static_cast<const T*>(w.lanes<T>(i.s[k]));
  }
  static bool value(Mask bits, u32 l) { return bits >> l & 1; }
  template <class T> static T value(const T* lanes, u32 l) { return lanes[l]; }

  template <std::size_t... k> static void go(Warp& w, const Instruction& i, Mask m, std::index_sequence<k...>) {
    const std::tuple s{source<S>(w, i, k)...};
    if constexpr (std::is_same_v<D, bool>) {
      Mask bits = 0;
      for_lanes(m, [&](u32 l) { bits |= Mask{f(value(std::get<k>(s), l)...)} << l; });
      w.assign(i.p[0], bits, m);
    } else {
      D* d = w.lanes<D>(i.d[0]);
      if (m == every_lane) {
#pragma GCC ivdep
        for (u32 l = 0; l < warp_size; ++l) d[l] = f(value(std::get<k>(s), l)...);
      } else {
        for_lanes(m, [&](u32 l) { d[l] = f(value(std::get<k>(s), l)...); });
      }
    }
  }
  static void run(Warp& w, const Instruction& i, Mask m) { go(w, i, m, std::index_sequence_for<S...>()); }
};

template <auto f, class D, class... S> Operation operation(D (*)(S...), Class cls) { return {&Lanewise<f, D, S...>::run, cls, {type_of<D>(), type_of<S>()...}}; }
/// The operation of a lambda without captures.
template <auto f> Operation operation(Class cls) { return operation<f>(+f, cls); }

}  // namespace antidrome::ptx
