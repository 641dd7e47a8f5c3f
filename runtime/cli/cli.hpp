// The command line: one function per command registers its options and what it does.
#pragma once
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "runtime/ranks/ranks.hpp"

namespace antidrome::cli {

/// What commands share. A command's callback sets `exit_code`; mistakes are thrown.
struct Context {
  int exit_code = 0;
  std::vector<std::string> words;   ///< the command line, for the record
  Ranks* ranks = nullptr;           ///< who runs this command together
  std::string go_on;                ///< how to go on when the job is lost, once there is something to go on from

  bool first() const { return ranks->rank() == 0; }   ///< who writes files and talks
};

/// --ranks, of the commands that several processes run together. It is read before anything else (ranks_wanted), here it is checked and explained.
void add_ranks_option(CLI::App& command);

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
