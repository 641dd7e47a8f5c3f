#include "codegen/ir/record_text.hpp"

#include <fmt/format.h>

namespace antidrome::ir::detail {
namespace {

constexpr Words<Value::Kind, 5> value_kinds{{{Value::Kind::number, "number"}, {Value::Kind::uniform, "uniform"}, {Value::Kind::normal, "normal"},
                                             {Value::Kind::gamma, "gamma"}, {Value::Kind::values, "values"}}};
constexpr Words<Value::Spread, 6> spreads{{{Value::Spread::by_kind, "by_kind"}, {Value::Spread::shared, "shared"}, {Value::Spread::per_neuron, "per_neuron"},
                                           {Value::Spread::per_source, "per_source"}, {Value::Spread::per_target, "per_target"}, {Value::Spread::per_synapse, "per_synapse"}}};
constexpr Words<Connectivity::Kind, 3> connectivities{{{Connectivity::Kind::dense, "dense"}, {Connectivity::Kind::one_to_one, "one_to_one"}, {Connectivity::Kind::sparse, "sparse"}}};

std::string distribution_text(const Value& v) {
  if (v.kind == Value::Kind::number && v.b == 0) return number_text(v.a);
  std::string out = fmt::format("{}({}, {}", word_of(value_kinds, v.kind), number_text(v.a), number_text(v.b));
  for (const double x : v.values) out += ", " + number_text(x);
  return out + ")";
}

void read_distribution(Reader& in, Value& v) {
  if (in.peek().kind == Token::Kind::number || in.is_sign("-") || in.is_word("inf") || in.is_word("nan")) {
    v.a = in.number();
    return;
  }
  v.kind = read_word(in, value_kinds, "a number or a distribution");
  in.expect_sign("(");
  v.a = in.number();
  in.expect_sign(",");
  v.b = in.number();
  while (in.accept_sign(",")) v.values.push_back(in.number());
  in.expect_sign(")");
}

}  // namespace

std::string value_text(const Value& v) {
  std::string out = distribution_text(v);
  if (v.spread != Value::Spread::by_kind) out += fmt::format(" {}", word_of(spreads, v.spread));
  if (v.trainable) out += " trainable";
  if (v.low) out += " low " + number_text(*v.low);
  if (v.high) out += " high " + number_text(*v.high);
  return out + place_text(v.at);
}

Value read_value(Reader& in) {
  Value v;
  read_distribution(in, v);
  for (const auto& [spread, word] : spreads)
    if (in.accept_word(word)) v.spread = spread;
  v.trainable = in.accept_word("trainable");
  if (in.accept_word("low")) v.low = in.number();
  if (in.accept_word("high")) v.high = in.number();
  v.at = in.place();
  return v;
}

std::string connectivity_text(const Connectivity& c) {
  return fmt::format("{} {}{}", word_of(connectivities, c.kind), number_text(c.probability), c.self ? "" : " no_self");
}

Connectivity read_connectivity(Reader& in) {
  Connectivity c;
  c.kind = read_word(in, connectivities, "dense, one_to_one or sparse");
  c.probability = in.number();
  c.self = !in.accept_word("no_self");
  return c;
}

std::string learn_text(const LearningRule& rule) { return fmt::format("learn {} clamp {}\n", word_text(rule.name), number_text(rule.clamp)); }

LearningRule read_learn(Reader& in) {
  LearningRule rule;
  in.expect_word("learn");
  rule.name = in.name();
  in.expect_word("clamp");
  rule.clamp = in.number();
  return rule;
}

}  // namespace antidrome::ir::detail
