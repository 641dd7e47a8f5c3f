#include "runtime/data/kinds/yinyang.hpp"

#include "runtime/data/sha256.hpp"
#include "tests/data/files.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>

namespace antidrome::data {
namespace {

struct Published {
  const char* name;
  std::size_t size;
  std::uint32_t seed;
  std::vector<std::uint64_t> classes;
  const char *samples_sha, *labels_sha;  // first digits
};

const Published published[] = {{"train", 5000, 42, {1681, 1702, 1617}, "f5a4054d56f2a058", "534d12acda4f9dbc"},
                               {"validation", 1000, 41, {316, 336, 348}, "5eac358bdf212276", "5a4c2f605814a620"},
                               {"test", 1000, 40, {350, 316, 334}, "7bab3ed668ed4992", "daa0f8f4e3b37b1d"}};

// The authors' arrays: (x, y, 1-x, 1-y) as float64 and the labels as int64.
std::vector<double> samples_of(const std::vector<YinYangPoint>& points) {
  std::vector<double> out;
  for (const YinYangPoint& p : points) out.insert(out.end(), {p.x, p.y, 1 - p.x, 1 - p.y});
  return out;
}
std::vector<std::int64_t> labels_of(const std::vector<YinYangPoint>& points) {
  std::vector<std::int64_t> out;
  for (const YinYangPoint& p : points) out.push_back(p.label);
  return out;
}
template <class T>
std::string sha256(const std::vector<T>& values) {
  Sha256 sum;
  sum.add(values.data(), values.size() * sizeof(T));
  return sum.hex();
}

TEST(YinYang, points_are_those_of_the_published_sets_to_the_bit) {
  for (const Published& p : published) {
    const auto points = yinyang_points(p.size, p.seed);
    EXPECT_EQ(sha256(samples_of(points)).substr(0, 16), p.samples_sha) << p.name;
    EXPECT_EQ(sha256(labels_of(points)).substr(0, 16), p.labels_sha) << p.name;
    std::vector<std::uint64_t> classes(3);
    for (const YinYangPoint& q : points) ++classes[static_cast<std::size_t>(q.label)];
    EXPECT_EQ(classes, p.classes) << p.name;
  }
}

TEST(YinYang, points_equal_the_files_of_the_authors) {
  for (const Published& p : published) {
    const auto folder = test::data_folder() / "yinyang";
    const auto file = folder / fmt::format("{}_samples.npy", p.name);
    if (!std::filesystem::exists(file)) GTEST_SKIP() << "SKIP: no " << file << ", set ANTIDROME_DATA";
    const auto content = [](const std::filesystem::path& path) {
      std::ifstream in(path, std::ios::binary);
      return std::string(std::istreambuf_iterator<char>(in), {});
    };
    const auto points = yinyang_points(p.size, p.seed);
    const auto samples = samples_of(points);
    const auto labels = labels_of(points);
    const std::string x = content(file), y = content(folder / fmt::format("{}_labels.npy", p.name));
    constexpr std::size_t header = 128;  // of these .npy files
    ASSERT_EQ(x.size(), header + samples.size() * 8);
    ASSERT_EQ(y.size(), header + labels.size() * 8);
    EXPECT_EQ(std::memcmp(x.data() + header, samples.data(), samples.size() * 8), 0) << p.name;
    EXPECT_EQ(std::memcmp(y.data() + header, labels.data(), labels.size() * 8), 0) << p.name;
  }
}

TEST(YinYang, code_of_a_value_is_affine_and_the_bias_comes_first) {
  const DatasetOptions options{{{"kind", "yinyang"}, {"dt_ms", "0.1"}, {"trial_ms", "60"}}, ""};
  const auto data = make_dataset(options, Split::train);
  const auto points = yinyang_points(5000, 42);
  ASSERT_EQ(data->size(), 5000u);
  EXPECT_EQ(data->source_sizes(), std::vector<std::uint32_t>{5});
  for (std::size_t k = 0; k < 50; ++k) {
    const EventSample s = data->sample(k);
    EXPECT_EQ(s.label, points[k].label);
    ASSERT_EQ(s.sources.size(), 1u);
    ASSERT_EQ(s.sources[0].size(), 5u);
    EXPECT_EQ(s.sources[0][0], (Event{0, 4}));
    const double values[] = {points[k].x, points[k].y, 1 - points[k].x, 1 - points[k].y};
    double previous = 0;
    for (const Event& e : s.sources[0]) {
      EXPECT_GE(e.time_ms, previous);
      previous = e.time_ms;
      // the window is 30 ms however long the trial is; a sum of rounded terms below 64: 2 ulp of 32 = 1.4e-14
      if (e.unit < 4) {
        EXPECT_NEAR(e.time_ms, values[e.unit] * (30 - 4 * 0.1) + 2 * 0.1, 1.5e-14);
      }
    }
  }
}

TEST(YinYang, times_of_zero_one_and_bias_can_be_chosen) {
  const DatasetOptions options{
      {{"kind", "yinyang"}, {"dt_ms", "0.5"}, {"trial_ms", "45"}, {"t_min_ms", "10"}, {"t_max_ms", "20"}, {"bias_ms", "15"}, {"test_size", "7"}, {"test_seed", "5"}}, ""};
  const auto data = make_dataset(options, Split::test);
  ASSERT_EQ(data->size(), 7u);
  const auto points = yinyang_points(7, 5);
  double time_ms[5];
  const EventSample sample = data->sample(6);
  for (const Event& e : sample.sources[0]) time_ms[e.unit] = e.time_ms;
  EXPECT_EQ(time_ms[0], 10 + points[6].x * 10);
  EXPECT_EQ(time_ms[3], 10 + (1 - points[6].y) * 10);
  EXPECT_EQ(time_ms[4], 15);
  EXPECT_EQ(yinyang_points(options, Split::test).size(), 7u);
  EXPECT_EQ(yinyang_points(options, Split::test)[6].x, points[6].x);
}

TEST(ClassNames, are_words_where_the_kind_has_some_and_numbers_elsewhere) {
  EXPECT_EQ(class_names("yinyang", 3), (std::vector<std::string>{"yin", "yang", "dot"}));
  EXPECT_EQ(class_names("idx", 2), (std::vector<std::string>{"0", "1"}));
  EXPECT_EQ(class_names("fashion_mnist", 10).size(), 10u);
}

}  // namespace
}  // namespace antidrome::data
