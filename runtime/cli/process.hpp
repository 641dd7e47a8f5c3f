// Running other programs: the generator, the compiler.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace antidrome {

struct ProcessResult {
  int exit_code = 0;            ///< 128 + n when signal n ended it
  int signal = 0;               ///< 0: it ended by itself
  std::string output;           ///< of both streams, when captured
};

/// Runs a program (found in PATH when it has no slash) and waits. With `capture` its output is returned, else it shares ours.
/// Throws Failure (AD443) when it cannot be started.
ProcessResult run_process(const std::vector<std::string>& arguments, bool capture);

/// The full path of a program: itself when it has a slash, else searched in PATH; empty when there is none.
std::filesystem::path find_program(const std::string& name);

/// The words as one would type them.
std::string command_line(const std::vector<std::string>& arguments);

}  // namespace antidrome
