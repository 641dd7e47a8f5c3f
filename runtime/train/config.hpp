// The run configuration: a TOML file, overridden by `--set section.key=value`, checked in full before anything starts.
#pragma once
#include "codegen/diagnostics/diagnostics.hpp"
#include "runtime/data/dataset.hpp"
#include "runtime/session/manifest.hpp"

#include <map>
#include <string>
#include <vector>

namespace antidrome {

/// [model]: what is built and how. `file` may be a model file or the folder of a built simulator.
struct ModelConfig {
  std::string file;
  std::string backend = "openmp", mode = "grid", precision = "float";
  std::map<std::string, std::string> set;     ///< [model.set]: options of the model file, as text
};

/// [trial]
struct TrialConfig {
  double dt_ms = 1, length_ms = 1;
  std::uint32_t steps = 1;
};

/// [train]
struct TrainConfig {
  std::uint64_t epochs = 10, batch = 32, seed = 1;
  std::uint32_t threads = 0;                  ///< 0: all processors
  std::uint32_t chunks = 4;                   ///< partial sums of the gradient: the threads that its backward pass can use
  bool shuffle = true;
  std::string optimiser = "adam";             ///< adam, sgd
  double learning_rate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, momentum = 0;
  std::map<std::string, double> rates;        ///< [train.rates]: learning rate of single parameters
  double clip = 0;                            ///< largest norm of the whole gradient; 0: off
  std::string schedule = "constant";          ///< constant, decay, cosine
  double decay = 1;                           ///< factor per epoch
  double ease_in = 1, ease_in_start = 1e-3;   ///< the rate begins at start * rate and grows by this factor each batch
};

/// [output]
struct OutputConfig {
  bool plots = true;
  std::uint64_t checkpoint_batches = 0;       ///< a checkpoint also after so many batches; 0: after epochs only
  double checkpoint_seconds = 2;              ///< at least so long between the checkpoints after epochs
};

/// One entry of [params]: what replaces the manifest's initial value or bounds.
struct ParamOverride {
  bool has_init = false;
  Init init;
  std::optional<double> low, high;
  Location at;
};

struct RunConfig {
  ModelConfig model;
  TrialConfig trial;
  TrainConfig train;
  OutputConfig output;
  data::DatasetOptions data;
  std::map<std::string, ParamOverride> params;
  std::map<std::string, Location> rate_places;
  std::string file;                                ///< where it came from
  std::string resolved;                            ///< TOML text with every default and every path spelt out
  std::map<std::string, std::string> flat;         ///< the same as "train.epochs" -> "10", for comparisons
};

/// Reads and checks a configuration. `overrides` are "section.key=value". Throws Failure (exit 2) with all mistakes at once.
RunConfig load_config(const std::string& file, const std::vector<std::string>& overrides);

/// Replaces initial values and bounds in the manifest by those of [params]; checks the names in [params] and [train.rates].
void apply_overrides(const RunConfig& config, Manifest& manifest);

/// "$NAME" and "${NAME}" by the environment, "~/" by the home folder; throws Failure (AD410) for a variable that is not set.
std::string expand_path(const std::string& text, const Location& at);

}  // namespace antidrome
