#include "runtime/data/dataset.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace antidrome::data {
namespace {

std::unique_ptr<Dataset> noise(std::map<std::string, std::string, std::less<>> values, Split split = Split::train) {
  values.insert({{"kind", "frozen_noise"}, {"dt_ms", "1"}, {"trial_ms", "1000"}});
  return make_dataset({std::move(values), {}}, split);
}

TEST(FrozenNoise, every_sample_of_every_split_is_the_same_pattern) {
  const auto train = noise({}), test = noise({}, Split::test);
  EXPECT_EQ(train->size(), 100u);
  EXPECT_EQ(noise({}, Split::validation), nullptr);
  EXPECT_EQ(train->source_sizes(), std::vector<std::uint32_t>{20});
  EXPECT_EQ(train->sample(0).sources, train->sample(99).sources);
  EXPECT_EQ(train->sample(0).sources, test->sample(0).sources);
  EXPECT_NE(train->sample(0).sources, noise({{"pattern_seed", "2"}})->sample(0).sources);
}

TEST(FrozenNoise, has_the_wanted_rate_and_is_sorted) {
  const std::vector<Event> events = noise({{"units", "200"}, {"rate_hz", "40"}})->sample(0).sources[0];
  EXPECT_NEAR(static_cast<double>(events.size()), 8000, 4 * std::sqrt(8000.0));   // 200 units, 1 s
  EXPECT_TRUE(std::is_sorted(events.begin(), events.end(), [](const Event& a, const Event& b) { return std::pair(a.time_ms, a.unit) < std::pair(b.time_ms, b.unit); }));
  EXPECT_LT(events.back().time_ms, 1000);
}

}  // namespace
}  // namespace antidrome::data
