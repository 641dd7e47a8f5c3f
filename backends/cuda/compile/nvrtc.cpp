#include "backends/cuda/compile/nvrtc.hpp"

#include <cuda_runtime.h>
#include <nvrtc.h>

#include <fmt/format.h>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace antidrome::cuda {

Compiled compile_with_nvrtc(const GpuCompile& r) {
  std::ifstream in(r.source, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + r.source);
  std::ostringstream text;
  text << in.rdbuf();
  std::vector<std::string> options = {"--std=c++20", "--gpu-architecture=" + r.architecture, "-lineinfo"};
  if (!r.ptx) options.push_back("--ptxas-options=-v");
  for (const std::string& folder : r.include) options.push_back("-I" + folder);
  options.insert(options.end(), r.options.begin(), r.options.end());
  std::vector<const char*> raw;
  for (const std::string& option : options) raw.push_back(option.c_str());
  nvrtcProgram program = nullptr;
  if (nvrtcCreateProgram(&program, text.str().c_str(), r.source.c_str(), 0, nullptr, nullptr) != NVRTC_SUCCESS) throw std::runtime_error("NVRTC does not start");
  Compiled out;
  out.ok = nvrtcCompileProgram(program, static_cast<int>(raw.size()), raw.data()) == NVRTC_SUCCESS;
  std::size_t size = 0;
  nvrtcGetProgramLogSize(program, &size);
  out.log.resize(size);
  nvrtcGetProgramLog(program, out.log.data());
  while (!out.log.empty() && out.log.back() == '\0') out.log.pop_back();
  if (out.ok) {
    (r.ptx ? nvrtcGetPTXSize : nvrtcGetCUBINSize)(program, &size);
    out.binary.resize(size);
    (r.ptx ? nvrtcGetPTX : nvrtcGetCUBIN)(program, out.binary.data());
  }
  nvrtcDestroyProgram(&program);
  return out;
}

std::string native_architecture() {
  int count = 0, major = 0, minor = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess || count < 1) return {};
  if (cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0) != cudaSuccess || cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, 0) != cudaSuccess) return {};
  return fmt::format("sm_{}{}", major, minor);
}

}  // namespace antidrome::cuda
