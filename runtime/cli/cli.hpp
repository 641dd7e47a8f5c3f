// The command line: one function per command registers its options and what it does.
#pragma once
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace antidrome::cli {

/// What commands share. A command's callback sets `exit_code`; mistakes are thrown.
struct Context {
  int exit_code = 0;
  std::vector<std::string> words;   ///< the command line, for the record
};

void add_build(CLI::App& app, Context& context);
void add_train(CLI::App& app, Context& context);
void add_cross_validate(CLI::App& app, Context& context);
void add_eval(CLI::App& app, Context& context);
void add_run(CLI::App& app, Context& context);
void add_check(CLI::App& app, Context& context);
void add_plan(CLI::App& app, Context& context);
void add_plot(CLI::App& app, Context& context);
void add_data(CLI::App& app, Context& context);
void add_data_encode(CLI::App& data);
void add_bench(CLI::App& app, Context& context);
void add_doctor(CLI::App& app, Context& context);

/// The whole program: parses, runs, tells mistakes on stderr, returns the exit code. Throws nothing.
int run(int argc, char** argv);

}  // namespace antidrome::cli
