// The OpenMP printer: a Kernel IR module as one C++ file that implements the C ABI.
#pragma once
#include <string>
#include <vector>

#include "codegen/kernel_ir/kernel.hpp"

namespace antidrome::openmp {

/// The generated file. It includes <antidrome/abi.h> and <antidrome/lanes_batch.h> and nothing else of ours.
std::string emit_openmp(const kernel::KernelModule& module);

/// What the file must be compiled with, beside the include path and -shared -fPIC: results rely on them.
std::vector<std::string> compile_flags();

}  // namespace antidrome::openmp
