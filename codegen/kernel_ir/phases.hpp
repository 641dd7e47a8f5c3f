// What happens in a trial, as statements without loops. Schedules (a worker per sample on a CPU, a block of threads per sample on a
// GPU) put loops, lists and barriers around them; what is computed, and what is remembered for the way back, is decided here.
#pragma once
#include "codegen/kernel_ir/lowering.hpp"

namespace antidrome::kernel {

/// Forwards.
class ForwardPhases {
 public:
  explicit ForwardPhases(Lowering& l) : l_(l) {}

  std::vector<Node> initial(const CellPlan& p);                   ///< initial states; statements of blocks
  void place_states(const ir::Cell& c, Block& b, Column column);
  std::vector<Node> settle(const CellPlan& p);                    ///< the states that wait for the next step, stored
  void arrivals(CellPlan& p, Block& b);                           ///< states jump by the sums of arriving spikes, which all read the state before any
  void advance(CellPlan& p, Block& b);                            ///< flow, threshold, reset, step hooks
  std::vector<Node> spike(const CellPlan& p);                     ///< what a spike leaves on the tape, from the states of the step in which it was emitted
  /// What an arriving spike does at its source, before any row is summed. Where a unit may have several events in a step (a source),
  /// what they change is added in `later`, a loop of its own.
  struct AtSource { std::vector<Node> first, later; };
  AtSource at_source(const EdgePlan& p);
  std::vector<Node> coupling_factor(const ir::Edge& e, const ir::Gather& g);   ///< statements of blocks of the source
  /// accumulator += factor * row of the arriving unit
  Node row_sum(const ir::Edge& e, const ir::Gather& g, const std::string& accumulator);

 private:
  void tape_step(const CellPlan& p, Block& b, Stage stage);
  Place kept(const CellPlan& p, const std::string& symbol);       ///< where the value before a reset ("x") or at the start of the flow ("start_x") lies

  Lowering& l_;
};

/// Backwards. Adjoints on the right are those at the later side.
class BackwardPhases {
 public:
  explicit BackwardPhases(Lowering& l) : l_(l) {}

  std::vector<Node> initial(const CellPlan& p);                   ///< adjoints at the end of the trial
  std::vector<Node> after(const CellPlan& p);                     ///< step hooks
  /// The jump of a neuron's own adjoints at a spike; `passed_back` is what its arrivals said (undefined: nothing). Statements of
  /// `column`: a unit, or the lanes of a block that spiked.
  void jump(const CellPlan& p, ir::Expr passed_back, Block& b, Column column);
  bool listed_by_unit(const ir::Cell& c) const;                   ///< are its spikes looked up by unit later?
  std::vector<Node> own_dots(const ir::Cell& c);                  ///< row products of a spike with what its targets left: into "product"
  std::vector<Node> advance(const CellPlan& p);                   ///< flow; and, where no coupling comes between, arrivals
  std::vector<Node> arrivals(const CellPlan& p);                  ///< arrivals at a cell, after couplings
  std::vector<Node> couple(const EdgePlan& p);                    ///< what couplings pass back to their sources
  std::string coupling_dots(const ir::Gather& g) const;           ///< name of the row products that `couple` reads; empty: none
  std::vector<Node> coupling_factor(const ir::Edge& e, const ir::Gather& g);   ///< factors of this step, for the gradient of the weight
  /// Arrivals that touch the source's own states, or come from further back than one step; `later` as in the forward pass.
  struct AtSource { std::vector<Node> first, later; };
  AtSource at_source(const EdgePlan& p);
  std::vector<Node> start(const CellPlan& p);                     ///< initial states that depend on parameters
  std::vector<Node> parameter_sums();                             ///< reduce_gradient of everything that is not a matrix
  void plan_operands();                                           ///< operands that any row product reads, before the phases that write them
  bool events_by_unit(const EdgePlan& p) const;

 private:
  void place_adjoints(const ir::Cell& c, Block& b, Column column, Row row_of_history);
  void place_taped(const CellPlan& p, Block& b, Stage stage, Column column);
  void store_adjoint(const CellPlan& p, Block& b, const std::string& adjoint, const std::string& name, Column column);
  void add_gradients(const std::vector<ir::Update>& gradients, const std::string& cell, Block& b, Column column);
  void arrive_post(const CellPlan& p, Block& b);
  void store_changed(const CellPlan& p, Block& b, const std::map<std::string, std::string>* only);
  std::string operand(const ir::Edge& e, const std::string& name);
  bool passes_to_acc(const EdgePlan& p) const;

  Lowering& l_;
};

}  // namespace antidrome::kernel
