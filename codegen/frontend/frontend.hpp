// The front end: a model file becomes a Network. One Clang invocation reads the equations off the syntax tree and compiles
// the same tree; network() is then run in this process, and says which structs make up which populations.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "codegen/diagnostics/diagnostics.hpp"
#include "codegen/frontend/lifted.hpp"
#include "codegen/ir/network.hpp"

namespace antidrome::frontend {

struct LiftOptions {
  std::string file;
  std::map<std::string, std::string> set;       ///< --set name=value
  std::string include_folder;                   ///< of <antidrome/model.h>; empty: the one of this build
  std::string resource_folder;                  ///< Clang's own headers; empty: the one of this build
};

/// How well a compiled hook and its lifted equations agree.
struct HookCheck {
  std::string name;                             ///< "CubaLif::flow"
  std::string owner;                            ///< where the network has it: "hidden", "input_hidden"
  int states = 0;                               ///< random states compared (both sides finite)
  double worst = 0;                             ///< largest relative difference
  std::string variable;                         ///< where it was
  bool ok = false;
};

/// A lifted model file. It keeps the compiled code, so that the user's own hooks can be run against the lifted equations.
class ModelFile {
 public:
  ModelFile();
  ModelFile(ModelFile&&) noexcept;
  ~ModelFile();

  const ir::Network& network() const { return network_; }
  const std::vector<InputFile>& files() const { return files_; }
  const std::map<std::string, std::string>& words() const { return words_; }   ///< options that are words
  /// Runs every hook of every struct in the network on `states` random states.
  std::vector<HookCheck> lift_check(int states = 200, double tolerance = 1e-12) const;

 private:
  friend ModelFile load(const LiftOptions&, Diagnostics&);
  struct Session;
  std::unique_ptr<Session> session_;
  ir::Network network_;
  std::vector<InputFile> files_;
  std::map<std::string, std::string> words_;
};

/// Lifts a file. All its errors are reported at once; with errors the Network is incomplete.
ModelFile load(const LiftOptions&, Diagnostics&);

/// The Network alone.
ir::Network lift(const LiftOptions&, Diagnostics&);

}  // namespace antidrome::frontend
