// From the syntax tree to Models: finds every struct that network() uses, with its members and hooks, and lifts the hooks.
#pragma once
#include <clang/AST/ASTContext.h>

#include "codegen/frontend/lifted.hpp"

namespace antidrome::frontend {

std::vector<LiftedStruct> lift_structs(clang::ASTContext&, Diagnostics&);

/// Reports a missing or misspelt `void network(Network&)`.
bool check_network_function(clang::ASTContext&, const std::string& file, Diagnostics&);

}  // namespace antidrome::frontend
