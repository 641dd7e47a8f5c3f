// Random expressions over x, y, z, p, from a fixed seed. Smooth by choice where a finite difference must hold.
#pragma once
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "codegen/ir/expr.hpp"

namespace antidrome::ir::test {

inline const std::vector<std::string> variables{"x", "y", "z", "p"};

class RandomExpr {
 public:
  RandomExpr(unsigned seed, bool smooth) : random_(seed), smooth_(smooth) {}

  Expr operator()(int depth) {
    if (depth == 0 || pick(8) == 0) return leaf();
    const auto sub = [&] { return pool_.size() > 3 && pick(4) == 0 ? pool_[static_cast<std::size_t>(pick(static_cast<int>(pool_.size())))] : (*this)(depth - 1); };
    const Expr e = smooth_ || pick(4) != 0 ? smooth(sub) : kinked(sub);
    pool_.push_back(e);  // reused later: random graphs, not trees
    return e;
  }

  double number(double low, double high) { return std::uniform_real_distribution<double>(low, high)(random_); }
  int pick(int n) { return std::uniform_int_distribution<int>(0, n - 1)(random_); }

 private:
  Expr leaf() {
    if (pick(4) == 0) return std::round(number(-4, 4) * 4) / 4;
    return symbol(variables[static_cast<std::size_t>(pick(static_cast<int>(variables.size())))]);
  }

  template <class Sub>
  Expr smooth(Sub sub) {
    const Expr a = sub();
    switch (pick(14)) {
      case 0: case 1: case 2: return a + sub();
      case 3: case 4: return a - sub();
      case 5: case 6: return a * sub();
      case 7: { const Expr b = sub(); return a / (b * b + 1); }
      case 8: return -a;
      case 9: return exp(make(Kind::sin, {a}));
      case 10: return make(Kind::tanh, {a});
      case 11: return make(Kind::sqrt, {a * a + 1});
      case 12: return make(Kind::pow, {make(Kind::cos, {a}) + 2, sub() / 4});
      default: return expdd({make(Kind::sin, {a}), make(Kind::cos, {sub()}), make(Kind::sin, {a})});
    }
  }

  template <class Sub>
  Expr kinked(Sub sub) {
    const Expr a = sub(), b = sub();
    switch (pick(6)) {
      case 0: return make(Kind::minimum, {a, b});
      case 1: return make(Kind::maximum, {a, b});
      case 2: return make(Kind::absolute, {a});
      case 3: return select(make(Kind::less, {a, b}), a * b, sub());
      case 4: return select(make(Kind::logical_and, {make(Kind::less_equal, {a, 1}), make(Kind::logical_not, {make(Kind::equal, {a, b})})}), a, b);
      default: return stop(a) * b;
    }
  }

  std::mt19937 random_;
  bool smooth_;
  std::vector<Expr> pool_;
};

/// A point for all variables.
struct Point {
  double value[4];
  Lookup lookup() const {
    return [this](const std::string& name) {
      for (std::size_t k = 0; k < variables.size(); ++k)
        if (variables[k] == name) return value[k];
      throw std::out_of_range(name);
    };
  }
};

inline Point random_point(RandomExpr& random) { return {{random.number(-2, 2), random.number(-2, 2), random.number(-2, 2), random.number(-2, 2)}}; }

}  // namespace antidrome::ir::test
