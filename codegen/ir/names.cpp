#include "codegen/ir/names.hpp"

namespace antidrome::ir {

std::string prefixed(std::string_view qualified, std::string_view prefix) {
  const std::size_t dot = qualified.rfind('.');
  const std::size_t at = dot == std::string_view::npos ? 0 : dot + 1;
  std::string name(qualified.substr(0, at));
  name += prefix;
  name += qualified.substr(at);
  return name;
}

}  // namespace antidrome::ir
