// What the syntax tree gives: every model struct in use as a Model, with the memory layout of its members.
#pragma once
#include <string>
#include <vector>

#include "codegen/ir/network.hpp"

namespace antidrome::frontend {

/// A member that the equations name, and where it lies in the compiled struct.
struct Member {
  ir::Symbol symbol;
  long offset = 0;                    ///< bytes from the start of the object
};

/// One of the objects that a hook works on.
struct Layout {
  std::string prefix;                 ///< of its symbols in the hook: "" (the struct itself), "pre.", "post.", "neuron.", "out."
  std::vector<Member> members;
  long bytes = 0;
};

enum class StructKind { neuron, synapse, readout, loss };

struct LiftedStruct {
  StructKind kind = StructKind::neuron;
  std::string key;                    ///< mangled name of the template instance that registers it (network.h: neuron_struct<M>, …)
  ir::Model model;
  std::vector<Layout> objects;        ///< itself first
};

/// A file that the result depends on.
struct InputFile {
  std::string path;
  std::string hash;                   ///< FNV-1a, 64 bits, hexadecimal, of its bytes
};

}  // namespace antidrome::frontend
