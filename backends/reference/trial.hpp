// One sample on its way forwards: the operations that both time modes are made of, each of which leaves a record behind.
#pragma once
#include <map>

#include <optional>

#include "backends/reference/model.hpp"

namespace antidrome::reference {

constexpr int from_data = -1;       ///< instead of a spike's number: an event of a source
constexpr int by_threshold = -2;    ///< instead of a cause: the neuron crossed its threshold

constexpr std::size_t all_targets = static_cast<std::size_t>(-1);

struct Arrived {
  std::size_t edge = 0, unit = 0;
  int spike = from_data;
  std::size_t target = all_targets;   ///< one of them, where the synapses of the edge have delays of their own
};

struct Fired {
  std::size_t cell = 0, neuron = 0;
  int spike = 0;
  int cause = by_threshold;
  std::optional<Arrived> by = {};     ///< the delayed arrival that made it fire
};

/// One operation, and the state before it. The backward pass undoes the records in reverse order.
struct Record {
  enum class Kind { arrive, advance, jump, after, step_loss };
  Kind kind = Kind::advance;
  double time = 0, h = 0;
  std::uint32_t step = 0;
  Values before;
  Values start;                     ///< jump, grid mode: the state at the start of this step's advance
  std::vector<double> gathers;      ///< arrive: sums of what arrived; these and the others: of the couplings that the flow sees
  std::vector<Arrived> arrived;
  std::vector<Fired> fired;
};

/// Per batch mean (a node of a loss): its value at top level, then of each element.
using BatchMeans = std::map<ir::Expr, std::vector<double>>;

class Trial {
 public:
  Trial(const Model&, const Sample&, const Parameters&, const Settings&, Result&);

  void arrive(double time, std::vector<Arrived>);          ///< all at once: every read sees the state before any of them
  Values advanced(double time, double h);                  ///< the state h later; the sums it was made with stay in `sums`
  void advance(double time, double h, Values next);        ///< next: what advanced() has just given
  void jump(double time, std::vector<Fired>, Values start);
  void after(double time);
  void step_loss(double time);
  void trace();

  double threshold(const Values&, double time, std::size_t cell, std::size_t neuron) const;
  Frame frame(const Values&, double time, std::size_t neuron) const;
  /// The synapses (i, j) that an arrival passes: [first, last) of the targets.
  std::pair<std::size_t, std::size_t> targets_of(const Arrived&) const;
  int new_spike(std::size_t cell, std::size_t neuron, double time);
  double end() const { return settings.dt_ms * settings.steps; }

  const Model& model;
  const Sample& sample;
  const Parameters& parameters;
  const Settings& settings;
  Result& result;
  Values x;                          ///< the state now
  std::vector<double> sums;          ///< of all gathers
  std::vector<Record> records;
  const BatchMeans* means = nullptr; ///< known once all samples have come to their end
  std::uint32_t step = 0;
  int spikes = 0;                    ///< numbered in order of emission, over all cells

 private:
  Record& record(Record::Kind, double time, double h);
  void sum_couplings(const Values&, double time);
  void check_finite();
  mutable std::vector<Memo> memos_;
};

void run_grid(Trial&);
void run_exact(Trial&);
void run_backward(Trial&);

// ---- losses (losses.cpp)
double loss_value(const Trial&, const ir::ProgramLoss&, const Values&, double time, int label);
void add_loss_seeds(const Trial&, const ir::ProgramLoss&, const Values&, double time, double weight, Values& lambda, Parameters& gradients);
void finish_losses(Trial&);         ///< terminal losses, scores and prediction
BatchMeans batch_means(const std::vector<const Trial*>&);   ///< over these samples

}  // namespace antidrome::reference
