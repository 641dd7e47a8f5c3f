// The compiled model file and what it recorded, kept for the lift check.
#pragma once
#include <optional>

#include "codegen/frontend/frontend.hpp"
#include "codegen/frontend/jit.hpp"
#include "codegen/frontend/recording.hpp"

namespace antidrome::frontend {

struct ModelFile::Session {
  std::optional<Jit> jit;
  std::optional<Recording> recording;
  std::vector<LiftedStruct> structs;
  std::map<void (*)(), const LiftedStruct*> by_key;
};

/// Recording and lifted structs together, with every check of names, sizes and numbers.
ir::Network assemble(const Recording&, const std::map<void (*)(), const LiftedStruct*>&, const std::string& file, Diagnostics&);

HookCheck check_hook(const LiftedStruct&, const RecordedStruct&, const detail::Hook&, const ir::Hook&, int states, double tolerance);

}  // namespace antidrome::frontend
