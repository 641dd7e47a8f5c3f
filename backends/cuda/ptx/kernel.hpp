// Kernels as the interpreter runs them: names are places in a register file, opcodes are functions.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "backends/cuda/ptx/classes.hpp"
#include "backends/cuda/ptx/syntax.hpp"

namespace antidrome::ptx {

using Address = std::uint64_t;
using Mask = std::uint32_t;
constexpr std::uint32_t warp_size = 32;
constexpr Mask every_lane = 0xffffffffu;

/// Generic addresses: the spaces that a thread sees through windows, and global memory behind them.
constexpr Address window = Address{1} << 40, shared_window = window, local_window = 2 * window, parameter_window = 3 * window, global_begin = 4 * window, module_variables = 5 * window;

/// A register: 32 lanes beside each other, in the warp's file or among the kernel's constants.
struct Slot {
  std::uint32_t offset = 0;
  std::uint8_t constant = 0;                    ///< 1: of the constants
  std::uint8_t bytes = 0;                       ///< of one lane
};

/// Predicates beside those of the text: never true; always true; the carry flag; written by whoever has no use for one.
constexpr std::uint32_t false_predicate = 0, true_predicate = 1, carry_predicate = 2, unused_predicate = 3, own_predicates = 4;

struct Warp;
struct Instruction;
using Handler = void (*)(Warp&, const Instruction&, Mask);

enum class Flow : std::uint8_t { next, branch, exit, barrier };

struct Instruction {
  Handler run = nullptr;
  Flow flow = Flow::next;
  Class cls = Class::other;
  bool guard_negated = false;
  Space space = Space::generic;
  std::uint8_t bytes = 0;                       ///< of one element in memory
  std::uint8_t count = 1;                       ///< elements of a vector
  std::uint8_t mode = 0;                        ///< of the operation: which shuffle, which Boolean, …
  bool negated = false;                         ///< the predicate operand
  bool copies = false;                          ///< one register into another
  bool read_only = false;                       ///< a load of what the kernel does not write
  bool reads_q = false, reads_p1 = false, writes_p = false, slow = false;
  std::int32_t guard = -1;                      ///< predicate
  std::array<std::uint32_t, 2> p = {unused_predicate, unused_predicate};   ///< predicates written
  std::uint32_t q = 0;                          ///< predicate read
  std::array<Slot, 4> d{};                      ///< written
  std::array<Slot, 5> s{};                      ///< read
  std::uint64_t n = 0;                          ///< displacement
  std::uint32_t target = 0, reconverge = 0;     ///< of a branch
  // For the model of time: numbers of ready times.
  std::uint8_t n_reads = 0, n_writes = 0;
  std::array<std::uint32_t, 8> reads{};
  std::array<std::uint32_t, 5> writes{};
};

/// Where an instruction comes from.
struct Source {
  std::string_view text;
  std::uint32_t ptx_line = 0;
  Line place;
};

/// A special register that a kernel reads: kept in the file, set when a block begins.
struct Special {
  std::string name;
  Slot slot;
};

struct Kernel {
  std::string name;
  std::vector<Instruction> code;
  std::vector<Source> source;
  std::vector<std::uint32_t> pieces;            ///< where straight pieces begin, and the end: nothing jumps into their middle or out of it
  std::vector<std::byte> constants;             ///< 32 lanes of each
  std::vector<Special> specials;
  std::uint32_t file_bytes = 0, predicates = 0;
  std::uint32_t shared_bytes = 0, dynamic_shared_at = 0;
  std::uint32_t local_bytes = 0, parameter_bytes = 0;

  std::uint32_t ready_times() const { return file_bytes / 64 + predicates; }
};

/// A module that can be launched from.
struct Decoded {
  std::shared_ptr<const Syntax> syntax;
  std::vector<Kernel> kernels;
  std::vector<std::uint8_t> image;              ///< its variables, at `module_variables`
};

/// Throws Error for an instruction that is not known, with its line and text.
Decoded decode(Syntax syntax);

/// Sets `reconverge` of every branch: the first instruction that all its paths go through.
void find_reconvergence(Kernel& kernel);

}  // namespace antidrome::ptx
