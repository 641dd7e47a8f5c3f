// Text with indentation, and expressions as C++: what the printers of all targets share.
#pragma once
#include <fmt/format.h>
#include <string>

#include "codegen/ir/expr.hpp"

namespace antidrome::text {

class Writer {
 public:
  template <class... A> void line(fmt::format_string<A...> f, A&&... a) { raw(fmt::format(f, std::forward<A>(a)...)); }
  void raw(const std::string& text) {
    if (!text.empty()) out_.append(static_cast<std::size_t>(2 * depth_), ' ').append(text);
    out_.push_back('\n');
  }
  void comment(const std::string& text);        ///< "// text", wrapped
  void open(const std::string& text) { raw(text + " {"); ++depth_; }
  void open_scope() { raw("{"); ++depth_; }
  void close(const std::string& after = {}) { --depth_; raw("}" + after); }
  const std::string& text() const { return out_; }

 private:
  std::string out_;
  int depth_ = 0;
};

/// How numbers are written: as `real` of the module, or as double.
enum class Numbers { single_precision, double_precision, wide };

/// C++ text of a number or of a truth value; `identifiers` maps symbols that are not names already.
std::string number_text(ir::Expr e, Numbers numbers);
std::string condition_text(ir::Expr e, Numbers numbers);
std::string literal(double x, Numbers numbers);

}  // namespace antidrome::text
