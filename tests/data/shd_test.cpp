// Files in the SHD layout, and the splits that every kept data set has.
#include "tests/data/shd_files.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

namespace antidrome::data {
namespace {

namespace fs = std::filesystem;
using test::ShdContent;

std::string text(const EventSample& sample) {
  std::string out;
  for (const Event& e : sample.sources.at(0)) out += fmt::format("{}@{} ", e.time_ms, e.unit);
  return out;
}

class Shd : public testing::Test {
 protected:
  std::unique_ptr<Dataset> read(const ShdContent& content, std::map<std::string, std::string, std::less<>> more = {}, Split split = Split::train) {
    test::put_shd(file, content);
    DatasetOptions options = test::shd_options(file, folder.path);
    more.try_emplace("split", "given");
    for (const auto& [key, value] : more) options.values[key] = value;
    return make_dataset(options, split);
  }
  test::Folder folder;
  fs::path file = folder.path / "some.h5";
};

TEST_F(Shd, samples_are_read_and_seconds_become_milliseconds) {
  const auto data = read({});
  ASSERT_EQ(data->size(), 3u);
  EXPECT_EQ(data->source_sizes(), std::vector<std::uint32_t>{700});
  EXPECT_EQ(data->classes(), 2u);
  EXPECT_EQ(text(data->sample(0)), fmt::format("{}@3 250@699 500@0 ", 0.001f * 1000.0));
  EXPECT_EQ(text(data->sample(1)), "");
  EXPECT_EQ(text(data->sample(2)), "125@5 125@7 ") << "equal times are sorted by unit";
  EXPECT_EQ(data->info(2).label, 1);
  EXPECT_EQ(data->groups(), (std::vector<std::string>{"0", "1", "2"}));
  EXPECT_EQ(data->info(2).group, 2);
  EXPECT_EQ(data->info(2).take, 0);
  EXPECT_TRUE(data->notes().empty());
}

TEST_F(Shd, half_single_and_double_precision_are_exact) {
  const H5Handle half = test::half_type();
  for (const hid_t type : {half.get(), hid_t{H5T_IEEE_F32LE}, hid_t{H5T_IEEE_F64LE}, hid_t{H5T_IEEE_F32BE}}) {
    ShdContent content;
    content.time_type = type;
    const double step = std::ldexp(1, -14);
    content.times[0] = {step, 0.333251953125, 1.5};
    EXPECT_EQ(text(read(content)->sample(0)), fmt::format("{}@3 333.251953125@699 1500@0 ", step * 1000));
  }
}

TEST_F(Shd, unsorted_times_are_sorted_and_counted) {
  ShdContent content;
  content.times[0] = {0.5, 0.25, 0.125};
  const auto data = read(content);
  EXPECT_EQ(text(data->sample(0)), "125@0 250@699 500@3 ");
  EXPECT_EQ(data->notes(), std::vector<std::string>{"1 samples were not sorted by time, and have been"});
}

TEST_F(Shd, units_and_times_are_scaled_and_binned) {
  const auto binned = read({}, {{"bin_units", "4"}, {"time_scale", "2"}});
  EXPECT_EQ(binned->source_sizes(), std::vector<std::uint32_t>{175});
  EXPECT_EQ(text(binned->sample(2)), "250@1 250@1 ");
  const auto scaled = read({}, {{"channel_scale", "0.1"}});
  EXPECT_EQ(scaled->source_sizes(), std::vector<std::uint32_t>{70});
  EXPECT_EQ(text(scaled->sample(0)), fmt::format("{}@0 250@69 500@0 ", 0.001f * 1000.0));
}

TEST_F(Shd, compressed_files_are_read) {
  test::put_shd(file, {});
  std::ifstream in(file, std::ios::binary);
  const test::Bytes bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  test::put_gzip(folder.path / "some.h5.gz", bytes);
  DatasetOptions options = test::shd_options(folder.path / "some.h5.gz", folder.path);
  options.values["split"] = "given";
  EXPECT_EQ(make_dataset(options, Split::train)->size(), 3u);
}

TEST_F(Shd, a_folder_holds_the_parts_of_the_published_sets) {
  test::put_shd(folder.path / "shd_train.h5", {});
  ShdContent small;
  small.times.resize(1), small.units.resize(1), small.labels = {{1}}, small.speakers = {{0}};
  test::put_shd(folder.path / "shd_test.h5", small);
  DatasetOptions options = test::shd_options(folder.path, folder.path);
  options.values["validation_size"] = "1";
  EXPECT_EQ(make_dataset(options, Split::train)->size(), 2u);
  EXPECT_EQ(make_dataset(options, Split::validation)->size(), 1u);
  EXPECT_EQ(make_dataset(options, Split::test)->size(), 1u);
  test::put_shd(folder.path / "shd_valid.h5", small);
  options.values.erase("validation_size");
  EXPECT_EQ(make_dataset(options, Split::train)->size(), 3u) << "nothing has to be held out";
  EXPECT_EQ(make_dataset(options, Split::validation)->info(0).label, 1);
}

/// 60 samples of 3 speakers, 4 classes and 5 takes of each, in a mixed order; a sample is told by the unit of its only event.
class Splits : public Shd {
 protected:
  ShdContent sixty() {
    ShdContent c;
    c.times.assign(60, {0.5});
    c.units.clear(), c.labels.emplace(), c.speakers.emplace();
    for (std::int64_t k = 0; k < 60; ++k) c.units.push_back({k}), c.labels->push_back(k * 7 % 4), c.speakers->push_back(k * 7 / 4 % 3);
    c.keys = {"a", "b", "c", "d"};
    return c;
  }
  std::set<int> members(const Dataset* data) {
    std::set<int> out;
    for (std::size_t k = 0; data != nullptr && k < data->size(); ++k) out.insert(data->sample(k).sources[0][0].unit);
    return out;
  }
};

TEST_F(Splits, random_holds_out_what_is_asked_for_and_depends_on_its_seed_alone) {
  const std::set<int> train = members(read(sixty(), {{"split", "random"}, {"validation_size", "12"}, {"test_size", "8"}}).get());
  const std::set<int> held = members(read(sixty(), {{"split", "random"}, {"validation_size", "12"}, {"test_size", "8"}}, Split::validation).get());
  const std::set<int> test = members(read(sixty(), {{"split", "random"}, {"validation_size", "12"}, {"test_size", "8"}}, Split::test).get());
  EXPECT_EQ(train.size() + held.size() + test.size(), 60u);
  EXPECT_EQ(held.size(), 12u);
  std::set<int> all = train;
  all.insert(held.begin(), held.end()), all.insert(test.begin(), test.end());
  EXPECT_EQ(all.size(), 60u);
  EXPECT_NE(members(read(sixty(), {{"split", "random"}, {"validation_size", "12"}, {"split_seed", "5"}}, Split::validation).get()), held);
}

TEST_F(Splits, folds_divide_the_samples_and_every_sample_is_held_out_once) {
  for (const std::string mode : {"random", "groups", "takes"}) {
    std::set<int> seen;
    const int folds = 3;
    for (int fold = 0; fold < folds; ++fold) {
      const std::map<std::string, std::string, std::less<>> options{{"split", mode}, {"folds", "3"}, {"fold", std::to_string(fold)}};
      const std::set<int> held = members(read(sixty(), options, Split::validation).get()), train = members(read(sixty(), options).get());
      EXPECT_EQ(held.size() + train.size(), 60u) << mode;
      for (const int k : held) EXPECT_TRUE(seen.insert(k).second && !train.contains(k)) << mode;
    }
    EXPECT_EQ(seen.size(), 60u) << mode;
  }
}

TEST_F(Splits, groups_are_left_out_by_name) {
  const auto held = read(sixty(), {{"split", "groups"}, {"validation_groups", "1"}}, Split::validation), train = read(sixty(), {{"split", "groups"}, {"validation_groups", "1"}, {"test_groups", "2"}});
  ASSERT_EQ(held->size(), 20u);
  for (std::size_t k = 0; k < 20; ++k) EXPECT_EQ(std::pair(held->info(k).group, train->info(k).group), std::pair(1, 0));
  EXPECT_EQ(read(sixty(), {{"split", "groups"}, {"validation_groups", "1"}, {"test_groups", "2"}}, Split::test)->size(), 20u);
}

TEST_F(Splits, takes_are_counted_per_speaker_and_class_and_chosen_by_number) {
  const auto train = read(sixty(), {{"split", "takes"}, {"first_take", "10"}, {"train_takes", "11-13"}, {"validation_takes", "10, 14"}});
  ASSERT_EQ(train->size(), 36u);
  for (std::size_t k = 0; k < train->size(); ++k) EXPECT_TRUE(train->info(k).take >= 11 && train->info(k).take <= 13);
  EXPECT_EQ(read(sixty(), {{"split", "takes"}, {"first_take", "10"}, {"validation_takes", "10,14"}}, Split::validation)->size(), 24u);
  EXPECT_EQ(read(sixty(), {{"split", "takes"}, {"first_take", "10"}, {"validation_takes", "10,14"}}, Split::test), nullptr);
}

TEST_F(Splits, takes_can_come_from_a_file) {
  std::ofstream takes(folder.path / "takes.txt");
  for (int k = 0; k < 60; ++k) takes << k / 10 << '\n';
  takes.close();
  EXPECT_EQ(members(read(sixty(), {{"split", "takes"}, {"takes_path", (folder.path / "takes.txt").string()}, {"validation_takes", "0"}}, Split::validation).get()),
            (std::set<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST_F(Splits, kept_classes_are_numbered_anew) {
  const auto data = read(sixty(), {{"classes_kept", "3, 0"}});
  EXPECT_EQ(data->classes(), 2u);
  ASSERT_EQ(data->size(), 30u);
  for (std::size_t k = 0; k < 30; ++k) EXPECT_EQ(data->info(k).label, data->sample(k).sources[0][0].unit * 7 % 4 == 3 ? 0 : 1);
}

TEST_F(Splits, balance_keeps_as_many_of_each_class_as_the_rarest_has) {
  ShdContent content = sixty();
  for (std::size_t k = 0; k < 60; ++k) (*content.labels)[k] = k < 50 ? 0 : k < 57 ? 1 : 2;
  const auto data = read(content, {{"balance", "true"}});
  std::map<int, int> counts;
  for (std::size_t k = 0; k < data->size(); ++k) ++counts[data->info(k).label];
  EXPECT_EQ(counts, (std::map<int, int>{{0, 3}, {1, 3}, {2, 3}}));
  EXPECT_EQ(read(content, {{"balance", "true"}, {"train_size", "4"}})->size(), 4u);
  EXPECT_EQ(read(content, {{"balance_evaluation", "true"}})->size(), 60u) << "not of the training split";
}

TEST_F(Splits, a_size_of_zero_switches_a_split_off) {
  EXPECT_EQ(read(sixty(), {{"split", "random"}, {"validation_size", "0"}}, Split::validation), nullptr);
}

TEST(SpokenDigits, the_real_file_is_read_and_its_speakers_are_known) {
  const fs::path file = test::data_folder() / "shd_format/fsdd_train.h5.xz";
  if (!fs::exists(file)) GTEST_SKIP() << "SKIP: " << file << " is not there";
  const test::Folder folder;
  DatasetOptions options = test::shd_options(file, folder.path);
  options.values["split"] = "groups", options.values["validation_groups"] = "theo";
  const auto train = make_dataset(options, Split::train), held = make_dataset(options, Split::validation);
  EXPECT_EQ(train->size(), 1500u);
  EXPECT_EQ(held->size(), 300u);
  EXPECT_EQ(train->classes(), 10u);
  EXPECT_EQ(train->groups(), (std::vector<std::string>{"jackson", "nicolas", "theo", "yweweler", "george", "lucas"}));
  EXPECT_EQ(make_dataset(options, Split::test), nullptr);
}

}  // namespace
}  // namespace antidrome::data
