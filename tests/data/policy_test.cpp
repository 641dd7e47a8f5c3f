// What is not as it should be and is no mistake, the same for every kind of event data: samples that are not sorted, that are empty, and
// events after the end of the trial (docs/data.md, "Event data").
#include "runtime/data/batch.hpp"
#include "tests/data/archives.hpp"
#include "tests/data/shd_files.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

namespace antidrome::data {
namespace {

namespace fs = std::filesystem;

struct OddFile {
  const char* kind;
  std::function<fs::path(const fs::path& folder)> write;   ///< a sample with events at 5, 2 and 40 ms in this order, an empty one, and one with an event early in the trial
  bool can_be_unsorted = true;
};

test::Bytes clip(const std::vector<std::uint32_t>& times_ms) {
  test::Bytes out;
  for (const std::uint32_t t : times_ms) test::add_event(out, 1, 2, true, 1000 * t);
  return out;
}

// Signals of one channel with a value every 5 ms. Where a value differs by the level, 1, from the one before, there is an event: at 5 and 40 ms, none, at 5 ms.
fs::path put_signals(const fs::path& folder) {
  test::put_archive(folder / "a.npz", {{"taxel.npy", test::npy<float>("<f4", "(3, 9, 1)", {0, 1, 1, 1, 1, 1, 1, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1})},
                                       {"label.npy", test::npy<std::uint8_t>("|u1", "(3,)", {0, 1, 2})}});
  return folder / "a.npz";
}

const OddFile files[] = {
    {"shd",
     [](const fs::path& folder) {
       test::put_shd(folder / "a.h5", {.times = {{0.005, 0.002, 0.040}, {}, {0.001}}, .units = {{3, 699, 0}, {}, {7}}});
       return folder / "a.h5";
     }},
    {"nmnist",
     [](const fs::path& folder) {
       test::put_archive(folder / "a.zip", {{"Train/0/1.bin", clip({5, 2, 40})}, {"Train/1/2.bin", {}}, {"Train/2/3.bin", clip({1})}});
       return folder / "a.zip";
     }},
    {"dvs_gesture",
     [](const fs::path& folder) {
       test::put_archive(folder / "a.tar", {{"1.bs2", clip({5, 2, 40})}, {"2.bs2", {}}, {"3.bs2", clip({1})}});
       return folder / "a.tar";
     }},
    {"dvs_gesture",
     [](const fs::path& folder) {
       test::put(folder / "a.aedat", test::aedat({{{1, 2, 1, 5000}, {1, 2, 1, 2000}}, {{1, 2, 1, 40000}, {1, 2, 1, 101000}}}));
       std::ofstream(folder / "a_labels.csv") << "1,0,50000\n2,60000,70000\n3,100000,102000\n";
       return folder / "a.aedat";
     }},
    {"npz", put_signals, false},
};

std::unique_ptr<Dataset> read(const OddFile& file, const fs::path& folder) {
  DatasetOptions options{{{"kind", file.kind}, {"path", file.write(folder).string()}, {"cache", (folder / "cache").string()}, {"split", "given"}, {"dt_ms", "1"}, {"trial_ms", "10"}}, "run.toml"};
  if (options.values["kind"] == "npz") options.values["step_ms"] = "5";
  return make_dataset(options, Split::train);
}

class EventPolicy : public testing::TestWithParam<OddFile> {
 protected:
  test::Folder folder;
  std::unique_ptr<Dataset> data = read(GetParam(), folder.path);
};

TEST_P(EventPolicy, events_are_sorted_and_the_report_says_so) {
  const EventSample sample = data->sample(0);
  EXPECT_TRUE(std::ranges::is_sorted(sample.sources.at(0), {}, &Event::time_ms));
  EXPECT_EQ(data->notes().size(), GetParam().can_be_unsorted ? 1u : 0u);
}

TEST_P(EventPolicy, a_sample_without_events_is_a_sample) {
  ASSERT_EQ(data->size(), 3u);
  EXPECT_TRUE(data->sample(1).sources.at(0).empty());
  EXPECT_GE(data->sample(1).label, 0);
}

TEST_P(EventPolicy, events_after_the_trial_are_left_out_and_counted) {
  EventBatch batch;
  BatchBuilder(*data, {.dt_ms = 1, .steps = 10}).build(std::vector<std::size_t>{0, 1, 2}, 0, true, batch);
  EXPECT_EQ(batch.late(), 1u);
  EXPECT_EQ(batch.late() + batch.events(), data->sample(0).sources[0].size() + data->sample(2).sources[0].size());
  EXPECT_GE(batch.events(), 2u);
}

INSTANTIATE_TEST_SUITE_P(kinds, EventPolicy, testing::ValuesIn(files), [](const auto& i) { return std::string(i.param.kind) + std::to_string(i.index); });

}  // namespace
}  // namespace antidrome::data
