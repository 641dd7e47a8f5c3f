#include "runtime/train/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace antidrome {

bool EmaSchedule::take(const TrainConfig& config, double value, std::uint64_t epoch) {
  if (!begun && value < 0) fast = slow = value;
  begun = true;
  fast = config.ema_fast * fast + (1 - config.ema_fast) * value;
  slow = config.ema_slow * slow + (1 - config.ema_slow) * value;
  if (epoch - last_cut <= config.ema_epochs || fast > slow) return false;
  cut *= config.ema_factor;
  last_cut = epoch;
  return true;
}

double rate_factor(const TrainConfig& config, const RatePlace& place) {
  double factor = 1;
  if (config.schedule == "decay") {
    factor = std::pow(config.decay, static_cast<double>(place.epoch / config.decay_epochs));
  } else if (config.schedule == "cosine") {
    const double done = (static_cast<double>(place.epoch) + static_cast<double>(place.batch) / static_cast<double>(place.batches)) / static_cast<double>(std::max<std::uint64_t>(config.epochs, 1));
    factor = (1 + std::cos(std::numbers::pi * std::min(done, 1.0))) / 2;
  } else if (config.schedule == "ema") {
    factor = place.cut;
  }
  if (config.ease_in > 1 && place.cut == 1) {  // in logarithms: the power of a late step would overflow
    const double log_ease = std::log(config.ease_in_start) + static_cast<double>(place.updates) * std::log(config.ease_in);
    if (log_ease < 0) factor *= std::exp(log_ease);
  }
  return factor;
}

bool lowers_before(const TrainConfig& config, std::uint64_t epoch) { return config.schedule == "decay" && config.decay < 1 && epoch > 0 && epoch % config.decay_epochs == 0; }

}  // namespace antidrome
