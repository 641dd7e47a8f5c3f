// What the members of a model struct are: the type of a member says its role. Every role is also a plain number, so a model
// struct is an ordinary object that can be executed and tested.
#pragma once

namespace antidrome {

using real = double;

/// The class of a sample; a loss gets it and looks up its output with `out[y]`.
struct label {
  int index = 0;
};

/// The numbers that a host function fills in: rows are sources, columns are targets (one row for a population).
struct Array {
  real* data = nullptr;
  int rows = 0, columns = 0;
  real& operator()(int row, int column) { return data[static_cast<long>(row) * columns + column]; }
};

/// What a parameter is given: a number, a draw or a host function, with its spread, bounds, and whether it is trained.
struct Value {
  enum class Kind { number, uniform, normal, gamma, host };
  /// The axis with one number per element. `by_kind`: a `weight` has one per synapse, a `param` a single one.
  enum class Spread { by_kind, shared, per_neuron, per_source, per_target, per_synapse };
  Kind kind = Kind::number;
  real a = 0, b = 0;  ///< number; low and high; mean and standard deviation; shape and scale
  real low = -__builtin_inf(), high = __builtin_inf();
  Spread spread = Spread::by_kind;
  bool learned = false;
  void (*fill)(const void* function, Array values) = nullptr;
  const void* function = nullptr;

  constexpr Value(real number = 0) : a(number) {}
  constexpr Value(Kind k, real first, real second) : kind(k), a(first), b(second) {}

  /// Keeps the parameter within [lowest, highest]: projected once before training and after every optimiser step.
  constexpr Value clamp(real lowest, real highest) const {
    Value v = *this;
    v.low = lowest;
    v.high = highest;
    return v;
  }
  constexpr Value over(Spread axis) const {
    Value v = *this;
    v.spread = axis;
    return v;
  }
};

constexpr Value uniform(real low, real high) { return {Value::Kind::uniform, low, high}; }
constexpr Value normal(real mean, real deviation) { return {Value::Kind::normal, mean, deviation}; }
constexpr Value gamma(real shape, real scale) { return {Value::Kind::gamma, shape, scale}; }

/// Numbers computed by ordinary C++: `host([](Array w) { w(0, 0) = 1; })`. The generator runs it once, on doubles.
template <class Function>
Value host(Function fill) {
  Value v;
  v.kind = Value::Kind::host;
  v.function = new Function(fill);  // lives as long as the generator, which runs network() once
  v.fill = [](const void* function, Array values) { (*static_cast<const Function*>(function))(values); };
  return v;
}

constexpr Value shared(Value v) { return v.over(Value::Spread::shared); }
constexpr Value per_neuron(Value v) { return v.over(Value::Spread::per_neuron); }
constexpr Value per_source(Value v) { return v.over(Value::Spread::per_source); }
constexpr Value per_target(Value v) { return v.over(Value::Spread::per_target); }
constexpr Value per_synapse(Value v) { return v.over(Value::Spread::per_synapse); }
constexpr Value trainable(Value v) {
  v.learned = true;
  return v;
}

namespace detail {
/// A number that hooks may assign to. `Self` is the role itself.
template <class Self>
struct Assignable {
  real value = 0;
  constexpr Assignable(real x = 0) : value(x) {}
  constexpr operator real() const { return value; }
  Self& operator=(real x) { return set(x); }
  Self& operator+=(real x) { return set(value + x); }
  Self& operator-=(real x) { return set(value - x); }
  Self& operator*=(real x) { return set(value * x); }
  Self& operator/=(real x) { return set(value / x); }

 private:
  Self& set(real x) {
    value = x;
    return static_cast<Self&>(*this);
  }
};
}  // namespace detail

/// Set from outside; constant during a trial. network() may assign to it, a hook may not.
struct param {
  real value = 0;
  Value given;
  constexpr param(real x = 0) : value(x), given(x) {}
  constexpr param(Value v) : value(v.a), given(v) {}
  constexpr operator real() const { return value; }
  param& operator+=(real x) { return *this = value + x; }
  param& operator-=(real x) { return *this = value - x; }
  param& operator*=(real x) { return *this = value * x; }
  param& operator/=(real x) { return *this = value / x; }
};

/// A param with one number per synapse.
struct weight : param {
  using param::param;
};

/// Fresh in every trial, one per sample.
struct state : detail::Assignable<state> {
  real slope = 0;
  using Assignable::Assignable;
  using Assignable::operator=;
  constexpr state(const state&) = default;
  state& operator=(const state& other) { return *this = other.value; }
};

/// Survives trials; written by hooks.
struct memory : detail::Assignable<memory> {
  Value given;
  constexpr memory(real x = 0) : Assignable(x), given(x) {}
  constexpr memory(Value v) : Assignable(v.a), given(v) {}
  using Assignable::operator=;
  constexpr memory(const memory&) = default;
  memory& operator=(const memory& other) { return *this = other.value; }
};

/// The sum of what synapses contribute; zero at the start of each step, complete before anyone reads it.
struct input : detail::Assignable<input> {
  using Assignable::Assignable;
  using Assignable::operator=;
  constexpr input(const input&) = default;
  input& operator=(const input& other) { return *this = other.value; }
};

/// An integer; never differentiated.
struct count {
  long value = 0;
  constexpr count(long x = 0) : value(x) {}
  constexpr operator real() const { return static_cast<real>(value); }
  count& operator=(real x) {
    value = static_cast<long>(x);
    return *this;
  }
  count& operator+=(real x) { return *this = static_cast<real>(value) + x; }
  count& operator-=(real x) { return *this = static_cast<real>(value) - x; }
};

/// The neuron's own spikes of the last threshold test.
struct spike {
  int value = 0;
  constexpr operator real() const { return value; }
  spike& operator=(real x) {
    value = static_cast<int>(x);
    return *this;
  }
};

/// `d(v) = …` in flow() gives the time derivative of state v, in units per ms.
inline real& d(state& x) { return x.slope; }

}  // namespace antidrome
