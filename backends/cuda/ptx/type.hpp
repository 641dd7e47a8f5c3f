// Types of PTX.
#pragma once
#include <cstdint>
#include <string_view>

namespace antidrome::ptx {

enum class Type : std::uint8_t { none, pred, b8, b16, b32, b64, u8, u16, u32, u64, s8, s16, s32, s64, f32, f64 };

/// "u32" and the like; Type::none for anything else.
Type type_named(std::string_view name);

constexpr std::uint32_t bytes_of(Type t) {
  switch (t) {
    case Type::none: return 0;
    case Type::pred: return 4;                  // the lanes' truths, one bit each
    case Type::b8: case Type::u8: case Type::s8: return 1;
    case Type::b16: case Type::u16: case Type::s16: return 2;
    case Type::b32: case Type::u32: case Type::s32: case Type::f32: return 4;
    case Type::b64: case Type::u64: case Type::s64: case Type::f64: return 8;
  }
  return 0;
}
constexpr bool is_float(Type t) { return t == Type::f32 || t == Type::f64; }
constexpr bool is_signed(Type t) { return t == Type::s8 || t == Type::s16 || t == Type::s32 || t == Type::s64; }

enum class Space : std::uint8_t { generic, global, constant, shared, local, parameter };

}  // namespace antidrome::ptx
