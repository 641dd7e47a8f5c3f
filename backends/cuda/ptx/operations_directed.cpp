// Sums, products and quotients that are rounded in one direction. This file is compiled with -frounding-math.
#include <cfenv>
#include <cmath>

#include "backends/cuda/ptx/lanewise.hpp"

namespace antidrome::ptx {

namespace {

struct Rounding {
  explicit Rounding(int mode) : before(std::fegetround()) { std::fesetround(mode); }
  ~Rounding() { std::fesetround(before); }
  int before;
};

/// Whatever the compiler knows of x, it forgets it here: nothing moves over the change of the mode.
template <class T> T opaque(T x) {
  volatile T y = x;
  return y;
}

template <auto f, int mode, class D, class... S> struct Directed {
  static void run(Warp& w, const Instruction& i, Mask m) {
    const Rounding rounding(mode);
    go(w, i, m, std::index_sequence_for<S...>());
  }
  template <std::size_t... k> static void go(Warp& w, const Instruction& i, Mask m, std::index_sequence<k...>) {
    D* d = w.lanes<D>(i.d[0]);
    const std::tuple s{static_cast<const S*>(w.lanes<S>(i.s[k]))...};
    for_lanes(m, [&](u32 l) { d[l] = opaque(f(opaque(std::get<k>(s)[l])...)); });
  }
};

template <auto f, int mode, class D, class... S> Operation directed(D (*)(S...), Class cls) { return {&Directed<f, mode, D, S...>::run, cls, {type_of<D>(), type_of<S>()...}}; }

template <class T, int mode> void arithmetic(Operations& to, const std::string& how, const std::string& t) {
  constexpr Class cls = sizeof(T) == 4 ? Class::fp32 : Class::fp64;
  constexpr auto add = [](T a, T b) { return a + b; };
  constexpr auto subtract = [](T a, T b) { return a - b; };
  constexpr auto multiply = [](T a, T b) { return a * b; };
  constexpr auto divide = [](T a, T b) { return a / b; };
  constexpr auto fused = [](T a, T b, T c) { return std::fma(a, b, c); };
  constexpr auto reciprocal = [](T a) { return T(1) / a; };
  constexpr auto root = [](T a) { return std::sqrt(a); };
  to["add." + how + t] = directed<add, mode>(+add, cls);
  to["sub." + how + t] = directed<subtract, mode>(+subtract, cls);
  to["mul." + how + t] = directed<multiply, mode>(+multiply, cls);
  to["fma." + how + t] = directed<fused, mode>(+fused, cls);
  to["div." + how + t] = directed<divide, mode>(+divide, Class::special), to["div." + how + t].slow = true;
  to["rcp." + how + t] = directed<reciprocal, mode>(+reciprocal, Class::special), to["rcp." + how + t].slow = true;
  to["sqrt." + how + t] = directed<root, mode>(+root, Class::special), to["sqrt." + how + t].slow = true;
}

template <class T> void directions(Operations& to, const std::string& t) {
  arithmetic<T, FE_TOWARDZERO>(to, "rz.", t);
  arithmetic<T, FE_DOWNWARD>(to, "rm.", t);
  arithmetic<T, FE_UPWARD>(to, "rp.", t);
}

}  // namespace

void add_directed_operations(Operations& to) {
  directions<float>(to, "f32");
  directions<double>(to, "f64");
}

}  // namespace antidrome::ptx
