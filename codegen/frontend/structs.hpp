// From the syntax tree to Models: finds every struct that network() uses, with its members and hooks, and lifts the hooks.
#pragma once
#include <clang/AST/ASTContext.h>

#include "codegen/frontend/lifted.hpp"

namespace antidrome::frontend {

std::vector<LiftedStruct> lift_structs(clang::ASTContext&, Diagnostics&);

/// Where `void network(Network&)` stands; reports when it is missing.
Location find_network_function(clang::ASTContext&, const std::string& file, Diagnostics&);

}  // namespace antidrome::frontend
