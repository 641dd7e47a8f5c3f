// What happens in a run, told to whoever listens: the progress line, the metrics files, the log.
#pragma once
#include "codegen/diagnostics/diagnostics.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace antidrome {

/// Input events of the samples.
struct EventCounts {
  std::uint64_t used = 0;                      ///< reached the network
  std::uint64_t late = 0;                      ///< came after the end of the trial
  std::uint64_t dropped = 0, cut = 0;          ///< left out by chance; moved out of range by augmentations
};

/// Sums over the samples of an epoch or of a data set; part of a checkpoint, so that an epoch can be continued.
struct Totals {
  std::uint64_t samples = 0, correct = 0;
  double loss = 0;
  std::uint64_t clamped = 0, missed = 0;       ///< status words of the simulator, summed
  std::uint64_t skipped = 0;                   ///< batches whose update was left out: not finite
  double norm = 0;                             ///< gradient norms of all updates
  std::uint64_t updates = 0;
  std::vector<std::uint64_t> spikes;           ///< per neuron
  std::vector<double> squared_norms;           ///< per parameter
  EventCounts events;                          ///< counted in training only

  double mean_loss() const { return samples == 0 ? 0 : loss / static_cast<double>(samples); }
  double accuracy() const { return samples == 0 ? 0 : static_cast<double>(correct) / static_cast<double>(samples); }
};

/// Spikes of the populations that fire.
struct Activity {
  double per_neuron = 0;                       ///< spikes per neuron and trial
  std::uint64_t neurons = 0, silent = 0;
};

struct RunStart {
  std::string folder, model;
  std::uint64_t epochs = 0, train_samples = 0, validation_samples = 0, test_samples = 0;
  std::uint64_t parameters = 0, workspace_bytes = 0;
  std::uint64_t first_epoch = 0;               ///< > 0 when resumed
  bool labelled = true;
};

struct BatchDone {
  std::uint64_t epoch = 0, epochs = 0, batch = 0, batches = 0;   ///< counted from 0: those before this one
  const Totals* totals = nullptr;
  Activity activity;
};

struct EpochDone {
  std::uint64_t epoch = 0, epochs = 0;         ///< counted from 1
  double learning_rate = 0;
  Totals train;
  std::optional<Totals> validation;
  Activity activity;
  std::uint64_t woken = 0;                     ///< silent neurons whose weights were changed for it
  double train_s = 0, evaluation_s = 0, waited_s = 0;
  std::array<double, 3> worker_s{};            ///< CPU seconds of all workers: forward, adjoint, gradient; training and evaluation
};

/// Of the samples of one class or group.
struct Share {
  std::string name;
  std::uint64_t samples = 0, correct = 0;
  double accuracy() const { return samples == 0 ? 0 : static_cast<double>(correct) / static_cast<double>(samples); }
};

/// Predictions by classes and groups (breakdown.hpp makes it).
struct Breakdown {
  std::vector<Share> classes, groups;          ///< groups without samples are left out
  std::vector<std::vector<std::uint64_t>> confusion;   ///< [true class][predicted class]; the last column: undecided
};

struct TestDone {
  Totals totals;
  std::string split = "test";
  std::optional<Breakdown> breakdown;          ///< where there are labels
};

class Listener {
 public:
  virtual ~Listener() = default;
  virtual void start(const RunStart&) {}
  virtual void batch(const BatchDone&) {}
  virtual void epoch(const EpochDone&) {}
  virtual void test(const TestDone&) {}
  virtual void warning(const Diagnostic&, std::uint64_t /*epoch, from 1*/) {}
  virtual void note(const std::string&) {}
};

}  // namespace antidrome
