#include "tests/data/files.hpp"

#include "runtime/data/kinds/images.hpp"
#include "runtime/data/report.hpp"
#include "runtime/data/sha256.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace antidrome::data {
namespace {

TEST(Idx, reads_compressed_and_plain_files_alike) {
  const test::Folder folder;
  const test::Bytes bytes = test::idx({2, 2, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  test::put(folder.path / "plain", bytes);
  test::put_gzip(folder.path / "packed.gz", bytes);
  for (const char* name : {"plain", "packed.gz"}) {
    const IdxFile file = read_idx(folder.path / name, 3);
    EXPECT_EQ(file.sizes, (std::vector<std::uint32_t>{2, 2, 3}));
    EXPECT_EQ(file.record_bytes(), 6u);
    EXPECT_EQ(file.record(1)[0], 7);
  }
}

TEST(Images, brighter_pixels_fire_earlier_and_dark_ones_never) {
  const test::Folder folder;
  test::put(folder.path / "images", test::idx({1, 2, 3}, {0, 1, 2, 255, 128, 255}));
  test::put(folder.path / "labels", test::idx({1}, {4}));
  const auto data = make_images("one", read_idx(folder.path / "images", 3), read_idx(folder.path / "labels", 1), {0}, 10, LatencyCode{20, 1});
  const EventSample s = data->sample(0);
  EXPECT_EQ(s.label, 4);
  // window 20, dt 1: the brightest at 2 dt, a grey value g at (255 - g) / 255 * 16 + 2
  const std::vector<Event> expected{{2, 3}, {2, 5}, {(255 - 128) / 255.0 * 16 + 2, 4}, {(255 - 2) / 255.0 * 16 + 2, 2}};
  EXPECT_EQ(s.sources[0], expected);
}

TEST(Images, all_events_lie_within_the_window) {
  const test::Folder folder;
  test::Bytes ramp(256);
  for (std::size_t g = 0; g < 256; ++g) ramp[g] = static_cast<std::uint8_t>(g);
  test::put(folder.path / "images", test::idx({1, 16, 16}, ramp));
  test::put(folder.path / "labels", test::idx({1}, {0}));
  const auto data = make_images("ramp", read_idx(folder.path / "images", 3), read_idx(folder.path / "labels", 1), {0}, 1, LatencyCode{20, 0.5, 0});
  const EventSample s = data->sample(0);
  ASSERT_EQ(s.sources[0].size(), 255u);  // black is not above the threshold 0
  EXPECT_EQ(s.sources[0].front().time_ms, 1.0);
  EXPECT_LT(s.sources[0].back().time_ms, 20 - 2 * 0.5);
}

std::vector<Event> coded(const ImageCode& code, const test::Bytes& image, std::uint32_t record = 0) {
  std::vector<Event> out;
  encode(code, image, record, out);
  return out;
}

// 400 pixels of 255 and 400 of 51 for 500 ms at 200 Hz: 40000 and 8000 events are expected, with s.d. 200 and 89; 5 of them are allowed.
TEST(RateCode, events_are_poisson_in_number_and_uniform_in_time) {
  test::Bytes image(800, 255);
  std::fill(image.begin() + 400, image.end(), 51);
  const std::vector<Event> events = coded(RateCode{500, 200}, image);
  const auto bright = std::count_if(events.begin(), events.end(), [](const Event& e) { return e.unit < 400; });
  EXPECT_NEAR(static_cast<double>(bright), 40000, 5 * 200);
  EXPECT_NEAR(static_cast<double>(events.size()) - static_cast<double>(bright), 8000, 5 * 89);
  double sum = 0;
  for (const Event& e : events) sum += e.time_ms;
  EXPECT_NEAR(sum / static_cast<double>(events.size()), 250, 5 * 500 / std::sqrt(12.0 * 48000));
  EXPECT_TRUE(std::is_sorted(events.begin(), events.end(), [](const Event& a, const Event& b) { return a.time_ms < b.time_ms; }));
  EXPECT_LT(events.back().time_ms, 500);
}

TEST(RateCode, draws_depend_on_the_seed_and_the_record_alone) {
  const test::Bytes image(50, 200);
  EXPECT_EQ(coded(RateCode{100, 100, 3}, image, 7), coded(RateCode{100, 100, 3}, image, 7));
  EXPECT_NE(coded(RateCode{100, 100, 3}, image, 7), coded(RateCode{100, 100, 3}, image, 8));
  EXPECT_NE(coded(RateCode{100, 100, 3}, image, 7), coded(RateCode{100, 100, 4}, image, 7));
  EXPECT_TRUE(coded(RateCode{100, 100, 3}, test::Bytes(50, 1)).empty()) << "not above the threshold";
}

// Two levels, 63.75 and 191.25, and white.
TEST(SequentialCode, levels_are_crossed_up_and_down_and_white_is_told) {
  const std::vector<Event> expected{{0, 0}, {4, 2}, {4, 4}, {6, 4}, {8, 1}, {8, 3}};
  EXPECT_EQ(coded(SequentialCode{2, 5}, {64, 191, 255, 255, 63, 0}), expected);
  EXPECT_EQ(coded(SequentialCode{1, 3}, {127, 128, 127}), (std::vector<Event>{{1, 0}, {2, 1}})) << "one level, 127.5";
}

TEST(SequentialCode, is_an_encoding_of_image_sets) {
  const test::Folder folder;
  test::put_set(folder.path, 10);
  auto options = test::idx_options(folder.path);
  options.values["encoding"] = "sequential";
  EXPECT_EQ(make_dataset(options, Split::train)->source_sizes(), std::vector<std::uint32_t>{99});
  options.values["encoding"] = "rate";
  EXPECT_EQ(make_dataset(options, Split::train)->source_sizes(), std::vector<std::uint32_t>{6});
}

TEST(Images, validation_is_cut_from_the_end_of_the_training_file) {
  const test::Folder folder;
  test::put_set(folder.path, 10);
  const auto options = test::idx_options(folder.path);
  const auto train = make_dataset(options, Split::train), validation = make_dataset(options, Split::validation), all = make_dataset(options, Split::test);
  ASSERT_EQ(train->size(), 8u);
  ASSERT_EQ(validation->size(), 2u);
  ASSERT_EQ(all->size(), 10u);
  EXPECT_EQ(validation->sample(1).sources, all->sample(9).sources);
  EXPECT_EQ(validation->sample(1).label, all->sample(9).label);
  EXPECT_EQ(train->classes(), 3u);
}

TEST(Images, split_seed_chooses_validation_records_at_random_without_overlap) {
  const test::Folder folder;
  test::put_set(folder.path, 30);
  auto options = test::idx_options(folder.path);
  options.values["split_seed"] = "3", options.values["validation_size"] = "10";
  const auto key = [](const Dataset& data, std::size_t k) { return data.sample(k).sources[0].back().time_ms; };
  std::set<double> seen;
  const auto train = make_dataset(options, Split::train), validation = make_dataset(options, Split::validation);
  for (std::size_t k = 0; k < train->size(); ++k) seen.insert(key(*train, k));
  for (std::size_t k = 0; k < validation->size(); ++k) seen.insert(key(*validation, k));
  EXPECT_EQ(seen.size(), 30u);
  const auto all = make_dataset(options, Split::test);
  EXPECT_NE(key(*validation, 0), key(*all, 20));  // not simply the last ones (fixed by the seed)
}

TEST(Images, a_split_of_size_zero_is_switched_off) {
  const test::Folder folder;
  test::put_set(folder.path, 10);
  auto options = test::idx_options(folder.path);
  options.values["validation_size"] = "0";
  EXPECT_EQ(make_dataset(options, Split::validation), nullptr);
  EXPECT_EQ(make_dataset(options, Split::train)->size(), 10u);
}

TEST(RealImages, fashion_mnist_of_debian_is_read_whole) {
  if (!std::filesystem::exists("/usr/share/datasets/fashion-mnist")) GTEST_SKIP() << "SKIP: the package dataset-fashion-mnist is not installed";
  const DatasetOptions options{{{"kind", "fashion_mnist"}, {"dt_ms", "1"}, {"trial_ms", "20"}}, ""};
  const auto test = make_dataset(options, Split::test);
  const DataReport report = inspect(*test, 20);
  EXPECT_TRUE(report.good());
  EXPECT_EQ(report.class_counts, std::vector<std::uint64_t>(10, 1000));
  EXPECT_EQ(make_dataset(options, Split::train)->size(), 55000u);
  EXPECT_EQ(make_dataset(options, Split::validation)->size(), 5000u);
}

TEST(RealImages, mnist_is_read_whole) {
  const auto folder = test::data_folder() / "mnist";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "SKIP: no " << folder << ", set ANTIDROME_DATA";
  const DatasetOptions options{{{"kind", "mnist"}, {"path", folder.string()}, {"dt_ms", "1"}, {"trial_ms", "20"}, {"validation_size", "0"}}, ""};
  const auto train = make_dataset(options, Split::train), test = make_dataset(options, Split::test);
  const DataReport report = inspect(*train, 20);
  EXPECT_TRUE(report.good());
  // class counts as published with the data set
  EXPECT_EQ(report.class_counts, (std::vector<std::uint64_t>{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949}));
  EXPECT_EQ(inspect(*test, 20).class_counts, (std::vector<std::uint64_t>{980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009}));
}

}  // namespace
}  // namespace antidrome::data
