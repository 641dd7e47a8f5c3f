// Operations that work on each lane alone, by name.
#pragma once
#include <string_view>
#include <unordered_map>
#include <vector>

#include "backends/cuda/ptx/kernel.hpp"

namespace antidrome::ptx {

struct Operation {
  Handler run = nullptr;
  Class cls = Class::other;
  std::vector<Type> types;                      ///< of the result, then of the operands; pred is a predicate
  bool reads_carry = false, writes_carry = false, slow = false;   ///< slow: a sequence of instructions on a GPU
};

using Operations = std::unordered_map<std::string, Operation>;

/// "add.f32": without what does not change the result (.rn of sums, products and quotients).
const Operation* find_operation(const std::string& name);

void add_integer_operations(Operations& to);
void add_wide_operations(Operations& to);       ///< products, carries, bit fields
void add_float_operations(Operations& to);
void add_directed_operations(Operations& to);   ///< rounded down, up, towards zero

}  // namespace antidrome::ptx
