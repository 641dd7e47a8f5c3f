#include "runtime/session/session.hpp"
#include "runtime/session/failure.hpp"
#include "runtime/session/recorder.hpp"
#include "tests/runtime/fake.hpp"

#include <cmath>

namespace antidrome {
namespace {

using test::Scratch;

// One sample with one event per unit, unit u in step 2 u.
struct OneSample {
  std::vector<std::uint32_t> step_begin, unit_begin;
  std::vector<std::uint16_t> unit, step;
  antidrome_events events{};
  antidrome_sample sample{};
  explicit OneSample(std::uint32_t steps, std::int32_t label = 1) {
    for (std::uint32_t n = 0; n <= steps; ++n) step_begin.push_back(std::min((n + 1) / 2, 5u));
    for (std::uint16_t u = 0; u < 5; ++u) unit.push_back(u), step.push_back(static_cast<std::uint16_t>(2 * u)), unit_begin.push_back(u);
    unit_begin.push_back(5);
    events = {step_begin.data(), unit.data(), nullptr, unit_begin.data(), step.data()};
    sample = {&events, 0, label};
  }
};

TEST(Session, initial_values_are_the_same_in_float_and_double_to_rounding_and_padding_is_zero) {
  const Scratch scratch;
  const Manifest mf = load_manifest(test::make_build(scratch / "f")), md = load_manifest(test::make_build(scratch / "d", "double"));
  Session f(mf, {.steps = 20}), d(md, {.steps = 20});
  for (Session* s : {&f, &d}) initialise(s->parameters(), s->manifest(), 5);
  for (std::size_t k = 0; k < 3; ++k) {
    const std::vector<double> a = f.parameters().values(k), b = d.parameters().values(k);
    for (std::size_t e = 0; e < a.size(); ++e) EXPECT_EQ(a[e], static_cast<double>(static_cast<float>(b[e])));
  }
  EXPECT_EQ(f.parameters().layout(1).stride, 16u);
  for (std::uint32_t r = 0; r < 5; ++r)
    for (std::uint32_t c = 3; c < 16; ++c) EXPECT_EQ(static_cast<const float*>(f.parameters().data(1))[r * 16 + c], 0.0f);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(f.parameters().data(1)) % 64, 0u);
}

TEST(Session, initial_values_stay_inside_their_bounds) {
  const Scratch scratch;
  nlohmann::json manifest = test::fake_manifest();
  manifest["parameters"][1]["low"] = -0.05;
  manifest["parameters"][1]["high"] = 0.05;
  Session s(load_manifest(test::make_build(scratch / "b", "float", manifest)), {.steps = 20});
  initialise(s.parameters(), s.manifest(), 1);
  std::size_t at_bound = 0;
  for (const double w : s.parameters().values(1)) {
    EXPECT_LE(std::fabs(w), static_cast<double>(0.05f));
    at_bound += std::fabs(w) == static_cast<double>(0.05f) ? 1u : 0u;
  }
  EXPECT_GT(at_bound, 0u);
}

TEST(Session, gradients_agree_with_finite_differences) {
  const Scratch scratch;
  Session s(load_manifest(test::make_build(scratch / "d", "double")), {.steps = 20});
  initialise(s.parameters(), s.manifest(), 3);
  const OneSample one(20);
  s.run({&one.sample, 1}, {.backward = true});
  for (std::size_t k : {std::size_t{1}, std::size_t{2}})
    for (std::uint32_t r = 0; r < s.parameters().layout(k).rows; ++r)
      for (std::uint32_t c = 0; c < 3; ++c) {
        const double h = 1e-6, w = s.parameters().get(k, r, c), gradient = s.gradients().get(k, r, c);
        s.parameters().set(k, r, c, w + h);
        const double up = s.run({&one.sample, 1}, {}).loss[0];
        s.parameters().set(k, r, c, w - h);
        const double down = s.run({&one.sample, 1}, {}).loss[0];
        s.parameters().set(k, r, c, w);
        EXPECT_NEAR(gradient, (up - down) / (2 * h), 1e-9);  // h^2 and rounding 1e-16 / h, both about 1e-10
      }
}

TEST(Session, a_tape_that_is_too_small_is_enlarged_and_the_batch_runs_again) {
  const Scratch scratch;
  Session s(load_manifest(test::make_build(scratch / "b")), {.steps = 20, .spike_capacity = 2});
  initialise(s.parameters(), s.manifest(), 3);
  std::vector<std::pair<std::uint32_t, std::uint32_t>> told;
  s.on_overflow([&](std::uint32_t before, std::uint32_t after) { told.emplace_back(before, after); });
  const OneSample one(20);
  const BatchResult& result = s.run({&one.sample, 1}, {});
  EXPECT_EQ(result.code, ANTIDROME_OK);
  EXPECT_GT(result.loss[0], 0);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0], (std::pair<std::uint32_t, std::uint32_t>{2, 5}));
  EXPECT_EQ(s.spike_capacity(), 5u);
}

TEST(Session, a_workspace_above_the_limit_is_refused_before_it_is_allocated) {
  const Scratch scratch;
  Session s(load_manifest(test::make_build(scratch / "b")), {.steps = 20, .spike_capacity = 1u << 20, .memory_limit = 1 << 20});
  const OneSample one(20);
  try {
    s.run({&one.sample, 1}, {});
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.exit(), exit_user);
    EXPECT_EQ(failure.diagnostics().all().at(0).code, "AD453");
  }
}

TEST(Session, a_recording_has_every_spike_and_the_trace) {
  const Scratch scratch;
  Session s(load_manifest(test::make_build(scratch / "b")), {.dt_ms = 0.5, .steps = 20});
  initialise(s.parameters(), s.manifest(), 3);
  const OneSample one(20);
  const Recording r = record(s, {&one.sample, 1}, 0, record_request(s.manifest(), {"all"}, [](const std::string&) { return Location{}; }));
  EXPECT_EQ(r.populations[0].unit, (std::vector<std::uint32_t>{0, 1, 2, 0, 1}));
  EXPECT_EQ(r.populations[0].time_ms, (std::vector<double>{0, 1, 2, 3, 4}));
  EXPECT_EQ(r.populations[0].traces.at(0).size(), 60u);
  EXPECT_EQ(r.label, 1);
}

}  // namespace
}  // namespace antidrome
