// Words of PTX text.
#pragma once
#include <cstdint>
#include <string_view>

namespace antidrome::ptx {

struct Token {
  enum class Kind : std::uint8_t { word, number, string, mark, end };
  Kind kind = Kind::end;
  std::string_view text;                        ///< words keep their points: "ld.global.f32", ".reg", "%tid.x"
  std::uint32_t line = 0;

  bool is(std::string_view s) const { return text == s && kind != Kind::string; }
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) { take(); }

  const Token& now() const { return now_; }
  Token take();                                 ///< the token before the step
  std::string_view from(const char* begin) const { return {begin, static_cast<std::size_t>(end_of_last_ - begin)}; }
  /// Jumps over a block in braces, whose opening is the present token.
  void skip_block();

 private:
  void skip_space();
  Token read();

  std::string_view text_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1;
  const char* end_of_last_ = nullptr;
  Token now_;
};

}  // namespace antidrome::ptx
