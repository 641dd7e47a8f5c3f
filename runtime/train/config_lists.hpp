// The lists and tables of a run configuration whose keys are the user's: augmentations, and numbers for names of the model.
#pragma once
#include "runtime/train/config.hpp"
#include "runtime/train/toml_section.hpp"

namespace antidrome {

/// [[augment]]: each entry names one augmentation with its number(s), and what else that one takes. Entries as they were
/// understood go to `resolved`.
std::vector<data::AugmentStep> read_augment(const toml::array* list, const std::string& file, Diagnostics& diagnostics, toml::array& resolved);

/// Reads names of the model inside [train]; each becomes a Mention, to be checked when the model is known.
struct NameReader {
  RunConfig& config;
  toml::table& resolved;
  Diagnostics& diagnostics;

  /// [train.KEY]: a number of at least 0 for each name. Names have dots in them: "hidden.tau_mem" and hidden.tau_mem mean the same.
  void numbers(TomlSection& section, const std::string& key, Mention::What what, std::map<std::string, double>& into);
  /// KEY = ["name", …]
  void list(TomlSection& section, const std::string& key, Mention::What what, std::vector<std::string>& into);

 private:
  void numbers(const toml::table& table, const std::string& key, const std::string& prefix, Mention::What what, std::map<std::string, double>& into, toml::table& out);
};

}  // namespace antidrome
