// What the command line asks for.
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "codegen/diagnostics/diagnostics.hpp"
#include "codegen/ir/network.hpp"

namespace antidrome::driver {

struct Request {
  std::string model;
  std::string backend = "openmp", mode = "grid", precision = "float";
  std::vector<std::string> set;                 ///< "name=value"
  std::filesystem::path output;
  std::string dump;                             ///< network, joined, solved, program, kernel, device: print it, write nothing

  ir::TimeMode time_mode() const { return mode == "exact" ? ir::TimeMode::exact : ir::TimeMode::grid; }
  /// The settings as a map; reports those without '='.
  std::map<std::string, std::string> settings(Diagnostics&) const;
};

/// Both return the exit code of the command, and print their diagnostics to stderr.
int generate(const Request&);
int check(const Request&);

/// Diagnostics to stderr, in colour on a terminal; exit_user when there are errors, else exit_ok.
int show(const Diagnostics&);

}  // namespace antidrome::driver
