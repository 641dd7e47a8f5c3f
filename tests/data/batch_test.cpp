#include "runtime/data/batch.hpp"

#include "tests/data/files.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <numeric>
#include <thread>

namespace antidrome::data {
namespace {

using test::Listed;

// One sample as text: what the simulator would see.
std::string by_step(const antidrome_events& e, std::uint32_t steps) {
  std::string out;
  for (std::uint32_t n = 0; n < steps; ++n) {
    out += "|";
    for (std::uint32_t k = e.step_begin[n]; k < e.step_begin[n + 1]; ++k) out += fmt::format(" {}", e.unit[k]);
  }
  return out;
}
std::string by_unit(const antidrome_events& e, std::uint32_t units) {
  std::string out;
  for (std::uint32_t u = 0; u < units; ++u) {
    out += "|";
    for (std::uint32_t k = e.unit_begin[u]; k < e.unit_begin[u + 1]; ++k) out += fmt::format(" {}", e.step[k]);
  }
  return out;
}

std::vector<std::size_t> all(const Dataset& data) {
  std::vector<std::size_t> out(data.size());
  std::iota(out.begin(), out.end(), std::size_t{0});
  return out;
}

Listed two_sources() {
  return Listed({3, 2}, {{{{{0, 2}, {0.4, 0}, {1.0, 1}, {1.0, 2}, {3.9, 2}}, {{2.5, 1}}}, 1}, {{{}, {{0, 0}, {0, 0}, {9, 1}}}, -1}});
}

TEST(Batch, events_lie_by_step_and_by_unit) {
  const Listed data = two_sources();
  BatchBuilder builder(data, {.dt_ms = 1, .steps = 4});
  EventBatch batch;
  builder.build(all(data), 0, false, batch);
  ASSERT_EQ(batch.samples().size(), 2u);
  const antidrome_sample &a = batch.samples()[0], &b = batch.samples()[1];
  EXPECT_EQ(a.label, 1);
  EXPECT_EQ(b.label, -1);
  EXPECT_EQ(b.index, 1u);
  EXPECT_EQ(by_step(a.sources[0], 4), "| 2 0| 1 2|| 2");
  EXPECT_EQ(by_unit(a.sources[0], 3), "| 0| 1| 0 1 3");
  EXPECT_EQ(by_step(a.sources[1], 4), "||| 1|");
  EXPECT_EQ(by_unit(a.sources[1], 2), "|| 2");
  EXPECT_EQ(by_step(b.sources[0], 4), "||||");
  EXPECT_EQ(by_step(b.sources[1], 4), "| 0 0|||");
  EXPECT_EQ(by_unit(b.sources[1], 2), "| 0 0|");
  EXPECT_EQ(a.sources[0].time_ms[4], 3.9);
  EXPECT_EQ(batch.late(), 1u);
  EXPECT_EQ(batch.events(), 8u);
}

TEST(Batch, a_time_on_a_boundary_belongs_to_the_step_that_begins_there) {
  for (std::uint32_t n = 0; n < 3000; ++n) EXPECT_EQ(step_of(n * 0.1, 0.1), n);
  EXPECT_EQ(step_of(0.3, 0.1), 3u);  // 0.3 / 0.1 is 2.9999999999999996
  EXPECT_EQ(step_of(0.2999, 0.1), 2u);
  EXPECT_EQ(step_of(1e300, 0.1), UINT32_MAX);
}

TEST(Batch, binary_keeps_the_first_event_of_a_unit_in_a_step) {
  const Listed data({2}, {{{{{0, 0}, {0.2, 1}, {0.5, 0}, {0.9, 1}, {1.0, 0}, {3.2, 1}, {3.3, 0}, {3.4, 1}}}, 0}});
  BatchBuilder builder(data, {.dt_ms = 1, .steps = 4, .binary = true});
  EventBatch batch;
  builder.build(all(data), 0, false, batch);
  EXPECT_EQ(by_step(batch.samples()[0].sources[0], 4), "| 0 1| 0|| 1 0");
  EXPECT_EQ(by_unit(batch.samples()[0].sources[0], 2), "| 0 1 3| 0 3");
  EXPECT_EQ(batch.events(), 5u);
  EXPECT_EQ(batch.merged(), 3u);
}

TEST(Batch, no_time_lies_before_its_step) {
  const Listed data({1}, {{{{{0.3, 0}, {0.6, 0}, {0.7, 0}}}, 0}});
  BatchBuilder builder(data, {.dt_ms = 0.1, .steps = 10});
  EventBatch batch;
  builder.build(all(data), 0, false, batch);
  const antidrome_events& e = batch.samples()[0].sources[0];
  for (std::uint32_t n = 0; n < 10; ++n)
    for (std::uint32_t k = e.step_begin[n]; k < e.step_begin[n + 1]; ++k) EXPECT_GE(e.time_ms[k], n * 0.1);
}

Listed busy(std::size_t samples) {
  std::vector<EventSample> out(samples);
  for (std::size_t s = 0; s < samples; ++s) {
    out[s].label = static_cast<std::int32_t>(s % 3);
    out[s].sources.resize(2);
    for (std::size_t k = 0; k < 101; ++k) out[s].sources[k % 2].push_back({static_cast<double>(k) * 0.5, static_cast<std::uint16_t>((k + s) % 50)});
  }
  return Listed({50, 50}, std::move(out));
}

TEST(InputDropout, depends_on_the_sample_and_the_epoch_but_not_on_the_batch) {
  const Listed data = busy(8);
  const BatchSettings settings{.dt_ms = 1, .steps = 60, .seed = 11, .input_dropout = 0.3};
  BatchBuilder builder(data, settings);
  EventBatch whole, single, later, reseeded;
  builder.build(all(data), 2, true, whole);
  builder.build(std::vector<std::size_t>{5}, 2, true, single);
  builder.build(std::vector<std::size_t>{5}, 3, true, later);
  BatchSettings other = settings;
  other.seed = 12;
  BatchBuilder(data, other).build(std::vector<std::size_t>{5}, 2, true, reseeded);
  for (std::size_t source = 0; source < 2; ++source) {
    const std::string once = by_step(single.samples()[0].sources[source], 60);
    EXPECT_EQ(by_step(whole.samples()[5].sources[source], 60), once);
    EXPECT_NE(by_step(later.samples()[0].sources[source], 60), once);
    EXPECT_NE(by_step(reseeded.samples()[0].sources[source], 60), once);
  }
}

// 20 epochs x 100 samples x 101 events: the share that is dropped has s.d. sqrt(.3 .7 / 202000) = .001; 5 of them are allowed.
TEST(InputDropout, drops_the_share_that_is_asked_for_and_only_in_training) {
  const Listed data = busy(100);
  BatchBuilder builder(data, {.dt_ms = 1, .steps = 60, .seed = 4, .input_dropout = 0.3});
  EventBatch batch;
  double dropped = 0;
  for (std::uint64_t epoch = 0; epoch < 20; ++epoch) {
    builder.build(all(data), epoch, true, batch);
    EXPECT_EQ(batch.dropped() + batch.events(), 10100u);
    dropped += static_cast<double>(batch.dropped());
  }
  EXPECT_NEAR(dropped / 202000, 0.3, 5 * 0.00102);
  builder.build(all(data), 0, false, batch);
  EXPECT_EQ(batch.dropped(), 0u);
}

TEST(BatchQueue, gives_what_the_builder_gives_in_order) {
  const Listed data = busy(23);
  const BatchSettings settings{.dt_ms = 1, .steps = 60, .seed = 1, .input_dropout = 0.5};
  BatchBuilder builder(data, settings);
  BatchQueue queue(data, settings);
  for (std::uint64_t epoch = 0; epoch < 3; ++epoch) {
    queue.start(all(data), 5, epoch, true);
    std::size_t seen = 0;
    while (const EventBatch* batch = queue.next()) {
      EventBatch expected;
      for (const antidrome_sample& s : batch->samples()) {
        EXPECT_EQ(s.index, seen);
        builder.build(std::vector<std::size_t>{seen++}, epoch, true, expected);
        EXPECT_EQ(by_step(s.sources[1], 60), by_step(expected.samples()[0].sources[1], 60));
        EXPECT_EQ(by_unit(s.sources[0], 50), by_unit(expected.samples()[0].sources[0], 50));
      }
    }
    EXPECT_EQ(seen, 23u);
    EXPECT_EQ(queue.next(), nullptr);
  }
}

TEST(BatchQueue, an_epoch_can_be_abandoned_at_any_point) {
  const Listed data = busy(40);
  BatchQueue queue(data, {.dt_ms = 1, .steps = 60});
  for (std::size_t taken = 0; taken < 12; ++taken) {
    queue.start(all(data), 4, taken, true);
    for (std::size_t k = 0; k < taken && k < 10; ++k) ASSERT_EQ(queue.next()->samples()[0].index, 4 * k);
  }
  queue.start({}, 4, 0, false);
  EXPECT_EQ(queue.next(), nullptr);
}

// Counts how far the reader is ahead.
class Counted final : public Dataset {
 public:
  std::string name() const override { return "counted"; }
  std::size_t size() const override { return 1000; }
  const std::vector<std::uint32_t>& source_sizes() const override { return sizes_; }
  std::uint32_t classes() const override { return 1; }
  void read(std::size_t index, EventSample& into) const override {
    if (index == 900) throw DataError("AD512", {"counted.gz", index, 77}, "damaged");
    into.sources.assign(1, {{0, 0}});
    into.label = 0;
    ++reads;
  }
  mutable std::atomic<std::size_t> reads = 0;

 private:
  std::vector<std::uint32_t> sizes_{1};
};

TEST(BatchQueue, reads_ahead_but_not_without_bound) {
  const Counted data;
  BatchQueue queue(data, {.dt_ms = 1, .steps = 1}, 3);
  queue.start(all(data), 10, 0, false);
  ASSERT_NE(queue.next(), nullptr);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (data.reads < 40 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // time to go too far
  EXPECT_EQ(data.reads, 40u);                                  // the batch in hand and three ahead
  EXPECT_GT(queue.bytes(), 0u);
}

TEST(BatchQueue, hands_over_what_was_read_before_a_damaged_record_and_then_its_error) {
  const Counted data;
  BatchQueue queue(data, {.dt_ms = 1, .steps = 1});
  queue.start(all(data), 100, 0, false);
  for (int k = 0; k < 9; ++k) ASSERT_NE(queue.next(), nullptr);
  try {
    queue.next();
    FAIL() << "the damaged record went unnoticed";
  } catch (const DataError& error) {
    EXPECT_EQ(error.code, "AD512");
    EXPECT_EQ(error.at.str(), "counted.gz: record 900, byte 77");
  }
  EXPECT_EQ(queue.next(), nullptr);
}

}  // namespace
}  // namespace antidrome::data
