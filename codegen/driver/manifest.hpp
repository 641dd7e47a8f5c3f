// manifest.json and inputs.json (docs/manifest.md).
#pragma once
#include "codegen/driver/request.hpp"
#include "codegen/frontend/frontend.hpp"
#include "codegen/ir/program.hpp"
#include "codegen/kernel_ir/cost.hpp"

namespace antidrome::driver {

/// Hash of what the simulator is specialised for: the Program without its numbers and places.
std::string fingerprint(const ir::Program&, const Request&);

std::string manifest_json(const ir::Network&, const ir::Program&, const frontend::ModelFile&, const Request&);
std::string cost_json(const std::vector<kernel::Cost>&);         ///< what kernels move and compute, for `antidrome plan --cost`
std::string inputs_json(const frontend::ModelFile&);

}  // namespace antidrome::driver
