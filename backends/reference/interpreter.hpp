// The judge of all backends: a Program interpreted in double, one sample at a time, in the order that the comments of
// codegen/ir/program.hpp state. Slow and obvious: every state is kept at every step and event.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "codegen/ir/program.hpp"

namespace antidrome::reference {

class Model;

/// What one source emits in one sample, sorted by time. `step` may be left empty: then it is floor(time / dt) (grid mode).
struct Events {
  std::vector<double> time_ms;
  std::vector<std::uint32_t> unit;
  std::vector<std::uint32_t> step;
};

struct Sample {
  std::vector<Events> sources;      ///< one per source cell, in the Program's order
  int label = -1;                   ///< -1: none; labelled losses then count nothing
  std::uint64_t index = 0;          ///< in its data set: a key of its draws
};

struct Settings {
  double dt_ms = 1;
  int steps = 0;                    ///< the trial lasts steps * dt
  bool training = false;            ///< what training() answers
  bool backward = true;
  bool traces = false, adjoints = false;   ///< adjoints: grid mode only
  std::uint64_t seed = 1, epoch = 0;   ///< keys of the draws
};

/// Per parameter, in the Program's order: rows x cols numbers without padding.
using Parameters = std::vector<std::vector<double>>;

struct Spike {
  std::uint32_t unit = 0;
  std::uint32_t step = 0;           ///< iteration in which it was emitted
  double time_ms = 0;
};

/// Where a value stopped being finite, or (no_state) a neuron fired without end at one instant.
struct NotFinite {
  static constexpr std::size_t no_state = static_cast<std::size_t>(-1);
  bool seen = false, backward = false;
  std::size_t cell = 0, neuron = 0, state = 0;   ///< indices into the Program; state: into the cell's states
  std::uint32_t step = 0;
};

struct Result {
  double loss = 0;
  std::vector<double> scores;                    ///< of the first loss's readout; empty when it has no score
  int prediction = -1;                           ///< label for which the first labelled loss is smallest; -1 on a tie or without one
  std::vector<std::vector<Spike>> spikes;        ///< per cell of the Program; of sources none
  Parameters gradients;                          ///< per parameter; empty where not trainable, or without a backward pass
  std::vector<std::vector<double>> traces;       ///< per state of each cell, flattened: [steps][neurons], after reset and step hooks
  std::vector<std::vector<double>> adjoints;     ///< likewise: dL/d(state at the beginning of each step, before its arrivals)
  std::uint32_t clamped = 0;                     ///< spikes whose threshold slope the grazing policy clamped
  std::uint32_t ties = 0;                        ///< exact mode: crossings at one instant, ordered by cell and neuron
  std::uint32_t events = 0;                      ///< exact mode: segments between events
  NotFinite not_finite;
  double forward_s = 0, backward_s = 0;          ///< wall clock
};

class Interpreter {
 public:
  explicit Interpreter(ir::Program program);
  ~Interpreter();
  Interpreter(Interpreter&&) noexcept;
  Interpreter& operator=(Interpreter&&) noexcept;

  const ir::Program& program() const;
  /// Const and without shared state: may be called from several threads.
  Result run(const Sample&, const Parameters&, const Settings&) const;
  /// A batch: all forward passes, the means over the batch that losses read, then the losses and backward pass of each sample.
  std::vector<Result> run(const std::vector<Sample>&, const Parameters&, const Settings&) const;

 private:
  std::unique_ptr<const Model> model_;
};

}  // namespace antidrome::reference
