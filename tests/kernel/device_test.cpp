// Decisions of the lowering for blocks of threads: who owns what, where it lies, where barriers stand, what is refused.
#include <gtest/gtest.h>

#include "codegen/kernel_ir/device/device.hpp"
#include "codegen/passes/passes.hpp"
#include "tests/fixtures/networks.hpp"

namespace antidrome::kernel {
namespace {

using namespace fixtures;

DeviceModule lowered(const ir::Network& network, Diagnostics& diagnostics, ir::TimeMode mode = ir::TimeMode::grid) {
  const ir::Program p = passes::derive_program(network, {mode}, diagnostics);
  EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.render();
  return lower_for_device(p, {}, diagnostics);
}

NetworkBuilder recurrent(int hidden = 256, int outputs = 20) {
  const ir::Values w = {{"w", trainable(normal(0, 0.1))}};
  NetworkBuilder n;
  n.source("input", 700).population("hidden", hidden, cuba_lif()).population("output", outputs, leaky()).connect("input", "hidden", pulse(), w).connect("hidden", "hidden", pulse(), w)
      .connect("hidden", "output", pulse(), w).loss("output", exp_weighted(), cross_entropy());
  return n;
}

const DeviceKernel& kernel_of(const DeviceModule& d, const std::string& name) {
  for (const DeviceKernel& k : d.kernels)
    if (k.name == name) return k;
  throw std::out_of_range(name);
}

void collect(const Node& n, std::vector<std::string>& path, std::vector<std::string>& barriers) {
  path.push_back(spelling(n.kind));
  if (n.kind == NodeKind::barrier) barriers.push_back(path[path.size() - 2]);
  for (const Node& child : n.body) collect(child, path, barriers);
  path.pop_back();
}

/// What each barrier stands in, in the order of the text.
std::vector<std::string> barriers(const DeviceKernel& k) {
  std::vector<std::string> path, out;
  collect(k.body, path, out);
  return out;
}

TEST(Device, four_neurons_a_lane_and_one_warp_for_the_outputs) {
  Diagnostics diagnostics;
  const DeviceModule d = lowered(recurrent().network(), diagnostics);
  ASSERT_EQ(d.roles.size(), 2u);                                  // the source computes nothing
  EXPECT_EQ(d.roles[0].per_lane, 4);
  EXPECT_EQ(d.roles[0].warps, 2);
  EXPECT_EQ(d.roles[1].per_lane, 1);
  EXPECT_EQ(d.roles[1].first_warp, 2);
  EXPECT_EQ(kernel_of(d, "forward_trial").threads, 96);
}

TEST(Device, a_step_has_one_barrier_forwards_and_two_backwards_where_there_are_spikes) {
  Diagnostics diagnostics;
  const DeviceModule d = lowered(recurrent().network(), diagnostics);
  const std::vector<std::string> forward = barriers(kernel_of(d, "forward_trial")), backward = barriers(kernel_of(d, "backward_trial"));
  EXPECT_EQ(std::count(forward.begin(), forward.end(), "block_steps"), 1);
  EXPECT_EQ(std::count(backward.begin(), backward.end(), "block_steps_back"), 0);
  EXPECT_EQ(std::count(backward.begin(), backward.end(), "when_spikes"), 2);
}

std::vector<Node> all_of(const Node& n, NodeKind kind) {
  std::vector<Node> out;
  if (n.kind == kind) out.push_back(n);
  for (const Node& child : n.body)
    for (Node& found : all_of(child, kind)) out.push_back(std::move(found));
  return out;
}

TEST(Device, warps_that_undo_no_jump_multiply_the_rows_of_spikes_backwards_as_many_at_once_as_registers_hold) {
  struct Expected { int hidden, dot_warps, rows; };
  for (const Expected& x : {Expected{32, 2, 4}, {256, 3, 4}, {512, 3, 2}, {1024, 3, 1}, {2048, 0, 0}}) {
    Diagnostics diagnostics;
    const DeviceModule d = lowered(recurrent(x.hidden).network(), diagnostics);
    const DeviceKernel& back = kernel_of(d, "backward_trial");
    EXPECT_EQ(d.dot_warps, x.dot_warps) << x.hidden;
    const int forward = kernel_of(d, "forward_trial").threads;
    EXPECT_EQ(back.threads, x.dot_warps > 0 ? forward + 32 * (x.dot_warps - 1) : forward) << x.hidden;   // the readouts' warp is one of them
    EXPECT_EQ(d.first_dot_warp, x.dot_warps > 0 ? d.roles[1].first_warp : 0) << x.hidden;
    const std::vector<Node> spikes = all_of(back.body, NodeKind::warp_spikes), fetches = all_of(back.body, NodeKind::fetch_spikes);
    ASSERT_EQ(spikes.size(), 1u);
    EXPECT_EQ(spikes[0].count, x.rows) << x.hidden;
    EXPECT_EQ(fetches.size(), x.rows > 0 ? 1u : 0u) << x.hidden;
  }
}

TEST(Device, what_the_tape_alone_says_of_a_jump_is_worked_out_where_the_spike_is_found) {
  Diagnostics diagnostics;
  const DeviceModule d = lowered(recurrent().network(), diagnostics);
  const Node& back = kernel_of(d, "backward_trial").body;
  const std::vector<Node> found = all_of(all_of(back, NodeKind::warp_spikes).at(0), NodeKind::spike_found), jumps = all_of(back, NodeKind::lanes_fired);
  ASSERT_EQ(found.size(), 1u);
  ASSERT_EQ(jumps.size(), 1u);
  EXPECT_EQ(found[0].count, 1);                                   // a row product
  EXPECT_EQ(all_of(found[0], NodeKind::clamp_slope).size(), 1u);
  EXPECT_TRUE(all_of(jumps[0], NodeKind::clamp_slope).empty());
  std::vector<std::string> brings, brought;
  for (const Node& n : all_of(found[0], NodeKind::bring)) brings.push_back(ir::print(n.value));
  for (const Node& n : all_of(jumps[0], NodeKind::brought)) brought.push_back(n.name);
  EXPECT_EQ(brings, (std::vector<std::string>{"start_i", "inverse_slope"}));
  EXPECT_EQ(brought, (std::vector<std::string>{"start_i", "inverse_slope", "passed_back"}));
  for (const Node& n : all_of(jumps[0], NodeKind::let)) EXPECT_TRUE(ir::nodes_of(n.value, ir::Kind::div).empty()) << ir::print(n.value);
  EXPECT_TRUE(jumps[0].name.empty());                             // nobody asks for its place on the tape
}

TEST(Device, a_jump_that_reads_the_tape_itself_learns_the_place_of_its_spike) {
  Diagnostics diagnostics;
  const DeviceModule d = lowered(two_layers(lif_with_input(), tsodyks_markram(), mean_voltage(), cross_entropy()).network(), diagnostics);
  const std::vector<Node> jumps = all_of(kernel_of(d, "backward_trial").body, NodeKind::lanes_fired);
  ASSERT_EQ(jumps.size(), 1u);
  EXPECT_EQ(jumps[0].name, "spike_of_hidden");
}

TEST(Device, rows_are_fetched_before_the_tape_is_written) {
  Diagnostics diagnostics;
  const DeviceModule d = lowered(recurrent().network(), diagnostics);
  const std::vector<Node> steps = all_of(kernel_of(d, "forward_trial").body, NodeKind::block_steps);
  std::vector<std::string> order;
  for (const Node& n : steps.at(0).body)
    if (n.kind == NodeKind::barrier || n.kind == NodeKind::first_rows || n.kind == NodeKind::record_spikes) order.push_back(spelling(n.kind));
  EXPECT_EQ(order, (std::vector<std::string>{"barrier", "first_rows", "first_rows", "record_spikes"}));
  for (const Node& n : all_of(steps[0], NodeKind::rows)) EXPECT_EQ(n.count, 2) << n.edge;
}

TEST(Device, constants_of_a_step_are_fetched_a_step_ahead) {
  Diagnostics diagnostics;
  const DeviceModule d = lowered(recurrent().network(), diagnostics);
  for (const char* kernel : {"forward_trial", "backward_trial"}) {
    EXPECT_EQ(all_of(kernel_of(d, kernel).body, NodeKind::step_constant).size(), 1u) << kernel;
    for (const Node& n : all_of(kernel_of(d, kernel).body, NodeKind::load)) EXPECT_FALSE(n.row == Row::step && n.column == Column::none) << kernel << ": " << n.buffer;
  }
}

TEST(Device, gradients_of_weights_lie_side_by_side_in_one_launch) {
  Diagnostics diagnostics;
  const DeviceModule d = lowered(recurrent().network(), diagnostics);
  const DeviceKernel& k = kernel_of(d, "gather_weights");
  ASSERT_EQ(k.body.body.size(), 3u);
  EXPECT_EQ(k.slice, 32);
  EXPECT_EQ(k.rows_of_lane, 2);
  // tiles of 128 rows times slices of 32 columns; a block is counted as a row a warp
  EXPECT_EQ(k.rows, (6 * 8 + 2 * 8 + 2 * 1) * (k.threads / 32));
  EXPECT_TRUE(d.base.cell("hidden").listed_by_unit);
}

TEST(Device, states_live_in_registers_unless_spikes_reach_them_by_number) {
  Diagnostics diagnostics;
  const DeviceModule lif = lowered(recurrent().network(), diagnostics);
  for (const Buffer& b : lif.base.buffers) EXPECT_NE(b.space, Space::worker) << b.name;
  EXPECT_EQ(lif.base.buffer_of("hidden_v").space, Space::lane);
  const DeviceModule plastic = lowered(two_layers(lif_with_input(), tsodyks_markram(), mean_voltage(), cross_entropy()).network(), diagnostics);
  EXPECT_EQ(plastic.base.buffer_of("hidden_v").space, Space::lane);
  EXPECT_EQ(plastic.base.buffer_of("hidden_hidden_hidden_u").space, Space::shared);
}

TEST(Device, what_a_spike_leaves_for_its_own_jump_lies_side_by_side) {
  Diagnostics diagnostics;
  const DeviceModule d = lowered(recurrent().network(), diagnostics);
  ASSERT_EQ(d.records.size(), 1u);
  EXPECT_EQ(d.records[0].members.size(), 2u);
}

TEST(Device, the_text_is_the_same_every_time) {
  Diagnostics diagnostics;
  const std::string first = print(lowered(scattered_network(), diagnostics));
  EXPECT_EQ(first, print(lowered(scattered_network(), diagnostics)));
}

TEST(Device, exact_mode_is_refused) {
  Diagnostics diagnostics;
  lowered(recurrent().network(), diagnostics, ir::TimeMode::exact);
  ASSERT_TRUE(diagnostics.has_errors());
  EXPECT_EQ(diagnostics.all().front().code, "AD306");
}

TEST(Device, more_neurons_than_a_block_has_room_for_are_refused_with_the_numbers) {
  Diagnostics diagnostics;
  lowered(recurrent(40000).network(), diagnostics);
  ASSERT_TRUE(diagnostics.has_errors());
  EXPECT_EQ(diagnostics.all().front().code, "AD307");
  EXPECT_NE(diagnostics.all().front().message.find("40020 neurons in 2 populations"), std::string::npos) << diagnostics.render();
  Diagnostics outputs;
  lowered(recurrent(256, 1025).network(), outputs);
  ASSERT_TRUE(outputs.has_errors());
  EXPECT_EQ(outputs.all().front().code, "AD307");
}

}  // namespace
}  // namespace antidrome::kernel
