// A trained network and its data: from a run folder, or from a model with a configuration.
#pragma once
#include "runtime/cli/model_source.hpp"
#include "runtime/train/run_folder.hpp"

namespace antidrome::cli {

struct TrainedNetwork {
  RunConfig config;
  std::unique_ptr<Session> session;
  std::optional<RunFolder> folder;      ///< when it came from one
  std::string parameters;               ///< "last.h5", or "initial values"
};

struct TrainedOptions {
  std::string target;                   ///< RUNDIR, or MODEL.cc / DIR when a configuration is given
  std::string config, data, checkpoint;
  std::vector<std::string> set;
  std::uint32_t threads = 0;
  void add_to(CLI::App& command, bool model_too);
};

/// Loads it with the parameters of the checkpoint ("last", "best" or a file; last by default). `ranks`: who evaluates it together.
TrainedNetwork load_trained(const TrainedOptions& options, Ranks* ranks = nullptr);

/// One split, and how its batches are built.
struct SplitData {
  std::unique_ptr<data::Dataset> data;
  data::BatchSettings batches;
};

/// "train", "validation" or "test"; throws Failure (AD411) when the data have no such split, or it does not fit the model.
SplitData open_split(const TrainedNetwork& network, const std::string& name);

}  // namespace antidrome::cli
