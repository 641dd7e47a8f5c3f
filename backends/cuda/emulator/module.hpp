// A loaded module: its kernels, and where its shared arrays and its code lie.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "backends/cuda/emulator/emulator.hpp"
#include "runtime/include/antidrome/emulated_interface.h"

namespace antidrome::emulator {

/// A __shared__ array.
struct SharedArray {
  std::byte* begin = nullptr;
  std::size_t bytes = 0;
  std::string name;                             ///< "forward_trial::lists"
};

/// What the symbol table of a loaded file says of its variables.
struct Variables {
  std::vector<SharedArray> shared;              ///< between two addresses, by address; red zones are left out
  std::vector<const std::byte*> guards;         ///< bytes in which compilers note that a static variable of class type has been constructed
};
Variables variables(const std::string& path, std::uintptr_t bias, const char* begin, const char* end);

struct LoadedModule {
  std::string path;
  void* handle = nullptr;
  const emulated::Module* interface = nullptr;
  std::uintptr_t bias = 0, begin = 0, end = 0;  ///< where the file lies in memory
  Variables variables;                          ///< of a file without symbols all shared memory is one array

  explicit LoadedModule(const std::string& path);
  ~LoadedModule();
  LoadedModule(const LoadedModule&) = delete;
  LoadedModule& operator=(const LoadedModule&) = delete;

  bool contains(const void* p) const { return reinterpret_cast<std::uintptr_t>(p) - begin < end - begin; }
  /// The arrays that a kernel can use: its own, and those of functions that are no kernels.
  std::vector<SharedArray> arrays_of(const std::string& kernel) const;
};

}  // namespace antidrome::emulator
