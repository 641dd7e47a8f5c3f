#include <algorithm>
#include <bit>
#include <charconv>
#include <map>
#include <optional>
#include <tuple>

#include <fmt/core.h>

#include "backends/cuda/ptx/error.hpp"
#include "backends/cuda/ptx/lexer.hpp"
#include "backends/cuda/ptx/syntax.hpp"

namespace antidrome::ptx {

const Function* Syntax::function(std::string_view wanted) const {
  for (const Function& f : functions)
    if (f.name == wanted && f.defined) return &f;
  return nullptr;
}

namespace {

std::optional<Space> space_named(std::string_view word) {
  if (word == ".global") return Space::global;
  if (word == ".const") return Space::constant;
  if (word == ".shared") return Space::shared;
  if (word == ".local") return Space::local;
  if (word == ".param") return Space::parameter;
  return std::nullopt;
}

/// Registers %name0 to %name(count-1), or one register.
struct Registers {
  std::uint32_t first = 0, count = 0;
};

using Names = std::map<std::string, std::uint32_t, std::less<>>;

/// Names that a pair of braces declares.
struct Scope {
  std::unordered_map<std::string_view, std::uint32_t> registers;
  std::unordered_map<std::string_view, Registers> ranges;
  Names variables;
};

class Parser {
 public:
  Parser(std::string text, std::string name) {
    out_.text = std::make_shared<const std::string>(std::move(text));
    out_.name = std::move(name);
    lexer_.emplace(*out_.text);
  }
  Syntax run();

 private:
  [[noreturn]] void fail(const std::string& what) const { throw Error(fmt::format("{}:{}: {}", out_.name, now().line, what)); }
  const Token& now() const { return lexer_->now(); }
  Token take() { return lexer_->take(); }
  bool at(std::string_view s) const { return now().is(s); }
  bool accept(std::string_view s) { return at(s) && (take(), true); }
  void expect(std::string_view s) {
    if (!accept(s)) fail(fmt::format("expected '{}', found '{}'", s, now().text));
  }
  void skip_to(std::string_view s) {
    while (!at(s) && now().kind != Token::Kind::end) take();
    expect(s);
  }

  std::uint64_t integer();
  void file();
  void module_variable(Space space, bool external);
  Variable variable(Space space);
  std::uint64_t length(std::uint64_t element);
  void initial_values(Variable& v, std::uint64_t element);
  void function(bool entry);
  std::vector<std::uint32_t> parameters();
  void body();
  void directive();
  void registers();
  void location();
  void statement();
  Operand operand();
  Operand number(bool negative);
  Operand name();
  Operand address();
  Operand list();
  std::optional<std::uint32_t> find_register(std::string_view name) const;

  Syntax out_;
  std::optional<Lexer> lexer_;
  Function* f_ = nullptr;
  std::vector<Scope> scopes_;
  Names globals_;
  Line place_;
  std::map<std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>, Line> outermost_;   ///< of a place that was inlined: the line of the call
};

std::uint64_t Parser::integer() {
  const Operand o = number(accept("-"));
  if (o.kind != Operand::Kind::integer) fail("expected an integer");
  return o.bits;
}

Operand Parser::number(bool negative) {
  Operand o;
  if (now().kind != Token::Kind::number) fail(fmt::format("expected a number, found '{}'", now().text));
  std::string_view t = take().text;
  int base = 10;
  o.kind = Operand::Kind::integer;
  if (t.size() > 1 && t[0] == '0') {
    const char kind = static_cast<char>(t[1] | 0x20);
    if (kind == 'f') o.kind = Operand::Kind::float32;
    if (kind == 'd') o.kind = Operand::Kind::float64;
    if (kind == 'f' || kind == 'd' || kind == 'x') t.remove_prefix(2), base = 16;
    else if (kind == 'b') t.remove_prefix(2), base = 2;
    else base = 8;
  }
  if (!t.empty() && (t.back() == 'U' || t.back() == 'u')) t.remove_suffix(1);
  const auto [end, code] = std::from_chars(t.data(), t.data() + t.size(), o.bits, base);
  if (code != std::errc() || end != t.data() + t.size()) {
    double value = 0;                            // written as 1.5
    const auto [stop, wrong] = std::from_chars(t.data(), t.data() + t.size(), value);
    if (base == 16 || wrong != std::errc() || stop != t.data() + t.size()) fail(fmt::format("not a number: '{}'", t));
    o.kind = Operand::Kind::float64, o.bits = std::bit_cast<std::uint64_t>(negative ? -value : value);
    return o;
  }
  if (negative) o.bits = 0 - o.bits;
  return o;
}

Syntax Parser::run() {
  bool external = false;
  while (now().kind != Token::Kind::end) {
    const std::string_view word = now().text;
    if (word == ".version" || word == ".target") {
      const std::uint32_t line = now().line;
      while (now().line == line && now().kind != Token::Kind::end) take();
    } else if (word == ".address_size") {
      take();
      if (integer() != 64) fail("only addresses of 64 bits are known");
    } else if (word == ".file") {
      file();
    } else if (word == ".section") {
      while (!at("{") && now().kind != Token::Kind::end) take();
      lexer_->skip_block();
    } else if (word == ".visible" || word == ".weak" || word == ".common" || word == ".extern") {
      external = word == ".extern";
      take();
      continue;
    } else if (word == ".entry" || word == ".func") {
      take();
      function(word == ".entry");
    } else if (word == ".pragma") {
      skip_to(";");
    } else if (const auto space = space_named(word)) {
      take();
      module_variable(*space, external);
    } else {
      fail(fmt::format("'{}' is not known here", word));
    }
    external = false;
  }
  return std::move(out_);
}

void Parser::file() {
  take();
  const std::uint64_t number = integer();
  std::string_view name = take().text;
  if (name.size() >= 2) name = name.substr(1, name.size() - 2);
  if (number > 1u << 20) fail("a file of this number");
  if (out_.files.size() <= number) out_.files.resize(number + 1);
  out_.files[number] = name;
  if (accept(",")) integer(), expect(","), integer();
}

void Parser::module_variable(Space space, bool external) {
  Variable v = variable(space);
  v.external = external;
  expect(";");
  globals_[v.name] = static_cast<std::uint32_t>(out_.variables.size());
  out_.variables.push_back(std::move(v));
}

std::uint64_t Parser::length(std::uint64_t element) {
  std::uint64_t bytes = element;
  while (accept("[")) {
    bytes *= at("]") ? 0 : integer();
    expect("]");
  }
  return bytes;
}

/// From behind the space to before the semicolon or comma.
Variable Parser::variable(Space space) {
  Variable v;
  v.space = space;
  Type type = Type::none;
  std::uint64_t vector = 1;
  while (now().text.starts_with('.')) {
    const std::string_view word = take().text;
    if (word == ".align") v.align = static_cast<std::uint32_t>(integer());
    else if (word == ".v2" || word == ".v4") vector = word == ".v2" ? 2 : 4;
    else if (word == ".ptr" || word == ".global" || word == ".const" || word == ".shared" || word == ".local" || word == ".attribute" || word == ".managed") continue;   // what a pointer points at
    else if (const Type t = type_named(word.substr(1)); t != Type::none) type = t;
    else fail(fmt::format("'{}' is not known of a variable", word));
  }
  if (type == Type::none) fail("a variable without a type");
  v.name = take().text;
  const std::uint64_t element = bytes_of(type) * vector;
  v.align = std::max(v.align, static_cast<std::uint32_t>(element));
  v.bytes = length(element);
  if (accept("=")) initial_values(v, bytes_of(type));
  return v;
}

void Parser::initial_values(Variable& v, std::uint64_t element) {
  int depth = 0;
  do {
    if (accept("{")) {
      ++depth;
    } else if (accept("}")) {
      --depth;
    } else if (!accept(",")) {
      if (now().kind == Token::Kind::word) fail("an address as an initial value");
      const Operand o = number(accept("-"));
      for (std::uint64_t k = 0; k < element; ++k) v.initial.push_back(static_cast<std::uint8_t>(o.bits >> 8 * k));
    }
  } while (depth > 0 && now().kind != Token::Kind::end);
}

std::vector<std::uint32_t> Parser::parameters() {
  std::vector<std::uint32_t> out;
  if (!accept("(")) return out;
  while (!accept(")")) {
    expect(".param");
    Variable v = variable(Space::parameter);
    out.push_back(static_cast<std::uint32_t>(f_->variables.size()));
    f_->variables.push_back(std::move(v));
    accept(",");
  }
  return out;
}

void Parser::function(bool entry) {
  f_ = &out_.functions.emplace_back();
  f_->entry = entry;
  if (!entry) f_->results = parameters();
  f_->name = take().text;
  f_->parameters = parameters();
  while (!at("{") && !at(";") && now().kind != Token::Kind::end) take();   // .maxntid and the like
  if (accept(";")) return;
  scopes_.assign(1, {});
  for (const auto* names : {&f_->results, &f_->parameters})
    for (const std::uint32_t k : *names) scopes_[0].variables[f_->variables[k].name] = k;
  place_ = {};
  f_->defined = true;
  body();
}

void Parser::body() {
  expect("{");
  while (!scopes_.empty()) {
    if (now().kind == Token::Kind::end) fail(fmt::format("'{}' has no end", f_->name));
    if (accept("{")) scopes_.emplace_back();
    else if (accept("}")) scopes_.pop_back();
    else if (now().text.starts_with('.')) directive();
    else statement();
  }
}

void Parser::directive() {
  const std::string_view word = take().text;
  if (word == ".reg") return registers();
  if (word == ".loc") return location();
  if (word == ".pragma") return skip_to(";");
  const auto space = space_named(word);
  if (!space) fail(fmt::format("'{}' is not known here", word));
  Variable v = variable(*space);
  expect(";");
  scopes_.back().variables[v.name] = static_cast<std::uint32_t>(f_->variables.size());
  f_->variables.push_back(std::move(v));
}

void Parser::registers() {
  const Type type = type_named(now().text.substr(std::min<std::size_t>(1, now().text.size())));
  if (type == Type::none) fail(fmt::format("registers of type '{}'", now().text));
  take();
  do {
    const std::string_view name = take().text;
    const auto first = static_cast<std::uint32_t>(f_->registers.size());
    if (accept("<")) {
      const auto count = static_cast<std::uint32_t>(integer());
      expect(">");
      if (count > 1u << 22) fail("too many registers");
      scopes_.back().ranges[name] = {first, count};
      f_->registers.resize(first + count, type);
    } else {
      scopes_.back().registers[name] = first;
      f_->registers.push_back(type);
    }
  } while (accept(","));
  expect(";");
}

void Parser::location() {
  const std::uint64_t file = integer(), line = integer(), column = integer();
  place_ = {static_cast<std::uint32_t>(file), static_cast<std::uint32_t>(line)};
  while (accept(",")) {
    const std::string_view attribute = take().text;
    if (attribute == "function_name") {
      take();
      if (accept("+")) integer();
    } else if (attribute == "inlined_at") {
      const std::uint64_t outer_file = integer(), outer_line = integer(), outer_column = integer();
      const auto known = outermost_.find({outer_file, outer_line, outer_column});
      place_ = known != outermost_.end() ? known->second : Line{static_cast<std::uint32_t>(outer_file), static_cast<std::uint32_t>(outer_line)};
      outermost_[{file, line, column}] = place_;
    } else {
      fail(fmt::format("'{}' is not known of a place", attribute));
    }
  }
}

void Parser::statement() {
  Statement s;
  const char* first = now().text.data();
  s.ptx_line = now().line, s.place = place_;
  if (accept("@")) {
    s.guard_negated = accept("!");
    const auto r = find_register(now().text);
    if (!r) fail(fmt::format("'{}' is not a predicate", now().text));
    s.guard = static_cast<std::int32_t>(*r);
    take();
  }
  const Token word = take();
  if (word.kind != Token::Kind::word) fail(fmt::format("expected an instruction, found '{}'", word.text));
  if (accept(":")) {
    f_->labels[word.text] = static_cast<std::uint32_t>(f_->body.size());
    return;
  }
  for (std::string_view rest = word.text;;) {
    const std::size_t point = rest.find('.');
    s.opcode.push_back(rest.substr(0, point));
    if (point == std::string_view::npos) break;
    rest.remove_prefix(point + 1);
  }
  while (!at(";") && now().kind != Token::Kind::end) {
    s.operands.push_back(operand());
    if (!at(";")) expect(",");
  }
  expect(";");
  s.text = lexer_->from(first);
  if (s.text.ends_with(';')) s.text.remove_suffix(1);
  f_->body.push_back(std::move(s));
}

std::optional<std::uint32_t> Parser::find_register(std::string_view name) const {
  std::size_t digits = name.size();
  while (digits > 0 && name[digits - 1] >= '0' && name[digits - 1] <= '9') --digits;
  std::uint32_t number = 0;
  const bool numbered = digits < name.size() && std::from_chars(name.data() + digits, name.data() + name.size(), number).ec == std::errc();
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
    if (const auto r = scope->registers.find(name); r != scope->registers.end()) return r->second;
    if (!numbered) continue;
    if (const auto r = scope->ranges.find(name.substr(0, digits)); r != scope->ranges.end() && number < r->second.count) return r->second.first + number;
  }
  return std::nullopt;
}

Operand Parser::name() {
  Operand o;
  o.text = take().text;
  if (o.text == "_") return o;
  if (const auto r = find_register(o.text)) {
    o.kind = Operand::Kind::reg, o.index = *r;
    return o;
  }
  if (o.text.starts_with('%')) {
    o.kind = Operand::Kind::special;
    return o;
  }
  o.kind = Operand::Kind::variable, o.own = true;
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope)
    if (const auto v = scope->variables.find(o.text); v != scope->variables.end()) return o.index = v->second, o;
  o.own = false;
  if (const auto v = globals_.find(o.text); v != globals_.end()) return o.index = v->second, o;
  o.kind = Operand::Kind::name;
  return o;
}

Operand Parser::address() {
  Operand o;
  o.kind = Operand::Kind::address;
  o.items.push_back(now().kind == Token::Kind::number ? number(false) : name());
  while (!accept("]")) {
    if (accept("+")) o.bits += integer();
    else if (at("-")) o.bits += integer();
    else fail(fmt::format("expected ']', found '{}'", now().text));
  }
  return o;
}

Operand Parser::list() {
  Operand o;
  o.kind = Operand::Kind::list;
  const std::string_view end = at("(") ? ")" : "}";
  take();
  while (!accept(end)) {
    o.items.push_back(operand());
    accept(",");
  }
  return o;
}

Operand Parser::operand() {
  if (at("{") || at("(")) return list();
  if (accept("[")) return address();
  if (accept("!")) {
    Operand o = name();
    o.negated = true;
    return o;
  }
  if (accept("-")) return number(true);
  if (now().kind == Token::Kind::number) return number(false);
  Operand o = name();
  if (at("+")) {                                 // a symbol and a displacement: mov.u64 %rd1, table+8
    take();
    o.bits = integer();
  }
  if (!accept("|")) return o;
  Operand pair;
  pair.kind = Operand::Kind::pair;
  pair.items = {o, name()};
  return pair;
}

}  // namespace

Syntax parse(std::string text, std::string name) { return Parser(std::move(text), std::move(name)).run(); }

}  // namespace antidrome::ptx
