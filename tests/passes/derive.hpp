#pragma once
#include <gtest/gtest.h>

#include "codegen/passes/passes.hpp"
#include "tests/fixtures/models.hpp"

namespace antidrome::fixtures {

/// source "input" -> population "cell" of four neurons through one synapse, recurrent through the same; weights trainable.
inline NetworkBuilder small_network(const ModelBuilder& neuron, const ModelBuilder& synapse, const ModelBuilder& readout = mean_voltage()) {
  const ir::Values w = {{"w", trainable(normal(0.5, 0.1))}};
  NetworkBuilder n;
  n.source("input", 5).population("cell", 4, neuron).connect("input", "cell", synapse, w, "in").connect("cell", "cell", synapse, w, "rec").loss("cell", readout, square_sum(), false);
  return n;
}

inline ir::Program derive(const NetworkBuilder& n, ir::TimeMode mode = ir::TimeMode::grid) {
  Diagnostics diagnostics;
  ir::Program p = passes::derive_program(n.network(), {.mode = mode}, diagnostics);
  EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.render();
  return p;
}

/// The code of the only error, or what was reported instead.
inline std::string refusal(const NetworkBuilder& n, ir::TimeMode mode = ir::TimeMode::grid) {
  Diagnostics diagnostics;
  passes::derive_program(n.network(), {.mode = mode}, diagnostics);
  return diagnostics.error_count() == 1 ? diagnostics.all().front().code : diagnostics.render();
}

inline std::string value_of(const std::vector<ir::Update>& list, const std::string& target) {
  for (const ir::Update& u : list)
    if (u.target == target) return ir::print(u.value);
  return "none";
}

inline ir::Expr expr_of(const std::vector<ir::Update>& list, const std::string& target) {
  for (const ir::Update& u : list)
    if (u.target == target) return u.value;
  ADD_FAILURE() << "no update of " << target;
  return 0.0;
}

/// Equal as mathematics: the difference simplifies to zero.
inline void expect_same(ir::Expr e, const std::string& expected) {
  const ir::Expr difference = ir::simplify(e - ir::parse(expected));
  EXPECT_TRUE(difference.is_number(0)) << ir::print(e) << "\n  is not  " << expected;
}

}  // namespace antidrome::fixtures
