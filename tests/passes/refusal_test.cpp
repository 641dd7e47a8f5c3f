// What the passes refuse, each with its code.
#include "tests/passes/derive.hpp"

namespace antidrome {
namespace {

using namespace fixtures;
using ir::TimeMode;
using ir::Trigger;

NetworkBuilder with_synapse(const ModelBuilder& s, const ModelBuilder& neuron = lif_with_input()) {
  NetworkBuilder n;
  n.source("input", 5).population("cell", 4, neuron).connect("input", "cell", s).loss("cell", mean_voltage(), square_sum(), false);
  return n;
}

TEST(refusal, a_value_for_an_unknown_parameter) {
  NetworkBuilder n;
  n.source("input", 2).population("cell", 2, cuba_lif(), {{"tau_men", number(3)}}).loss("cell", mean_voltage(), square_sum(), false);
  EXPECT_EQ(refusal(n), "AD200");
}
TEST(refusal, empty_bounds) {
  ir::Value v = number(20);
  v.low = 3; v.high = 2;
  NetworkBuilder n;
  n.source("input", 2).population("cell", 2, cuba_lif(), {{"tau_mem", v}}).loss("cell", mean_voltage(), square_sum(), false);
  EXPECT_EQ(refusal(n), "AD201");
}
TEST(refusal, an_empty_population) {
  NetworkBuilder n;
  n.source("input", 2).population("cell", 0, cuba_lif()).loss("cell", mean_voltage(), square_sum(), false);
  EXPECT_EQ(refusal(n), "AD204");
}
TEST(refusal, a_projection_into_a_source) {
  NetworkBuilder n;
  n.source("input", 2).population("cell", 2, cuba_lif()).connect("cell", "input", pulse()).loss("cell", mean_voltage(), square_sum(), false);
  EXPECT_EQ(refusal(n), "AD206");
}
TEST(refusal, learning_without_a_loss) {
  NetworkBuilder n;
  n.source("input", 2).population("cell", 2, cuba_lif());
  EXPECT_EQ(refusal(n), "AD212");
}
TEST(refusal, a_name_that_means_nothing) {
  EXPECT_EQ(refusal(with_synapse(ModelBuilder("S").weight("w").on(Trigger::pre_spike, {{"post.v", "post.v + w * q"}}))), "AD213");
}
TEST(refusal, inputs_in_a_cycle) {
  const ModelBuilder self = ModelBuilder("Loop").param("k", 1).contribute({{"post.i", "post.i * k"}});
  NetworkBuilder n;
  n.source("input", 2).population("cell", 2, lif_with_input()).connect("cell", "cell", self).loss("cell", mean_voltage(), square_sum(), false);
  EXPECT_EQ(refusal(n), "AD215");
}
TEST(refusal, a_step_in_exact_mode) {
  const ModelBuilder m = ModelBuilder("Stepping").param("tau", 20).state("v").count("n").flow({{"v", "-v / tau"}}).on(Trigger::step, {{"n", "n + 1"}}).fires("v >= 1").on(Trigger::reset, {{"v", "0"}});
  NetworkBuilder n;
  n.population("cell", 2, m).loss("cell", mean_voltage(), square_sum(), false);
  EXPECT_EQ(refusal(n, TimeMode::exact), "AD216");
  EXPECT_EQ(refusal(n, TimeMode::grid), "");
}
TEST(refusal, a_spike_hook_on_a_neuron_that_never_fires) {
  NetworkBuilder n;
  n.population("cell", 2, leaky()).loss("cell", first_spike(), spike_time_loss(), false);
  EXPECT_EQ(refusal(n), "AD217");
}
TEST(refusal, source_and_target_that_do_not_separate) {
  EXPECT_EQ(refusal(with_synapse(ModelBuilder("S").weight("w").on(Trigger::pre_spike, {{"post.v", "post.v + exp(w * post.v)"}}))), "AD221");
}
TEST(refusal, a_weight_that_enters_nonlinearly) {
  EXPECT_EQ(refusal(with_synapse(ModelBuilder("S").weight("w").on(Trigger::pre_spike, {{"post.v", "post.v + w * w"}}))), "AD222");
}
TEST(refusal, a_flow_that_writes_a_state_of_the_target) {
  EXPECT_EQ(refusal(with_synapse(ModelBuilder("S").weight("w").contribute({{"post.v", "w"}}))), "AD225");
}
TEST(refusal, a_spike_that_jumps_an_input) {
  EXPECT_EQ(refusal(with_synapse(ModelBuilder("S").weight("w").on(Trigger::pre_spike, {{"post.i", "post.i + w"}}))), "AD226");
}
TEST(refusal, a_weight_times_a_sum_over_synapses) {
  EXPECT_EQ(refusal(with_synapse(ModelBuilder("S").weight("w").state("i").on(Trigger::pre_spike, {{"i", "i + w"}}).flow({{"i", "-i / 5"}}).contribute({{"post.i", "w * i"}}))), "AD228");
}
TEST(refusal, a_delta_synapse_on_the_grid) {
  NetworkBuilder n;
  n.source("input", 2).population("cell", 2, cuba_lif()).connect("input", "cell", delta(), {{"w", trainable(number(1))}}).loss("cell", mean_voltage(), square_sum(), false);
  EXPECT_EQ(refusal(n), "AD241");
  EXPECT_EQ(refusal(n, TimeMode::exact), "");
}
TEST(refusal, a_continuous_coupling_in_exact_mode) {
  NetworkBuilder n;
  n.source("input", 2).population("cell", 2, lif_with_input()).connect("input", "cell", nmda(), {{"w", trainable(number(1))}}).loss("cell", mean_voltage(), square_sum(), false);
  EXPECT_EQ(refusal(n, TimeMode::exact), "AD242");
}
TEST(refusal, a_coupling_through_a_state_that_spikes_change) {
  const ModelBuilder gap = ModelBuilder("Gap").weight("w").contribute({{"post.i", "w * pre.v"}});
  NetworkBuilder n;
  n.source("input", 2).population("cell", 2, lif_with_input()).connect("cell", "cell", gap, {{"w", trainable(number(0.1))}}).loss("cell", mean_voltage(), square_sum(), false);
  EXPECT_EQ(refusal(n), "AD243");
}

// ---- networks that a model file cannot express, or only by mistake: a valid one is changed in one place
ir::Network valid() {
  NetworkBuilder n;
  n.source("input", 2).population("cell", 2, cuba_lif()).connect("input", "cell", pulse(), {{"w", trainable(number(1))}}).connect("cell", "cell", pulse()).loss("cell", mean_voltage(), square_sum(), false);
  return n.network();
}
std::string refusal(const ir::Network& n, TimeMode mode = TimeMode::grid) {
  Diagnostics diagnostics;
  passes::derive_program(n, {.mode = mode}, diagnostics);
  return diagnostics.error_count() == 1 ? diagnostics.all().front().code : diagnostics.render();
}

TEST(refusal, of_the_network_that_the_others_change_is_empty) { EXPECT_EQ(refusal(valid()), ""); }
TEST(refusal, a_hook_that_is_not_for_this_kind_of_struct) {
  ir::Network n = valid();
  n.projections[0].model.hooks[Trigger::post_spike] = n.projections[0].model.hooks[Trigger::pre_spike];
  EXPECT_EQ(refusal(n), "AD202");
}
TEST(refusal, memory_and_assigned_spikes) {
  for (const ir::Role role : {ir::Role::memory, ir::Role::spike}) {
    ir::Network n = valid();
    n.populations[1].model.symbols.push_back({"z", role, 0, {}});
    EXPECT_EQ(refusal(n), "AD203");
  }
}
TEST(refusal, a_projection_from_an_unknown_population) {
  ir::Network n = valid();
  n.projections[0].pre = "inputs";
  EXPECT_EQ(refusal(n), "AD205");
}
TEST(refusal, a_projection_that_is_not_dense) {
  for (const auto kind : {ir::Connectivity::Kind::sparse, ir::Connectivity::Kind::one_to_one}) {
    ir::Network n = valid();
    n.projections[0].connectivity.kind = kind;
    EXPECT_EQ(refusal(n), "AD207");
  }
}
TEST(refusal, a_readout_of_a_source) {
  ir::Network n = valid();
  n.readouts[0].population = "input";
  EXPECT_EQ(refusal(n), "AD208");
}
TEST(refusal, a_loss_of_an_unknown_readout) {
  ir::Network n = valid();
  n.losses[0].readout = "cell_MeanVoltag";
  EXPECT_EQ(refusal(n), "AD209");
}
TEST(refusal, a_network_without_population) {
  ir::Network n;
  n.learn.name.clear();
  EXPECT_EQ(refusal(n), "AD210");
}
TEST(refusal, an_unknown_learning_rule) {
  ir::Network n = valid();
  n.learn.name = "Eprop";
  EXPECT_EQ(refusal(n), "AD211");
}
TEST(refusal, a_batch_mean_that_has_a_derivative_or_comes_too_early) {
  const auto reading = [](const char* text, ir::Loss::When when = ir::Loss::When::end) {
    NetworkBuilder n;
    n.source("input", 2).population("cell", 2, cuba_lif()).connect("input", "cell", pulse(), {{"w", trainable(number(1))}})
        .loss("cell", count_pull(), ModelBuilder("Mean").result(Trigger::loss, text), false, when);
    return n;
  };
  EXPECT_EQ(refusal(reading("sum(batch_mean(out.pull))")), "AD250");
  EXPECT_EQ(refusal(reading("sum(batch_mean(batch_mean(out.n) + out.n))")), "AD250");
  EXPECT_EQ(refusal(reading("sum(batch_mean(out.n) * out.pull)", ir::Loss::When::each_step)), "AD250");
  EXPECT_EQ(refusal(reading("sum(batch_mean(stop(out.pull)) * out.pull)")), "");
}
TEST(refusal, draws_in_exact_mode) {
  NetworkBuilder n;
  n.source("input", 2).population("cell", 2, noisy_lif(0.1, 0)).loss("cell", mean_voltage(), square_sum(), false);
  Diagnostics diagnostics;
  passes::derive_program(n.network(), {.mode = TimeMode::exact}, diagnostics);
  ASSERT_TRUE(diagnostics.has_errors());
  EXPECT_EQ(diagnostics.all().front().code, "AD251");
  EXPECT_EQ(refusal(n), "");
}
TEST(refusal, noise_that_multiplies_a_state) {
  const ModelBuilder m = ModelBuilder("M").param("tau", 20).state("v").flow({{"v", "-v / tau + v * draw_white_0"}}).fires("v >= 1").on(Trigger::reset, {{"v", "0"}});
  NetworkBuilder n;
  n.population("cell", 2, m).loss("cell", mean_voltage(), square_sum(), false);
  EXPECT_EQ(refusal(n), "AD252");
}
TEST(refusal, what_a_spike_brings_depends_on_when_it_arrives_at_each_synapse) {
  ir::Network n = with_synapse(ModelBuilder("S").weight("w").state("r", 1).on(Trigger::pre_spike, {{"post.i", "post.i + w * r"}, {"r", "r / 2"}}).flow({{"r", "(1 - r) / 80"}}), cuba_lif()).network();
  for (ir::Projection& p : n.projections) {
    p.delay = uniform(1, 5);
    p.delay->spread = ir::Value::Spread::shared;
  }
  EXPECT_EQ(refusal(n), "");
  n.projections[0].delay->spread = ir::Value::Spread::per_synapse;
  EXPECT_EQ(refusal(n), "AD229");
}
TEST(refusal, a_population_that_projects_without_delay) {
  ir::Network n = valid();
  n.projections[1].delay_steps = 0;
  EXPECT_EQ(refusal(n), "AD224");
}
TEST(refusal, a_spike_that_changes_a_parameter) {
  EXPECT_EQ(refusal(with_synapse(ModelBuilder("S").weight("w").on(Trigger::pre_spike, {{"post.theta", "post.theta + w"}}))), "AD227");
}
TEST(refusal, on_the_grid_a_jump_of_a_state_that_the_flow_reads_nonlinearly) {
  const ModelBuilder squaring = ModelBuilder("Squaring").param("tau", 20).state("v").state("u").flow({{"v", "(u * u - v) / tau"}, {"u", "-u / 5"}}).fires("v >= 1").on(Trigger::reset, {{"v", "0"}});
  const ModelBuilder kick = ModelBuilder("Kick").weight("w").on(Trigger::pre_spike, {{"post.u", "post.u + w"}});
  NetworkBuilder n;
  n.population("cell", 2, squaring).connect("cell", "cell", kick, {{"w", trainable(number(1))}}).loss("cell", mean_voltage(), square_sum(), false);
  EXPECT_EQ(refusal(n), "AD240");
  EXPECT_EQ(refusal(n, TimeMode::exact), "");
}

}  // namespace
}  // namespace antidrome
