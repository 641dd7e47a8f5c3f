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
    EXPECT_LE(p.worst, 1e-4) << p.name << ": derived " << p.derived << ", difference " << p.difference << ", segments of " << r.dt_ms << " ms";
    EXPECT_GT(p.compared, p.skipped) << p.name;
  }
}

using Pair = std::pair<const char*, const char*>;
class Shipped : public testing::TestWithParam<Pair> {};

TEST_P(Shipped, gradient_is_exact) {
  const auto [neuron, synapse] = GetParam();
  const std::map<std::string, const char*> rest = {{"AdEx", "-70"}, {"Izhikevich", "-65"}, {"CobaLif", "-55"}};
  expect_gradient(lifted(ANTIDROME_SOURCE_DIR "/tests/check/shipped.cc", {{"neuron", neuron}, {"synapse", synapse}, {"rest", rest.contains(neuron) ? rest.at(neuron) : "0"}}));
}

std::vector<Pair> pairs() {
  std::vector<Pair> all = {{"CubaLif", "Pulse"}, {"CubaLif", "Delta"}, {"CubaLif", "two"}, {"CubaAlif", "Pulse"}, {"CobaLif", "two"}};
  for (const char* neuron : {"Lif", "Alif", "SoftResetLif", "RefractoryLif", "Qif", "AdEx", "Izhikevich"})
    for (const char* synapse : {"ExpCurrent", "Alpha", "ExpConductance", "TsodyksMarkram", "LinearNmda", "Delta", "two"}) all.emplace_back(neuron, synapse);
  return all;
}

INSTANTIATE_TEST_SUITE_P(library, Shipped, testing::ValuesIn(pairs()), [](const auto& i) { return std::string(i.param.first) + "_" + i.param.second; });

TEST(shipped, a_saturating_nmda_synapse_converges_on_the_grid) {        // a continuous coupling: the grid is its only mode yet
  const check::ConvergenceReport r = check::check_convergence(lifted(ANTIDROME_SOURCE_DIR "/tests/check/shipped.cc", {{"neuron", "Lif"}, {"synapse", "Nmda"}}), {});
  ASSERT_TRUE(r.applies) << r.why_not;
  EXPECT_GT(r.slope, 0.7);
}

TEST(foreign, models_written_outside_the_library_pass_as_they_are) {
  for (const char* file : {"three_states.cc", "conductance.cc", "own_synapse.cc"}) {
    SCOPED_TRACE(file);
    expect_gradient(lifted(std::string(ANTIDROME_SOURCE_DIR "/tests/models/") + file, {}));
  }
}

}  // namespace
}  // namespace antidrome
