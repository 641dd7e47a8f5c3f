// antidrome-gen: a model file becomes a Program, a manifest and the source of a simulator. The `antidrome` command calls it.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "codegen/driver/request.hpp"

namespace {

void add_model_options(CLI::App& command, antidrome::driver::Request& r) {
  command.add_option("MODEL", r.model, "model file (C++)")->required();
  command.add_option("--set", r.set, "an option of the model: name=value")->allow_extra_args(false);
  command.add_option("--mode", r.mode, "spikes on the dt grid, or at exact times")->check(CLI::IsMember({"grid", "exact"}));
}

}  // namespace

int main(int argc, char** argv) {
  antidrome::driver::Request r;
  CLI::App app("Reads a model file and writes its simulator.", "antidrome-gen");
  app.require_subcommand(1);
  CLI::App& generate = *app.add_subcommand("generate", "write program.air, manifest.json and simulator.cc");
  add_model_options(generate, r);
  generate.add_option("--backend", r.backend)->check(CLI::IsMember({"openmp", "cuda", "reference"}));
  generate.add_option("--precision", r.precision)->check(CLI::IsMember({"float", "double", "mixed"}));
  CLI::Option* dump = generate.add_option("--dump-ir", r.dump, "print a stage instead of writing files")->check(CLI::IsMember({"network", "joined", "solved", "program", "kernel", "device"}));
  CLI::Option* output = generate.add_option("-o,--output", r.output, "folder to write into");
  CLI::App& check = *app.add_subcommand("check", "compare the compiled hooks with the equations read from them");
  add_model_options(check, r);
  try {
    app.parse(argc, argv);
    if (generate.parsed() && !*dump && !*output) throw CLI::RequiredError("-o DIR (or --dump-ir STAGE)");
    return generate.parsed() ? antidrome::driver::generate(r) : antidrome::driver::check(r);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? antidrome::exit_ok : antidrome::exit_user;
  } catch (const std::exception& e) {
    fmt::print(stderr, "{}\n", e.what());
    return antidrome::exit_internal;
  }
}
