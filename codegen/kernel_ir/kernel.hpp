// Kernel IR: what a simulator does, with everything decided: order, names, layout, what is hoisted, what is taped. Printers
// walk it and decide nothing.
//
// A kernel is a tree of nodes (kernel_nodes.def). Loops say which index their statements run over: `for_blocks` makes its
// statements vectors of neurons, `for_spikes` and `for_neurons` make them scalars of one unit. Expressions are those of the
// Model IR; their symbols are names that nodes of the same loop define, or scalars "k.<constant>".
#pragma once
#include <string>
#include <vector>

#include "codegen/diagnostics/diagnostics.hpp"
#include "codegen/ir/program.hpp"

namespace antidrome::kernel {

enum class Precision { single_precision, double_precision };

/// A sub-expression of parameters and dt (and time), computed once per batch in double; one that reads the length of a segment
/// between events (exact mode), once per segment.
struct Constant {
  enum class Axes { scalar, neuron, step, segment };
  std::string name;               ///< "c3"
  Axes axes = Axes::scalar;
  std::string cell;               ///< neuron: whose
  ir::Expr value;                 ///< symbols: parameters, "dt", "trial", "training", "time"; of a segment: "h"
  bool backward = false;          ///< segment: needed on the way back
};

enum class Space {
  worker,        ///< scratch of one worker, sizes known to the compiler
  history,       ///< of one worker, one row per step, in slices
  tape,          ///< of one sample, written by the forward pass, read by the backward pass
  batch,         ///< of the whole batch, written between the passes
  lane,          ///< registers of the lane that owns a neuron (blocks of threads)
  shared,        ///< memory of a block of threads
};
enum class Shape {
  neurons,       ///< [neurons of cell]
  masks,         ///< [neurons of cell] of truth values
  ahead,         ///< [steps of a group][neurons]
  step_neurons,  ///< [steps][neurons]
  pending,       ///< [steps + 1][neurons]: what arrives at each step; the last row takes what comes too late
  steps,         ///< [steps + 1] of positions in the spike list
  spikes,        ///< [spike capacity] of reals
  units,         ///< [spike capacity] of ids or steps
  counters,      ///< [neurons + 1] of positions
  draws,         ///< [4 steps][neurons]
  one,           ///< one number
};

struct Buffer {
  std::string name;
  Space space = Space::worker;
  Shape shape = Shape::neurons;
  std::string cell;
  bool backward = false;          ///< exists only when gradients are asked for
  std::string note;
  bool half = false;              ///< history: kept in half precision
  bool by_arrival = false;        ///< history: single elements of it are looked up, at the steps at which spikes arrive
  bool pairs = false;             ///< ... and are two numbers each, which are looked up together
};

enum class Row { none, step, next_step };
enum class Column { none, block, unit, spike };

enum class NodeKind : unsigned char {
#define ANTIDROME_NODE(name, meaning) name,
#include "kernel_nodes.def"
};

struct Node {
  NodeKind kind = NodeKind::sequence;
  std::string name, buffer, cell, edge;
  Row row = Row::none;
  Column column = Column::none;
  int count = 0;
  ir::Expr value;
  std::string note;               ///< the equation or its origin, for readers of the generated text
  std::vector<Node> body;
};

/// A population as the kernels see it.
struct CellLayout {
  std::string name;
  int size = 0;
  int source = -1;                ///< index among the sources, or -1
  int population = -1;            ///< index among the others, or -1
  bool fires = false;
  bool remembers_fired = false;   ///< its set of spikes is read in the next step
  bool listed_by_unit = false;    ///< its spikes are looked up by unit in the backward pass
  std::vector<std::string> states;  ///< buffers of the states, manifest order (for the recorder and the NaN test)
  std::vector<std::string> adjoints;
  /// Where the adjoint of each state is found after each step of the backward pass, for the recorder; empty for counts.
  struct Recorded {
    std::string buffer;
    bool history = false;         ///< a row per step
  };
  std::vector<Recorded> recorded_adjoints;
};

struct EdgeLayout {
  std::string name, pre, post;
  int delay = 0;                  ///< whole steps
  std::string delay_parameter;    ///< ms in addition, known when a batch runs; empty: none
  int least_delay = 0;            ///< of their sum
  bool scattered = false;         ///< the parameter has a number for each synapse, source or target
  std::vector<std::string> factors;   ///< tape buffers of factors by spike; by unit: the same name + "_by_unit"
  bool may_fire_target = false;       ///< an arrival jumps what the target's threshold reads
};

struct ParameterLayout {
  std::string name;
  int rows = 1, cols = 1;
  bool trainable = false;
  bool matrix = false;
  std::string cell;               ///< axis of a per-neuron parameter
  bool along_rows = false;        ///< one element per row (source axis)
  bool half = false;              ///< rows are read from a copy in half precision, packed once per batch
  int half_sums = 0;              ///< ... in groups of the blocks that are summed together beside this many sums; 0: whole rows
};

/// The mean over the batch of what each sample leaves in the tape buffer `<name>_share`.
struct BatchMean {
  std::string name;
  std::string cell;               ///< one number per neuron; empty: a single one
};

/// Random numbers of a cell. Where none of `amounts` (constants) is positive the run has no use for them, and they are not drawn.
struct DrawLayout {
  std::string buffer, cell;
  int site = 0;
  bool normal = false, always = false;
  std::vector<ir::Expr> amounts;
};

struct HistoryLayout { std::string name, cell; };

struct KernelModule {
  std::string model_file, fingerprint;
  Precision precision = Precision::single_precision;
  ir::TimeMode mode = ir::TimeMode::grid;
  bool learns = false;
  double clamp = 1e3;
  int steps_ahead = 64;           ///< steps whose input currents are gathered at once
  /// The tape has something of every step: a sample is walked back as soon as it has come to its end, while its tape is in cache, and a worker
  /// needs a single tape. (Where there are more workers than chunks, and where a loss needs the whole batch, all samples go forwards first.)
  bool sample_at_a_time = false;
  int scores = 0;                 ///< neurons of the first loss's readout
  std::vector<CellLayout> cells;
  std::vector<EdgeLayout> edges;
  std::vector<ParameterLayout> parameters;
  std::vector<Constant> constants;
  std::vector<Buffer> buffers;
  std::vector<BatchMean> batch_means;   ///< when there are any, losses that read them come after all forward passes
  std::vector<DrawLayout> draws;
  Node batch;                     ///< the whole batch: forward, backward

  const CellLayout& cell(std::string_view name) const;
  const EdgeLayout& edge(std::string_view name) const;
  const Buffer* buffer(std::string_view name) const;        ///< null when there is none
  const Buffer& buffer_of(std::string_view name) const;
  const ParameterLayout& parameter(std::string_view name) const;
};

const char* spelling(NodeKind kind);
std::string text_of(const Node&);                ///< of the node alone
void print_tree(const Node&, int depth, std::string& out);
std::string print(const KernelModule&);          ///< the text form, for `--dump-ir=kernel` and tests

struct LowerOptions {
  Precision precision = Precision::single_precision;
  std::string fingerprint = {};
  int steps_ahead = 64;
  int rider_size = 32;            ///< a population of at most this many neurons is summed in another one's spike loop
  bool arrivals_apart = true;     ///< synapses with delays of their own have histories of their own, two that are looked up together as pairs; and what inputs send is known when a trial begins
  bool lazy_states = true;        ///< the end of a step is worked out at the beginning of the next one, where what the tape needs suffices for that
  bool half_storage = false;      ///< rows of weights and histories in half precision, where nothing reads single elements of them
  bool adjoints_in_histories = true;  ///< an adjoint whose history is wanted has no other storage
};

/// The fused schedule: one worker owns one sample for the whole trial. Errors: AD301 and following.
KernelModule lower(const ir::Program&, const LowerOptions&, Diagnostics&);

/// "input_hidden.w" -> "input_hidden_w": a name for generated text.
std::string identifier(std::string_view qualified);

}  // namespace antidrome::kernel
