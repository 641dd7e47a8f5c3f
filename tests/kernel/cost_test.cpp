// What kernels move and compute, against counts by hand.
#include <gtest/gtest.h>

#include "codegen/kernel_ir/cost.hpp"
#include "codegen/passes/passes.hpp"
#include "tests/fixtures/networks.hpp"

namespace antidrome::kernel {
namespace {

using namespace fixtures;

std::vector<Cost> costs_of(const LowerOptions& options) {
  Diagnostics diagnostics;
  const ir::Network network = two_layers(cuba_lif(), pulse(), mean_voltage(), cross_entropy(), {.inputs = 6, .hidden = 40, .outputs = 3, .all_trainable = false}).network();
  const ir::Program program = passes::derive_program(network, {}, diagnostics);
  return costs(lower(program, options, diagnostics));
}

const Cost& find(const std::vector<Cost>& all, const std::string& pass, const std::string& kernel) {
  for (const Cost& c : all)
    if (c.pass == pass && c.kernel == kernel) return c;
  throw std::runtime_error("no kernel " + kernel);
}

TEST(Cost, a_spike_adds_rows_forwards_and_multiplies_them_on_the_way_back) {
  const std::vector<Cost> all = costs_of({});
  const Cost &input = find(all, "forward", "input: spikes"), &hidden = find(all, "forward", "hidden: spikes"), &back = find(all, "adjoint", "hidden: spikes");
  EXPECT_EQ(input.per, Cost::Per::spike);
  EXPECT_EQ(input.rows, 40 * 4);
  EXPECT_EQ(input.flops, 40);
  EXPECT_EQ(hidden.rows, (40 + 3) * 4);                            // to itself, and to the output that rides along
  EXPECT_EQ(back.rows, (40 + 3) * 4);
  EXPECT_GE(back.flops, 2 * (40 + 3));
  const Cost& histories = find(all, "gradient", "hidden_hidden: histories");
  EXPECT_EQ(histories.history, 40 * 4);
  EXPECT_EQ(find(all, "gradient", "hidden_hidden: gradient of the chunk").part, 2 * 40 * 40 * 4);
}

TEST(Cost, half_precision_is_half_the_bytes_and_the_same_operations) {
  const std::vector<Cost> full = costs_of({}), half = costs_of({.half_storage = true});
  for (const char* kernel : {"input: spikes", "hidden: spikes"}) {
    EXPECT_EQ(find(half, "forward", kernel).rows, find(full, "forward", kernel).rows / 2);
    EXPECT_EQ(find(half, "forward", kernel).flops, find(full, "forward", kernel).flops);
  }
  EXPECT_EQ(find(half, "gradient", "hidden_hidden: histories").history, 40 * 2);
}

}  // namespace
}  // namespace antidrome::kernel
