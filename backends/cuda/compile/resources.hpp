// What a kernel asks of a multiprocessor, as the assembler reports it, and how many blocks fit.
#pragma once
#include <string>
#include <vector>

namespace antidrome::cuda {

struct KernelResources {
  std::string architecture, kernel;
  int registers = 0, shared_bytes = 0, stack_bytes = 0, spilled_bytes = 0, threads = 0;
};

/// Reads the log of `ptxas -v`.
std::vector<KernelResources> parse_resources(const std::string& log, const std::string& architecture);

/// Limits of one multiprocessor (CUDA C++ Programming Guide, table of compute capabilities). Throws std::invalid_argument for an unknown architecture.
struct Multiprocessor { int warps = 64, blocks = 32, registers = 65536, shared_bytes = 0, block_shared_bytes = 0; };
Multiprocessor multiprocessor(const std::string& architecture);

/// Blocks of the kernel that a multiprocessor holds at once, and what it runs out of first.
struct Occupancy { int blocks = 0; std::string limit; };
Occupancy occupancy(const KernelResources& kernel, const Multiprocessor& sm);

/// A table for people.
std::string resource_table(const std::vector<KernelResources>& kernels);

}  // namespace antidrome::cuda
