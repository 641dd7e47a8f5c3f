// The Program: what a learning rule makes of a Network. Forward and backward in the same expressions, before any schedule.
//
// Every state that lives on the axis of a population has been joined into that population's *Cell*: the neuron's own states,
// synapse states kept per target (linear, only summed), synapse states kept per source, and readout states. A projection is an
// *Edge* between two cells that gathers weighted sums. That is all there is: no neuron, synapse or readout is known below this line.
//
// Names. A state is "<cell>.<state>": "hidden.v", "hidden.input_hidden.i" (synapse state of projection input_hidden),
// "output.MeanVoltage.s" (readout state). A parameter is "<owner>.<param>": "hidden.tau_mem", "input_hidden.w". A gathered sum
// is "<edge>.G0". Derived: adjoint of state "hidden.v" is "hidden.lambda_v", of a gather "input_hidden.lambda_G0"; gradient of a
// parameter "hidden.grad_tau_mem" (names.hpp). Context: "time", "dt", "trial", "training", and "h", the length of the step that
// `advance` takes (dt in grid mode, the time to the next event in exact mode).
//
// Order at one instant of exact mode. `after` of a grid point (time: that point) comes first, then events of sources (by time, source,
// unit), then delayed arrivals (in the order in which they were sent), then crossings (by cell, neuron). A spike makes its own jump, then arrives edge after edge in the order of `edges`, then
// the spikes that it caused follow. A neuron still at or above threshold after its reset fires again, caused by that spike.
// Grid mode has the order of docs/design.md: all arrivals of a step read the state before any of them, and their increments add up.
#pragma once
#include <string>
#include <vector>

#include "codegen/ir/network.hpp"

namespace antidrome::ir {

/// One component of a parallel map: target := value (or target += value where the field says "add").
struct Update { std::string target; Expr value; };

struct Parameter {
  std::string name;                       ///< "hidden.tau_mem"
  enum class Axes { shared, neuron, source, target, source_target };
  Axes axes = Axes::shared;
  int rows = 1, cols = 1;                 ///< source x target; neuron: 1 x size
  Value value;
  bool trainable = false;
  std::string cell, edge;                 ///< owner: one of the two is set (a readout's or synapse's neuron-axis params name the cell too)
};

struct State {
  std::string name;                       ///< "hidden.v"
  bool count = false;                     ///< integer, no adjoint
  Expr initial;                           ///< of parameters only
  Location at;
};

/// A random number per neuron and step: a symbol like any other, and a constant of the gradient. It is a function of the run's seed,
/// the epoch, the sample's index in its data set, the site, the neuron and the step, so that it can be drawn again anywhere.
struct Draw {
  enum class Kind { uniform, normal };
  std::string name;                       ///< "hidden.draw_uniform_0"
  Kind kind = Kind::uniform;
  int site = 0;                           ///< counts the draws of the Program
};

/// A population with everything that lives on its axis.
struct Cell {
  std::string name;
  int size = 0;
  bool source = false;                    ///< no states; spikes come from the data. (A source may have source-placed synapse states: then it has states)
  std::vector<State> states;
  std::vector<std::string> gathers;       ///< G symbols of continuous couplings that `flow` reads ("edge.G1"); complete before advance

  std::vector<Draw> draws;                ///< grid mode; noise in the flow has become a term of `advance`

  // forward
  std::vector<Update> flow;               ///< d(state)/dt in states, parameters, gathers, time
  Expr threshold;                         ///< g: the cell fires when g becomes >= 0; undefined: never fires
  std::vector<Update> jump;               ///< at an own spike, parallel, in x-: readouts' spike hooks, then reset
  std::vector<Update> after;              ///< end of each step, parallel: readouts' step hooks, after reset
  std::vector<Update> advance;            ///< x(t + h) in x(t), gathers, time, h: the solver's step (by `solve`), in grid mode followed by the
                                          ///< neuron's own step hook. A state that is not listed keeps its value (so in every Update list)
  Solver wanted_solver = Solver::automatic;   ///< what the population asked for
  Location at;                            ///< where the population was made
  std::string solver;                     ///< what `solve` chose, for `plan` and comments: "exact propagator", "RK4", ...
  bool linear = false;                    ///< advance is affine in the states with coefficients of parameters and h only

  // backward (by `derive`). lambda symbols on the right are the values at the later side.
  std::vector<Update> back_after;         ///< lambda before `after` from lambda after it; may read states before `after`
  std::vector<Update> back_after_gradient;
  std::vector<Update> back_jump;          ///< lambda- from lambda+ at an own spike; reads "acc", x- (and x_start, see below)
  std::vector<Update> back_jump_gradient; ///< grad += value, per spike
  std::vector<Update> back_advance;       ///< lambda(t) from lambda(t + h), plus lambda of gathers; may read x(t), gathers, time, h
  std::vector<Update> back_advance_gradient;  ///< grad += value per step; reads x(t), lambda(t + h)
  Expr slope;                             ///< dg/dt at the spike: what the grazing policy clamps; back_jump reads it as symbol "<cell>.slope"
  Expr cause;                             ///< nu of the spike as a function of lambda+, x-: what goes to acc of the *causing* spike (and, negative, to the
                                          ///< gradient of the delay on the way) when the spike was caused by a jump (exact mode); back_jump_caused is then used instead of back_jump
  std::vector<Update> back_jump_caused, back_jump_caused_gradient;
  std::vector<Update> back_start_gradient;///< grad += value at t = 0 (initial states that depend on parameters)

  const State* state(std::string_view name) const;
};

/// One weighted sum over the sources of an edge: G_j = sum_i factor_i * W_ij over the active i (those that spiked, or all).
struct Gather {
  std::string name;                       ///< "input_hidden.G0"
  std::string weight;                     ///< parameter "input_hidden.w" (axes source_target); empty: 1
  Expr factor = Expr(1.0);                ///< of the pre cell's states (before this arrival's own update) and shared / source parameters
  bool continuous = false;                ///< false: over arriving spikes; true: over all sources, every step (a coupling)
};

struct Edge {
  std::string name, pre, post;
  Location at;                            ///< where net.connect was called
  Connectivity connectivity;
  /// An arrival is `delay_steps` whole steps and the parameter `delay` (ms; may be empty) after its spike. On the grid the parameter
  /// is rounded to steps, and the sum is 0 at least from a source, 1 from a population: its gradient is that of the real number. In exact
  /// mode the arrival is an event of its own at that very time, even where the delay is zero; without any delay it is one with its spike.
  int delay_steps = 1;
  std::string delay;
  std::vector<Gather> gathers;

  // forward, at an arrival (grid: all arrivals of a step at once; the reads of post see the state before any of them)
  std::vector<Update> arrive_pre;         ///< states of the pre cell, parallel, once per spike (source-placed synapse states)
  std::vector<Update> arrive_post;        ///< state of the post cell := value in post states and own G symbols. Always state + F * G + ...
  bool jump_linear = true;                ///< post flow is affine in the jumped states, so that nu is linear in G (grid needs it)

  // backward. lambda is at t+ (after the arrival) on the right-hand side. Event gathers:
  std::vector<Update> back_operands;      ///< per post neuron: "edge.lambda_G0" := sum_s lambda_s dF_s/dG0 and, if jump_linear, "edge.kappa_G0" := d(nu)/dG0
  Expr back_nu_post;                      ///< nu of one (arriving spike, post neuron): reads G of this pair alone, post states before the arrival, lambda+.
                                          ///< Equals sum_k G_k * kappa_k when jump_linear. Undefined when the pre cell is a source with a fixed delay (event times are data)
  std::vector<Update> back_arrive_post;   ///< lambda of post before the arrival (reads G sums); empty when it is the identity
  std::vector<Update> back_arrive_post_gradient;  ///< grad of parameters that F reads, per post neuron (reads G sums)
  // per arriving spike, with "edge.dot_lambda_G0" = sum_j W_ij lambda_G0_j and "edge.dot_kappa_G0" = sum_j W_ij kappa_G0_j known
  // ("edge.nu_post" = sum_j back_nu_post stands for the kappa dots when not jump_linear):
  std::vector<Update> back_arrive_pre;    ///< lambda of pre states before the arrival
  std::vector<Update> back_arrive_pre_gradient;   ///< grad of parameters that factors and arrive_pre read
  Expr back_acc;                          ///< nu of the arrival: it adds to acc of the spike that sent it. Undefined when that is an event of the data and the delay is fixed
  // Continuous gathers: "edge.lambda_G1" of each post neuron came out of the post cell's back_advance; per pre neuron, every step:
  std::vector<Update> back_couple_pre;    ///< lambda of pre states (target := lambda + dfactor/dstate * dot_lambda_G1), states at t after arrivals
  std::vector<Update> back_couple_pre_gradient;
  // gradient of the weight of gather k: grad_W_ij += factor_i(at the arrival) * lambda_Gk_j, by transposed gather; implied, not spelt out.
  // gradient of the delay: grad -= nu of the arrival. With one delay per edge that is in back_arrive_pre_gradient; of a scattered
  // edge it is implied: grad_delay_ij -= sum_k factor_i W_ij kappa_Gk_j (or back_nu_post of the pair, when not jump_linear).
};

/// The terminal (or per-step) loss: scores, value, and the adjoint it seeds.
struct ProgramLoss {
  std::string name, cell;                 ///< cell whose readout states it sees
  Location at;                            ///< where net.loss was called
  Loss::When when = Loss::When::end;
  bool labelled = true;
  Expr score;                             ///< per element; undefined for readouts without score()
  Expr value;                             ///< reductions over the elements of `cell`
  std::vector<Update> seed;               ///< "cell.lambda_s" += dL/ds, per element; reads reductions
  std::vector<Update> gradient;           ///< grad += of loss and readout parameters: once per sample, or per element where the parameter is
};

struct Program {
  std::string model_file;
  TimeMode mode = TimeMode::grid;
  std::vector<Cell> cells;                ///< sources first, then declaration order
  std::vector<Edge> edges;
  std::vector<Parameter> parameters;      ///< manifest order
  std::vector<ProgramLoss> losses;
  LearningRule learn;                     ///< name empty: forward only

  /// Whether a loss reads batch_mean(): then all forward passes of a batch come before its losses and backward passes.
  bool couples_samples() const;
  const Cell* cell(std::string_view name) const;
  const Edge* edge(std::string_view name) const;
  const Parameter* parameter(std::string_view name) const;
  /// Do the targets of one spike of this edge get it at different times?
  bool scattered(const Edge& e) const;
};

std::string print(const Program&);                ///< text form (.air)
Program parse_program(std::string_view text);     ///< parse_program(print(p)) prints the same; throws ParseError

}  // namespace antidrome::ir
