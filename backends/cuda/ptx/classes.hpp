// What an instruction is to the machine: classes for counters and for the model of time.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace antidrome::ptx {

enum class Class : std::uint8_t {
  integer, move, convert, fp32, fp64, special, parameter, global_load, global_store, shared_load, shared_store, local, atomic, shared_atomic, barrier, shuffle, vote, branch, other
};
constexpr std::size_t classes = static_cast<std::size_t>(Class::other) + 1;

constexpr std::string_view name_of(Class c) {
  constexpr std::array<std::string_view, classes> names = {"integer", "move", "convert", "fp32", "fp64", "special", "parameter", "load", "store", "shared load", "shared store", "local", "atomic",
                                                           "shared atomic", "barrier", "shuffle", "vote", "branch", "other"};
  return names[static_cast<std::size_t>(c)];
}

}  // namespace antidrome::ptx
