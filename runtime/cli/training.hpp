// One training run, from its configuration to the result in its folder.
#pragma once
#include "runtime/cli/cli.hpp"
#include "runtime/train/run_folder.hpp"

namespace antidrome::cli {

struct TrainFlags {
  bool strict = false;      ///< warnings end the run
  bool quiet = false;       ///< only warnings and the result
  bool plots = true;
};

/// Where a run goes. With a checkpoint it goes on from there, in a folder that exists.
struct RunPlace {
  std::filesystem::path folder;
  std::optional<std::filesystem::path> checkpoint;
};

/// Trains, evaluates and draws, by all ranks of the job together; the first of them writes and talks. False when it was interrupted: then a checkpoint was saved, and the user was told.
bool train_run(const RunConfig& config, const RunPlace& place, const TrainFlags& flags, Context& context);

/// SIGINT and SIGTERM end training after the batch, with a checkpoint; a second one ends the process.
void catch_interrupts();

/// What is said of an evaluation: loss or accuracy by class and group, for people. `confusion`: with the matrix.
std::optional<Breakdown> breakdown_of(const RunConfig& config, const Manifest& manifest, const data::Dataset& data, const std::vector<Prediction>& predictions);
void print_breakdown(const Breakdown& breakdown, bool confusion);

}  // namespace antidrome::cli
