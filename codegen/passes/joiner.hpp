// The work of `join`, in rooms: cells and readouts (join.cpp), projections (join_edges.cpp), placement (place.cpp).
#pragma once
#include <map>
#include <string>

#include "codegen/passes/passes.hpp"

namespace antidrome::passes {

enum class Place { source, target };

/// Where each state of a synapse is kept. `source`: what is written to it is the same for all targets. `target`: it is
/// linear, jumped additively and only read as a sum, so that one value per target holds the sum over all its synapses.
/// A state that would need one value per synapse is reported (AD220) with the symbol that forces it.
std::map<std::string, Place> place_states(const ir::Projection&, Diagnostics&);

/// Axes of a synapse parameter as its Value spreads it.
ir::Parameter::Axes synapse_axes(const ir::Symbol&, const ir::Value&);

class Joiner {
 public:
  Joiner(const ir::Network& network, const PassOptions& options, Diagnostics& diagnostics) : network_(network), options_(options), diagnostics_(diagnostics) {}
  ir::Program run();

 private:
  // join.cpp
  void add_cell(const ir::Population&);
  void add_draws(const ir::Population&, ir::Cell&, ir::Bindings& own);
  void add_readout(const ir::Readout&);
  void add_loss(const ir::Loss&);
  void substitute_inputs();
  void finish_cell(const ir::Population&, ir::Cell&);
  void add_parameter(const std::string& owner, const ir::Symbol&, const ir::Value&, ir::Parameter::Axes, const std::string& cell, const std::string& edge, int rows, int cols);
  std::string readout_prefix(const ir::Readout&) const;
  ir::Cell& cell(const std::string& name);
  ir::Expr bind(ir::Expr, const ir::Bindings&, const Location&);      ///< substitute, then report names that mean nothing

  // join_edges.cpp
  void add_edge(const ir::Projection&);
  void add_delay(const ir::Projection&, ir::Edge&);
  void add_synapse_parameter(const ir::Projection&, const ir::Symbol&, const ir::Value&);
  void refuse_by_arrival(const ir::Edge&);
  ir::Bindings synapse_bindings(const ir::Projection&, const std::map<std::string, Place>&);
  void add_jump(const ir::Projection&, ir::Edge&, const std::string& target, ir::Expr value, const Location&);
  ir::Expr gather_sum(const ir::Projection&, ir::Edge&, ir::Expr amount, bool continuous, const Location&);

  const ir::Network& network_;
  const PassOptions& options_;
  Diagnostics& diagnostics_;
  ir::Program program_;
  std::map<std::string, ir::Expr> inputs_;          ///< "hidden.i" -> sum of contributions
  int sites_ = 0;                                   ///< draws so far
  std::map<std::string, ir::Expr> fires_;           ///< predicate of each cell
};

}  // namespace antidrome::passes
