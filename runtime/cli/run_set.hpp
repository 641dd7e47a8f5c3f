// Several training runs under one folder, and what they say together: repeats over seeds, variants of a configuration, folds.
#pragma once
#include "runtime/cli/training.hpp"

namespace antidrome::cli {

struct PlannedRun {
  std::string name;                     ///< "loss=max seed 2": what its row is called; its folder follows from it
  std::string mean_of;                  ///< runs with the same text here are averaged: "loss=max"
  std::string config;                   ///< file
  std::vector<std::string> overrides;   ///< of the configuration
};

struct RunSetOptions {
  std::filesystem::path folder;
  bool resume = false;                  ///< finished runs are kept, begun ones go on
  std::optional<double> target;         ///< accuracy in [0, 1]: how many epochs until it is reached
  std::string title;                    ///< of the figure
};

/// "hidden=64,128" as {"hidden=64", "hidden=128"}; commas inside brackets, braces and quotes do not count. Throws Failure (AD407).
std::vector<std::string> values_of(const std::string& vary);

/// Every combination of configurations, values (each list from values_of) and seeds.
std::vector<PlannedRun> plan_runs(const std::vector<std::string>& configs, const std::vector<std::vector<std::string>>& values, const std::vector<std::uint64_t>& seeds, const std::vector<std::string>& common);

/// Runs them one after the other. Prints a table of all runs and one of means and standard deviations; writes runs.csv, summary.json
/// and, where there are plots, comparison.{svg,png,csv}. Throws Failure AD602 where the folder holds runs and `resume` is not set.
/// Sets the exit code to 130 when it was interrupted.
void train_set(const std::vector<PlannedRun>& runs, const RunSetOptions& options, const TrainFlags& flags, Context& context);

}  // namespace antidrome::cli
