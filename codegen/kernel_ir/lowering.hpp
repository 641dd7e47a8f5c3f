// What the lowering of one Program knows; shared by the files of this folder, seen by nobody else.
#pragma once
#include <map>
#include <set>
#include <tuple>

#include "codegen/ir/names.hpp"
#include "codegen/kernel_ir/block.hpp"

namespace antidrome::kernel {

/// When a state is put on the tape, within the step.
enum class Stage { before_arrivals, start, before_after };

/// Sums over arriving spikes that enter the states of a cell in the same way share one accumulator.
struct Accumulator {
  std::string name;                             ///< "hidden_sum0"
  std::map<std::string, ir::Expr> effect;       ///< state -> d(state)/d(sum)
  std::vector<std::pair<const ir::Edge*, const ir::Gather*>> ahead, stepped;
  std::vector<std::pair<const ir::Edge*, const ir::Gather*>> scattered;   ///< synapses with delays of their own
  std::string gather;                           ///< set when the backward pass reads this sum by itself
};

struct CellPlan {
  const ir::Cell* cell = nullptr;
  std::vector<Accumulator> sums;
  bool rides = false;                           ///< summed, in part, in the spike loop of another cell
  std::set<std::string> spike_tape;             ///< symbols (x or start_x) that the backward jump reads
  std::map<Stage, std::set<std::string>> step_tape;   ///< states that the backward step reads
  std::set<std::string> coupled_tape;           ///< continuous sums that it reads
  std::map<std::string, std::string> history_of_state;   ///< adjoint -> history whose rows are that adjoint
  /// States that are not stored at the end of a step: their values there, from what is stored for the tape ("minus_x", "start_x") and "fired_before".
  std::map<std::string, ir::Expr> lazy;
  bool needs_acc = false;                       ///< some arrivals add to acc of the sending spike outside the spike's own step
};

struct EdgePlan {
  const ir::Edge* edge = nullptr;
  bool by_spike = false;                        ///< factors or source states are computed per arriving spike
  bool has_events = false, has_coupling = false;
  bool scattered = false;                       ///< its synapses have delays of their own
  bool delay_trained = false;                   ///< ... that are learned
  bool simple = false;                          ///< backwards: acc is the plain row product with kappa, one step later
  std::set<std::string> pre_tape;               ///< source states before the arrival that the backward pass reads, per spike
};

class Lowering {
 public:
  Lowering(const ir::Program& p, const LowerOptions& o, KernelModule& m, Diagnostics& d) : program(p), options(o), module(m), diagnostics(d), constants(p, m) {}

  const ir::Program& program;
  const LowerOptions& options;
  KernelModule& module;
  Diagnostics& diagnostics;
  Constants constants;
  std::vector<CellPlan> cells;
  std::vector<EdgePlan> edges;
  std::map<std::pair<std::string, ir::Expr>, std::string> operands, histories, arrival_histories;   ///< (post cell, value) -> buffer
  std::map<std::tuple<std::string, ir::Expr, ir::Expr>, std::string> arrival_pairs;   ///< (post cell, value, value beside it) -> buffer: of synapses whose weights and delays are both learned
  std::map<ir::Expr, std::string> batch_means;  ///< batch_mean node -> name
  std::set<std::string> seeded;                 ///< seed buffers that some loss writes: the next one adds
  bool coupled = false;                         ///< some edge is continuous: arrivals and neurons are separate phases

  CellPlan& plan(const std::string& cell);
  EdgePlan& plan_of(const ir::Edge& edge);
  const ir::Cell* host_of(const ir::Edge& edge);
  std::string buffer(const std::string& name, Space space, Shape shape, const std::string& cell, bool backward = false, const std::string& note = {});

  // buffers by role
  std::string state(const std::string& s) { return identifier(s); }                      ///< "hidden_v"
  std::string minus(const std::string& s) { return identifier(ir::prefixed(s, "minus_")); }
  std::string adjoint(const std::string& s) { return identifier(ir::adjoint_name(s)); }
  std::string on_tape(const std::string& s, Stage stage);
  std::string at_spike(const std::string& symbol) { return identifier(symbol) + "_at_spike"; }
  std::string factor(const ir::Gather& g) { return identifier(g.name) + "_factor"; }
  std::string gradient_sum(const std::string& parameter, const std::string& cell);
  std::string begin_of(const std::string& cell) { return identifier(cell) + "_begin"; }

  void plan_all();                              ///< plan.cpp
  void plan_lazy(CellPlan& p);                  ///< lazy.cpp
  bool half_rows(const ir::Parameter& weight) const;   ///< plan.cpp: are rows of it read from a copy in half precision?
  std::string pending(const Accumulator& a) { return a.name + "_pending"; }
  std::string history(const ir::Edge& e, const std::string& operand) const;   ///< the history that holds an operand of back_operands
  bool looks_up_pairs(const EdgePlan& edge, const ir::Gather& g) const;   ///< delays.cpp
  bool looks_up_alone(const EdgePlan& edge, const ir::Gather& g, const std::string& operand) const;
  std::vector<Node> send_scattered(bool at_begin);   ///< delays.cpp: forward, before the arrivals of a step; what sources send may be sent when the trial begins
  std::vector<Node> scattered_dots(const ir::Cell& pre);
  std::vector<Node> scattered_gradients(const EdgePlan& edge);
  Node forward();                               ///< forward.cpp
  Node backward();                              ///< backward.cpp
  Node begin_adjoint();
  Node finish_adjoint();
  Node begin_trial();
  Node exact();                                 ///< exact.cpp: functions for each kind of record
  std::vector<Node> losses(ir::Loss::When when);   ///< loss.cpp: value, prediction, scores, seeds; those that need one sample alone
  std::vector<Node> batch_shares();             ///< loss.cpp: what this sample gives to the means over the batch, and what losses will read
  std::vector<Node> finish_batch();             ///< loss.cpp: the losses that read such means, as a function; empty without any
  void plan_batch_means();                      ///< loss.cpp
  std::vector<Node> seeds_of_step();            ///< backward.cpp: the adjoint of a loss at each step
  void plan_draws();                            ///< draws.cpp
  std::vector<Node> draw_rows(bool backward);   ///< draws.cpp: random numbers that this step reads
  void place_draws(const ir::Cell& c, Block& b, Column column);
};

/// What a module says of itself before anything is lowered, and of its cells, edges and parameters afterwards.
void begin_module(Lowering& l);
void lay_out(Lowering& l);

// ---- small constructors
Node make_node(NodeKind kind, std::vector<Node> body = {}, const std::string& note = {});
Node in_cell(NodeKind kind, const std::string& cell, std::vector<Node> body = {}, int count = 0);
void append(std::vector<Node>& to, std::vector<Node> nodes);
/// A loop over the spikes that arrive now.
Node for_arrivals(const ir::Edge& edge, std::vector<Node> body = {});
/// What an operand of row products and gradients ("lambda_.." or "kappa_.." of a sum) is of the targets' adjoints.
ir::Expr operand_value(const ir::Edge& edge, const std::string& operand);   // delays.cpp
/// Do spikes on this edge always act one step after they were emitted?
inline bool acts_in_next_step(const ir::Edge& e) { return e.delay_steps == 1 && e.delay.empty(); }
inline bool same_arrivals(const ir::Edge& a, const ir::Edge& b) { return a.pre == b.pre && a.delay_steps == b.delay_steps && a.delay == b.delay; }
/// target += change, where the change was put aside so that all that is added at once has read the same values.
std::vector<Node> add_change(Constants& constants, const Place& change, const Place& target, const std::string& name);
bool is_state(const ir::Cell& c, const std::string& symbol);
std::set<std::string> targets(const std::vector<ir::Update>& updates);
std::set<std::string> symbols_in(const std::vector<ir::Update>& updates);

}  // namespace antidrome::kernel
