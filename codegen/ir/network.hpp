// The Model IR: what a user wrote, as records. Made by the front end (or a builder), read by the passes.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "codegen/diagnostics/diagnostics.hpp"
#include "codegen/ir/expr.hpp"

namespace antidrome::ir {

/// What a member of a model struct is. The C++ member type says it.
enum class Role { param, weight, state, memory, input, count, spike };

struct Symbol {
  std::string name;               ///< the member's name
  Role role = Role::state;
  double initial = 0;             ///< default member initialiser (state, count)
  Location at;
};

/// When a hook runs (specs: one step, stages 0 to 7).
enum class Trigger { start, flow, step, fires, reset, end, slope, pre_spike, post_spike, keep, spike, score, loss, update };

/// One effect of a hook. A hook is a *parallel* map: every value is in terms of the symbols before the hook ran;
/// the front end has already substituted locals, sequence and branches (`if` became select).
struct Effect {
  enum class Kind {
    assign,       ///< target := value
    derivative,   ///< d(target)/dt = value                     (flow)
    contribute,   ///< target input += value                    (flow of a synapse)
  };
  Kind kind = Kind::assign;
  std::string target;             ///< own member "v"; bound: "pre.x", "post.i"
  Expr value;
  Location at;
};

struct Hook {
  std::vector<Effect> effects;
  Expr result;                    ///< fires (predicate), score, slope, keep, loss
  Location at;
};

/// A model struct: a neuron, synapse, readout, loss or update; the same record for all.
/// Symbols in hook expressions: own members by name; "pre.x", "post.x" in synapses; "neuron.x" in readouts; in a loss,
/// "out.<member>" inside reduce_sum / reduce_max / at_label is a member of the readout's element, and score() has been inlined.
/// Context symbols: "time", "dt", "trial", "training".
struct Model {
  std::string name;               ///< the struct's name
  std::vector<Symbol> symbols;
  std::map<Trigger, Hook> hooks;
  Location at;
  const Symbol* find(std::string_view symbol) const;
  bool has(Trigger t) const { return hooks.contains(t); }
};

/// What a parameter is given.
struct Value {
  enum class Kind { number, uniform, normal, gamma, values };
  enum class Spread { by_kind, shared, per_neuron, per_source, per_target, per_synapse };
  Kind kind = Kind::number;
  double a = 0, b = 0;            ///< number; low, high; mean, s.d.; shape, scale
  std::vector<double> values;     ///< host(fn), evaluated by the generator: row-major, no padding
  Spread spread = Spread::by_kind;
  bool trainable = false;
  std::optional<double> low, high;
  Location at;
};

using Values = std::map<std::string, Value>;     ///< per param / weight of a model

enum class Solver { automatic, exact, euler, exponential_euler, rk4 };

struct Population {
  std::string name;
  int size = 0;
  bool source = false;            ///< spikes come from the data; no model equations
  Model model;
  Values values;
  Solver solver = Solver::automatic;
  Location at;
};

struct Connectivity {
  enum class Kind { dense, one_to_one, sparse };
  Kind kind = Kind::dense;
  double probability = 1;
  bool self = true;               ///< dense/sparse: autapses allowed
};

struct Projection {
  std::string name;               ///< "input_hidden"; a second one between the same two is "input_hidden_2"
  std::string pre, post;
  Connectivity connectivity;
  Model model;
  Values values;
  std::optional<int> delay_steps; ///< whole steps; default: 0 with a delay in ms, from a source and in exact mode, else 1
  std::optional<Value> delay;     ///< ms, in addition; bounds [low, high] given. Becomes the parameter "<name>.delay"
  Location at;
};

struct Readout {
  std::string name;               ///< "output_MeanVoltage"
  std::string population;
  Model model;
  Values values;
  Location at;
};

struct Loss {
  enum class When { end, each_step };
  std::string name;               ///< "CrossEntropy"
  std::string readout;
  Model model;                    ///< hook `loss`
  Values values;
  When when = When::end;
  double scale = 1;
  bool labelled = true;           ///< loss(out, label) rather than loss(out)
  Location at;
};

enum class TimeMode { grid, exact };

struct LearningRule {
  std::string name = "EventProp"; ///< "" when the network does not learn
  double clamp = 1e3;             ///< grazing policy: |1 / (dg/dt)| is limited to this, in ms per unit of g; clamped spikes are counted
};

struct Network {
  std::string model_file;
  std::map<std::string, double> options;         ///< as resolved: declared default or --set
  std::vector<Population> populations;           ///< sources included, in declaration order
  std::vector<Projection> projections;
  std::vector<Readout> readouts;
  std::vector<Loss> losses;
  LearningRule learn;
  const Population* population(std::string_view name) const;
  const Readout* readout(std::string_view name) const;
};

std::string print(const Network&);               ///< text form; parse_network(print(n)) prints the same
Network parse_network(std::string_view text);    ///< throws ParseError

}  // namespace antidrome::ir
