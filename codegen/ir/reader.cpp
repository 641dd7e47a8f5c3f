#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <fmt/format.h>

#include "codegen/ir/text.hpp"

namespace antidrome::ir::detail {
namespace {

bool starts_word(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool continues_word(char c) { return starts_word(c) || std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '.'; }

}  // namespace

std::string number_text(double x) {
  if (std::isnan(x)) return "nan()";
  if (std::isinf(x)) return x < 0 ? "-inf()" : "inf()";
  return fmt::format("{}", x);
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\n') { out += "\\n"; continue; }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string word_text(std::string_view word) {
  bool plain = !word.empty() && starts_word(word[0]);
  for (const char c : word) plain = plain && continues_word(c);
  return plain ? std::string(word) : quoted(word);
}

std::string place_text(const Location& at) {
  if (at.file.empty() && at.line == 0) return {};
  return fmt::format("  @{}:{}:{}", quoted(at.file), at.line, at.column);
}

Reader::Reader(std::string_view text) : text_(text) { advance(); }

Token Reader::take() {
  Token t = current_;
  advance();
  return t;
}

bool Reader::accept_word(std::string_view word) {
  if (!is_word(word)) return false;
  advance();
  return true;
}

bool Reader::accept_sign(std::string_view sign) {
  if (!is_sign(sign)) return false;
  advance();
  return true;
}

void Reader::expect_word(std::string_view word) {
  if (!accept_word(word)) fail(fmt::format("'{}'", word));
}

void Reader::expect_sign(std::string_view sign) {
  if (!accept_sign(sign)) fail(fmt::format("'{}'", sign));
}

std::string Reader::name() {
  if (current_.kind != Token::Kind::word && current_.kind != Token::Kind::string) fail("a name");
  return take().text;
}

double Reader::special_number(const std::string& word) {
  advance();
  expect_sign("(");
  expect_sign(")");
  return word == "inf" ? std::numeric_limits<double>::infinity() : std::nan("");
}

double Reader::number() {
  const double sign = accept_sign("-") ? -1 : 1;
  if (is_word("inf") || is_word("nan")) return sign * special_number(std::string(current_.text));
  if (current_.kind != Token::Kind::number) fail("a number");
  return sign * take().value;
}

int Reader::integer() {
  const Token start = current_;
  const double x = number();
  if (x != std::floor(x) || std::abs(x) > 2147483647.0) throw ParseError(start.offset, "expected a whole number");
  return static_cast<int>(x);
}

Location Reader::place() {
  Location at;
  if (!accept_sign("@")) return at;
  at.file = name();
  expect_sign(":");
  at.line = integer();
  expect_sign(":");
  at.column = integer();
  return at;
}

void Reader::fail(const std::string& expected) const {
  const char* what = current_.kind == Token::Kind::end ? "the end of the text" : nullptr;
  throw ParseError(current_.offset, what ? fmt::format("expected {}, found {}", expected, what)
                                         : fmt::format("expected {}, found '{}'", expected, text_.substr(current_.offset, at_ - current_.offset)));
}

void Reader::advance() {
  while (at_ < text_.size() && (std::isspace(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '#')) {
    if (text_[at_] == '#') at_ = std::min(text_.find('\n', at_), text_.size());
    else ++at_;
  }
  current_ = Token{};
  current_.offset = at_;
  if (at_ == text_.size()) return;
  const char c = text_[at_];
  const bool is_fraction = c == '.' && at_ + 1 < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_ + 1])) != 0;
  if (std::isdigit(static_cast<unsigned char>(c)) != 0 || is_fraction) return read_number();
  if (c == '"') return read_string();
  if (starts_word(c)) {
    const std::size_t begin = at_;
    while (at_ < text_.size() && continues_word(text_[at_])) ++at_;
    current_.kind = Token::Kind::word;
    current_.text = text_.substr(begin, at_ - begin);
    return;
  }
  static constexpr std::string_view pairs[] = {"<=", ">=", "==", "!=", "&&", "||", ":=", "+="};
  current_.kind = Token::Kind::sign;
  current_.text = c;
  for (const std::string_view p : pairs)
    if (text_.substr(at_, 2) == p) current_.text = p;
  at_ += current_.text.size();
}

void Reader::read_number() {
  const char* const begin = text_.data() + at_;
  const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), current_.value);
  if (error != std::errc()) throw ParseError(at_, "this number does not fit into a double");
  current_.kind = Token::Kind::number;
  at_ += static_cast<std::size_t>(end - begin);
}

void Reader::read_string() {
  current_.kind = Token::Kind::string;
  for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
    if (text_[at_] != '\\') { current_.text += text_[at_]; continue; }
    if (++at_ == text_.size()) break;
    current_.text += text_[at_] == 'n' ? '\n' : text_[at_];
  }
  if (at_ >= text_.size()) throw ParseError(current_.offset, "this string has no end");
  ++at_;
}

}  // namespace antidrome::ir::detail
