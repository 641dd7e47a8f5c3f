#include "runtime/cli/build.hpp"

#include "runtime/cli/build_record.hpp"
#include "runtime/cli/process.hpp"
#include "runtime/session/failure.hpp"
#include "runtime/session/simulator.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <sys/file.h>
#include <unistd.h>

namespace antidrome {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// One build at a time in a folder: two runs started together must not write over each other.
class FolderLock {
 public:
  explicit FolderLock(const fs::path& folder) : file_(open((folder / ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
    if (file_ >= 0) flock(file_, LOCK_EX);
  }
  ~FolderLock() {
    if (file_ >= 0) close(file_);
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int file_;
};

fs::path default_output(const BuildRequest& r) {
  std::string key = fs::absolute(r.model).lexically_normal().string() + "|" + r.backend + "|" + r.mode + "|" + r.precision;
  for (const auto& [name, value] : r.set) key += "|" + name + "=" + value;
  return cache_folder() / "build" / fmt::format("{}-{}", r.model.stem().string(), hash_text(key).substr(0, 12));
}

bool is_generated(const fs::path& directory, const json& record, const json& key) {
  if (record.value("generate", json()) != key || !fs::exists(directory / "manifest.json")) return false;
  const json inputs = record.value("inputs", json::array());
  return !inputs.empty() && std::all_of(inputs.begin(), inputs.end(), same_file);
}

// The generator writes its own diagnostics; here only its exit code counts.
void generate(const BuildRequest& r, const fs::path& directory) {
  std::vector<std::string> command = {generator().string(), "generate", r.model.string(), "--backend", r.backend, "--mode", r.mode, "--precision", r.precision, "-o", directory.string()};
  for (const auto& [name, value] : r.set) command.insert(command.end(), {"--set", name + "=" + value});
  const ProcessResult result = run_process(command, false);
  if (result.exit_code == 0) return;
  if (result.signal != 0)
    fail(exit_internal, "AD445", {r.model.string()}, fmt::format("the generator crashed (signal {}): this is our bug, please report it with the model file", result.signal),
         command_line(command) + " shows it");
  for (const ExitCode known : {exit_user, exit_check_failed, exit_internal, exit_io})
    if (result.exit_code == known) throw Failure(known, {});  // it has said what is wrong
  fail(exit_internal, "AD445", {r.model.string()}, fmt::format("the generator ended with the unknown exit code {}: this is our bug, please report it with the model file", result.exit_code),
       command_line(command) + " shows it");
}

void compile(const fs::path& directory) {
  std::vector<std::string> command = {simulator_compiler().string()};
  command.insert(command.end(), simulator_flags().begin(), simulator_flags().end());
  const fs::path library = directory / "simulator.so", temporary = directory / "simulator.so.tmp", log = directory / "compile.log";
  command.insert(command.end(), {"-I" + include_folder().string(), (directory / "simulator.cc").string(), "-o", temporary.string()});
  const ProcessResult result = run_process(command, true);
  std::ofstream(log) << command_line(command) << "\n" << result.output;
  if (result.exit_code != 0)
    fail(exit_internal, "AD441", {log.string()}, "the compiler refused the generated simulator: this is our bug, or the compiler's",
         fmt::format("please report it with {} and the model file", log.string()));
  fs::rename(temporary, library);  // a running process keeps the old file
}

bool is_emulated(const BuildRequest& r) { return r.device == "emulated" || r.device == "checked"; }

/// Kernels of the backend cuda, for a GPU, the emulated device, or the interpreter of PTX.
void compile_kernels(const fs::path& directory, const BuildRequest& r) {
  std::vector<std::string> command = {kernel_compiler().string(), directory.string(), "--device", r.device, "-I", include_folder().string()};
  if (!is_emulated(r)) command.insert(command.end(), {"--arch", r.architectures, "--compiler", r.kernel_compiler});
  else command.insert(command.end(), {"--cxx", simulator_compiler().string()});
  if (r.quiet) command.push_back("--quiet");
  const ProcessResult result = run_process(command, false);
  if (result.exit_code == 0) return;
  for (const ExitCode known : {exit_user, exit_internal, exit_io})
    if (result.exit_code == known) throw Failure(known, {});       // it has said what is wrong
  fail(exit_internal, "AD441", {directory.string()}, fmt::format("the compiler of kernels ended with the unknown exit code {}: this is our bug, please report it with the model file", result.exit_code), command_line(command) + " shows it");
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

fs::path cache_folder() {
  if (const std::string own = environment("ANTIDROME_CACHE"); !own.empty()) return own;
  if (const std::string xdg = environment("XDG_CACHE_HOME"); !xdg.empty()) return fs::path(xdg) / "antidrome";
  if (const std::string home = environment("HOME"); !home.empty()) return fs::path(home) / ".cache" / "antidrome";
  return ".antidrome-cache";
}

fs::path include_folder() {
  const fs::path installed = executable_folder().parent_path() / "include";
  return fs::exists(installed / "antidrome/abi.h") ? installed : fs::path(ANTIDROME_INCLUDE_DIR);
}

fs::path generator() {
  const std::string own = environment("ANTIDROME_GEN");
  const fs::path path = own.empty() ? executable_folder() / "antidrome-gen" : fs::path(own);
  if (access(path.c_str(), X_OK) != 0)
    fail(exit_user, "AD442", {path.string()}, "the generator 'antidrome-gen' is not there", "it is built with LLVM/Clang 19 (apt-get install libclang-19-dev llvm-19-dev clang-19), then lies beside antidrome");
  return path;
}

fs::path kernel_compiler() {
  const std::string own = environment("ANTIDROME_KERNELS");
  const fs::path path = own.empty() ? executable_folder() / "antidrome-kernels" : fs::path(own);
  if (access(path.c_str(), X_OK) != 0) fail(exit_user, "AD446", {path.string()}, "the compiler of CUDA kernels 'antidrome-kernels' is not there", "it is built with antidrome and lies beside it: build the target antidrome-kernels");
  return path;
}

fs::path simulator_compiler() {
  if (const std::string own = environment("CXX"); !own.empty()) return find_program(own);
  for (const char* name : {"g++", "g++-14", "g++-13", "g++-12", "clang++", "clang++-19", "clang++-18", "clang++-17"})
    if (const fs::path found = find_program(name); !found.empty()) return found;
  return {};
}

const std::vector<std::string>& simulator_flags() {
  static const std::string march = environment("ANTIDROME_MARCH").empty() ? "native" : environment("ANTIDROME_MARCH");
  static const std::vector<std::string> flags = {"-std=c++20", "-O3", "-march=" + march, "-fopenmp", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off", "-shared", "-fPIC"};
  return flags;
}

void add_option(std::map<std::string, std::string>& set, const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
    fail(exit_user, "AD407", {"--set " + text}, "not of the form name=value", "for example --set hidden=512");
  set[text.substr(0, equals)] = text.substr(equals + 1);
}

BuildResult ensure_built(const BuildRequest& r) {
  const auto start = std::chrono::steady_clock::now();
  if (!fs::is_regular_file(r.model))
    fail(exit_user, "AD410", {r.model.string()}, "there is no such model file", "give the path of a C++ model file, for example userprojects/yinyang/yinyang.cc");
  if (r.backend == "reference" && r.precision != "double")
    fail(exit_user, "AD404", {}, fmt::format("the reference backend computes in double, not in {}", r.precision), "leave precision out, or choose another backend");
  if (r.precision == "mixed" && (r.backend != "openmp" || r.mode == "exact"))
    fail(exit_user, "AD404", {}, fmt::format("precision 'mixed' is of the backend openmp in grid mode, not of {} in {} mode", r.backend, r.mode), "use precision = \"float\"");
  BuildResult result;
  result.directory = r.output.empty() ? default_output(r) : r.output;
  try {
    fs::create_directories(result.directory);
  } catch (const fs::filesystem_error& error) {
    fail(exit_io, "AD444", {result.directory.string()}, fmt::format("cannot make the build folder: {}", error.code().message()), "choose another with -o");
  }
  const FolderLock lock(result.directory);
  json record = r.force ? json::object() : read_record(result.directory);
  const json generate_key = generator_key(r);
  if (!is_generated(result.directory, record, generate_key)) {
    if (!r.quiet) fmt::print(stderr, "generating {} ({}, {}, {})\n", r.model.string(), r.backend, r.mode, r.precision);
    generate(r, result.directory);
    result.generated = true;
    record["generate"] = generate_key;
    record["inputs"] = json::array();
    for (const fs::path& input : generator_inputs(result.directory, r.model)) record["inputs"].push_back(file_identity(input, true));
  }
  if (r.backend == "cuda") {
    const json compile_key = kernels_key(result.directory, r);
    const char* product = r.device == "emulated" ? "kernels.so" : r.device == "checked" ? "kernels_checked.so" : r.device == "interpreted" ? "kernels.ptx" : "resources.json";
    const std::string entry = "compile for " + r.device;
    if (record.value(entry, json()) != compile_key || !fs::exists(result.directory / product)) {
      if (!r.quiet) fmt::print(stderr, "compiling {}\n", (result.directory / "kernels.cu").string());
      compile_kernels(result.directory, r);
      result.compiled = true;
      record[entry] = compile_key;
    }
  } else if (r.backend != "reference") {
    const json compile_key = compiler_key(result.directory);
    if (record.value("compile", json()) != compile_key || !fs::exists(result.directory / "simulator.so")) {
      if (!r.quiet) fmt::print(stderr, "compiling {}\n", (result.directory / "simulator.cc").string());
      compile(result.directory);
      result.compiled = true;
      record["compile"] = compile_key;
    }
  }
  if (result.generated || result.compiled) write_record(result.directory, record);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace antidrome
