// Two simulators of one model, the same events, the same parameters: do they agree?
#pragma once
#include "runtime/session/session.hpp"

#include <string>
#include <vector>

namespace antidrome {

struct ParityOptions {
  double dt_ms = 0.5;
  std::uint32_t steps = 100, batch = 8, threads = 1;
  double events_per_unit = 2;          ///< expected input events of a unit in a trial
  std::uint64_t seed = 1;
};

struct ParityReport {
  struct Row {
    std::string name;                  ///< of a parameter
    double largest = 0;                ///< |gradient| of the first
    double difference = 0;             ///< largest |first - second|
    bool agrees = true;
  };
  std::uint64_t spikes_first = 0, spikes_second = 0, spike_counts_differ = 0;
  double loss_difference = 0;          ///< largest, relative to the largest loss
  std::vector<Row> gradients;
  double tolerance = 0;                ///< on difference / largest
  bool agrees = true;
};

/// Runs random events through both and compares spike counts (exactly), losses and gradients (to rounding).
ParityReport compare_backends(const Manifest& first, const Manifest& second, const ParityOptions& options);

}  // namespace antidrome
