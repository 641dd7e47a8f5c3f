// The run configuration: a TOML file, overridden by `--set section.key=value`, checked in full before anything starts.
#pragma once
#include "codegen/diagnostics/diagnostics.hpp"
#include "runtime/data/augment.hpp"
#include "runtime/session/manifest.hpp"

#include <map>
#include <string>
#include <vector>

namespace antidrome {

/// [model]: what is built and how. `file` may be a model file or the folder of a built simulator.
struct ModelConfig {
  std::string file;
  std::string backend = "openmp", mode = "grid", precision = "float";
  std::string device = "gpu";                 ///< of the backend cuda: gpu, emulated, checked or interpreted
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
  std::uint64_t update_every = 1;             ///< batches whose gradients make one step of the optimiser
  std::string optimiser = "adam";             ///< adam, adamw, sgd
  double learning_rate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, momentum = 0;
  double weight_decay = 0;                    ///< adamw: share of a weight, times the rate, that each step takes away
  std::map<std::string, double> rates, weight_decays;   ///< [train.rates], [train.weight_decays]: of single parameters
  std::vector<std::string> freeze;            ///< parameters that keep their values
  double clip = 0;                            ///< largest norm of the whole gradient; 0: off
  std::string schedule = "constant";          ///< constant, decay, cosine, ema
  double decay = 1;                           ///< factor every decay_epochs epochs
  std::uint64_t decay_epochs = 1;
  bool restart_adam = false;                  ///< the step count of Adam begins again where `decay` or `ema` lowers the rate
  double ema_fast = 0.8, ema_slow = 0.95;     ///< memory of the two averages; 0: none, towards 1: longer
  double ema_factor = 0.5;                    ///< the rate times this when the fast average is no longer above the slow one
  std::uint64_t ema_epochs = 50;              ///< at least so many epochs between two cuts
  std::string ema_monitor = "auto";           ///< like monitor
  double ease_in = 1, ease_in_start = 1e-3;   ///< the rate begins at start * rate and grows by this factor each step
  /// What `best.h5` and `patience` look at: [training|validation]_[accuracy|loss], none; auto: validation where there is any, else
  /// training, and the accuracy where there are labels.
  std::string monitor = "auto";
  std::uint64_t patience = 0;                 ///< epochs without a better value of `monitor` after which training ends; 0: off
  std::map<std::string, double> lift_silent;  ///< [train.lift_silent]: by population or weight
  std::vector<std::string> redraw_silent;     ///< populations or weights
};

/// [output]
struct OutputConfig {
  bool plots = true;
  std::string report = "last";                ///< the checkpoint that the run is judged by in the end: last, best
  std::uint64_t checkpoint_batches = 0;       ///< a checkpoint also after so many batches; 0: after epochs only
  std::vector<std::uint64_t> keep_epochs;     ///< after these epochs (from 1) a checkpoint is kept under a name of its own
  double checkpoint_seconds = 2;              ///< at least so long between the checkpoints after epochs
};

/// [record]: what is recorded in the course of training. Nothing when `what` is empty.
struct RecordConfig {
  std::vector<std::string> what;                ///< "hidden.spikes", "hidden.v", "hidden", "all"
  std::map<std::string, Location> places;       ///< of these names
  std::string split = "training";               ///< training, validation
  std::vector<std::uint64_t> samples;           ///< indices in the split
  std::vector<std::uint64_t> batches;           ///< from 1: every sample of these batches of the epoch
  std::vector<std::uint64_t> epochs;            ///< from 1; empty: every epoch
};

/// One entry of [params]: what replaces the manifest's initial value or bounds.
struct ParamOverride {
  bool has_init = false;
  Init init;
  std::optional<double> low, high;
  Location at;
};

/// A name of the model that the configuration mentions outside [params], checked once the model is known.
struct Mention {
  enum class What { trained, weights };            ///< a trainable parameter; trainable weights, or the population that they lead to
  What what = What::trained;
  std::string section, name;                       ///< "train.rates", "hidden.tau_mem"
  Location at;
};

struct RunConfig {
  ModelConfig model;
  TrialConfig trial;
  TrainConfig train;
  OutputConfig output;
  RecordConfig record;
  data::DatasetOptions data;
  std::vector<data::AugmentStep> augment;
  std::map<std::string, ParamOverride> params;
  std::vector<Mention> mentions;                   ///< in [train]
  std::string file;                                ///< where it came from
  std::string resolved;                            ///< TOML text with every default and every path spelt out
  std::map<std::string, std::string> flat;         ///< the same as "train.epochs" -> "10", for comparisons
};

/// Reads and checks a configuration. `overrides` are "section.key=value". Throws Failure (exit 2) with all mistakes at once.
RunConfig load_config(const std::string& file, const std::vector<std::string>& overrides);

/// Replaces initial values and bounds in the manifest by those of [params]; checks every name that the configuration mentions.
void apply_overrides(const RunConfig& config, Manifest& manifest);

/// "$NAME" and "${NAME}" by the environment, "~/" by the home folder; throws Failure (AD410) for a variable that is not set.
std::string expand_path(const std::string& text, const Location& at);

}  // namespace antidrome
