#include "backends/cuda/ptx/type.hpp"

#include <iterator>

namespace antidrome::ptx {

Type type_named(std::string_view name) {
  constexpr std::string_view names[] = {"", "pred", "b8", "b16", "b32", "b64", "u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64", "f32", "f64"};
  if (name.empty() || name.size() > 4) return Type::none;
  for (std::size_t k = 1; k < std::size(names); ++k)
    if (names[k] == name) return static_cast<Type>(k);
  return Type::none;
}

}  // namespace antidrome::ptx
