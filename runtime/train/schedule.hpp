// How learning rates change in the course of a run.
#pragma once
#include "runtime/train/config.hpp"

namespace antidrome {

/// The schedule "ema": the rate is cut when the fast running average of the accuracy is no longer above the slow one.
/// With memory a, average := a average + (1 - a) value. Part of a checkpoint.
struct EmaSchedule {
  double fast = 0, slow = 0;        ///< both begin at 0, or at the first value where values are not positive (losses)
  double cut = 1;                   ///< product of all cuts
  std::uint64_t last_cut = 0;       ///< epoch of it
  bool begun = false;

  /// Takes in the value of epoch `epoch` (from 0), larger is better; says whether the rate is cut now:
  /// epoch - last_cut > ema_epochs and fast <= slow.
  bool take(const TrainConfig& config, double value, std::uint64_t epoch);
};

/// Where the factor of all learning rates is asked for.
struct RatePlace {
  std::uint64_t epoch = 0, batch = 0, batches = 1;
  std::uint64_t updates = 0;        ///< of the whole run, before this one
  double cut = 1;                   ///< of EmaSchedule
};

/// schedule times ease-in. Ease-in begins at ease_in_start and grows by ease_in with every update, up to 1; the first cut ends it.
double rate_factor(const TrainConfig& config, const RatePlace& place);

/// Whether the schedule lowers the rate between the epochs `epoch - 1` and `epoch`, for `restart_adam`; "ema" tells by take().
bool lowers_before(const TrainConfig& config, std::uint64_t epoch);

}  // namespace antidrome
