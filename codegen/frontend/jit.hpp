// The compiled model file in this process: its network() can be run, and its hooks through their thunks.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "codegen/frontend/compile.hpp"

namespace antidrome::frontend {

class Jit {
 public:
  /// Takes module and context out of the unit. `keep`: symbols that must be found even where they have internal linkage.
  Jit(CompiledUnit& unit, const std::vector<std::string>& keep);
  Jit(Jit&&) noexcept;
  ~Jit();
  /// Null when the module has no such symbol.
  void* address(const std::string& symbol);
  /// Why code could not be linked: "Symbols not found: [ f ]"; empty when nothing went wrong.
  const std::string& complaint() const;

 private:
  struct Session;
  std::unique_ptr<Session> session_;
};

}  // namespace antidrome::frontend
