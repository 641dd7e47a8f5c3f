// Other programs: the compiler, and addr2line.
#pragma once
#include <string>
#include <vector>

namespace antidrome::emulator {

struct Ended {
  int status = 0;                               ///< exit status; 127: there is no such program; 128 + n: ended by signal n
  std::string output;                           ///< what it wrote on both of its outputs
};

/// Runs a program to its end, found as a shell would find it, and without one.
Ended run_program(const std::vector<std::string>& arguments);

}  // namespace antidrome::emulator
