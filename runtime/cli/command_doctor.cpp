#include "runtime/cli/build.hpp"
#include "runtime/cli/cli.hpp"
#include "runtime/cli/environment.hpp"
#include "runtime/cli/process.hpp"
#include "runtime/ranks/job.hpp"
#include "runtime/session/failure.hpp"
#include "runtime/session/simulator.hpp"

#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <hdf5.h>
#include <unistd.h>

namespace antidrome::cli {
namespace {

namespace fs = std::filesystem;

/// One line of the report: what, whether it is well, details, and what to do when it is not.
class Report {
 public:
  void line(const std::string& what, bool good, const std::string& details, const std::string& remedy = {}, bool needed = true) {
    fmt::print("{} {:<18} {}\n", good ? "ok  " : needed ? "BAD " : "none", what, details);
    if (!good && !remedy.empty()) fmt::print("     {:<18} remedy: {}\n", "", remedy);
    well_ = well_ && (good || !needed);
  }
  bool well() const { return well_; }

 private:
  bool well_ = true;
};

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/// A folder that is gone when its owner is.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string pattern = (fs::temp_directory_path() / "antidrome-doctor-XXXXXX").string();
    if (mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

void compiler_and_openmp(Report& report) {
  const fs::path compiler = simulator_compiler();
  if (compiler.empty()) {
    report.line("compiler", false, "no C++ compiler found", "apt-get install g++, or set CXX (the reference backend needs none)");
    return;
  }
  report.line("compiler", true, fmt::format("{}: {}", compiler.string(), first_line(run_process({compiler.string(), "--version"}, true).output)));
  const ScratchFolder scratch;
  const fs::path source = scratch.path() / "probe.cc";
  std::ofstream(source) << "#include <antidrome/abi.h>\n#include <omp.h>\nextern \"C\" int probe() { return omp_get_max_threads() + (int)ANTIDROME_ABI_VERSION; }\n";
  std::vector<std::string> command = {compiler.string()};
  command.insert(command.end(), simulator_flags().begin(), simulator_flags().end());
  command.insert(command.end(), {"-I" + include_folder().string(), source.string(), "-o", (scratch.path() / "probe.so").string()});
  const ProcessResult result = run_process(command, true);
  report.line("OpenMP", result.exit_code == 0, result.exit_code == 0 ? "a simulator can be compiled" : first_line(result.output),
              "the compiler needs OpenMP: apt-get install g++ (or libomp-dev for clang++)");
}

void generator_and_clang(Report& report) {
  std::string path;
  try {
    path = generator().string();
  } catch (const Failure& failure) {
    report.line("antidrome-gen", false, failure.diagnostics().all().front().message, failure.diagnostics().all().front().remedy);
    return;
  }
  const ProcessResult help = run_process({path, "--help"}, true);
  report.line("antidrome-gen", help.exit_code == 0, help.exit_code == 0 ? path : fmt::format("it does not run: {}", first_line(help.output)),
              "apt-get install libclang-19-dev llvm-19-dev clang-19 and build again");
  bool found = false;
  for (const char* folder : {"/usr/lib/llvm-19/lib/clang/19/include", "/usr/lib/clang/19/include", "/usr/lib64/clang/19/include"})
    if (fs::exists(fs::path(folder) / "stddef.h")) report.line("Clang headers", found = true, folder);
  if (!found) report.line("Clang headers", false, "the resource headers of Clang 19 were not found", "apt-get install clang-19 (or libclang-common-19-dev)");
}

void data_and_folders(Report& report) {
  const char* data = std::getenv("ANTIDROME_DATA");
  const bool there = data != nullptr && fs::is_directory(data);
  report.line("ANTIDROME_DATA", there, data == nullptr ? "not set" : there ? data : fmt::format("{} is not a folder", data), "export ANTIDROME_DATA=/where/the/data/is (generated tasks need none)", false);
  const bool fashion = fs::exists("/usr/share/datasets/fashion-mnist");
  report.line("Fashion-MNIST", fashion, fashion ? "/usr/share/datasets/fashion-mnist" : "not installed", "apt-get install dataset-fashion-mnist", false);
  const fs::path cache = cache_folder();
  std::error_code failed;
  fs::create_directories(cache, failed);
  const bool writable = !failed && access(cache.c_str(), W_OK) == 0;
  report.line("build cache", writable, cache.string() + (writable ? "" : " cannot be written"), "set ANTIDROME_CACHE to a folder of yours");
}

/// Nobody needs these to train in one process.
void several_processes(Report& report) {
  for (const auto& [what, by, library] : {std::tuple{"MPI", RanksBy::mpi, "libantidrome_mpi.so"}, std::tuple{"NCCL", RanksBy::nccl, "libantidrome_nccl.so"}}) {
    try {
      const std::string version = ranks_version(by);
      report.line(what, true, fmt::format("{}: {}", version, by == RanksBy::mpi ? "mpirun -n 4 antidrome train … shares every batch" : "--ranks nccl"));
    } catch (const Failure& failure) {
      report.line(what, false, fmt::format("{} was not built, or cannot be loaded", library), failure.diagnostics().all().front().remedy, false);
    }
  }
  if (run_process({"sh", "-c", "command -v mpirun"}, true).exit_code != 0) report.line("mpirun", false, "not found", "apt-get install openmpi-bin", false);
}

void doctor(Context& context) {
  Report report;
  report.line("antidrome", true, fmt::format("{}, built by {} ({})", ANTIDROME_VERSION, ANTIDROME_COMPILER, ANTIDROME_BUILD_TYPE));
  report.line("processor", true, fmt::format("{}, {} threads: {}", cpu_name(), default_threads(), cpu_extensions()));
  compiler_and_openmp(report);
  unsigned major = 0, minor = 0, patch = 0;
  H5get_libversion(&major, &minor, &patch);
  report.line("HDF5", true, fmt::format("{}.{}.{}", major, minor, patch));
  generator_and_clang(report);
  const fs::path reference = executable_folder().parent_path() / "lib" / "libantidrome_reference.so";
  report.line("reference backend", fs::exists(reference), reference.string(), "build the target antidrome_reference_simulator");
  several_processes(report);
  data_and_folders(report);
  fmt::print("{}\n", report.well() ? "everything that is needed is here" : "something is missing");
  if (!report.well()) context.exit_code = exit_check_failed;
}

}  // namespace

void add_doctor(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("doctor", "is everything there that antidrome needs, and what to do when not");
  command->callback([&context] { doctor(context); });
}

}  // namespace antidrome::cli
