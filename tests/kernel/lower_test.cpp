// Decisions of the lowering, read off the kernel module: what is taped, what is shared, who rides along, what is refused.
#include <gtest/gtest.h>

#include "codegen/kernel_ir/kernel.hpp"
#include "codegen/passes/passes.hpp"
#include "tests/fixtures/networks.hpp"

namespace antidrome::kernel {
namespace {

using namespace fixtures;

KernelModule lowered(const NetworkBuilder& n, Diagnostics& diagnostics) {
  const ir::Program p = passes::derive_program(n.network(), {}, diagnostics);
  EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.render();
  return lower(p, {}, diagnostics);
}

NetworkBuilder recurrent(const ir::Values& hidden = {}, int outputs = 20) {
  const ir::Values w = {{"w", trainable(normal(0, 0.1))}};
  NetworkBuilder n;
  n.source("input", 700).population("hidden", 256, cuba_lif(), hidden).population("output", outputs, leaky()).connect("input", "hidden", pulse(), w).connect("hidden", "hidden", pulse(), w)
      .connect("hidden", "output", pulse(), w).loss("output", exp_weighted(), cross_entropy());
  return n;
}

int count(const KernelModule& m, Space space, Shape shape) {
  int n = 0;
  for (const Buffer& b : m.buffers) n += b.space == space && b.shape == shape;
  return n;
}

int count(const Node& n, NodeKind kind) {
  int found = n.kind == kind;
  for (const Node& child : n.body) found += count(child, kind);
  return found;
}

TEST(Lower, trained_weights_alone_need_two_numbers_per_spike_and_none_per_step) {
  Diagnostics diagnostics;
  const KernelModule m = lowered(recurrent(), diagnostics);
  EXPECT_EQ(count(m, Space::tape, Shape::spikes), 2);
  EXPECT_EQ(count(m, Space::tape, Shape::step_neurons), 0);
}

TEST(Lower, a_loss_that_reads_the_batch_waits_for_it_and_no_other_does) {
  Diagnostics diagnostics;
  EXPECT_TRUE(lowered(recurrent(), diagnostics).batch_means.empty());
  NetworkBuilder n = recurrent();
  n.loss("hidden", count_pull(), batch_count_target(), false);
  const KernelModule m = lowered(n, diagnostics);
  ASSERT_EQ(m.batch_means.size(), 1u);
  EXPECT_EQ(m.batch_means[0].cell, "hidden");
  EXPECT_NE(m.batch.note.find("means over the batch"), std::string::npos) << m.batch.note;
  const Node& forward = m.batch.body.front();
  const Node& last = m.batch.body.back();
  EXPECT_EQ(last.name, "finish_batch");
  EXPECT_EQ(count(forward, NodeKind::loss_value), 1);              // the cross-entropy stays in the trial
  EXPECT_EQ(count(last, NodeKind::loss_value), 1);
}

TEST(Lower, a_condition_beside_the_crossing_is_not_taped_and_its_draw_not_made_backwards) {
  Diagnostics diagnostics;
  const ir::Values w = {{"w", trainable(normal(0, 0.1))}};
  NetworkBuilder n;
  n.source("input", 700).population("hidden", 256, noisy_lif(0.1, 0)).connect("input", "hidden", pulse(), w).loss("hidden", mean_voltage(), square_sum(), false);
  const KernelModule m = lowered(n, diagnostics);
  ASSERT_EQ(m.draws.size(), 2u);
  for (const DrawLayout& d : m.draws) EXPECT_FALSE(d.always) << d.buffer;
  EXPECT_EQ(count(m.batch.body[0], NodeKind::draw_rows), 2);
  EXPECT_EQ(count(m.batch.body[1], NodeKind::draw_rows), 0);
}

TEST(Lower, a_trained_time_constant_tapes_what_its_gradient_reads) {
  Diagnostics diagnostics;
  const KernelModule m = lowered(recurrent({{"tau_mem", trainable(per_neuron(number(20)))}}), diagnostics);
  EXPECT_EQ(count(m, Space::tape, Shape::step_neurons), 2);        // v and i at the start of the flow
}

TEST(Lower, projections_into_one_current_share_history_and_accumulator) {
  Diagnostics diagnostics;
  const KernelModule m = lowered(recurrent(), diagnostics);
  EXPECT_EQ(count(m, Space::history, Shape::step_neurons), 2);     // hidden and output
  EXPECT_EQ(count(m, Space::worker, Shape::ahead), 1);
  EXPECT_EQ(m.buffer("hidden_lambda_i"), nullptr);                 // it lives in the rows of its history
}

TEST(Lower, a_small_population_is_summed_in_the_spike_loop_of_a_large_one) {
  Diagnostics diagnostics;
  const KernelModule rides = lowered(recurrent(), diagnostics), alone = lowered(recurrent({}, 100), diagnostics);
  EXPECT_EQ(count(rides.batch, NodeKind::for_tiles), 1);
  EXPECT_EQ(count(alone.batch, NodeKind::for_tiles), 2);
}

// What the tape needs of a spike says what the neuron is at the end of the step: one store instead of two.
TEST(Lower, states_that_follow_from_what_is_taped_wait_for_the_next_step) {
  Diagnostics diagnostics;
  const ir::Program p = passes::derive_program(recurrent().network(), {}, diagnostics);
  EXPECT_EQ(count(lower(p, {}, diagnostics).batch, NodeKind::fired_before), 2);   // in the step, and for those who look at the states
  EXPECT_EQ(count(lower(p, {.lazy_states = false}, diagnostics).batch, NodeKind::fired_before), 0);
}

TEST(Lower, samples_with_a_tape_of_every_step_are_walked_back_one_by_one) {
  Diagnostics diagnostics;
  EXPECT_FALSE(lowered(recurrent(), diagnostics).sample_at_a_time);
  EXPECT_TRUE(lowered(recurrent({{"tau_mem", trainable(per_neuron(number(20)))}}), diagnostics).sample_at_a_time);
}

TEST(Lower, gradients_of_a_weight_and_a_delay_are_looked_up_as_pairs_and_what_is_looked_up_alone_is_kept_alone) {
  const auto kept = [](bool weights, bool delays, bool on_the_device = false) {
    NetworkBuilder n = recurrent();
    ir::Network network = n.network();
    for (ir::Projection& p : network.projections) {
      if (p.name == "hidden_output") continue;
      p.delay = spread(uniform(1, 30), ir::Value::Spread::per_synapse, delays);
      if (!weights)
        for (auto& [name, value] : p.values) value.trainable = false;
    }
    Diagnostics diagnostics;
    const ir::Program program = passes::derive_program(network, {}, diagnostics);
    EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.render();
    const KernelModule m = lower(program, {.arrivals_apart = !on_the_device}, diagnostics);
    std::string out;
    for (const Buffer& b : m.buffers)
      if (b.space == Space::history && b.cell == "hidden") out += b.pairs ? "pairs " : b.by_arrival ? "alone " : "rows ";
    return out;
  };
  EXPECT_EQ(kept(true, true), "pairs alone ");                     // alone: for what goes back to the times of hidden spikes
  EXPECT_EQ(kept(true, false), "alone alone ");
  EXPECT_EQ(kept(false, true), "alone ");
  EXPECT_EQ(kept(true, true, true), "rows rows ");
}

TEST(Lower, the_text_form_shows_the_tree) {
  Diagnostics diagnostics;
  const std::string text = print(lowered(recurrent(), diagnostics));
  for (const char* line : {"for_samples", "for_chunks", "row_sum hidden_sum0 cell=hidden of=hidden_hidden count", "gather_gradient input_hidden.w"})
    EXPECT_NE(text.find(std::string(line).substr(0, 30)), std::string::npos) << line;
}

TEST(Lower, a_population_beyond_16_bits_is_refused) {
  Diagnostics diagnostics;
  NetworkBuilder n;
  n.source("input", 2).population("cell", 70000, leaky()).connect("input", "cell", pulse(), {{"w", trainable(number(1))}}).loss("cell", mean_voltage(), square_sum(), false);
  lowered(n, diagnostics);
  ASSERT_EQ(diagnostics.error_count(), 1u);
  EXPECT_EQ(diagnostics.all().front().code, "AD301");
}

TEST(Lower, exact_mode_refuses_more_populations_than_it_can_number) {
  ir::Program program;
  program.mode = ir::TimeMode::exact;
  program.cells.resize(256);
  Diagnostics diagnostics;
  lower(program, {}, diagnostics);
  ASSERT_EQ(diagnostics.error_count(), 1u);
  EXPECT_EQ(diagnostics.all().front().code, "AD302");
}

TEST(Lower, an_arrival_that_sets_instead_of_adding_is_refused) {
  Diagnostics diagnostics;
  ir::Program program = passes::derive_program(recurrent().network(), {}, diagnostics);
  ASSERT_FALSE(diagnostics.has_errors()) << diagnostics.render();
  ir::Update& update = program.edges.front().arrive_post.front();
  update.value = update.value * update.value;
  lower(program, {}, diagnostics);
  ASSERT_EQ(diagnostics.error_count(), 1u);
  EXPECT_EQ(diagnostics.all().front().code, "AD303");
}

}  // namespace
}  // namespace antidrome::kernel
