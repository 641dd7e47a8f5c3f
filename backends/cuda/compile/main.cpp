// antidrome-nvrtc: kernels.cu to one cubin for each architecture, and what each kernel asks of a multiprocessor. A process of its own, so that nothing
// else needs the compiler's library.
#include <nvrtc.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fstream>
#include <iostream>
#include <sstream>

namespace {

constexpr int exit_user = 2, exit_internal = 70, exit_io = 74;

struct Request {
  std::string source, output;
  std::vector<std::string> architectures, include, options;
  bool ptx = false;
};

std::string slurp(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + file);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// NVRTC sees no files but those it is given: ours are read and handed over by name.
int compile(const Request& r, const std::string& architecture) {
  const std::string text = slurp(r.source);
  std::vector<std::string> options = {"--std=c++20", "--gpu-architecture=" + architecture, "--ptxas-options=-v"};
  if (r.ptx) options = {"--std=c++20", "--gpu-architecture=" + architecture};
  for (const std::string& folder : r.include) options.push_back("-I" + folder);
  for (const std::string& option : r.options) options.push_back(option);
  std::vector<const char*> raw;
  for (const std::string& option : options) raw.push_back(option.c_str());
  nvrtcProgram program = nullptr;
  if (nvrtcCreateProgram(&program, text.c_str(), r.source.c_str(), 0, nullptr, nullptr) != NVRTC_SUCCESS) {
    fmt::print(stderr, "error: NVRTC does not start [AD446]\n  remedy: build with nvcc: antidrome build --backend cuda --compiler nvcc\n");
    return exit_internal;
  }
  const nvrtcResult result = nvrtcCompileProgram(program, static_cast<int>(raw.size()), raw.data());
  std::size_t size = 0;
  nvrtcGetProgramLogSize(program, &size);
  std::string log(size, '\0');
  nvrtcGetProgramLog(program, log.data());
  log.resize(size > 0 ? size - 1 : 0);
  fmt::print("{}\n", log);
  if (result != NVRTC_SUCCESS) {
    nvrtcDestroyProgram(&program);
    return result == NVRTC_ERROR_INVALID_OPTION ? exit_user : exit_internal;
  }
  std::string binary;
  if (r.ptx) {
    nvrtcGetPTXSize(program, &size);
    binary.resize(size);
    nvrtcGetPTX(program, binary.data());
  } else {
    nvrtcGetCUBINSize(program, &size);
    binary.resize(size);
    nvrtcGetCUBIN(program, binary.data());
  }
  nvrtcDestroyProgram(&program);
  const std::string file = fmt::format("{}.{}.{}", r.output, architecture, r.ptx ? "ptx" : "cubin");
  std::ofstream out(file, std::ios::binary);
  out.write(binary.data(), static_cast<std::streamsize>(binary.size()));
  out.close();
  if (!out) {
    fmt::print(stderr, "error: cannot write {}\n", file);
    return exit_io;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Compiles CUDA kernels with NVRTC, one cubin for each architecture");
  Request r;
  app.add_option("source", r.source, "kernels.cu")->required();
  app.add_option("--arch", r.architectures, "sm_75, sm_80, sm_90, …")->required();
  app.add_option("-I", r.include, "folders with headers");
  app.add_option("-o", r.output, "files are OUTPUT.<arch>.cubin")->required();
  app.add_flag("--ptx", r.ptx, "PTX in place of machine code");
  app.add_option("--option", r.options, "handed to NVRTC");
  CLI11_PARSE(app, argc, argv);
  try {
    for (const std::string& architecture : r.architectures)
      if (const int code = compile(r, architecture); code != 0) return code;
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return exit_io;
  }
  return 0;
}
