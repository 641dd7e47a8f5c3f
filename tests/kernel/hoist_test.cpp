// Hoisting: what reads parameters, dt and time alone leaves the trial, one constant per coefficient.
#include <gtest/gtest.h>

#include "codegen/kernel_ir/constants.hpp"
#include "codegen/passes/passes.hpp"
#include "tests/fixtures/models.hpp"

namespace antidrome::kernel {
namespace {

class Hoist : public ::testing::Test {
 protected:
  Hoist() {
    using namespace fixtures;
    Diagnostics diagnostics;
    program_ = passes::derive_program(NetworkBuilder().source("input", 2).population("cell", 3, cuba_lif(), {{"tau_mem", per_neuron(number(20))}}).connect("input", "cell", pulse()).loss("cell", mean_voltage(), cross_entropy()).network(), {}, diagnostics);
  }
  std::string hoist(const std::string& text) {
    Constants constants(program_, module_);
    return ir::print(constants.hoist(ir::parse(text)));
  }
  ir::Program program_;
  KernelModule module_;
};

TEST_F(Hoist, an_affine_expression_has_one_constant_per_coefficient) {
  EXPECT_EQ(hoist("cell.v * exp(-h / cell.tau_syn) + h / cell.tau_syn * cell.v + 2 * cell.theta"), "k.c0 * cell.v + k.c1");
  ASSERT_EQ(module_.constants.size(), 2u);
  EXPECT_EQ(module_.constants[0].axes, Constant::Axes::scalar);
}

TEST_F(Hoist, a_parameter_per_neuron_makes_a_constant_per_neuron) {
  hoist("cell.v / cell.tau_mem");
  ASSERT_EQ(module_.constants.size(), 1u);
  EXPECT_EQ(module_.constants[0].axes, Constant::Axes::neuron);
  EXPECT_EQ(module_.constants[0].cell, "cell");
}

TEST_F(Hoist, time_makes_a_table_over_steps_and_is_kept_apart_from_neurons) {
  hoist("cell.v * exp(-time / trial)");
  ASSERT_EQ(module_.constants.size(), 1u);
  EXPECT_EQ(module_.constants[0].axes, Constant::Axes::step);
  hoist("cell.v * exp(-time / trial) / cell.tau_mem");
  for (const Constant& c : module_.constants) EXPECT_NE(ir::depends_on(c.value, {"time"}), ir::depends_on(c.value, {"cell.tau_mem"}));
}

TEST_F(Hoist, what_varies_stays) { EXPECT_EQ(hoist("exp(cell.v)"), "exp(cell.v)"); }

}  // namespace
}  // namespace antidrome::kernel
