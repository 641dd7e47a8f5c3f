#include "runtime/data/report.hpp"

#include "tests/data/files.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace antidrome::data {
namespace {

using test::Listed;

TEST(DataReport, counts_classes_events_and_times) {
  const Listed data({4, 2}, {{{{{1, 0}, {2, 3}}, {{0.5, 1}}}, 0}, {{{}, {}}, 2}, {{{{19, 1}, {20, 1}, {25, 1}}, {}}, 2}});
  const DataReport r = inspect(data, 20);
  EXPECT_TRUE(r.good());
  EXPECT_EQ(r.class_counts, (std::vector<std::uint64_t>{1, 0, 2}));
  EXPECT_EQ(r.events, 6u);
  EXPECT_EQ(r.fewest, 0u);
  EXPECT_EQ(r.most, 3u);
  EXPECT_EQ(r.silent, 1u);
  EXPECT_EQ(r.late, 2u);
  EXPECT_EQ(r.late_samples, 1u);
  EXPECT_EQ(r.first_ms, 0.5);
  EXPECT_EQ(r.last_ms, 25);
  EXPECT_EQ(to_text(r).substr(0, to_text(r).find("  sha256")),
            "listed\n  samples     3\n  sources     4 + 2 units\n  classes     3 (1 0 2 samples each)\n  events      6 (2.0 per sample, 0 to 3)\n"
            "  times       0.5 to 25 ms\n  silent      1 samples without an event\n"
            "  late        2 events of 1 samples lie at or after the end of the trial (20 ms) and are left out [AD521]\n");
}

class Grouped final : public Dataset {
 public:
  std::string name() const override { return "grouped"; }
  std::size_t size() const override { return 3; }
  const std::vector<std::uint32_t>& source_sizes() const override { return sizes_; }
  std::uint32_t classes() const override { return 1; }
  void read(std::size_t, EventSample& into) const override { into.sources.assign(1, {}), into.label = 0; }
  SampleInfo info(std::size_t index) const override { return {0, index == 1 ? 1 : 0, static_cast<std::int32_t>(5 - index)}; }
  const std::vector<std::string>& groups() const override { return groups_; }
  std::vector<std::string> notes() const override { return {"2 samples were not sorted by time, and have been"}; }

 private:
  std::vector<std::uint32_t> sizes_{1};
  std::vector<std::string> groups_{"ada", "bob"};
};

TEST(DataReport, shows_groups_takes_and_notes) {
  const DataReport r = inspect(Grouped(), 20);
  EXPECT_NE(to_text(r).find("  groups      ada (2) bob (1)\n  takes       3 to 5\n"), std::string::npos) << to_text(r);
  EXPECT_NE(to_text(r).find("  note        2 samples were not sorted by time, and have been\n"), std::string::npos);
  EXPECT_NE(to_json(r).find(R"("groups":[{"name":"ada","samples":2},{"name":"bob","samples":1}],"takes":[3,5],"notes":["2 samples)"), std::string::npos) << to_json(r);
}

TEST(DataReport, lists_the_first_problems_and_counts_the_rest) {
  std::vector<EventSample> samples(20, {{{{0, 9}}}, 0});
  samples[0] = {{{{5, 0}, {3, 0}}}, 0};
  samples[1] = {{{{std::numeric_limits<double>::quiet_NaN(), 0}}}, 0};
  samples[2] = {{{}}, 7};
  const DataReport r = inspect(Listed({4}, samples), 20, 5);
  EXPECT_EQ(r.problem_count, 20u);
  ASSERT_EQ(r.problems.size(), 5u);
  EXPECT_STREQ(r.problems[0].what(), "listed: record 0: error: event at 3 ms follows one at 5 ms in source 0 [AD519]\n  remedy: times are at least 0 and sorted");
  EXPECT_EQ(r.problems[1].code, "AD519");
  EXPECT_STREQ(r.problems[2].what(), "listed: record 2: error: label 7 is outside [0, 3) [AD516]");
  EXPECT_STREQ(r.problems[3].what(), "listed: record 3: error: event of unit 9, but source 0 has units [0, 4) [AD520]");
  EXPECT_NE(to_text(r).find("and 15 more\n"), std::string::npos);
}

TEST(DataReport, checksum_sees_every_number) {
  const auto sum = [](double time_ms, std::uint16_t unit, std::int32_t label) { return inspect(Listed({4}, {{{{{time_ms, unit}}}, label}}), 0).sha256; };
  EXPECT_EQ(sum(1, 2, 0), sum(1, 2, 0));
  EXPECT_NE(sum(1, 2, 0), sum(1.0000001, 2, 0));
  EXPECT_NE(sum(1, 2, 0), sum(1, 3, 0));
  EXPECT_NE(sum(1, 2, 0), sum(1, 2, 1));
}

TEST(DataReport, json_holds_the_same) {
  const std::string json = to_json(inspect(Listed({1}, {{{{{2, 0}}}, 1}}), 20));
  EXPECT_NE(json.find("\"classes\":[0,1,0]"), std::string::npos) << json;
  EXPECT_NE(json.find("\"first_ms\":2.0"), std::string::npos) << json;
}

}  // namespace
}  // namespace antidrome::data
