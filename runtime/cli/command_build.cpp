#include "runtime/cli/build.hpp"
#include "runtime/cli/cli.hpp"
#include "runtime/cli/model_source.hpp"
#include "runtime/cli/process.hpp"
#include "runtime/session/failure.hpp"

#include <cstdlib>
#include <fmt/format.h>

namespace antidrome::cli {
namespace {

struct Options {
  ModelOptions model;
  std::string output, dump, architectures = "native", kernel_compiler = "nvrtc";
  bool force = false, quiet = false;
};

// A stage of the generator as text, for people; nothing is written.
int dump_stage(const Options& o) {
  std::vector<std::string> command = {generator().string(), "generate", o.model.model, "--mode", o.model.mode, "--dump-ir", o.dump};
  for (const std::string& text : o.model.set) command.insert(command.end(), {"--set", text});
  return run_process(command, false).exit_code;
}

void build(const Options& o) {
  BuildRequest request;
  request.model = o.model.model;
  request.backend = o.model.backend;
  request.device = o.model.device;
  request.architectures = o.architectures;
  request.kernel_compiler = o.kernel_compiler;
  request.mode = o.model.mode;
  request.precision = !o.model.precision.empty() ? o.model.precision : request.backend == "reference" ? "double" : "float";
  for (const std::string& text : o.model.set) add_option(request.set, text);
  request.output = o.output;
  request.force = o.force;
  request.quiet = o.quiet;
  const BuildResult result = ensure_built(request);
  const Manifest manifest = load_manifest(result.directory);
  if (request.backend == "cuda") setenv("ANTIDROME_DEVICE", request.device.c_str(), 1);
  if (request.backend != "cuda" || request.device != "gpu") const Simulator simulator(manifest);  // it loads and fits its manifest, or the build is not done; a GPU need not be here
  if (!o.quiet) fmt::print(stderr, "{} in {:.2f} s\n", result.generated || result.compiled ? "built" : "up to date", result.seconds);
  fmt::print("{}\n", result.directory.string());
}

}  // namespace

void add_build(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("build", "generate and compile the simulator of a model; prints its folder");
  auto o = std::make_shared<Options>();
  o->model.add_to(*command);
  command->add_option("-o,--output", o->output, "folder to write (default: one in the cache, ~/.cache/antidrome)")->type_name("DIR");
  command->add_option("--dump-ir", o->dump, "print the network, joined, solved, program, kernel or device instead of building")->check(CLI::IsMember({"network", "joined", "solved", "program", "kernel", "device"}));
  command->add_option("--arch", o->architectures, "backend cuda: architectures to compile for, such as sm_80,sm_90 (native: of the GPU that is here)")->capture_default_str();
  command->add_option("--compiler", o->kernel_compiler, "backend cuda: nvrtc (fast) or nvcc")->check(CLI::IsMember({"nvrtc", "nvcc"}))->capture_default_str();
  command->add_flag("--force", o->force, "generate and compile even if nothing changed");
  command->add_flag("-q,--quiet", o->quiet, "only print the folder");
  command->callback([o, &context] {
    if (o->dump.empty()) build(*o);
    else context.exit_code = dump_stage(*o);
  });
}

}  // namespace antidrome::cli
