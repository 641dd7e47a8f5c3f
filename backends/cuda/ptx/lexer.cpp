#include "backends/cuda/ptx/lexer.hpp"

#include <cctype>

namespace antidrome::ptx {

namespace {

bool starts_word(char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '_' || c == '$' || c == '%' || c == '.'; }
bool goes_on(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '$' || c == '.' || c == '%'; }

}  // namespace

void Lexer::skip_space() {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == '\n') {
      ++line_, ++at_;
    } else if (c == ' ' || c == '\t' || c == '\r' || c == '\0') {
      ++at_;
    } else if (text_.compare(at_, 2, "//") == 0) {
      at_ = text_.find('\n', at_);
      if (at_ == std::string_view::npos) at_ = text_.size();
    } else if (text_.compare(at_, 2, "/*") == 0) {
      const std::size_t end = text_.find("*/", at_);
      const std::size_t stop = end == std::string_view::npos ? text_.size() : end + 2;
      for (; at_ < stop; ++at_) line_ += text_[at_] == '\n';
    } else {
      return;
    }
  }
}

Token Lexer::read() {
  skip_space();
  if (at_ >= text_.size()) return {Token::Kind::end, {}, line_};
  const std::size_t first = at_;
  const char c = text_[at_];
  Token::Kind kind = Token::Kind::mark;
  if (c == '"') {
    at_ = text_.find('"', at_ + 1);
    at_ = at_ == std::string_view::npos ? text_.size() : at_ + 1;
    kind = Token::Kind::string;
  } else if (std::isdigit(static_cast<unsigned char>(c))) {
    while (at_ < text_.size() && goes_on(text_[at_])) ++at_;
    kind = Token::Kind::number;
  } else if (starts_word(c)) {
    while (at_ < text_.size() && (goes_on(text_[at_]) || text_.compare(at_, 2, "::") == 0)) at_ += text_[at_] == ':' ? 2 : 1;   // "L1::no_allocate"
    kind = Token::Kind::word;
  } else {
    ++at_;
  }
  return {kind, text_.substr(first, at_ - first), line_};
}

Token Lexer::take() {
  const Token before = now_;
  end_of_last_ = before.text.data() + before.text.size();
  now_ = read();
  return before;
}

void Lexer::skip_block() {
  int depth = 0;
  do {
    if (now_.is("{")) ++depth;
    if (now_.is("}")) --depth;
    take();
  } while (depth > 0 && now_.kind != Token::Kind::end);
}

}  // namespace antidrome::ptx
