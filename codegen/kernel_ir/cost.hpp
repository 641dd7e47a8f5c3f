// What the kernels of a module move and compute, per neuron and step, and per spike: for `antidrome plan --cost`.
#pragma once
#include "codegen/kernel_ir/kernel.hpp"

namespace antidrome::kernel {

/// One loop of a kernel, or several of the same kind in the same pass.
struct Cost {
  enum class Per { neuron_step, spike, sample };
  std::string pass;               ///< "forward", "adjoint", "gradient"
  std::string kernel;             ///< "hidden: flow", "input_hidden: rows"
  Per per = Per::neuron_step;
  std::string cell;               ///< whose neurons or spikes
  /// Bytes by where they lie: arrays of the worker; rows of weights; the tape; histories of adjoints; the gradient of the chunk.
  double near = 0, rows = 0, tape = 0, history = 0, part = 0;
  double flops = 0;
};

std::vector<Cost> costs(const KernelModule&);
const char* spelling(Cost::Per per);

}  // namespace antidrome::kernel
