// Compiles the kernels of the tests, once: every test is a process of its own, so modules are kept on disk under a hash of their text.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "backends/cuda/emulator/emulator.hpp"

namespace antidrome::test {

/// The bytes of a file; nothing where there is none.
std::string contents(const std::filesystem::path& file);
/// The folder that `antidrome/...` headers of kernels are included from.
std::filesystem::path headers();
/// What is made of these texts and those headers is kept under this hash.
std::string key_of(const std::vector<std::string>& texts);
/// The text of tests/emulator/kernels/NAME.
std::string kernel_text(const std::string& name);
/// The file of a module of some text.
std::string module_file(const std::string& text, const std::string& name, emulator::Mode mode, const std::string& compiler = "g++");
/// A module of some text. `name` is what findings call its file.
emulator::Module compiled_text(const std::string& text, const std::string& name, emulator::Mode mode, const std::string& compiler = "g++");
emulator::Module compiled(const std::string& name, emulator::Mode mode, const std::string& compiler = "g++");
/// The second compiler, or an empty string where there is none.
std::string clang();

}  // namespace antidrome::test
