// cvt: one type of number into another.
#pragma once
#include "backends/cuda/ptx/kernel.hpp"

namespace antidrome::ptx {

/// How an instruction's `mode` says it.
enum class Rounding : std::uint8_t { nearest, zero, down, up, whole_nearest, whole_zero, whole_down, whole_up };
constexpr std::uint8_t saturates = 8, flushes = 16;

/// Null for types that are not numbers. `same_width`: the registers are as wide as the types.
Handler conversion(Type to, Type from, bool same_width);

}  // namespace antidrome::ptx
