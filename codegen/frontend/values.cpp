#include "codegen/frontend/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace antidrome::frontend {
namespace {

template <class T>
const T& at_offset(const void* object, long offset) {
  return *reinterpret_cast<const T*>(static_cast<const char*>(object) + offset);
}

/// Symbols that some hook divides by as they stand: zero makes no sense there.
void divisors(ir::Expr e, std::set<std::string>& names, std::set<const ir::Node*>& seen) {
  if (!e.defined() || !seen.insert(e.node()).second) return;
  if (e.is(ir::Kind::div) && e.arg(1).is(ir::Kind::symbol)) names.insert(e.arg(1).name());
  for (const ir::Expr& a : e.args()) divisors(a, names, seen);
}

std::set<std::string> divisors_of(const ir::Model& model) {
  std::set<std::string> names;
  std::set<const ir::Node*> seen;
  for (const auto& [trigger, hook] : model.hooks) {
    divisors(hook.result, names, seen);
    for (const ir::Effect& e : hook.effects) divisors(e.value, names, seen);
  }
  return names;
}

ir::Value::Spread spread_of(const Value& given, const ir::Symbol& symbol, Shape shape, const Location& at, Diagnostics& diagnostics) {
  const bool synapse = shape.kind == StructKind::synapse;
  const auto refuse = [&](const char* word, const char* remedy) {
    diagnostics.error("AD128", at, fmt::format("'{}' is given {}, but it belongs to a {}", symbol.name, word, synapse ? "synapse" : shape.kind == StructKind::loss ? "loss" : "population"), remedy);
    return ir::Value::Spread::by_kind;
  };
  switch (given.spread) {
    case Value::Spread::by_kind: return ir::Value::Spread::by_kind;
    case Value::Spread::shared: return ir::Value::Spread::shared;
    case Value::Spread::per_neuron:
      if (synapse) return refuse("per_neuron", "write per_source(…) or per_target(…)");
      if (shape.kind == StructKind::loss) return refuse("per_neuron", "a loss has one number each");
      return ir::Value::Spread::per_neuron;
    case Value::Spread::per_source: return synapse ? ir::Value::Spread::per_source : refuse("per_source", "write per_neuron(…)");
    case Value::Spread::per_target: return synapse ? ir::Value::Spread::per_target : refuse("per_target", "write per_neuron(…)");
    case Value::Spread::per_synapse: return synapse ? ir::Value::Spread::per_synapse : refuse("per_synapse", "write per_neuron(…)");
  }
  return ir::Value::Spread::by_kind;
}

/// host(fn): runs the user's function on as many numbers as the spread has.
std::vector<double> host_values(const Value& given, const ir::Symbol& symbol, ir::Value::Spread spread, Shape shape) {
  int rows = 1, columns = 1;
  const bool per_synapse = spread == ir::Value::Spread::per_synapse || (spread == ir::Value::Spread::by_kind && symbol.role == ir::Role::weight);
  if (per_synapse || spread == ir::Value::Spread::per_source) rows = shape.rows;
  if (per_synapse || spread == ir::Value::Spread::per_target || spread == ir::Value::Spread::per_neuron) columns = shape.columns;
  std::vector<double> values(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns));
  given.fill(given.function, Array{values.data(), rows, columns});
  return values;
}

void check_numbers(const Value& v, const std::vector<double>& host, const ir::Symbol& symbol, const std::string& owner, bool divides, const Location& at, Diagnostics& diagnostics) {
  const std::string name = fmt::format("'{}' of '{}'", symbol.name, owner);
  const auto wrong = [&](std::string message, const char* remedy) { diagnostics.error("AD124", at, std::move(message), remedy); };
  if (!std::isfinite(v.a) || !std::isfinite(v.b)) return wrong(fmt::format("{} is not a finite number", name), "give a finite number");
  for (std::size_t k = 0; k < host.size(); ++k)
    if (!std::isfinite(host[k])) return wrong(fmt::format("number {} that host() gives to {} is not finite", k, name), "fill every element");
  if (std::isnan(v.low) || std::isnan(v.high) || v.low > v.high) return wrong(fmt::format("{} is clamped to [{}, {}], which is empty", name, v.low, v.high), "write .clamp(low, high) with low <= high");
  if (v.kind == Value::Kind::normal && v.b < 0) return wrong(fmt::format("{} is drawn with standard deviation {}", name, v.b), "normal(mean, deviation) with deviation >= 0");
  if (v.kind == Value::Kind::uniform && v.a > v.b) return wrong(fmt::format("{} is drawn from [{}, {}], which is empty", name, v.a, v.b), "uniform(low, high) with low <= high");
  if (v.kind == Value::Kind::gamma && !(v.a > 0 && v.b > 0)) return wrong(fmt::format("{} is drawn from a gamma with shape {} and scale {}", name, v.a, v.b), "both are positive");
  const bool number = v.kind == Value::Kind::number;
  if (number && divides && v.a == 0) return wrong(fmt::format("{} is 0, and an equation divides by it", name), "give it a value other than 0");
  // A time constant, by the name that everyone gives it: a negative one would let the state explode.
  if (symbol.name.starts_with("tau") && ((number && v.a <= 0) || (v.kind == Value::Kind::uniform && v.a <= 0)))
    return wrong(fmt::format("time constant {} is {}", name, v.a), "a time constant is positive, in ms: 20_ms");
}

ir::Value value_of(const Value& given, const ir::Symbol& symbol, ir::Value::Spread spread, Shape shape, const Location& at) {
  ir::Value v;
  v.spread = spread;
  v.kind = static_cast<ir::Value::Kind>(given.kind);
  v.a = given.a;
  v.b = given.b;
  v.trainable = given.learned;
  if (std::isfinite(given.low)) v.low = given.low;
  if (std::isfinite(given.high)) v.high = given.high;
  if (given.kind == Value::Kind::host) v.values = host_values(given, symbol, spread, shape);
  v.at = at;
  return v;
}

/// The interval in which the initial numbers lie.
std::pair<double, double> range_of(const ir::Value& v) {
  const double infinite = HUGE_VAL;
  switch (v.kind) {
    case ir::Value::Kind::number: return {v.a, v.a};
    case ir::Value::Kind::uniform: return {v.a, v.b};
    case ir::Value::Kind::normal: return v.b == 0 ? std::pair{v.a, v.a} : std::pair{-infinite, infinite};
    case ir::Value::Kind::gamma: return {0, infinite};
    case ir::Value::Kind::values: break;
  }
  const auto [low, high] = std::minmax_element(v.values.begin(), v.values.end());
  return {*low, *high};
}

}  // namespace

ir::Value delay_of(const detail::DelayRecord& given, Shape shape, const std::string& projection, const Location& at, Diagnostics& diagnostics) {
  const ir::Symbol symbol{"delay", ir::Role::param, 0, at};
  ir::Value::Spread spread = spread_of(given.ms, symbol, shape, at, diagnostics);
  if (spread == ir::Value::Spread::by_kind) spread = given.ms.kind == Value::Kind::number ? ir::Value::Spread::shared : ir::Value::Spread::per_synapse;
  ir::Value v = value_of(given.ms, symbol, spread, shape, at);
  check_numbers(given.ms, v.values, symbol, projection, false, at, diagnostics);
  const auto wrong = [&](std::string message, const char* remedy) { diagnostics.error("AD124", at, std::move(message), remedy); };
  const auto [least, largest] = range_of(v);
  const bool drawn = std::isinf(largest);                       // without end: what lies outside the bounds is moved to them
  if ((!drawn && least < 0) || v.low.value_or(0) < 0) wrong(fmt::format("the delay of '{}' can be {} ms", projection, std::min(drawn ? 0 : least, v.low.value_or(0))), "a delay is not negative");
  if (!(given.most > 0)) {
    wrong(fmt::format("the largest delay of '{}' is {} ms", projection, given.most), "give .max_delay in ms: {.max_delay = 100_ms}");
    return v;
  }
  v.low = std::max(v.low.value_or(0), 0.0);
  if (std::isfinite(given.most)) v.high = std::min(v.high.value_or(given.most), given.most);
  if (!drawn && v.high && largest > *v.high) wrong(fmt::format("the delay of '{}' can be {} ms, above its largest of {} ms", projection, largest, *v.high), "raise .max_delay, or lower the delay");
  if (!v.high && (v.trainable || drawn)) {
    diagnostics.error("AD132", at, fmt::format("the delay of '{}' is {} and has no bound", projection, v.trainable ? "trained" : "drawn from a distribution without end"),
                      "say how long it may become: {.delay = …, .max_delay = 100_ms}");
  } else if (!v.high && spread != ir::Value::Spread::shared) {
    v.high = largest;
  }
  return v;
}

double initial_of(const Member& m, const void* object) {
  switch (m.symbol.role) {
    case ir::Role::state: return at_offset<state>(object, m.offset).value;
    case ir::Role::count: return static_cast<double>(at_offset<count>(object, m.offset).value);
    default: return 0;
  }
}

ir::Values values_of(const LiftedStruct& s, const void* object, Shape shape, const Location& at, Diagnostics& diagnostics) {
  ir::Values values;
  const std::set<std::string> divided_by = divisors_of(s.model);
  for (const Member& m : s.objects.front().members) {
    if (m.symbol.role == ir::Role::state && !std::isfinite(initial_of(m, object)))
      diagnostics.error("AD124", at, fmt::format("state '{}' of '{}' begins at a number that is not finite", m.symbol.name, s.model.name), "give a finite number");
    if (m.symbol.role != ir::Role::param && m.symbol.role != ir::Role::weight) continue;
    const Value& given = at_offset<param>(object, m.offset).given;
    ir::Value v = value_of(given, m.symbol, spread_of(given, m.symbol, shape, at, diagnostics), shape, at);
    check_numbers(given, v.values, m.symbol, s.model.name, divided_by.contains(m.symbol.name), at, diagnostics);
    values[m.symbol.name] = std::move(v);
  }
  return values;
}

}  // namespace antidrome::frontend
