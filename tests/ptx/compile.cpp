#include "tests/ptx/compile.hpp"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <fmt/core.h>

#include "tests/emulator/modules.hpp"

namespace antidrome::test {

namespace {

namespace fs = std::filesystem;

constexpr const char* flags = "-std=c++20 -O3 -fmad=false -lineinfo -ptx -arch=sm_90";

}  // namespace

fs::path nvcc() {
  std::string folders = std::getenv("PATH") ? std::getenv("PATH") : "";
  if (const char* home = std::getenv("CUDA_HOME")) folders += fmt::format(":{}/bin", home);
  folders += ":/usr/local/cuda/bin";
  std::istringstream all(folders);
  for (std::string folder; std::getline(all, folder, ':');)
    if (fs::exists(fs::path(folder) / "nvcc")) return fs::path(folder) / "nvcc";
  return {};
}

std::string ptx_of(const std::string& text, const std::string& name) {
  const fs::path folder = fs::path(ANTIDROME_BINARY_DIR) / "ptx_modules" / key_of({text, name, flags, fs::canonical(nvcc()).string()}), out = folder / "module.ptx";
  if (!fs::exists(out)) {
    fs::create_directories(folder / "antidrome");
    std::ofstream(folder / "antidrome/emulated_device.h") << "#include <antidrome/device.h>\n";   // the emulator's own kernels, for a GPU
    const std::string own = fmt::format("{}/{}", folder.string(), getpid());                      // tests run at the same time
    fs::create_directories(own);
    std::ofstream(fs::path(own) / name) << text;
    const std::string command = fmt::format("cd '{}' && '{}' {} -I'{}' -I'{}' -o module.ptx '{}' > log 2>&1", own, nvcc().string(), flags, folder.string(), headers().string(), name);
    if (std::system(command.c_str()) != 0) throw std::runtime_error(command + "\n" + contents(fs::path(own) / "log"));
    fs::rename(fs::path(own) / "module.ptx", out);
    fs::remove_all(own);
  }
  return contents(out);
}

}  // namespace antidrome::test
