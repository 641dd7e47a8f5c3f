// `antidrome check` for the shipped library: every neuron with every synapse that makes sense, recurrent, alone and in pairs.
#include <gtest/gtest.h>

#include "codegen/check/gradient_check.hpp"
#include "codegen/frontend/frontend.hpp"

namespace antidrome {
namespace {

ir::Network lifted(const std::string& file, const std::map<std::string, std::string>& set) {
  Diagnostics diagnostics;
  frontend::LiftOptions options;
  options.file = file;
  options.set = set;
  ir::Network n = frontend::lift(options, diagnostics);
  EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.render();
  return n;
}

void expect_gradient(const ir::Network& network) {
  const check::GradientReport r = check::check_gradient(network, {});
  ASSERT_TRUE(r.applies) << r.why_not;
  EXPECT_GE(r.spikes_per_neuron, 0.5) << "a silent network proves nothing";
  for (const check::ParameterReport& p : r.parameters) {
    EXPECT_LE(p.beyond, 1e-4) << p.name << ": derived " << p.derived << ", difference " << p.difference << ", segments of " << r.dt_ms << " ms";
    EXPECT_GT(p.compared, p.skipped) << p.name;
  }
}

using Pair = std::pair<std::string_view, std::string_view>;
class Shipped : public testing::TestWithParam<Pair> {};

/// Synapses with which a spike moves the membrane potential itself.
bool jumps_the_threshold(const Pair& pair) { return pair.second == "Delta" || pair == Pair{"CubaLif", "two"}; }

ir::Network shipped(const Pair& pair) {
  const auto [neuron, synapse] = pair;
  const std::map<std::string_view, std::string> rest = {{"AdEx", "-70"}, {"Izhikevich", "-65"}, {"CobaLif", "-55"}};
  return lifted(ANTIDROME_SOURCE_DIR "/tests/check/shipped.cc", {{"neuron", std::string(neuron)}, {"synapse", std::string(synapse)}, {"rest", rest.contains(neuron) ? rest.at(neuron) : "0"}});
}

void expect_convergence(const ir::Network& network) {
  const check::ConvergenceReport r = check::check_convergence(network, {});
  ASSERT_TRUE(r.applies) << r.why_not;
  EXPECT_GT(r.slope, 0.7);
  EXPECT_LT(r.error.back(), 0.1);
  EXPECT_TRUE(r.ok);
}

TEST_P(Shipped, gradient_is_exact) { expect_gradient(shipped(GetParam())); }

TEST_P(Shipped, gradient_on_the_grid_converges) {
  if (jumps_the_threshold(GetParam())) GTEST_SKIP() << "a spike that makes its target fire at once needs exact mode (AD241)";
  expect_convergence(shipped(GetParam()));
}

std::vector<Pair> pairs() {
  std::vector<Pair> all = {{"CubaLif", "Pulse"}, {"CubaLif", "Delta"}, {"CubaLif", "two"}, {"CubaAlif", "Pulse"}, {"CobaLif", "two"}};
  for (std::string_view neuron : {"Lif", "Alif", "SoftResetLif", "RefractoryLif", "Qif", "AdEx", "Izhikevich"})
    for (std::string_view synapse : {"ExpCurrent", "Alpha", "ExpConductance", "TsodyksMarkram", "LinearNmda", "Delta", "two"}) all.emplace_back(neuron, synapse);
  return all;
}

INSTANTIATE_TEST_SUITE_P(library, Shipped, testing::ValuesIn(pairs()), [](const auto& i) { return std::string(i.param.first) + "_" + std::string(i.param.second); });

TEST(shipped, a_saturating_nmda_synapse_converges_on_the_grid) {        // a continuous coupling: the grid is its only mode yet
  expect_convergence(shipped({"Lif", "Nmda"}));
}

TEST(foreign, models_written_outside_the_library_pass_as_they_are) {
  for (const char* file : {"three_states.cc", "conductance.cc", "own_synapse.cc"}) {
    SCOPED_TRACE(file);
    const ir::Network network = lifted(std::string(ANTIDROME_SOURCE_DIR "/tests/models/") + file, {});
    expect_gradient(network);
    expect_convergence(network);
  }
}

}  // namespace
}  // namespace antidrome
