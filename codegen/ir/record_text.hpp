// What the text forms of Network and Program share: words for enumerators, values of parameters, connectivity.
#pragma once
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "codegen/ir/network.hpp"
#include "codegen/ir/text.hpp"

namespace antidrome::ir::detail {

template <class Enum, std::size_t N>
using Words = std::array<std::pair<Enum, std::string_view>, N>;

template <class Enum, std::size_t N>
std::string_view word_of(const Words<Enum, N>& words, Enum value) {
  for (const auto& [v, word] : words)
    if (v == value) return word;
  return {};
}

template <class Enum, std::size_t N>
Enum read_word(Reader& in, const Words<Enum, N>& words, const char* expected) {
  for (const auto& [value, word] : words)
    if (in.accept_word(word)) return value;
  in.fail(expected);
}

inline constexpr Words<Solver, 5> solvers{{{Solver::automatic, "automatic"}, {Solver::exact, "exact"}, {Solver::euler, "euler"},
                                           {Solver::exponential_euler, "exponential_euler"}, {Solver::rk4, "rk4"}}};
inline constexpr Words<Loss::When, 2> whens{{{Loss::When::end, "end"}, {Loss::When::each_step, "each_step"}}};

/// "normal(1.5, 0.78) per_neuron trainable low 0.1 high 3  @…"; a plain number is just itself.
std::string value_text(const Value&);
Value read_value(Reader&);

/// "dense 1", "sparse 0.1 no_self": kind, probability, whether autapses are left out.
std::string connectivity_text(const Connectivity&);
Connectivity read_connectivity(Reader&);

/// "learn EventProp clamp 1000"
std::string learn_text(const LearningRule&);
LearningRule read_learn(Reader&);

}  // namespace antidrome::ir::detail
