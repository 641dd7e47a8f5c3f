// antidrome-kernels: compiles kernels.cu for a device, and tells what each kernel asks of it. A process of its own, so that nothing else needs the
// compilers' libraries.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <nlohmann/json.hpp>

#include "backends/cuda/compile/resources.hpp"
#include "backends/cuda/emulator/emulator.hpp"
#ifdef ANTIDROME_WITH_GPU
#include "backends/cuda/compile/nvrtc.hpp"
#endif

namespace {

using namespace antidrome;
namespace fs = std::filesystem;
using nlohmann::json;

constexpr int exit_user = 2, exit_internal = 70, exit_io = 74;

struct Request {
  fs::path folder;                              ///< kernels.cu and kernels.json; results go there
  std::string device = "gpu", compiler = "nvrtc", cxx = "g++";
  std::vector<std::string> architectures = {"native"}, include;
  bool quiet = false;
};

int fail(int exit, const std::string& message, const char* code, const std::string& remedy) {
  fmt::print(stderr, "error: {}{}\n  remedy: {}\n", message, *code ? fmt::format(" [{}]", code) : "", remedy);
  return exit;
}

int compile_emulated(const Request& r) {
  const bool checked = r.device == "checked";
  const fs::path module = r.folder / (checked ? "kernels_checked.so" : "kernels.so"), temporary = module.string() + ".tmp";
  emulator::compile((r.folder / "kernels.cu").string(), temporary.string(), checked ? emulator::Mode::checked : emulator::Mode::plain, {.command = r.cxx, .include_folders = r.include, .flags = {}});
  fs::rename(temporary, module);                // a running process keeps the old file
  return 0;
}

#ifdef ANTIDROME_WITH_GPU
json plan_of(const Request& r) {
  std::ifstream in(r.folder / "kernels.json");
  return json::parse(in);
}

/// A cubin, or PTX.
cuda::Compiled compile_one(const Request& r, const std::string& architecture, bool ptx = false) {
  if (r.compiler == "nvrtc")
    return cuda::compile_with_nvrtc({.source = (r.folder / "kernels.cu").string(), .architecture = ptx ? "compute" + architecture.substr(2) : architecture, .include = r.include, .options = {}, .ptx = ptx});
  const fs::path file = r.folder / (ptx ? "kernels.ptx.tmp" : "kernels." + architecture + ".cubin"), log = r.folder / "compile.log";
  std::string command = std::string("nvcc -std=c++20 -O3 -lineinfo ") + (ptx ? "-ptx" : "-cubin -Xptxas -v") + " -arch=" + architecture;
  for (const std::string& folder : r.include) command += " '-I" + folder + "'";
  command += fmt::format(" -o '{}' '{}' > '{}' 2>&1", file.string(), (r.folder / "kernels.cu").string(), log.string());
  cuda::Compiled out;
  out.ok = std::system(command.c_str()) == 0;
  std::ifstream in(log), binary(file, std::ios::binary);
  out.log.assign(std::istreambuf_iterator<char>(in), {});
  out.binary.assign(std::istreambuf_iterator<char>(binary), {});
  return out;
}

int refused(const Request& r, const std::string& architecture) {
  return fail(exit_internal, fmt::format("{} refused the generated kernels for {}: this is our bug, or the compiler's", r.compiler, architecture), "AD441", fmt::format("please report it with {} and the model file", (r.folder / "compile.log").string()));
}

/// PTX for the interpreter: of one architecture, that of the first name.
int compile_interpreted(const Request& r) {
  const std::string architecture = r.architectures.empty() || r.architectures[0] == "native" ? "sm_90" : r.architectures[0];
  const cuda::Compiled result = compile_one(r, architecture, true);
  std::ofstream(r.folder / "compile.log") << result.log << "\n";
  if (!result.ok) return refused(r, architecture);
  const fs::path temporary = r.folder / "kernels.ptx.tmp";
  std::ofstream out(temporary, std::ios::binary);
  out << result.binary.c_str();                 // NVRTC counts the zero at its end
  out.close();
  if (!out) return fail(exit_io, "cannot write into " + r.folder.string(), "AD444", "is the disk full, or the folder not writable");
  fs::rename(temporary, r.folder / "kernels.ptx");
  return 0;
}

int compile_gpu(const Request& r) {
  std::vector<cuda::KernelResources> all;
  const json plan = plan_of(r);
  for (std::string architecture : r.architectures) {
    if (architecture == "native") {
      architecture = cuda::native_architecture();
      if (architecture.empty()) {
        architecture = "sm_90";
        if (!r.quiet) fmt::print(stderr, "no GPU here: kernels are compiled for {}; --arch sm_80,sm_90 names others\n", architecture);
      }
    }
    const cuda::Compiled result = compile_one(r, architecture);
    std::ofstream(r.folder / "compile.log") << result.log << "\n";
    if (!result.ok) return refused(r, architecture);
    std::ofstream out(r.folder / ("kernels." + architecture + ".cubin"), std::ios::binary);
    out.write(result.binary.data(), static_cast<std::streamsize>(result.binary.size()));
    out.close();
    if (!out) return fail(exit_io, "cannot write into " + r.folder.string(), "AD444", "is the disk full, or the folder not writable");
    for (const cuda::KernelResources& k : cuda::parse_resources(result.log, architecture)) all.push_back(k);
  }
  json report = json::array();
  for (cuda::KernelResources& k : all) {
    for (const json& planned : plan.at("kernels"))
      if (planned.at("name") == k.kernel) k.threads = planned.at("threads");
    report.push_back({{"architecture", k.architecture}, {"kernel", k.kernel}, {"registers", k.registers}, {"shared", k.shared_bytes}, {"stack", k.stack_bytes}, {"spilled", k.spilled_bytes}, {"threads", k.threads}});
  }
  std::ofstream(r.folder / "resources.json") << report.dump(1) << "\n";
  if (!r.quiet) fmt::print(stderr, "{}", cuda::resource_table(all));
  return 0;
}
#else
int compile_interpreted(const Request&) {
  return fail(exit_user, "antidrome was built without the CUDA toolkit and cannot make PTX; kernels.cu is there", "AD446", "build antidrome where nvcc and cudart are found, or use --device emulated");
}
int compile_gpu(const Request&) {
  return fail(exit_user, "antidrome was built without the CUDA toolkit and cannot compile for a GPU; kernels.cu is there", "AD446", "build antidrome where nvcc and cudart are found, or use --device emulated");
}
#endif

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Compiles the kernels of a build folder");
  Request r;
#ifdef ANTIDROME_WITH_GPU
  app.set_version_flag("--version", std::string("with the CUDA toolkit"));
#else
  app.set_version_flag("--version", std::string("without the CUDA toolkit"));
#endif
  app.add_option("folder", r.folder, "build folder with kernels.cu")->required();
  app.add_option("--device", r.device, "gpu, emulated, checked (emulated, with the checks and counters of the emulator) or interpreted")->check(CLI::IsMember({"gpu", "emulated", "checked", "interpreted"}))->capture_default_str();
  app.add_option("--arch", r.architectures, "sm_75, sm_80, sm_90, …; native: of the GPU that is here")->delimiter(',')->capture_default_str();
  app.add_option("--compiler", r.compiler, "nvrtc (fast) or nvcc")->check(CLI::IsMember({"nvrtc", "nvcc"}))->capture_default_str();
  app.add_option("--cxx", r.cxx, "C++ compiler of the emulated device")->capture_default_str();
  app.add_option("-I", r.include, "folders with headers");
  app.add_flag("-q,--quiet", r.quiet, "no table");
  CLI11_PARSE(app, argc, argv);
  try {
    for (const std::string& architecture : r.architectures)
      if (architecture != "native") cuda::multiprocessor(architecture);   // is it one we know?
    return r.device == "emulated" || r.device == "checked" ? compile_emulated(r) : r.device == "interpreted" ? compile_interpreted(r) : compile_gpu(r);
  } catch (const std::invalid_argument& error) {
    return fail(exit_user, error.what(), "AD447", "known are sm_75, 80, 86, 87, 89, 90, 100, 103, 120 and 121");
  } catch (const emulator::CompileError& error) {
    return fail(exit_internal, fmt::format("the compiler refused the generated kernels: this is our bug, or the compiler's\n{}", error.what()), "AD441", "please report it with the model file");
  } catch (const std::exception& error) {
    return fail(exit_io, error.what(), "AD444", "is the folder the one that `antidrome build --backend cuda` printed?");
  }
}
