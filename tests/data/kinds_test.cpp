// Readers of event cameras and of sampled signals, against files written here byte by byte.
#include "runtime/data/kinds/aedat.hpp"
#include "runtime/data/kinds/npy.hpp"
#include "tests/data/archives.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <numeric>

namespace antidrome::data {
namespace {

namespace fs = std::filesystem;
using test::Bytes;

std::string text(const EventSample& sample) {
  std::string out;
  for (const Event& e : sample.sources.at(0)) out += fmt::format("{}@{} ", e.time_ms, e.unit);
  return out;
}

DatasetOptions options_of(const std::string& kind, const fs::path& path, const fs::path& folder) {
  return {{{"kind", kind}, {"path", path.string()}, {"cache", (folder / "cache").string()}, {"dt_ms", "1"}, {"trial_ms", "300"}, {"split", "given"}}, "run.toml"};
}

TEST(FiveByteEvents, are_pixels_polarities_and_microseconds) {
  Bytes bytes;
  test::add_event(bytes, 3, 1, true, 0x123456);
  test::add_event(bytes, 33, 33, false, 7);
  std::vector<RawEvent> events;
  read_five_byte_events(bytes, {34, 34}, {"x.bin", {}, {}}, events);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].time, 0x123456);
  EXPECT_EQ(events[0].unit, (1 * 34 + 3) * 2 + 1);
  EXPECT_EQ(events[1].unit, 2310);
}

TEST(FiveByteEvents, a_wrapped_clock_moves_what_follows) {
  Bytes bytes;
  test::add_event(bytes, 0, 0, false, 5);
  test::add_event(bytes, 0, 240, false, 0);
  test::add_event(bytes, 0, 0, false, 6);
  std::vector<RawEvent> events;
  read_five_byte_events(bytes, {34, 34}, {"x.bin", {}, {}}, events);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[1].time, 8192 + 6);
}

std::vector<std::pair<std::string, Bytes>> digits() {
  Bytes one, seven;
  test::add_event(one, 1, 0, true, 1500);
  test::add_event(seven, 33, 33, false, 2000);
  return {{"Train/1/00002.bin", one}, {"Train/7/00001.bin", seven}, {"Test/7/60001.bin", seven}, {"readme.txt", {1, 2, 3}}};
}

TEST(NMnist, a_folder_and_archives_of_it_are_the_same) {
  const test::Folder folder;
  for (const auto& [name, content] : digits()) {
    fs::create_directories((folder.path / "loose" / name).parent_path());
    test::put(folder.path / "loose" / name, content);
  }
  test::put_archive(folder.path / "both.tar.xz", digits());
  test::put_archive(folder.path / "both.zip", digits());
  fs::create_directories(folder.path / "two");
  test::put_archive(folder.path / "two/Train.zip", digits());
  test::put_archive(folder.path / "two/Test.zip", digits());
  for (const char* path : {"loose", "both.tar.xz", "both.zip", "two"}) {
    const auto train = make_dataset(options_of("nmnist", folder.path / path, folder.path), Split::train), test = make_dataset(options_of("nmnist", folder.path / path, folder.path), Split::test);
    ASSERT_EQ(train->size(), 2u) << path;
    EXPECT_EQ(train->source_sizes(), std::vector<std::uint32_t>{2312});
    EXPECT_EQ(text(train->sample(0)), "1.5@3 ");
    EXPECT_EQ(train->info(1).label, 7);
    EXPECT_EQ(test->size(), 1u);
    EXPECT_EQ(text(test->sample(0)), "2@2310 ");
  }
}

TEST(NMnist, downsampling_joins_squares_of_pixels) {
  const test::Folder folder;
  Bytes bytes;
  for (const std::uint8_t x : Bytes{0, 2, 3}) test::add_event(bytes, x, 3, x == 2, 1000);
  test::add_event(bytes, 33, 33, true, 2000);
  test::put_archive(folder.path / "a.tar", {{"Train/0/1.bin", bytes}});
  DatasetOptions options = options_of("nmnist", folder.path / "a.tar", folder.path);
  options.values["downsample"] = "3";   // 12 x 12 pixels
  const auto data = make_dataset(options, Split::train);
  EXPECT_EQ(data->source_sizes(), std::vector<std::uint32_t>{288});
  EXPECT_EQ(text(data->sample(0)), "1@24 1@25 1@26 2@287 ") << "sorted by unit again";
}

TEST(Aedat, packets_become_events_and_invalid_ones_are_left_out) {
  const Bytes bytes = test::aedat({{{3, 1, 1, 10}, {127, 127, 0, 20}}, {}, {{0, 0, 0, 30, false}, {0, 0, 0, 40}}}, 2);
  const std::vector<CameraEvent> events = read_aedat(bytes, {128, 128}, "a.aedat");
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0].unit, (128 + 3) * 2 + 1);
  EXPECT_EQ(events[1].unit, 32766);
  EXPECT_EQ(events[2].time_us, (std::uint64_t{2} << 31) + 40) << "the packet's overflow counts";
}

TEST(DvsGesture, clips_are_cut_by_the_table_and_people_are_groups) {
  const test::Folder folder;
  for (const char* name : {"user01_fluorescent", "user02_led"}) {
    test::put(folder.path / (std::string(name) + ".aedat"), test::aedat({{{0, 0, 0, 999}, {1, 0, 0, 1000}, {2, 0, 1, 1999}, {3, 0, 0, 2000}, {4, 0, 0, 5000}}}));
    std::ofstream(folder.path / (std::string(name) + "_labels.csv")) << "class,startTime_usec,endTime_usec\r\n1,1000,2000\r\n11,4000,6000\r\n1,0,1000\n";
  }
  const auto data = make_dataset(options_of("dvs_gesture", folder.path, folder.path), Split::train);
  ASSERT_EQ(data->size(), 6u);
  EXPECT_EQ(data->classes(), 11u);
  EXPECT_EQ(text(data->sample(0)), "0@2 0.999@5 ");
  EXPECT_EQ(data->info(1).label, 10);
  EXPECT_EQ(data->info(2).take, 1) << "the second of the first gesture";
  EXPECT_EQ(data->info(5).group, 1);
  EXPECT_EQ(data->groups(), (std::vector<std::string>{"user01", "user02"}));

  std::ofstream(folder.path / "trials_to_train.txt") << "user02_led.aedat\n";
  std::ofstream(folder.path / "trials_to_test.txt") << "user01_fluorescent.aedat\n";
  EXPECT_EQ(make_dataset(options_of("dvs_gesture", folder.path, folder.path), Split::train)->groups(), std::vector<std::string>{"user02"});
  EXPECT_EQ(make_dataset(options_of("dvs_gesture", folder.path, folder.path), Split::test)->size(), 3u);
}

TEST(Npy, every_type_is_read) {
  EXPECT_EQ(read_npy(test::npy<std::int8_t>("|i1", "(2,)", {-3, 4}), "a").number(0), -3);
  EXPECT_EQ(read_npy(test::npy<std::uint16_t>("<u2", "(1, 2)", {65535, 4}), "a").number(0), 65535);
  EXPECT_EQ(read_npy(test::npy<std::int64_t>("<i8", "(1,)", {-70000}), "a").number(0), -70000);
  EXPECT_EQ(read_npy(test::npy<float>("<f4", "()", {0.1f}), "a").number(0), static_cast<double>(0.1f));
  EXPECT_EQ(read_npy(test::npy<std::uint16_t>("<f2", "(1,)", {0x3555}), "a").number(0), 0.333251953125);
  const NpyArray names = read_npy(test::npy<std::uint32_t>("<U2", "(2,)", {'a', 0, 'b', 'c'}), "a");
  EXPECT_EQ(names.text(0) + names.text(1), "abc");
}

// Reference 10, level 4: up through 14 and 18 while the signal rises from 10 to 20 in the second step, then down through 14 and 10.
TEST(Npz, levels_are_crossed_between_the_samples_of_a_signal) {
  const test::Folder folder;
  test::put_archive(folder.path / "a.npz", {{"taxel.npy", test::npy<std::int16_t>("<i2", "(1, 4, 2)", {10, 0, 10, 0, 20, 0, 10, -4})},
                                            {"label.npy", test::npy<std::uint8_t>("|u1", "(1,)", {2})},
                                            {"repetition.npy", test::npy<std::uint8_t>("|u1", "(1,)", {5})}});
  DatasetOptions options = options_of("npz", folder.path / "a.npz", folder.path);
  options.values["level"] = "4", options.values["step_ms"] = "100";
  const auto data = make_dataset(options, Split::train);
  EXPECT_EQ(data->source_sizes(), std::vector<std::uint32_t>{4});
  EXPECT_EQ(data->classes(), 3u);
  EXPECT_EQ(data->info(0).take, 5);
  EXPECT_EQ(text(data->sample(0)), "140@0 180@0 260@1 300@1 300@3 ");
}

TEST(Npz, a_length_ends_a_signal_that_was_filled_up) {
  const test::Folder folder;
  test::put_archive(folder.path / "a.npz", {{"taxel.npy", test::npy<float>("<f4", "(1, 3, 1)", {5, 5, 0})},
                                            {"length.npy", test::npy<std::uint8_t>("|u1", "(1,)", {2})},
                                            {"label.npy", test::npy<std::uint8_t>("|u1", "(1,)", {0})}});
  EXPECT_EQ(text(make_dataset(options_of("npz", folder.path / "a.npz", folder.path), Split::train)->sample(0)), "");
}

TEST(RealEvents, the_files_at_hand_are_read) {
  const test::Folder folder;
  struct Row {
    const char *kind, *path;
    std::size_t samples;
    std::uint64_t events;
  };
  for (const Row& row : {Row{"nmnist", "nmnist/nmnist_1000train_100test.tar.xz", 1000, 4133231}, Row{"dvs_gesture", "dvs_gesture/dvs_gesture_10clips_bs2.tar.xz", 10, 1206710},
                         Row{"dvs_gesture", "dvs_gesture/rewrapped_3clips_aedat31.aedat", 3, 44171}, Row{"npz", "braille/braille_letters_12taxel.npz", 1350, 423380}}) {
    const fs::path path = test::data_folder() / row.path;
    if (!fs::exists(path)) GTEST_SKIP() << "SKIP: " << path << " is not there";
    const auto data = make_dataset(options_of(row.kind, path, folder.path), Split::train);
    ASSERT_EQ(data->size(), row.samples);
    std::uint64_t events = 0;
    for (std::size_t k = 0; k < data->size(); ++k) events += data->sample(k).sources[0].size();
    EXPECT_EQ(events, row.events) << row.path;
  }
}

TEST(Recognition, goes_by_the_endings_of_names) {
  const test::Folder place;
  for (const char* folder : {"images", "words", "taxels", "moving/Train/3", "hands", "notes"}) fs::create_directories(place.path / folder);
  for (const char* name : {"images/train-images-idx3-ubyte.gz", "words/shd_train.h5.xz", "taxels/letters.npz", "moving/Train/3/00001.bin", "hands/user01.aedat", "notes/read.me"}) test::put(place.path / name, {});
  EXPECT_EQ(recognised_kind(place.path / "images"), "idx");
  EXPECT_EQ(recognised_kind(place.path / "words"), "shd");
  EXPECT_EQ(recognised_kind(place.path / "words/shd_train.h5.xz"), "shd");
  EXPECT_EQ(recognised_kind(place.path / "taxels"), "npz");
  EXPECT_EQ(recognised_kind(place.path / "moving"), "nmnist");
  EXPECT_EQ(recognised_kind(place.path / "hands/user01.aedat"), "dvs_gesture");
  EXPECT_EQ(recognised_kind(place.path / "notes"), "");
  EXPECT_EQ(recognised_kind(place.path / "absent"), "");
}

}  // namespace
}  // namespace antidrome::data
