// A few lines of PTX, run on as many threads as there are values.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

#include <fmt/core.h>

#include "backends/cuda/ptx/machine.hpp"

namespace antidrome::test {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using s8 = std::int8_t;
using s16 = std::int16_t;
using s32 = std::int32_t;
using s64 = std::int64_t;

/// A module of one kernel. `head`: what stands before it.
inline std::string module_text(const std::string& parameters, const std::string& body, const std::string& head = "") {
  return fmt::format(".version 8.0\n.target sm_90\n.address_size 64\n{}\n.visible .entry k({})\n{{\n{}\nret;\n}}\n", head, parameters, body);
}

template <class T> const char* type_name() {
  if constexpr (std::is_same_v<T, float>) return "f32";
  else if constexpr (std::is_same_v<T, double>) return "f64";
  else if constexpr (std::is_signed_v<T>) return sizeof(T) == 1 ? "s8" : sizeof(T) == 2 ? "s16" : sizeof(T) == 4 ? "s32" : "s64";
  else return sizeof(T) == 1 ? "u8" : sizeof(T) == 2 ? "u16" : sizeof(T) == 4 ? "u32" : "u64";
}
/// Registers have at least 16 bits.
template <class T> std::string register_type() { return sizeof(T) == 1 ? (std::is_signed_v<T> ? "s16" : "u16") : type_name<T>(); }

/// `body` computes %d from %a, %b, %c, %e, and may use %p, %q, %x (32 bits), %y (64 bits).
template <class D, class... S> std::vector<D> run_lanes(const std::string& body, const std::vector<S>&... in) {
  const std::size_t n = std::min({in.size()...});
  std::string text = fmt::format(".reg .pred %p, %q;\n.reg .b32 %t, %x<8>;\n.reg .b64 %at, %y<8>;\n.reg .{} %d;\n", register_type<D>());
  const char* const names[] = {"%a", "%b", "%c", "%e"};
  std::size_t k = 0;
  const auto loads = [&](auto zero) {
    using T = decltype(zero);
    text += fmt::format(".reg .{0} {1};\nmov.u32 %t, %tid.x;\nmul.wide.u32 %at, %t, {2};\nld.param.u64 %y0, [in{3}];\nadd.u64 %at, %at, %y0;\nld.global.{4} {1}, [%at];\n", register_type<T>(), names[k], sizeof(T), k, type_name<T>());
    ++k;
  };
  (loads(S()), ...);
  std::string parameters;
  for (std::size_t q = 0; q < sizeof...(S); ++q) parameters += fmt::format(".param .u64 in{}, ", q);
  text += body + fmt::format("\nmul.wide.u32 %at, %t, {};\nld.param.u64 %y0, [out];\nadd.u64 %at, %at, %y0;\nst.global.{} [%at], %d;\n", sizeof(D), type_name<D>());
  ptx::Machine machine(ptx::parse(module_text(parameters + ".param .u64 out", text), "test.ptx"));
  std::vector<u64> arguments;
  const auto upload = [&](const auto& v) {
    arguments.push_back(machine.allocate(v.size() * sizeof(v[0]), "in"));
    machine.upload(arguments.back(), v.data(), v.size() * sizeof(v[0]));
  };
  (upload(in), ...);
  std::vector<D> out(n);
  arguments.push_back(machine.allocate(n * sizeof(D), "out"));
  machine.launch("k", {.grid = {}, .block = {static_cast<u32>(n)}}, std::as_bytes(std::span<const u64>(arguments)));
  machine.download(out.data(), arguments.back(), n * sizeof(D));
  return out;
}

/// Numbers that find mistakes, then random bits. Their number is no multiple of a warp.
template <class T> std::vector<T> values(unsigned seed) {
  std::vector<T> out;
  if constexpr (std::is_floating_point_v<T>) {
    using L = std::numeric_limits<T>;
    out = {T(0), -T(0), T(1), T(-1), T(0.5), T(1.5), T(2.5), T(-2.5), L::min(), -L::denorm_min(), L::max(), L::infinity(), -L::infinity(), L::quiet_NaN(), T(3e9), T(-3e9), T(1) / 3, T(126), T(-149.5)};
  } else {
    using L = std::numeric_limits<T>;
    out = {T(0), T(1), T(2), T(3), T(5), T(31), T(32), T(33), L::max(), L::min(), T(L::max() - 1), T(L::min() + 1), T(64), T(63), T(100)};
  }
  std::mt19937_64 g(seed);
  while (out.size() < 300) {
    const u64 bits = g();
    if constexpr (std::is_same_v<T, float>) out.push_back(out.size() % 2 ? std::bit_cast<float>(u32(bits)) : float(s32(bits)) / 1e7f);
    else if constexpr (std::is_same_v<T, double>) out.push_back(out.size() % 2 ? std::bit_cast<double>(bits) : double(s64(bits)) / 1e17);
    else out.push_back(T(out.size() % 3 ? bits : bits >> (8 * sizeof(T) - 5)));
  }
  std::shuffle(out.begin(), out.end(), g);
  return out;
}

template <class T> bool same_bits(T a, T b) {
  if constexpr (std::is_floating_point_v<T>)
    if (a != a && b != b) return true;
  return std::memcmp(&a, &b, sizeof(T)) == 0;
}

/// `body` is what `f` says, on many values, bit by bit.
template <class D, class... S, class F> void expect_operation(const std::string& body, F f) {
  unsigned seed = 0;
  const auto next = [&] { return ++seed; };
  const std::tuple<std::vector<S>...> in{values<S>(next())...};
  std::apply([&](const auto&... v) {
    const std::vector<D> got = run_lanes<D>(body, v...);
    int wrong = 0;
    for (std::size_t l = 0; l < got.size(); ++l) {
      const D expected = static_cast<D>(f(v[l]...));
      if (same_bits(got[l], expected)) continue;
      std::string operands;
      ((operands += fmt::format(" {}", v[l])), ...);
      if (++wrong < 4) ADD_FAILURE() << body << ":" << operands << " gives " << fmt::format("{}", got[l]) << ", not " << fmt::format("{}", expected);
    }
  }, in);
}

}  // namespace antidrome::test
