#include "codegen/passes/passes.hpp"

namespace antidrome::passes {

ir::Program derive_program(const ir::Network& network, const PassOptions& options, Diagnostics& diagnostics) {
  verify(network, diagnostics);
  if (diagnostics.has_errors()) return {};
  ir::Program program = join(network, options, diagnostics);
  if (diagnostics.has_errors()) return program;
  solve(program, diagnostics);
  if (diagnostics.has_errors()) return program;
  if (!program.learn.name.empty()) derive_adjoint(program, diagnostics, options.fault);
  return program;
}

}  // namespace antidrome::passes
