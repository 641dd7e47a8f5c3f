// What decoding a kernel keeps track of. Calls are written out in place: PTX of kernels has no recursion.
#pragma once
#include <map>

#include "backends/cuda/ptx/kernel.hpp"
#include "backends/cuda/ptx/operations.hpp"

namespace antidrome::ptx {

class Decoder {
 public:
  using Places = std::vector<std::pair<Address, std::uint64_t>>;   ///< of module variables: address, bytes

  Decoder(const Syntax& syntax, const Places& variables);
  Kernel run(const Function& f);

 private:
  struct Place { Space space = Space::global; Address at = 0; std::uint64_t bytes = 0; };
  struct Registers { std::vector<Slot> slot; std::vector<std::uint32_t> predicate; };
  struct Frame { const Function* function = nullptr; Registers registers; std::vector<Place> variables; };

  [[noreturn]] void fail(const std::string& what) const;

  Slot new_register(std::uint32_t bytes);
  Slot constant(std::uint64_t bits, std::uint32_t bytes);
  Slot special(std::string_view name, std::uint32_t bytes);
  Registers& registers();
  std::uint32_t predicate(const Operand& o);
  std::uint32_t truth(const Operand& o, Instruction& i);
  Slot written(const Operand& o);
  Slot read(const Operand& o, Type type);
  Place place_of(const Operand& o) const;
  Place lay_out(const Variable& v);
  void place_shared(const Function& f);

  bool has(std::string_view modifier) const;
  Type last_type() const;
  const Operand& operand(std::size_t k) const;
  void guard(Instruction& i);
  void emit(Instruction i);
  void decode_function(const Function& f, std::vector<Place> arguments, std::vector<Place> results);
  void statement(std::string_view head);
  void by_table();
  static std::string plain_name(std::string name);

  // by kind of instruction (decode_statement.cpp, decode_memory.cpp)
  void comparison();
  void conversion();
  void move();
  void window_change();
  void space_test();
  void call();
  void address(const Operand& o, Instruction& i);
  Space space() const;
  void load();
  void store();
  void atomic(bool result);
  void shuffle();
  void vote();
  void match();
  void reduction();
  void barrier();

  const Syntax& syntax_;
  Places variables_;
  Kernel k_;
  std::map<std::pair<std::uint64_t, std::uint32_t>, Slot> constants_;
  std::vector<Frame> frames_;
  const Statement* at_ = nullptr;
};

/// Fills `reads` and `writes` from the operands.
void name_ready_times(Kernel& kernel);

}  // namespace antidrome::ptx
