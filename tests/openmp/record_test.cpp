// Recorded adjoints: the same from both backends, and what the gradients of weights are made of.
#include "tests/openmp/parity.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace antidrome {
namespace {

using namespace fixtures;

constexpr int steps = 120;

/// Room for the adjoints of every state of every population, flattened as the ABI wants them.
struct Rows {
  std::vector<std::vector<float>> rows;
  std::vector<float*> pointers;
  std::vector<std::string> names;
  antidrome_record record{};

  Rows(const ir::Program& p, std::uint32_t sample) {
    for (const ir::Cell& c : p.cells)
      for (const ir::State& s : c.states) {
        if (c.source) continue;
        rows.emplace_back(static_cast<std::size_t>(steps * c.size), 0.0f);
        names.push_back(s.name);
      }
    for (std::vector<float>& r : rows) pointers.push_back(r.data());
    record.sample = sample;
    record.adjoint = pointers.data();
  }
  const std::vector<float>& of(const std::string& state) const { return rows.at(static_cast<std::size_t>(std::find(names.begin(), names.end(), state) - names.begin())); }
};

// Both compute in double and hand out floats: two neighbouring floats where the rounding of the sums happens to fall between them.
void expect_same(const std::vector<float>& ours, const std::vector<double>& theirs, const std::string& name) {
  ASSERT_EQ(ours.size(), theirs.size());
  double largest = 0;
  for (const double x : theirs) largest = std::fmax(largest, std::fabs(x));
  for (std::size_t k = 0; k < ours.size(); ++k) EXPECT_NEAR(double(ours[k]), theirs[k], 1.2e-7 * std::fabs(theirs[k]) + 1e-12 * largest) << name << " row " << k;
}

struct Model {
  std::string name;
  ModelBuilder neuron, synapse, readout, loss;
  double input_weight;
};

TEST(RecordedAdjoints, both_backends_agree) {
  const Model models[] = {{"lif", cuba_lif(), pulse(), mean_voltage(), cross_entropy(), 0.6},
                          {"adaptive", adaptive_lif(), pulse(), exp_weighted(), cross_entropy(), 0.6},
                          {"conductance", lif_with_input(), conductance(), mean_voltage(), cross_entropy(), 0.4}};
  for (const Model& m : models) {
    SCOPED_TRACE(m.name);
    const ir::Program p = derive(two_layers(m.neuron, m.synapse, m.readout, m.loss, {.input_weight = m.input_weight}).network());
    fixtures::Simulator s = compile(p, "record_" + m.name);
    s.initialise(3);
    const std::vector<Sample> samples = random_samples(4, 1, 6, steps, 0.5, 3);
    Rows rows(p, 2);
    s.run(samples, {.dt_ms = 0.5, .steps = steps, .record = &rows.record});
    reference::Parameters values;
    for (const ir::Parameter& q : p.parameters) values.push_back(s.values(q.name));
    reference::Sample sample = to_reference(samples[2]);
    sample.index = 2;
    const reference::Result expected = reference::Interpreter(p).run(sample, values, {.dt_ms = 0.5, .steps = steps, .training = true, .adjoints = true});
    std::size_t k = 0, out = 0, moved = 0;
    for (const ir::Cell& c : p.cells)
      for (const ir::State& state : c.states) {
        const std::vector<double>& theirs = expected.adjoints[k++];
        if (c.source) continue;
        const std::vector<float>& ours = rows.rows[out++];
        if (state.count) continue;
        expect_same(ours, theirs, state.name);
        moved += std::any_of(ours.begin(), ours.end(), [](float x) { return x != 0; });
      }
    EXPECT_GE(moved, 4u);
  }
}

// A spike of input i at step n adds w_ij to the current of j before anything else happens in that step, so that
// dL/dw_ij = sum over its spikes of dL/di_j at the beginning of their steps.
TEST(RecordedAdjoints, add_up_to_the_gradient_of_the_input_weights) {
  const ir::Program p = derive(two_layers(cuba_lif(), pulse(), mean_voltage(), cross_entropy(), {.input_weight = 0.6}).network());
  fixtures::Simulator s = compile(p, "record_sum");
  s.initialise(3);
  const std::vector<Sample> samples = random_samples(1, 1, 6, steps, 0.5, 3);
  Rows rows(p, 0);
  const BatchResult result = s.run(samples, {.dt_ms = 0.5, .steps = steps, .record = &rows.record});
  const std::vector<float>& current = rows.of("hidden.i");
  constexpr std::size_t hidden = 21;
  std::vector<double> sum(6 * hidden);
  for (std::size_t n = 0; n < steps; ++n)
    for (std::uint32_t e = samples[0].sources[0].step_begin[n]; e < samples[0].sources[0].step_begin[n + 1]; ++e)
      for (std::size_t j = 0; j < hidden; ++j) sum[samples[0].sources[0].unit[e] * hidden + j] += double(current[n * hidden + j]);
  const auto weight = std::find_if(p.parameters.begin(), p.parameters.end(), [](const ir::Parameter& q) { return q.name == "input_hidden.w"; });
  const std::vector<double>& gradient = result.gradient[static_cast<std::size_t>(weight - p.parameters.begin())];
  double largest = 0;
  for (const double g : gradient) largest = std::fmax(largest, std::fabs(g));
  for (std::size_t k = 0; k < gradient.size(); ++k) EXPECT_NEAR(sum[k], gradient[k], 1e-6 * largest) << k;  // some twenty floats, each rounded at 6e-8
}

}  // namespace
}  // namespace antidrome
