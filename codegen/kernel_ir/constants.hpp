// Hoisting: what depends on parameters and dt alone leaves the trial.
#pragma once
#include <map>
#include <set>
#include <string>

#include "codegen/kernel_ir/kernel.hpp"

namespace antidrome::kernel {

/// The symbol by which kernels name a constant.
inline std::string constant_symbol(const Constant& c) { return (c.axes == Constant::Axes::segment ? "g." : "k.") + c.name; }

class Constants {
 public:
  Constants(const ir::Program& program, KernelModule& module) : program_(program), module_(module) {}

  /// The same value with every maximal part that reads only parameters, dt, the trial's length (or only those of them that are
  /// the same for all neurons, and time) replaced by the symbol of a constant. Affine expressions become sums of
  /// coefficient * variable first, so that each coefficient is one constant.
  ir::Expr hoist(ir::Expr e);

  const Constant* find(const std::string& symbol) const;    ///< by "k.<name>" or "g.<name>"

  /// Exact mode: whether what reads h and time is the same for all neurons of a segment here, and in which pass.
  enum class Segments { none, forward, backward };
  void within(Segments s) { segments_ = s; axes_.clear(); }

 private:
  struct Axes { bool varies = false, step = false; std::set<std::string> cells; };
  const Axes& axes(ir::Expr e);
  bool hoistable(ir::Expr e);
  ir::Expr constant(ir::Expr e);
  ir::Expr hoist_affine(ir::Expr e);
  ir::Expr hoist_tree(ir::Expr e);
  ir::Expr hoist_sum(ir::Expr e);
  ir::Expr hoist_product(ir::Expr e);

  const ir::Program& program_;
  KernelModule& module_;
  std::map<ir::Expr, Axes> axes_;
  std::map<std::pair<ir::Expr, Segments>, std::size_t> known_;
  Segments segments_ = Segments::none;
};

}  // namespace antidrome::kernel
