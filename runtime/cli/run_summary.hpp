// What several runs ended with, in one table and one figure.
#pragma once
#include "runtime/cli/run_set.hpp"

#include <map>

namespace antidrome::cli {

/// One run, read from its folder. What it lacks is not a number.
struct RunSummary {
  std::string name, mean_of, folder;
  std::map<std::string, double> figures;   ///< "train", "validation", "test": accuracies, or losses where there are no labels; "epochs to target"
  bool labelled = true;
  std::vector<double> epoch, curve;        ///< accuracy (or loss) of validation where there is any, else of training
};

/// Mean and standard deviation (of a sample: n - 1) of one figure of some runs.
struct Spread {
  double mean = 0, sd = 0;
  std::size_t count = 0;                   ///< of the runs that have it
};
Spread spread_of(const std::vector<const RunSummary*>& runs, const std::string& figure);

/// `target`: the first epoch whose accuracy reaches it is figures["epochs"].
RunSummary summarise(const std::string& name, const std::string& mean_of, const std::filesystem::path& folder, std::optional<double> target);

std::string one_line(const RunSummary& run);
/// All runs, then their means: "81.2 ± 0.4 %"; of the epochs to the target those of the runs that reached it.
std::string summary_text(const std::vector<RunSummary>& runs, std::optional<double> target);
/// runs.csv, summary.json and comparison.{svg,png,csv} in options.folder.
void write_summary(const std::vector<RunSummary>& runs, const RunSetOptions& options, bool plots);

}  // namespace antidrome::cli
