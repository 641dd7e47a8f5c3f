#include <filesystem>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "backends/cuda/emulator/emulator.hpp"
#include "backends/cuda/emulator/process.hpp"

namespace antidrome::emulator {

namespace {

bool is_clang(const std::string& command) { return std::filesystem::path(command).filename().string().find("clang") != std::string::npos; }

}  // namespace

std::vector<std::vector<std::string>> compile_commands(const std::string& source, const std::string& module, Mode mode, const Compiler& compiler) {
  const bool clang = is_clang(compiler.command);
  const std::string object = module + ".o";
  // Kernels are other C++: integers wrap, arrays are read as vectors, a null pointer faults, sums are contracted nowhere. Places are told by return addresses:
  // no call is a jump, and lines are kept in both modes (-g1 costs nothing at run time).
  std::vector<std::string> compile = {compiler.command, "-std=c++20", "-x", "c++", "-c", std::filesystem::absolute(source).string(), "-o", object, "-DANTIDROME_EMULATED", "-fPIC", "-fvisibility=hidden",
                                      "-march=native", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-fwrapv", "-fno-strict-aliasing", "-fno-delete-null-pointer-checks", "-fno-optimize-sibling-calls",
                                      "-fno-stack-protector", "-fno-threadsafe-statics"};
  const auto add = [&](std::initializer_list<const char*> more) { compile.insert(compile.end(), more.begin(), more.end()); };
  if (!clang) add({"-fno-gnu-unique"});         // else a module could not be unloaded
  if (mode == Mode::plain) {
    add({"-O2", "-g1"});
  } else {
    add({"-O1", "-g", "-fsanitize=thread", "-DANTIDROME_CHECKED"});
    if (clang) add({"-mllvm", "-tsan-instrument-func-entry-exit=0", "-mllvm", "-tsan-instrument-read-before-write=1"});
    else add({"--param", "tsan-instrument-func-entry-exit=0", "-fno-toplevel-reorder"});   // red zones stay between the arrays
  }
  for (const std::string& folder : compiler.include_folders) compile.push_back("-I" + folder);
  compile.insert(compile.end(), compiler.flags.begin(), compiler.flags.end());
  return {compile, {compiler.command, "-shared", "-o", module, object, "-Wl,-Bsymbolic", "-Wl,-z,defs", "-lm"}};
}

void compile(const std::string& source, const std::string& module, Mode mode, const Compiler& compiler) {
  for (const std::vector<std::string>& command : compile_commands(source, module, mode, compiler)) {
    const Ended ended = run_program(command);
    if (ended.status != 0) throw CompileError(fmt::format("{}\nended with status {}:\n{}", fmt::join(command, " "), ended.status, ended.output));
  }
  std::filesystem::remove(module + ".o");
}

}  // namespace antidrome::emulator
