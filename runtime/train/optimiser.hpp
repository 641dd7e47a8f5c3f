// Optimisers, chosen by name. A step is element-wise, so it is the same bits for any number of threads.
#pragma once
#include "runtime/session/parameters.hpp"
#include "runtime/train/config.hpp"

#include <span>

namespace antidrome {

/// One step of training: what every optimiser needs to know.
struct StepInput {
  double gradient_scale = 1;          ///< 1 / batch (the simulator hands out sums), times the clipping factor
  double rate_factor = 1;             ///< of the schedule
  std::uint32_t threads = 1;
};

class Optimiser {
 public:
  Optimiser(const TrainConfig& config, const Manifest& manifest);
  virtual ~Optimiser() = default;
  /// parameters := clamp(parameters - step(gradients)). Padding is not touched.
  virtual void step(Arrays& parameters, const Arrays& gradients, const StepInput& input) = 0;
  /// Named running averages, for checkpoints.
  virtual std::vector<std::pair<std::string, Arrays*>> moments() = 0;
  /// The same without names, for Session::keep_moments.
  std::vector<Arrays*> kept();
  /// The next step in the words of the ABI: what step() computes with, or a simulator that holds the parameters. Valid until the next call; its norms
  /// are squared_norms().
  antidrome_update& next_step(double rate_factor, std::uint64_t samples);
  const std::vector<double>& squared_norms() const { return squared_norms_; }
  /// A simulator has taken that step.
  void took_step() { ++steps_; }
  std::uint64_t steps() const { return steps_; }
  void set_steps(std::uint64_t steps) { steps_ = steps; }

 protected:
  TrainConfig config_;
  std::uint64_t steps_ = 0;

 private:
  std::vector<double> rates_, decays_;          ///< per parameter
  std::vector<antidrome_move> moves_;
  std::vector<double> squared_norms_;
  antidrome_update update_{};
};

/// "adam" (Kingma & Ba 2015, algorithm 1); "adamw", whose weights also shrink by rate * weight_decay * w (Loshchilov & Hutter 2019,
/// algorithm 2, with the rate as their alpha eta_t); or "sgd" with momentum (velocity := momentum velocity + gradient).
std::unique_ptr<Optimiser> make_optimiser(const TrainConfig& config, const Manifest& manifest, const Simulator& simulator);

/// Squared norm of each parameter's gradient, in double, summed in a fixed order (row by row); 0 for those not trained.
std::vector<double> squared_norms(const Arrays& gradients, std::uint32_t threads);

/// Projects every trainable parameter on its bounds: what the optimiser does after a step, once before training.
void clamp_to_bounds(Arrays& parameters, const Manifest& manifest);

}  // namespace antidrome
