// Gradients of several batches, added up until the optimiser takes its step.
#pragma once
#include "runtime/session/parameters.hpp"

namespace antidrome {

class GradientSum {
 public:
  GradientSum(const Manifest& manifest, const Simulator& simulator) : sum_(manifest, simulator, true) {}

  /// Element by element, so it is the same bits for any number of threads.
  void add(const Arrays& gradients, std::uint64_t samples);
  void clear();
  const Arrays& sum() const { return sum_; }
  Arrays& sum() { return sum_; }
  std::uint64_t batches = 0, samples = 0;     ///< in the sum

 private:
  Arrays sum_;
};

}  // namespace antidrome
