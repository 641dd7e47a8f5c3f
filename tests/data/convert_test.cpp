// Whatever is converted reads back as it was.
#include "runtime/data/convert.hpp"

#include "tests/data/shd_files.hpp"

#include <gtest/gtest.h>

namespace antidrome::data {
namespace {

std::unique_ptr<Dataset> read_back(const std::filesystem::path& file, const std::filesystem::path& folder) {
  DatasetOptions options = test::shd_options(file, folder);
  options.values["split"] = "given";
  return make_dataset(options, Split::train);
}

void expect_equal(const Dataset& a, const Dataset& b) {
  ASSERT_EQ(a.size(), b.size());
  EXPECT_EQ(a.source_sizes(), b.source_sizes());
  for (std::size_t k = 0; k < a.size(); ++k) {
    const EventSample x = a.sample(k), y = b.sample(k);
    ASSERT_EQ(x.sources[0].size(), y.sources[0].size());
    for (std::size_t e = 0; e < x.sources[0].size(); ++e) {
      EXPECT_EQ(x.sources[0][e].unit, y.sources[0][e].unit);
      EXPECT_DOUBLE_EQ(x.sources[0][e].time_ms, y.sources[0][e].time_ms);   // a division and a multiplication by 1000
    }
    EXPECT_EQ(a.info(k).label, b.info(k).label);
  }
}

TEST(Convert, an_shd_file_stays_what_it_is) {
  const test::Folder folder;
  test::ShdContent content;
  const H5Handle half = test::half_type();
  content.time_type = half.get();
  test::put_shd(folder.path / "a.h5", content);
  const auto before = read_back(folder.path / "a.h5", folder.path);
  const Converted converted = convert_to_shd(*before, "a test", folder.path / "b.h5");
  EXPECT_TRUE(converted.half);
  EXPECT_EQ(converted.events, 5u);
  const auto after = read_back(folder.path / "b.h5", folder.path);
  expect_equal(*before, *after);
  EXPECT_EQ(after->groups(), (std::vector<std::string>{"0", "1", "2"}));
  EXPECT_EQ(after->class_names(), (std::vector<std::string>{"zero", "one"}));
  EXPECT_EQ(after->info(2).take, 0);
}

TEST(Convert, points_become_a_file_in_double_precision_with_their_number_of_units) {
  const test::Folder folder;
  const auto before = make_dataset({{{"kind", "yinyang"}, {"dt_ms", "0.1"}, {"trial_ms", "30"}, {"train_size", "20"}}, "run.toml"}, Split::train);
  EXPECT_FALSE(convert_to_shd(*before, "a test", folder.path / "points.h5").half);
  const auto after = read_back(folder.path / "points.h5", folder.path);
  expect_equal(*before, *after);
  EXPECT_TRUE(after->groups().empty());
}

TEST(Convert, units_of_several_sources_follow_each_other) {
  const test::Folder folder;
  const test::Listed data({3, 2}, {{{{{1, 2}, {4, 0}}, {{1, 0}, {2, 1}}}, 1}});
  convert_to_shd(data, "a test", folder.path / "two.h5");
  const auto after = read_back(folder.path / "two.h5", folder.path);
  EXPECT_EQ(after->source_sizes(), std::vector<std::uint32_t>{5});
  EXPECT_EQ(after->sample(0).sources[0], (std::vector<Event>{{1, 2}, {1, 3}, {2, 4}, {4, 0}}));
}

TEST(Convert, a_sample_without_a_label_is_refused) {
  const test::Folder folder;
  try {
    convert_to_shd(test::Listed({1}, {{{{}}, 0}, {{{}}, -1}}), "a test", folder.path / "x.h5");
    FAIL();
  } catch (const DataError& error) {
    EXPECT_EQ(std::string(error.what()), "listed: record 1: error: a sample without a label [AD516]\n  remedy: a file of this layout has a label for each sample");
  }
  EXPECT_FALSE(std::filesystem::exists(folder.path / "x.h5"));
}

}  // namespace
}  // namespace antidrome::data
