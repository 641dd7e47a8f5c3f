// Where a simulator comes from: a model file, which is built first, or the folder of a build.
#pragma once
#include "runtime/session/session.hpp"
#include "runtime/train/config.hpp"

#include <CLI/CLI.hpp>

namespace antidrome::cli {

/// Options that every command about a model shares.
struct ModelOptions {
  std::string model;                    ///< MODEL.cc or DIR
  std::string backend = "openmp", device = "gpu", mode = "grid", precision;
  std::vector<std::string> set;
  void add_to(CLI::App& command, bool backend_too = true, bool precision_too = true);
};

/// The folder of the simulator that the configuration names, built when it has to be.
std::filesystem::path simulator_folder(const ModelConfig& model, bool quiet);
std::filesystem::path simulator_folder(const ModelOptions& options, bool quiet);

/// A session for a configuration: manifest loaded, [params] applied, parameters initialised.
std::unique_ptr<Session> make_session(const RunConfig& config, bool quiet, Ranks* ranks = nullptr);

/// The text of `model.file="…"` as an override.
std::string override_text(const std::string& key, const std::string& value);

/// Overrides as the user typed them; a key without a dot is an option of the model ("hidden=512").
std::vector<std::string> config_overrides(const std::vector<std::string>& set);

}  // namespace antidrome::cli
