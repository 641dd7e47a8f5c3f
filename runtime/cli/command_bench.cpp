#include "runtime/cli/cli.hpp"
#include "runtime/cli/process.hpp"
#include "runtime/session/failure.hpp"
#include "runtime/session/simulator.hpp"

#include <unistd.h>

namespace antidrome::cli {

// The benchmarks are a program of their own beside this one, so that what is measured is not part of what is shipped.
void add_bench(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("bench", "measure the simulators; takes the options of antidrome-bench");
  command->prefix_command();
  command->callback([command, &context] {
    const std::filesystem::path program = executable_folder() / "antidrome-bench";
    if (access(program.c_str(), X_OK) != 0) fail(exit_user, "AD416", {program.string()}, "the benchmarks were not built", "build the target antidrome-bench");
    std::vector<std::string> arguments = {program.string()};
    for (const std::string& word : command->remaining()) arguments.push_back(word);
    context.exit_code = run_process(arguments, false).exit_code;
  });
}

}  // namespace antidrome::cli
