// The training loop: batches in, updates out, everything it does told to listeners, everything it is saved in checkpoints.
#pragma once
#include "runtime/data/batch.hpp"
#include "runtime/session/session.hpp"
#include "runtime/train/breakdown.hpp"
#include "runtime/train/checkpoint.hpp"
#include "runtime/train/config.hpp"
#include "runtime/train/events.hpp"
#include "runtime/train/gradient_sum.hpp"
#include "runtime/train/optimiser.hpp"
#include "runtime/train/run_recorder.hpp"
#include "runtime/train/schedule.hpp"

#include <chrono>
#include <csignal>

namespace antidrome {

/// The splits of a run; validation and test may be absent.
struct Splits {
  std::unique_ptr<data::Dataset> train, validation, test;
  std::vector<data::AugmentStep> augment;      ///< that of the configuration, with what it needs to know of the training set
};

/// How batches of the splits are built; augmentations and dropout act in training only (but for normalise_spike_number).
data::BatchSettings batch_settings(const RunConfig& config, const Splits& splits);

/// Opens the splits that the configuration names and checks them against the model (AD411).
Splits open_splits(const RunConfig& config, const Manifest& manifest);

/// Adds one batch to the sums.
void account(Totals& totals, const BatchResult& result, std::uint32_t neurons);

/// Spikes of the populations that fire, out of per-neuron sums over `totals.samples` trials.
Activity activity_of(const Totals& totals, const Manifest& manifest);

/// Runs a data set forward, in its own order, by all ranks of the session together; `predictions`, when given, receives one entry per sample.
Totals evaluate(Session& session, const data::Dataset& data, const data::BatchSettings& batches, std::uint64_t batch, std::vector<Prediction>* predictions = nullptr);

/// "state 'v' of neuron 12 of population 'hidden' is not finite at step 17 (8.5 ms), sample 94": where a status word points.
std::string describe(const antidrome_status& status, const Manifest& manifest, double dt_ms, std::uint64_t sample);

class Trainer {
 public:
  enum class Outcome { finished, interrupted };
  struct Options {
    std::filesystem::path checkpoints;       ///< folder; empty: none are written
    bool strict = false;                     ///< warnings are errors
  };

  Trainer(Session& session, const RunConfig& config, const Splits& splits, Options options);
  ~Trainer() { session_.keep_moments({}); }
  Trainer(const Trainer&) = delete;

  /// Where checkpoints go from now on; of several ranks the first says so.
  void save_to(std::filesystem::path folder) { options_.checkpoints = std::move(folder); }
  /// Where what [record] asks for goes.
  void record_to(const std::filesystem::path& folder) {
    if (recorder_) recorder_->write_to(folder);
  }
  void listen(Listener& listener) { listeners_.push_back(&listener); }
  /// Continues from a checkpoint; throws Failure (AD604) that lists what differs when it is of another model or configuration.
  void resume(const Checkpoint& checkpoint);
  /// Trains to the end, or until `interrupted` is set: then a checkpoint is written first.
  Outcome run();
  std::uint64_t epoch() const { return position_.epoch; }

 private:
  /// Where a run stands: with the parameters and moments, everything that the rest of it depends on.
  struct Position {
    std::uint64_t epoch = 0, batch = 0;      ///< next to be trained
    std::uint64_t updates = 0;               ///< steps of the optimiser (its own count may begin again)
    double best = -1;                        ///< best value of the monitor so far, larger is better
    std::uint64_t best_epoch = 0;
    EmaSchedule ema;
    Totals totals;                           ///< of the epoch so far
  };

  bool train_epoch();
  std::vector<std::size_t> order_of_epoch() const;
  void train_batch(const data::EventBatch& batch, std::span<const std::size_t> indices, std::uint64_t batches);
  void update(const BatchResult& result, std::uint64_t batches);
  void take_step(const Arrays& gradients, std::uint64_t samples, std::uint64_t batches);
  bool simulator_updates() const;            ///< and not this process's optimiser
  double factor_of_rates(std::uint64_t batches) const;
  double norm_of(std::span<const double> squares, std::uint64_t samples) const;
  void count_step(std::span<const double> squares, std::uint64_t samples, double factor);
  void note_update(const BatchResult& result, const antidrome_update& update, double factor);
  void skip_step(const BatchResult& result);
  void finish_epoch(double train_s);
  double watched(const std::string& monitor, const EpochDone& done) const;
  void note_best(const EpochDone& done);
  void change_rate(const EpochDone& done);
  bool out_of_patience() const;
  Checkpoint snapshot();
  void save(bool force);
  void warn(const std::string& code, const std::string& message, const std::string& remedy);
  void warn_silence(const EpochDone& done);
  void tell_nonfinite(const BatchResult& result);
  void tell_late(const EventCounts& events);

  Session& session_;
  const RunConfig& config_;
  const Splits& splits_;
  Options options_;
  std::unique_ptr<Optimiser> optimiser_;
  std::optional<GradientSum> pending_;       ///< with update_every > 1
  data::BatchQueue queue_;
  std::optional<RunRecorder> recorder_;
  std::vector<Listener*> listeners_;
  Position position_;
  std::optional<Checkpoint> best_;           ///< not on disk yet
  std::vector<std::string> warned_;          ///< codes already told in this epoch
  std::chrono::steady_clock::time_point saved_ = std::chrono::steady_clock::now();
  double last_rate_ = 0, waited_before_ = 0;
  std::array<double, 3> worked_before_{};
  bool late_told_ = false, told_to_stop_ = false;   ///< any rank was, as all of them agree
  std::optional<std::uint64_t> lanes_before_;   ///< of the simulator that made the checkpoint
};

/// Puts the parameters of a checkpoint into a session; throws Failure (AD604) when names, shapes or fingerprint differ.
void restore_parameters(const Checkpoint& checkpoint, Session& session);

/// Whether the parameters of all ranks are the same bits; throws Failure (AD464) where they are not.
void check_same_parameters(const Session& session);

/// Set by the command line's handler of SIGINT and SIGTERM, read after every batch.
extern volatile std::sig_atomic_t interrupted;

}  // namespace antidrome
