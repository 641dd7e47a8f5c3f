#include "runtime/data/dataset.hpp"

#include <gtest/gtest.h>

namespace antidrome::data {
namespace {

std::unique_ptr<Dataset> pairs(std::map<std::string, std::string, std::less<>> values, Split split = Split::train) {
  values.insert({{"kind", "delay_xor"}, {"dt_ms", "1"}, {"trial_ms", "100"}});
  return make_dataset({std::move(values), {}}, split);
}

TEST(DelayXor, the_class_is_the_unit_that_comes_first) {
  const auto train = pairs({{"gap_ms", "7"}});
  EXPECT_EQ(train->size(), 20u);
  EXPECT_EQ(train->source_sizes(), std::vector<std::uint32_t>{2});
  for (const std::size_t k : {0u, 1u, 18u, 19u}) {
    const EventSample s = train->sample(k);
    ASSERT_EQ(s.sources.at(0).size(), 2u);
    EXPECT_EQ(s.label, train->info(k).label);
    EXPECT_EQ(s.sources[0][0].unit, s.label);
    EXPECT_EQ(s.sources[0][0].time_ms, 0);
    EXPECT_EQ(s.sources[0][1].unit, 1 - s.label);
    EXPECT_EQ(s.sources[0][1].time_ms, 7);
  }
  EXPECT_EQ(train->info(0).label + train->info(1).label, 1);
}

TEST(DelayXor, has_no_validation_unless_asked) {
  EXPECT_EQ(pairs({}, Split::validation), nullptr);
  EXPECT_EQ(pairs({}, Split::test)->size(), 2u);
}

TEST(DelayXor, the_gap_lies_within_the_trial) { EXPECT_THROW(pairs({{"gap_ms", "101"}}), DataError); }

}  // namespace
}  // namespace antidrome::data
