// A Program made ready to run: every name has an address, every list of updates is a tape.
#pragma once
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "backends/reference/interpreter.hpp"

namespace antidrome::reference {

/// One value for each state of each neuron of each cell: cell after cell, state after state, neuron after neuron.
using Values = std::vector<double>;

/// Where the value of a symbol is found.
struct Address {
  enum class Kind { state, start, adjoint, parameter, gather, gather_adjoint, gather_kappa, dot_adjoint, dot_kappa, nu_post,
                    acc, slope, gradient, uniform, normal, time, dt, trial, training, h };
  Kind kind = Kind::time;
  std::size_t index = 0;        ///< of neuron 0 in Values (state, start, adjoint) or gathers; parameter; gather's number (dots); site of a draw
  bool per_neuron = true;       ///< parameter and gradient: false when shared
};

/// What a map has worked out in this trial. Shared parameters and settings do not change in it: what depends on them (and on the length of a
/// segment) alone is worked out once.
struct Memo {
  std::vector<double> in, scratch;
  bool known = false;
  double h = 0;
};

/// What an expression can see: one neuron of one cell (for an edge: of the side that the expression belongs to).
struct Frame {
  std::size_t neuron = 0;
  const Values* x = nullptr;
  const Values* start = nullptr;                   ///< grid: the state at the start of the step, after arrivals
  const Values* lambda = nullptr;
  const Parameters* parameters = nullptr;
  const std::vector<double>* gathers = nullptr;    ///< sums of all gathers, per target
  const std::vector<double>* dot_adjoint = nullptr;///< per gather: sum_j W_ij lambda_G_j of one source neuron
  const std::vector<double>* dot_kappa = nullptr;
  double nu_post = 0, acc = 0, slope = 0;
  double time = 0, h = 0, dt = 0, trial = 0, training = 0;
  std::uint64_t seed = 0;                          ///< with the following: keys of a draw
  std::uint32_t epoch = 0, sample = 0, step = 0;
  std::vector<Memo>* memos = nullptr;              ///< of each map, in this trial
};

double read(const Address&, const Frame&);

/// A list of updates: reads a frame, gives one value per target.
class Map {
 public:
  Map() = default;
  Map(const std::vector<ir::Update>&, Model&);
  Map(ir::Expr, Model&);                      ///< a single value without target; empty when undefined

  bool empty() const { return !tape_; }
  const std::vector<Address>& targets() const { return targets_; }
  const std::vector<double>& operator()(const Frame&) const;   ///< valid until the next call in this thread
  double value(const Frame& f) const { return (*this)(f)[0]; }

 private:
  void compile(const std::vector<ir::Expr>&, Model&);
  std::optional<ir::Tape> tape_;
  std::vector<Address> inputs_, targets_;
  std::vector<std::size_t> changing_;               ///< inputs that differ between neurons or steps
  bool reads_h_ = false;
  std::size_t number_ = 0;                          ///< among all maps of the model
};

struct CellMaps {
  std::size_t size = 0, states = 0, offset = 0;     ///< offset: of its first state in Values
  Map threshold, jump, after, advance, initial;     ///< initial: targets are all states
  Map back_after, back_after_gradient, back_jump, back_jump_gradient, back_jump_caused, back_jump_caused_gradient, back_advance,
      back_advance_gradient, back_start_gradient, slope, cause;
};

struct GatherMaps {
  std::size_t number = 0;                           ///< among all gathers of the Program
  std::size_t offset = 0;                           ///< of target 0 in the vector of sums
  std::optional<std::size_t> weight;                ///< parameter
  bool continuous = false;
  Map factor;
};

struct EdgeMaps {
  std::size_t pre = 0, post = 0;                    ///< cells
  std::optional<std::size_t> delay;                 ///< parameter
  bool scattered = false, delay_trained = false;
  std::vector<GatherMaps> gathers;
  Map arrive_pre, arrive_post, back_operands, back_nu_post, back_arrive_post, back_arrive_post_gradient, back_arrive_pre,
      back_arrive_pre_gradient, back_acc, back_couple_pre, back_couple_pre_gradient;
};

class Model {
 public:
  explicit Model(ir::Program);

  const ir::Program program;
  std::vector<CellMaps> cells;
  std::vector<EdgeMaps> edges;
  std::size_t values = 0, gather_sums = 0, gathers = 0, map_count = 0;

  const Address& address(const std::string& name) const;       ///< throws std::out_of_range
  bool connected(const ir::Edge&, std::size_t i, std::size_t j) const;
  double weight(const GatherMaps&, const Parameters&, std::size_t i, std::size_t j) const;
  std::size_t weight_index(std::size_t parameter, std::size_t i, std::size_t j) const;
  /// The part of a synapse's delay that is a parameter, ms.
  double delay_ms(std::size_t edge, const Parameters&, std::size_t i, std::size_t j) const;

 private:
  void place_cells();
  void place_edges();
  void place_parameters();
  void compile_cells();
  void compile_edges();
  std::size_t cell_index(const std::string& name) const;
  std::unordered_map<std::string, Address> addresses_;
};

}  // namespace antidrome::reference
