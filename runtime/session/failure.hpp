// How the runtime fails: one exception that carries diagnostics and the exit code of the command. main() renders it.
#pragma once
#include <stdexcept>
#include <string>

#include "codegen/diagnostics/diagnostics.hpp"

namespace antidrome {

/// A user mistake (exit_user), a file or data problem (exit_io), a failed check (exit_check_failed) or our bug (exit_internal).
class Failure : public std::runtime_error {
 public:
  Failure(ExitCode exit, Diagnostics diagnostics) : std::runtime_error(diagnostics.render()), exit_(exit), diagnostics_(std::move(diagnostics)) {}
  ExitCode exit() const { return exit_; }
  const Diagnostics& diagnostics() const { return diagnostics_; }

 private:
  ExitCode exit_;
  Diagnostics diagnostics_;
};

/// Throws a Failure with one diagnostic: `fail(exit_io, "AD603", {path}, "checkpoint is truncated", "…")`.
[[noreturn]] inline void fail(ExitCode exit, std::string code, Location at, std::string message, std::string remedy = {}) {
  Diagnostics diagnostics;
  diagnostics.error(std::move(code), std::move(at), std::move(message), std::move(remedy));
  throw Failure(exit, std::move(diagnostics));
}

}  // namespace antidrome
