#include "runtime/train/breakdown.hpp"
#include "tests/runtime/fake.hpp"

namespace antidrome {
namespace {

// Two classes, three groups of which one has no samples; one sample undecided, one without a label.
Breakdown example() {
  return break_down({{0, 0, 0, 0.1, 0}, {1, 0, 1, 0.1, 0}, {2, 1, 1, 0.1, 2}, {3, 1, -1, 0.1, 2}, {4, 1, 1, 0.1, 2}, {5, -1, 1, 0.1, 0}}, {"no", "yes, \"indeed\""}, {"anna", "bert", "carl"});
}

TEST(Breakdown, counts_classes_groups_and_confusions) {
  const Breakdown b = example();
  EXPECT_EQ(b.confusion, (std::vector<std::vector<std::uint64_t>>{{1, 1, 0}, {0, 2, 1}}));
  ASSERT_EQ(b.groups.size(), 2u);
  EXPECT_EQ(b.groups[0].name, "anna");
  EXPECT_EQ(b.groups[0].samples, 2u);
  EXPECT_EQ(b.groups[1].name, "carl");
  EXPECT_EQ(b.groups[1].correct, 2u);
  EXPECT_EQ(b.classes[1].samples, 3u);
}

TEST(Breakdown, is_told_as_tables) {
  EXPECT_EQ(groups_text(example()), "group  samples  accuracy\nanna         2    50.0 %\ncarl         3    66.7 %\nmean              58.3 %\n");
  const std::string text = confusion_text(break_down({{0, 0, 0}, {1, 1, 0}, {2, 1, 1}}, {"a", "bb"}, {}));
  EXPECT_EQ(text, "true  a  bb\na     1   0\nbb    1   1\n");
  EXPECT_NE(confusion_text(example()).find("undecided"), std::string::npos);
  EXPECT_EQ(groups_text(break_down({{0, 0, 0}}, {"a"}, {})), "");
}

TEST(Breakdown, is_read_as_it_was_written) {
  const test::Scratch scratch;
  test::write(scratch / "accuracy.csv", shares_csv(example()));
  const std::vector<Share> classes = read_shares(scratch / "accuracy.csv", "class"), groups = read_shares(scratch / "accuracy.csv", "group");
  ASSERT_EQ(classes.size(), 2u);
  EXPECT_EQ(classes[1].name, "yes, \"indeed\"");
  EXPECT_EQ(classes[1].samples, 3u);
  EXPECT_EQ(classes[1].correct, 2u);
  EXPECT_EQ(groups[1].name, "carl");
  EXPECT_TRUE(read_shares(scratch / "nowhere.csv", "group").empty());
}

}  // namespace
}  // namespace antidrome
