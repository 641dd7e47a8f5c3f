// Augmentations: random changes of training samples, made while batches are read, in the order of the configuration.
//
// Every random number is a function of (seed, epoch, sample, position in the list): neither the order of the samples nor the batch
// nor the thread matters, and a resumed run draws the same.
#pragma once
#include "runtime/data/dataset.hpp"

#include <cstdint>
#include <vector>

namespace antidrome::data {

/// One entry of [[augment]]. Events that a step moves out of the units of their source or out of the trial [0, T) are lost.
struct AugmentStep {
  enum class Kind {
    random_shift,            ///< unit += s, with one s = trunc(U(-a, a)) for the sample
    random_dilate,           ///< time *= f, with one f = exp(U(ln a, ln b))
    id_jitter,               ///< unit += round(a N(0, 1)) for every event
    jitter_time,             ///< time += a N(0, 1) ms for every event
    drop_events,             ///< every event is left out with probability a
    noise_rate,              ///< adds events of a Poisson process of a Hz in every unit
    blend,                   ///< a mixture of samples of one class: see below
    normalise_spike_number   ///< every event is kept with probability min(1, a / own number of events); in evaluation too
  };
  Kind kind = Kind::random_shift;
  double a = 0, b = 0;             ///< normalise_spike_number: a = 0 stands for the fewest events of a training sample
  // blend: as many samples of the class as there are probabilities are drawn, with replacement; each is moved so that its mean unit
  // and mean time fall on the mean of these means (by whole units and whole milliseconds, truncated); of each, every event is kept
  // with its probability.
  std::vector<double> keep;        ///< these probabilities
  double share = 0;                ///< of the samples that are replaced by a blend of their class
  double extra = 0;                ///< blends that an epoch has beside the samples, as a multiple of their number
  bool same_group = false;         ///< draws from the sample's own group only
};

/// What happened to the events of a batch.
struct AugmentCounts {
  std::uint64_t late = 0;          ///< at or after the end of the trial before anything was changed
  std::uint64_t cut = 0;           ///< moved out of range
  std::uint64_t dropped = 0;       ///< left out by chance
  std::uint64_t added = 0;         ///< noise
};

/// Samples of an epoch: those of the data set and the extra blends, which have the indices behind them.
std::size_t epoch_size(const Dataset& data, const std::vector<AugmentStep>& steps);

/// Replaces the number 0 of normalise_spike_number by the fewest events before `trial_ms` that a sample of the training set has
/// (samples without any are not counted). Reads the whole set where there is something to replace.
void find_fewest(std::vector<AugmentStep>& steps, const Dataset& training, double trial_ms);

/// Reads samples through augmentations. One object per thread.
class Augmenter {
 public:
  /// The data set must outlive it. With blend, labels (and groups) of all samples are read here.
  Augmenter(const Dataset& data, std::vector<AugmentStep> steps, double trial_ms, std::uint64_t seed);
  /// Sample `index` of [0, epoch_size()) in epoch `epoch`; sorted like a sample of a data set. When not `training`, only
  /// normalise_spike_number acts.
  void read(std::size_t index, std::uint64_t epoch, bool training, EventSample& into, AugmentCounts& counts);

 private:
  using Members = std::vector<std::uint32_t>;
  void make(std::size_t steps, std::size_t index, EventSample& into);
  void apply(std::size_t step, std::size_t index, EventSample& into);
  bool blends(std::size_t step, std::size_t index) const;
  void blend(std::size_t step, std::size_t index, EventSample& into);
  const Members& members(const AugmentStep& step, const SampleInfo& info) const;

  const Dataset& data_;
  std::vector<AugmentStep> steps_;
  double trial_ms_;
  std::uint64_t seed_, epoch_ = 0;
  bool training_ = false;
  AugmentCounts* counts_ = nullptr;
  std::map<std::pair<std::int32_t, std::int32_t>, Members> members_;   // by class, and by group where blend asks for it
};

}  // namespace antidrome::data
