// The tokens of every text form, and the expression parser that the record parsers share.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "codegen/diagnostics/diagnostics.hpp"
#include "codegen/ir/expr.hpp"

namespace antidrome::ir::detail {

// ---- writing
std::string number_text(double x);            ///< shortest text that reads back the same; inf() and nan() for what is not finite
std::string word_text(std::string_view word); ///< as it is when it reads as one word, else quoted
std::string quoted(std::string_view text);
std::string place_text(const Location& at);   ///< " @\"model.cc\":12:7", or nothing when there is no place

// ---- reading
struct Token {
  enum class Kind { end, word, string, number, sign };
  Kind kind = Kind::end;
  std::string text;      ///< word, string (unescaped) or sign
  double value = 0;      ///< number
  std::size_t offset = 0;
};

/// Tokens with one of look-ahead. '#' starts a comment to the end of the line; line ends do not matter.
class Reader {
 public:
  explicit Reader(std::string_view text);

  const Token& peek() const { return current_; }
  Token take();
  bool at_end() const { return current_.kind == Token::Kind::end; }
  bool is_word(std::string_view word) const { return current_.kind == Token::Kind::word && current_.text == word; }
  bool is_sign(std::string_view sign) const { return current_.kind == Token::Kind::sign && current_.text == sign; }
  bool accept_word(std::string_view word);
  bool accept_sign(std::string_view sign);
  void expect_word(std::string_view word);
  void expect_sign(std::string_view sign);

  std::string name();          ///< a word or a quoted string
  double number();             ///< with an optional minus; inf() and nan()
  int integer();
  Location place();            ///< nothing when no '@' follows
  Expr expression();

  [[noreturn]] void fail(const std::string& expected) const;

 private:
  void advance();
  void read_number();
  void read_string();
  double special_number(const std::string& word);

  std::string_view text_;
  std::size_t at_ = 0;
  Token current_;
};

}  // namespace antidrome::ir::detail
