// Each augmentation against its equation, and the promise that its numbers depend on seed, epoch, sample and position alone.
#include "runtime/data/augment.hpp"

#include "runtime/data/batch.hpp"
#include "tests/data/files.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

namespace antidrome::data {
namespace {

using test::Listed;
using Kind = AugmentStep::Kind;

constexpr double trial_ms = 100;

/// Labels, groups and events written down in the test.
class Grouped final : public Dataset {
 public:
  explicit Grouped(std::vector<EventSample> samples, std::vector<std::int32_t> groups = {}, std::uint32_t units = 50) : samples_(std::move(samples)), of_(std::move(groups)), sizes_{units} {}
  std::string name() const override { return "grouped"; }
  std::size_t size() const override { return samples_.size(); }
  const std::vector<std::uint32_t>& source_sizes() const override { return sizes_; }
  std::uint32_t classes() const override { return 3; }
  void read(std::size_t index, EventSample& into) const override { into = samples_.at(index); }
  SampleInfo info(std::size_t index) const override { return {samples_.at(index).label, of_.empty() ? -1 : of_.at(index), -1}; }

 private:
  std::vector<EventSample> samples_;
  std::vector<std::int32_t> of_;
  std::vector<std::uint32_t> sizes_;
};

struct Read {
  std::vector<Event> events;
  std::int32_t label;
  AugmentCounts counts;
};

Read read(const Dataset& data, std::vector<AugmentStep> steps, std::size_t index = 0, std::uint64_t epoch = 0, std::uint64_t seed = 1, bool training = true) {
  Augmenter augmenter(data, std::move(steps), trial_ms, seed);
  EventSample sample;
  AugmentCounts counts;
  augmenter.read(index, epoch, training, sample, counts);
  const bool sorted = std::is_sorted(sample.sources[0].begin(), sample.sources[0].end(), [](const Event& a, const Event& b) { return a.time_ms != b.time_ms ? a.time_ms < b.time_ms : a.unit < b.unit; });
  EXPECT_TRUE(sorted);
  for (const Event& e : sample.sources[0]) EXPECT_TRUE(e.time_ms >= 0 && e.time_ms < trial_ms && e.unit < data.source_sizes()[0]);
  return {sample.sources[0], sample.label, counts};
}

AugmentStep step(Kind kind, double a, double b = 0) {
  AugmentStep out;
  out.kind = kind, out.a = a, out.b = b;
  return out;
}

AugmentStep blend(std::vector<double> keep, double share, double extra = 0, bool same_group = false) {
  AugmentStep out;
  out.kind = Kind::blend, out.keep = std::move(keep), out.share = share, out.extra = extra, out.same_group = same_group;
  return out;
}

// 50 events, one in each unit, 1 ms apart, from 25 ms.
EventSample diagonal(std::int32_t label = 0) {
  EventSample out;
  out.label = label;
  out.sources.resize(1);
  for (std::uint16_t u = 0; u < 50; ++u) out.sources[0].push_back({25.0 + u, u});
  return out;
}
const Grouped one({diagonal()});

// trunc(U(-4, 4)): 0 has two of the eight unit intervals, -3 … 3 without 0 one each.
TEST(Augment, shift_moves_all_events_by_one_truncated_uniform_number_and_loses_what_leaves) {
  std::map<int, int> seen;
  for (std::uint64_t epoch = 0; epoch < 8000; ++epoch) {
    const Read r = read(one, {step(Kind::random_shift, 4)}, 0, epoch);
    const int s = static_cast<int>(r.events[10].unit) - static_cast<int>(r.events[10].time_ms - 25);
    for (const Event& e : r.events) ASSERT_EQ(e.unit, e.time_ms - 25 + s);
    ASSERT_EQ(r.events.size(), 50u - static_cast<unsigned>(std::abs(s)));
    ASSERT_EQ(r.counts.cut, static_cast<unsigned>(std::abs(s)));
    ++seen[s];
  }
  EXPECT_EQ(seen.size(), 7u);
  for (const auto& [s, times] : seen) EXPECT_NEAR(times, s == 0 ? 2000 : 1000, 5 * (s == 0 ? 39 : 30)) << s;  // five s.d. of a binomial
}

// ln f is uniform: its mean is that of the ends, its variance a twelfth of their squared distance.
TEST(Augment, dilation_multiplies_times_by_one_log_uniform_factor_and_crops_at_the_end_of_the_trial) {
  double sum = 0, squares = 0;
  std::uint64_t cut = 0;
  constexpr int n = 4000;
  for (std::uint64_t epoch = 0; epoch < n; ++epoch) {
    const Read r = read(one, {step(Kind::random_dilate, 0.5, 2)}, 0, epoch);
    const double f = r.events[0].time_ms / 25;
    for (const Event& e : r.events) ASSERT_NEAR(e.time_ms, f * (25 + e.unit), 1e-12);
    ASSERT_EQ(r.events.size() + r.counts.cut, 50u);
    ASSERT_GE(f, 0.5);
    ASSERT_LE(f, 2);
    sum += std::log(f), squares += std::log(f) * std::log(f), cut += r.counts.cut;
  }
  const double variance = std::pow(2 * std::log(2), 2) / 12;
  EXPECT_NEAR(sum / n, 0, 5 * std::sqrt(variance / n));
  EXPECT_NEAR(squares / n, variance, 5 * variance * std::sqrt(0.8 / n));  // the kurtosis of a uniform number is 1.8
  EXPECT_GT(cut, 0u);
}

// round(s N): variance s^2 + 1/12 up to exp(-2 pi^2 s^2), which is nothing for s = 2. The middle unit cannot leave.
TEST(Augment, id_jitter_moves_every_event_by_a_rounded_normal_number) {
  double sum = 0, squares = 0;
  int n = 0;
  for (std::uint64_t epoch = 0; epoch < 400; ++epoch) {
    for (const Event& e : read(one, {step(Kind::id_jitter, 2)}, 0, epoch).events) {
      if (e.time_ms < 40 || e.time_ms > 60) continue;  // far from the ends
      const double moved = e.unit - (e.time_ms - 25);
      sum += moved, squares += moved * moved, ++n;
    }
  }
  const double variance = 4 + 1.0 / 12;
  EXPECT_NEAR(sum / n, 0, 5 * std::sqrt(variance / n));
  EXPECT_NEAR(squares / n, variance, 5 * variance * std::sqrt(2.0 / n));
}

TEST(Augment, jitter_of_times_is_normal_and_leaves_the_events_sorted) {
  double sum = 0, squares = 0;
  int n = 0;
  for (std::uint64_t epoch = 0; epoch < 400; ++epoch)
    for (const Event& e : read(one, {step(Kind::jitter_time, 3)}, 0, epoch).events) {
      const double moved = e.time_ms - (25 + e.unit);
      sum += moved, squares += moved * moved, ++n;
    }
  EXPECT_EQ(n, 400 * 50);  // the ends of the trial are eight s.d. away
  EXPECT_NEAR(sum / n, 0, 5 * 3 / std::sqrt(n));
  EXPECT_NEAR(squares / n, 9, 5 * 9 * std::sqrt(2.0 / n));
}

TEST(Augment, deletion_thins_every_event_alike) {
  std::vector<int> kept(50);
  for (std::uint64_t epoch = 0; epoch < 2000; ++epoch) {
    const Read r = read(one, {step(Kind::drop_events, 0.3)}, 0, epoch);
    ASSERT_EQ(r.events.size() + r.counts.dropped, 50u);
    for (const Event& e : r.events) ++kept[e.unit];
  }
  for (const int k : kept) EXPECT_NEAR(k, 1400, 5 * 20.5);
}

// 50 units at 4 Hz for 100 ms: a Poisson number with mean and variance 20, anywhere with equal probability.
TEST(Augment, noise_is_a_poisson_process_in_every_unit) {
  const Grouped silent({{{{}}, 1}});
  double sum = 0, squares = 0, time = 0, unit = 0;
  constexpr int n = 4000;
  for (std::uint64_t epoch = 0; epoch < n; ++epoch) {
    const Read r = read(silent, {step(Kind::noise_rate, 4)}, 0, epoch);
    const auto count = static_cast<double>(r.events.size());
    ASSERT_EQ(r.counts.added, r.events.size());
    sum += count, squares += count * count;
    for (const Event& e : r.events) time += e.time_ms, unit += e.unit;
  }
  const double mean = sum / n;
  EXPECT_NEAR(mean, 20, 5 * std::sqrt(20.0 / n));
  EXPECT_NEAR(squares / n - mean * mean, 20, 5 * 20 * std::sqrt(2.05 / n));
  EXPECT_NEAR(time / sum, 50, 5 * 100 / std::sqrt(12 * sum));
  EXPECT_NEAR(unit / sum, 24.5, 5 * 50 / std::sqrt(12 * sum));
}

TEST(Augment, normalising_thins_to_the_fewest_events_of_a_training_sample_and_does_so_in_evaluation) {
  EventSample few = diagonal(), none = diagonal();
  few.sources[0].resize(10);
  few.sources[0].push_back({120, 3});  // after the trial: not seen, not counted
  none.sources[0].clear();
  const Grouped data({diagonal(), few, none});
  std::vector<AugmentStep> steps = {step(Kind::normalise_spike_number, 0)};
  find_fewest(steps, data, trial_ms);
  EXPECT_EQ(steps[0].a, 10);
  EXPECT_EQ(read(data, steps, 1).events.size(), 10u);
  double kept = 0;
  for (std::uint64_t epoch = 0; epoch < 2000; ++epoch) kept += static_cast<double>(read(data, steps, 0, epoch).events.size());
  EXPECT_NEAR(kept / 2000, 10, 5 * std::sqrt(50 * 0.2 * 0.8 / 2000));
  EXPECT_LT(read(data, steps, 0, 0, 1, false).events.size(), 50u);
}

// Two samples of one class with all their mass in one point each, (20 ms, unit 10) and (41 ms, unit 15): both go to the middle, by
// trunc(±10.5) ms and trunc(±2.5) units.
TEST(Augment, blend_aligns_the_centres_of_mass_by_truncated_whole_shifts) {
  const Grouped data({{{{{20, 10}, {20, 10}}}, 2}, {{{{41, 15}}}, 2}, {{{{70, 40}}}, 1}});
  std::set<std::vector<std::pair<double, int>>> seen;
  for (std::uint64_t epoch = 0; epoch < 100; ++epoch) {
    const Read r = read(data, {blend({1, 1}, 1)}, 0, epoch);
    EXPECT_EQ(r.label, 2);
    std::vector<std::pair<double, int>> events;
    for (const Event& e : r.events) events.emplace_back(e.time_ms, e.unit);
    seen.insert(events);
  }
  const std::set<std::vector<std::pair<double, int>>> expected = {
      {{20, 10}, {20, 10}, {20, 10}, {20, 10}}, {{30, 12}, {30, 12}, {31, 13}}, {{41, 15}, {41, 15}}};
  EXPECT_EQ(seen, expected);
}

TEST(Augment, blend_keeps_events_of_each_partner_with_its_own_probability_and_crops) {
  double first = 0, second = 0;
  constexpr int n = 2000;
  const Grouped data({diagonal()});
  for (std::uint64_t epoch = 0; epoch < n; ++epoch) {
    const Read r = read(data, {blend({0.25, 0.75}, 1)}, 0, epoch);
    std::map<int, int> times;
    for (const Event& e : r.events) ++times[e.unit];
    for (const auto& [unit, count] : times) ++(count == 2 ? second : first);
  }
  EXPECT_NEAR(second / n, 50 * 0.25 * 0.75, 5 * std::sqrt(50 * 0.1875 * 0.8125 / n));
  EXPECT_NEAR(first / n, 50 * (0.25 * 0.25 + 0.75 * 0.75), 5 * std::sqrt(50 * 0.625 * 0.375 / n));
  // Means 2 and 97 ms, so shifts of ±47: what was within 47 ms of the ends is lost.
  const Grouped apart({{{{{0, 0}, {0, 0}, {6, 0}}}, 0}, {{{{97, 49}}}, 0}});
  std::uint64_t cut = 0;
  for (std::uint64_t epoch = 0; epoch < 50; ++epoch) cut += read(apart, {step(Kind::random_shift, 2), blend({1, 1}, 1)}, 0, epoch).counts.cut;
  EXPECT_GT(cut, 0u);
}

TEST(Augment, blend_draws_from_the_class_or_from_the_own_group_and_replaces_the_share_that_is_asked_for) {
  std::vector<EventSample> samples;
  std::vector<std::int32_t> groups;
  for (std::uint16_t k = 0; k < 40; ++k) samples.push_back({{{{50, k}}}, k % 2}), groups.push_back(k / 20);
  const Grouped data(samples, groups);
  std::set<int> units, own;
  int replaced = 0;
  for (std::uint64_t epoch = 0; epoch < 1000; ++epoch) {
    const Read any = read(data, {blend({1}, 0.5)}, 4, epoch), inside = read(data, {blend({1}, 1, 0, true)}, 24, epoch);
    EXPECT_EQ(any.events[0].unit % 2, 0);
    units.insert(any.events[0].unit), own.insert(inside.events[0].unit);
    replaced += any.events[0].unit != 4;
  }
  EXPECT_EQ(units.size(), 20u);                 // of either group
  EXPECT_EQ(own, (std::set<int>{20, 22, 24, 26, 28, 30, 32, 34, 36, 38}));
  EXPECT_NEAR(replaced, 475, 5 * 15.8);         // half of them, and one draw in twenty is the sample itself
}

TEST(Augment, extra_blends_follow_the_samples_and_have_the_classes_of_the_set) {
  const Grouped data({diagonal(0), diagonal(0), diagonal(0), diagonal(1)});
  const std::vector<AugmentStep> steps = {blend({0.5, 0.5}, 0, 0.5)};
  EXPECT_EQ(epoch_size(data, steps), 6u);
  int of_class_one = 0;
  for (std::uint64_t epoch = 0; epoch < 1000; ++epoch) of_class_one += read(data, steps, 5, epoch).label;
  EXPECT_NEAR(of_class_one, 250, 5 * 13.7);
  EXPECT_EQ(read(data, steps, 3).events, diagonal().sources[0]);  // the samples themselves are as they are
  BatchBuilder builder(data, {.dt_ms = 1, .steps = 100, .augment = steps});
  EventBatch batch;
  builder.build(std::vector<std::size_t>{5}, 0, true, batch);
  EXPECT_EQ(batch.samples()[0].index, 5u);
}

TEST(Augment, steps_act_in_the_order_of_the_list_and_blends_mix_what_came_before) {
  const Grouped data({diagonal()});
  const auto dilate_then_jitter = read(data, {step(Kind::random_dilate, 0.5, 0.5), step(Kind::jitter_time, 1e-9)});
  EXPECT_NEAR(dilate_then_jitter.events[0].time_ms, 12.5, 1e-6);
  // Shifted partners of one sample: both have its shift, so they coincide whatever it is.
  for (std::uint64_t epoch = 0; epoch < 20; ++epoch) {
    const Read before = read(data, {step(Kind::random_shift, 10), blend({1, 1}, 1)}, 0, epoch), plain = read(data, {step(Kind::random_shift, 10)}, 0, epoch);
    ASSERT_EQ(before.events.size(), 2 * plain.events.size());
    for (std::size_t k = 0; k < before.events.size(); ++k) ASSERT_EQ(before.events[k], plain.events[k / 2]);
  }
}

TEST(Augment, only_training_is_changed) {
  const Read r = read(one, {step(Kind::random_shift, 20), step(Kind::drop_events, 0.5), step(Kind::noise_rate, 50), blend({0.1}, 1)}, 0, 0, 1, false);
  EXPECT_EQ(r.events, diagonal().sources[0]);
}

TEST(Augment, every_number_depends_on_seed_epoch_sample_and_position_alone) {
  std::vector<EventSample> samples;
  for (int k = 0; k < 12; ++k) samples.push_back(diagonal(k % 3));
  const Grouped data(samples);
  const std::vector<AugmentStep> steps = {blend({0.5, 0.5}, 0.5), step(Kind::random_shift, 9), step(Kind::id_jitter, 2), step(Kind::drop_events, 0.2), step(Kind::noise_rate, 3)};
  const BatchSettings settings{.dt_ms = 1, .steps = 100, .seed = 7, .input_dropout = 0.1, .augment = steps};
  std::vector<std::size_t> order(12);
  std::iota(order.begin(), order.end(), std::size_t{0});
  EventBatch whole, single;
  BatchBuilder(data, settings).build(order, 3, true, whole);
  BatchBuilder builder(data, settings);
  for (std::size_t k = order.size(); k-- > 0;) {
    builder.build(std::vector<std::size_t>{k}, 3, true, single);
    const antidrome_events &a = whole.samples()[k].sources[0], &b = single.samples()[0].sources[0];
    const std::uint32_t n = a.step_begin[100];
    ASSERT_EQ(n, b.step_begin[100]);
    EXPECT_TRUE(std::equal(a.unit, a.unit + n, b.unit) && std::equal(a.time_ms, a.time_ms + n, b.time_ms));
  }
  EXPECT_NE(read(data, steps, 0, 3, 7).events, read(data, steps, 0, 4, 7).events);
  EXPECT_NE(read(data, steps, 0, 3, 7).events, read(data, steps, 0, 3, 8).events);
  const Read twice = read(data, {step(Kind::random_shift, 20), step(Kind::random_shift, 20)}, 0, 5);
  const Read once = read(data, {step(Kind::random_shift, 20)}, 0, 5);
  const int shift = once.events[20].unit - (static_cast<int>(once.events[20].time_ms) - 25);
  EXPECT_NE(twice.events[20].unit - (static_cast<int>(twice.events[20].time_ms) - 25), 2 * shift);
}

TEST(Augment, late_events_are_cropped_first_and_counted) {
  const Grouped data({{{{{10, 1}, {150, 2}}}, 0}});
  const Read r = read(data, {step(Kind::random_dilate, 0.5, 0.5)});
  EXPECT_EQ(r.events.size(), 1u);
  EXPECT_EQ(r.counts.late, 1u);
  EventBatch batch;
  BatchBuilder(data, {.dt_ms = 1, .steps = 100, .augment = {step(Kind::random_dilate, 0.5, 0.5)}}).build(std::vector<std::size_t>{0}, 0, true, batch);
  EXPECT_EQ(batch.late(), 1u);
  EXPECT_EQ(batch.events(), 1u);
}

}  // namespace
}  // namespace antidrome::data
