// A session: one simulator with its parameters, gradients and workspace. Runs batches; enlarges the tape when it was too small.
#pragma once
#include "runtime/ranks/ranks.hpp"
#include "runtime/session/parameters.hpp"

#include <functional>
#include <span>

namespace antidrome {

struct SessionOptions {
  double dt_ms = 1;
  std::uint32_t steps = 1;
  std::uint32_t threads = 1;
  std::uint32_t chunks = 4;                ///< partial sums of the gradient, added in a fixed order
  std::uint64_t seed = 1;
  std::uint32_t spike_capacity = 0;        ///< 0: estimated from the number of neurons
  std::uint64_t memory_limit = 0;          ///< bytes of workspace that are too many; 0: three quarters of this machine
  Ranks* ranks = nullptr;                  ///< who shares the batches; must outlive the session. Null: this process has them whole
};

/// What one batch is run for.
struct Pass {
  std::uint64_t epoch = 0;
  bool training = false;                   ///< what training() answers in the model
  bool backward = false;                   ///< gradients too
  const antidrome_record* record = nullptr;
  std::uint32_t whole = 0;                 ///< samples of the batch, of which this rank runs its share; 0: it runs the batch alone
  std::span<std::uint64_t> sums = {};      ///< numbers of this rank, replaced by their sums over those that share the batch
  std::uint64_t number = 0;                ///< of the samples: the same number, the same content; 0: not told
  const antidrome_next* next = nullptr;    ///< samples of the batch that follows, if they are known
  antidrome_update* update = nullptr;      ///< a step of the parameters that the simulator holds; gradients stay there then
};

/// What a batch produced, on every rank the whole of it; valid until the next one.
struct BatchResult {
  std::size_t samples = 0;
  std::vector<std::uint64_t> index;        ///< of each sample in its data set
  std::vector<std::int32_t> label;
  std::vector<double> loss, scores;
  std::vector<std::int32_t> prediction;
  std::vector<std::uint32_t> spike_counts; ///< [sample][neurons of all populations]
  std::vector<antidrome_status> status;
  int code = 0;                            ///< ANTIDROME_OK or the non-finite code
};

class Session {
 public:
  /// Called when the tape was too small and the batch runs again: old and new spike capacity.
  using OverflowReport = std::function<void(std::uint32_t, std::uint32_t)>;

  Session(const Manifest& manifest, SessionOptions options);

  const Manifest& manifest() const { return manifest_; }
  const Simulator& simulator() const { return simulator_; }
  const SessionOptions& options() const { return options_; }
  /// The host's copy, brought up to date; through the first one it may be changed, until the next batch.
  Arrays& parameters() {
    to_host();
    newer_ = Newer::host;
    return parameters_;
  }
  const Arrays& parameters() const {
    to_host();
    return parameters_;
  }
  const Arrays& gradients() const { return gradients_; }      ///< of the last batch that had no update
  /// What an optimiser keeps beside the parameters (one or two arrays): it goes where they go, and parameters() brings it up to date with them.
  /// None: what a simulator has of it is given up.
  void keep_moments(std::vector<Arrays*> moments) { moments_ = std::move(moments); }
  std::uint32_t spike_capacity() const { return options_.spike_capacity; }
  void set_spike_capacity(std::uint32_t capacity) { options_.spike_capacity = capacity; }
  void on_overflow(OverflowReport report) { on_overflow_ = std::move(report); }
  std::uint64_t workspace_bytes() const { return workspace_.size(); }
  const double* times_s() const { return times_s_; }          ///< CPU seconds: forward, adjoint, gradient

  /// Runs the samples; on a tape overflow the capacity is doubled and the batch runs again, so the result never depends on it.
  /// With `pass.whole` the samples are this rank's share (share_of) of a batch, and all ranks call this together.
  const BatchResult& run(std::span<const antidrome_sample> samples, const Pass& pass);
  /// All ranks go on with the parameters that rank 0 has.
  void take_parameters_of_first();
  Ranks& ranks() const { return *ranks_; }
  /// This rank's part of a batch of so many samples: [first, last).
  std::pair<std::size_t, std::size_t> part_of(std::size_t samples) const;

  /// The settings of a call, as `plan` shows them.
  antidrome_settings settings(std::uint32_t batch, const Pass& pass) const;

 private:
  enum class Newer { host, simulator, neither };
  antidrome_state state() const;
  void to_host() const;
  void to_simulator() const;
  void prepare(std::span<const antidrome_sample> samples);
  void run_once(std::span<const antidrome_sample> samples, const Pass& pass, const antidrome_settings& settings);
  std::uint32_t most_events(std::span<const antidrome_sample> samples, const Pass& pass);
  void reserve_workspace(const antidrome_settings& settings);
  void enlarge();

  Manifest manifest_;
  SessionOptions options_;
  OneRank alone_;
  Ranks* ranks_;
  Simulator simulator_;
  Arrays parameters_, gradients_;
  std::vector<Arrays*> moments_;
  mutable Newer newer_ = Newer::host;       ///< which copy of the parameters is, where the simulator holds one
  AlignedBytes workspace_;
  BatchResult result_;
  OverflowReport on_overflow_;
  std::uint32_t event_capacity_ = 0;
  double times_s_[3] = {0, 0, 0};
};

/// Worker threads to use when none is asked for: the processors this process may run on.
std::uint32_t default_threads();

}  // namespace antidrome
