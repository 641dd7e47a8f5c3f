// One Clang invocation per model file: the syntax tree is lifted, and the same tree becomes LLVM IR for the JIT.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "codegen/frontend/lifted.hpp"

namespace llvm { class LLVMContext; class Module; }

namespace antidrome::frontend {

struct CompiledUnit {
  std::unique_ptr<llvm::LLVMContext> context;   // before the module, which lives in it
  std::unique_ptr<llvm::Module> module;         ///< null after errors
  std::vector<LiftedStruct> structs;
  std::vector<InputFile> files;
  Location network_at;                          ///< of network(); line 0 when there is none
  CompiledUnit();
  CompiledUnit(CompiledUnit&&) noexcept;
  ~CompiledUnit();
};

CompiledUnit compile(const std::string& file, const std::string& include_folder, const std::string& resource_folder, Diagnostics&);

}  // namespace antidrome::frontend
