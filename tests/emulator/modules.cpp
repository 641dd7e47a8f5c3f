#include "tests/emulator/modules.hpp"

#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <sstream>

#include <fmt/core.h>

namespace antidrome::test {

namespace fs = std::filesystem;

std::string contents(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string key_of(const std::vector<std::string>& texts) {
  const auto hash = [](const std::string& text, std::uint64_t h = 14695981039346656037u) {   // FNV-1a
    for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 1099511628211u;
    return h;
  };
  std::uint64_t key = hash("");
  for (const std::string& text : texts) key = hash(text, key);
  for (const auto& header : fs::directory_iterator(headers() / "antidrome")) key ^= hash(contents(header.path()));   // in any order
  return fmt::format("{:016x}", key);
}

fs::path headers() { return fs::path(ANTIDROME_SOURCE_DIR) / "runtime/include"; }

std::string kernel_text(const std::string& name) { return contents(fs::path(ANTIDROME_SOURCE_DIR) / "tests/emulator/kernels" / name); }

std::string module_file(const std::string& text, const std::string& name, emulator::Mode mode, const std::string& compiler) {
  const emulator::Compiler with = {.command = compiler, .include_folders = {headers().string()}, .flags = {}};
  std::vector<std::string> made_of = {text, name};
  for (const auto& command : emulator::compile_commands("/text", "/module", mode, with)) made_of.insert(made_of.end(), command.begin(), command.end());
  const fs::path folder = fs::path(ANTIDROME_BINARY_DIR) / "emulator_modules" / key_of(made_of), module = folder / "module.so";
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
