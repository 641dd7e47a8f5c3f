#include "runtime/session/simulator.hpp"

#include "runtime/session/failure.hpp"

#include <array>
#include <dlfcn.h>
#include <fmt/format.h>

namespace antidrome {
namespace {

constexpr const char* rebuild = "build the model again: antidrome build MODEL.cc -o DIR";

std::filesystem::path find_library(const Manifest& m) {
  const std::filesystem::path beside = m.directory / m.library;
  if (std::filesystem::exists(beside)) return std::filesystem::absolute(beside);
  const std::filesystem::path installed = executable_folder().parent_path() / "lib" / m.library;
  if (std::filesystem::exists(installed)) return installed;
  fail(exit_io, "AD422", {beside.string()}, "the simulator library is not there", rebuild);
}

void check(const Manifest& m, const antidrome_simulator& s, const std::string& file) {
  const auto refuse = [&](const std::string& what) { fail(exit_io, "AD423", {file}, what, rebuild); };
  if (s.abi_version != ANTIDROME_ABI_VERSION)
    refuse(fmt::format("the simulator speaks version {} of the interface, this antidrome version {}", s.abi_version, ANTIDROME_ABI_VERSION));
  const std::uint32_t expected = m.precision == "double" ? 8 : 4;
  if (s.precision != expected) refuse(fmt::format("the simulator computes with {}-byte reals, its manifest says {} ({} bytes)", s.precision, m.precision, expected));
  if (s.fingerprint == nullptr || m.fingerprint != s.fingerprint)
    refuse(fmt::format("simulator and manifest are of different builds: fingerprints '{}' and '{}'", s.fingerprint == nullptr ? "" : s.fingerprint, m.fingerprint));
  if (s.n_parameters != m.parameters.size())
    refuse(fmt::format("the simulator has {} parameters, its manifest {}", s.n_parameters, m.parameters.size()));
  for (std::size_t k = 0; k < m.parameters.size(); ++k)
    if (s.strides[k] < m.parameters[k].cols)
      refuse(fmt::format("parameter '{}' has {} columns but a stride of {}", m.parameters[k].name, m.parameters[k].cols, s.strides[k]));
}

}  // namespace

std::filesystem::path executable_folder() {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
}

Simulator::Simulator(const Manifest& manifest) : file_(find_library(manifest)) {
  const std::string file = file_.string();
  library_ = std::shared_ptr<void>(dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL), [](void* handle) { if (handle != nullptr) dlclose(handle); });
  if (library_ == nullptr) {
    const char* reason = dlerror();
    fail(exit_io, "AD422", {file}, fmt::format("the simulator library cannot be loaded: {}", reason == nullptr ? "unknown reason" : reason), rebuild);
  }
  const auto open = reinterpret_cast<antidrome_open_fn>(dlsym(library_.get(), ANTIDROME_OPEN_SYMBOL));
  if (open == nullptr) fail(exit_io, "AD422", {file}, "the library has no symbol '" ANTIDROME_OPEN_SYMBOL "': it is not a simulator", rebuild);
  std::array<char, 1024> message{};
  abi_ = open(manifest.directory.c_str(), message.data(), message.size());
  if (abi_ == nullptr) fail(exit_io, "AD422", {file}, fmt::format("the simulator did not open: {}", message.data()), "the message says what it needs; a damaged build is made again by antidrome build MODEL.cc -o DIR");
  check(manifest, *abi_, file);
}

}  // namespace antidrome
