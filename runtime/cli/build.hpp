// From a model file to a folder with a simulator: generate, compile, and above all notice when neither is needed.
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace antidrome {

struct BuildRequest {
  std::filesystem::path model;                 ///< a model file
  std::string backend = "openmp", mode = "grid", precision = "float";
  std::string device = "gpu";                  ///< of the backend cuda: what its kernels are compiled for: gpu, emulated, checked or interpreted
  std::string architectures = "native", kernel_compiler = "nvrtc";
  std::map<std::string, std::string> set;      ///< options of the model file
  std::filesystem::path output;                ///< empty: a folder of the cache, named after the model and the options
  bool force = false;                          ///< generate and compile even if nothing changed
  bool quiet = false;
};

struct BuildResult {
  std::filesystem::path directory;
  bool generated = false, compiled = false;    ///< false: it was up to date
  double seconds = 0;
};

/// Makes the folder of a simulator up to date. Throws Failure: the generator's mistakes pass through with its exit code.
BuildResult ensure_built(const BuildRequest& request);

/// The C++ compiler for simulators: $CXX, else the newest of g++ and clang++ that is installed; empty when there is none.
std::filesystem::path simulator_compiler();

/// Flags that every simulator is compiled with: for this machine, or for the instruction set that $ANTIDROME_MARCH names.
const std::vector<std::string>& simulator_flags();

/// The generator beside this executable (or $ANTIDROME_GEN); throws Failure (AD442) when it is not there.
std::filesystem::path generator();

/// The compiler of CUDA kernels beside this executable (or $ANTIDROME_KERNELS); throws Failure (AD446) when it is not there.
std::filesystem::path kernel_compiler();

/// The folder with <antidrome/abi.h>: beside an installed executable, else of the source tree.
std::filesystem::path include_folder();

/// $ANTIDROME_CACHE, else $XDG_CACHE_HOME/antidrome, else ~/.cache/antidrome.
std::filesystem::path cache_folder();

/// "hidden=512" into the map; throws Failure (AD407).
void add_option(std::map<std::string, std::string>& set, const std::string& text);

}  // namespace antidrome
