#include "tests/emulator/modules.hpp"

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/core.h>

namespace antidrome::test {

namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::uint64_t hash(const std::string& text, std::uint64_t h = 14695981039346656037u) {   // FNV-1a
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return h;
}

const fs::path headers = fs::path(ANTIDROME_SOURCE_DIR) / "runtime/include";

}  // namespace

std::string kernel_text(const std::string& name) { return read(fs::path(ANTIDROME_SOURCE_DIR) / "tests/emulator/kernels" / name); }

std::string module_file(const std::string& text, const std::string& name, emulator::Mode mode, const std::string& compiler) {
  const emulator::Compiler with = {.command = compiler, .include_folders = {headers.string()}, .flags = {}};
  std::uint64_t key = hash(text + name);
  for (const auto& command : emulator::compile_commands("/text", "/module", mode, with))
    for (const std::string& word : command) key = hash(word, key);
  for (const auto& header : fs::directory_iterator(headers / "antidrome")) key ^= hash(read(header.path()));   // in any order
  const fs::path folder = fs::path(ANTIDROME_BINARY_DIR) / "emulator_modules" / fmt::format("{:016x}", key), module = folder / "module.so";
  if (!fs::exists(module)) {
    fs::create_directories(folder);
    std::ofstream(folder / name) << text;
    const std::string own = module.string() + std::to_string(getpid());   // tests run at the same time
    emulator::compile((folder / name).string(), own, mode, with);
    fs::rename(own, module);
  }
  return module.string();
}

emulator::Module compiled_text(const std::string& text, const std::string& name, emulator::Mode mode, const std::string& compiler) { return emulator::Module::load(module_file(text, name, mode, compiler)); }

emulator::Module compiled(const std::string& name, emulator::Mode mode, const std::string& compiler) { return compiled_text(kernel_text(name), name, mode, compiler); }

std::string clang() {
  for (const char* name : {"clang++-19", "clang++"})
    for (const std::string folder : {"/usr/bin/", "/usr/local/bin/"})
      if (fs::exists(folder + name)) return folder + name;
  return "";
}

}  // namespace antidrome::test
