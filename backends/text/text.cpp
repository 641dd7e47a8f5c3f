#include "backends/text/text.hpp"

#include <algorithm>
#include <cmath>

#include "codegen/diagnostics/diagnostics.hpp"
#include "codegen/ir/kinds.hpp"

namespace antidrome::text {

using namespace ir;

namespace {

/// Names of the Kernel IR that are truth values, not numbers.
bool is_truth_name(const std::string& name) { return name == "fired" || name == "fired_before" || name == "crossed" || name == "kept" || name == "has_label"; }
bool is_truth(Expr e) { return is_truth_value(e.kind()) || (e.is(Kind::symbol) && is_truth_name(e.name())); }

std::string call(const std::string& name, Expr e, Numbers numbers) {
  std::string text = name + "(";
  for (std::size_t k = 0; k < e.args().size(); ++k) text += (k ? ", " : "") + number_text(e.arg(k), numbers);
  return text + ")";
}

Precedence level(Expr e) {
  if (is_truth(e)) return Precedence::call;                       // as a number it is wrapped in number(…)
  if (e.is(Kind::number) && (e.value() < 0 || std::signbit(e.value()))) return Precedence::prefix;
  return precedence_of(e.kind());
}

std::string operand(Expr e, Precedence at_least, Numbers numbers) {
  const std::string text = number_text(e, numbers);
  return level(e) < at_least ? "(" + text + ")" : text;
}

std::string binary(Expr e, const char* op, Numbers numbers) {
  const Precedence own = precedence_of(e.kind());
  const auto next = static_cast<Precedence>(static_cast<int>(own) + 1);
  return operand(e.arg(0), own, numbers) + op + operand(e.arg(1), next, numbers);
}

}  // namespace

std::string literal(double x, Numbers numbers) {
  if (std::isinf(x)) return x < 0 ? "-real(__builtin_inf())" : "real(__builtin_inf())";
  if (std::isnan(x)) return "real(__builtin_nan(\"\"))";
  std::string text = numbers == Numbers::single_precision ? fmt::format("{}", static_cast<float>(x)) : fmt::format("{}", x);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return numbers == Numbers::single_precision ? text + "f" : text;
}

std::string condition_text(Expr e, Numbers numbers) {
  auto compare = [&](const char* op) { return operand(e.arg(0), Precedence::sum, numbers) + op + operand(e.arg(1), Precedence::sum, numbers); };
  switch (e.kind()) {
    case Kind::less: return compare(" < ");
    case Kind::less_equal: return compare(" <= ");
    case Kind::equal: return compare(" == ");
    case Kind::not_equal: return compare(" != ");
    case Kind::logical_and: return "both(" + condition_text(e.arg(0), numbers) + ", " + condition_text(e.arg(1), numbers) + ")";
    case Kind::logical_or: return "either(" + condition_text(e.arg(0), numbers) + ", " + condition_text(e.arg(1), numbers) + ")";
    case Kind::logical_not: return "negate(" + condition_text(e.arg(0), numbers) + ")";
    case Kind::is_label: return "j == label";
    case Kind::symbol:
      if (is_truth_name(e.name())) return e.name();
      break;
    default: break;
  }
  return operand(e, Precedence::sum, numbers) + " != " + literal(0, numbers);
}

std::string number_text(Expr e, Numbers numbers) {
  if (is_truth(e)) return "number(" + condition_text(e, numbers) + ")";
  switch (e.kind()) {
    case Kind::number: return literal(e.value(), numbers);
    case Kind::symbol: {
      std::string name = e.name();
      std::replace(name.begin(), name.end(), '.', '_');
      if (e.name().starts_with("k.") || e.name().starts_with("g.")) return numbers == Numbers::wide ? "double(" + e.name() + ")" : e.name();
      return name;
    }
    case Kind::add: return binary(e, " + ", numbers);
    case Kind::sub: return binary(e, " - ", numbers);
    case Kind::mul: return binary(e, " * ", numbers);
    case Kind::div: return binary(e, " / ", numbers);
    case Kind::neg: return "-" + operand(e.arg(0), Precedence::call, numbers);
    case Kind::select: return "pick(" + condition_text(e.arg(0), numbers) + ", " + number_text(e.arg(1), numbers) + ", " + number_text(e.arg(2), numbers) + ")";
    case Kind::minimum: return call("minimum", e, numbers);
    case Kind::maximum: return call("maximum", e, numbers);
    case Kind::absolute: return call("absolute", e, numbers);
    case Kind::floor: return call("floor", e, numbers);
    case Kind::exp: return call("exp", e, numbers);
    case Kind::log: return call("log", e, numbers);
    case Kind::sqrt: return call("sqrt", e, numbers);
    case Kind::sin: return call("sin", e, numbers);
    case Kind::cos: return call("cos", e, numbers);
    case Kind::tanh: return call("tanh", e, numbers);
    case Kind::pow: return call("pow", e, numbers);
    case Kind::expdd: return call("expdd", e, numbers);
    case Kind::stop: return number_text(e.arg(0), numbers);
    default: throw InternalError("internal error: a reduction reached the printer, please report it");
  }
}

void Writer::comment(const std::string& text) {
  const std::size_t width = 140;
  std::string rest = text;
  while (!rest.empty()) {
    std::size_t cut = rest.size() <= width ? rest.size() : rest.rfind(' ', width);
    if (cut == std::string::npos || cut == 0) cut = rest.size();
    raw("// " + rest.substr(0, cut));
    rest = cut < rest.size() ? rest.substr(cut + 1) : "";
  }
}

}  // namespace antidrome::text
