// PTX text as records: what is written, names resolved, nothing decided.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "backends/cuda/ptx/type.hpp"

namespace antidrome::ptx {

/// A line of the kernel's text, by .loc; of what was inlined, the line of the outermost call. Line 0: the compiler's own code.
struct Line {
  std::uint32_t file = 0, line = 0;
  bool operator==(const Line&) const = default;
};

struct Operand {
  enum class Kind : std::uint8_t { reg, special, integer, float32, float64, variable, name, address, list, pair, nothing };
  Kind kind = Kind::nothing;
  bool negated = false;                         ///< !%p
  std::uint32_t index = 0;                      ///< reg: of the function's registers; variable: of the module's, or of the function's (see `own`)
  bool own = false;                             ///< variable: declared in the function
  std::uint64_t bits = 0;                       ///< a number, as written; of an address the displacement
  std::string_view text;                        ///< special register, label, function
  std::vector<Operand> items;                   ///< address: what the displacement is added to; list {a, b}; pair a|b
};

struct Statement {
  std::string_view text;                        ///< with its guard, without the semicolon
  std::uint32_t ptx_line = 0;
  Line place;
  std::int32_t guard = -1;                      ///< register
  bool guard_negated = false;
  std::vector<std::string_view> opcode;         ///< split at the points
  std::vector<Operand> operands;
};

struct Variable {
  std::string name;
  Space space = Space::generic;
  std::uint32_t align = 1;
  std::uint64_t bytes = 0;                      ///< 0: of a size that the launch decides
  bool external = false;
  std::vector<std::uint8_t> initial;            ///< shorter than the variable: the rest is zero
};

struct Function {
  std::string name;
  bool entry = false, defined = false;
  std::vector<std::uint32_t> results, parameters;   ///< of `variables`, in order
  std::vector<Variable> variables;
  std::vector<Type> registers;
  std::unordered_map<std::string_view, std::uint32_t> labels;   ///< the statement that follows
  std::vector<Statement> body;
};

struct Syntax {
  std::shared_ptr<const std::string> text;      ///< what the views look at
  std::string name;
  std::vector<Variable> variables;
  std::vector<Function> functions;
  std::vector<std::string> files;               ///< by their number in .loc

  const Function* function(std::string_view name) const;
};

/// Throws Error with the line for text that is not PTX or that has a directive we do not know.
Syntax parse(std::string text, std::string name);

}  // namespace antidrome::ptx
