#include "runtime/data/shd_writer.hpp"

#include "runtime/data/error.hpp"
#include "tests/data/files.hpp"

#include <algorithm>
#include <csignal>
#include <gtest/gtest.h>
#include <sys/resource.h>

namespace antidrome::data {
namespace {

ShdHeader header() { return {.keys = {"zero", "one"}, .speakers = {{"male", 30, 180}, {"female", 0, 0}, {"", 0, 0}}, .source = "made up", .takes = true}; }

ShdSample sample(std::size_t spikes, std::uint16_t speaker) {
  ShdSample out{.times_s = {}, .units = {}, .label = 1, .speaker = speaker, .take = 300};
  for (std::size_t k = 0; k < spikes; ++k) {
    out.times_s.push_back(1.2f * static_cast<float>(k) / static_cast<float>(spikes));
    out.units.push_back(static_cast<std::uint16_t>(k % 700));
  }
  return out;
}

// Reads element `index` of a dataset of variable length.
template <class T>
std::vector<T> element(hid_t file, const char* path, std::size_t index, hid_t of) {
  const H5Handle dataset(H5Dopen2(file, path, H5P_DEFAULT), H5Dclose), type(H5Tvlen_create(of), H5Tclose), space(H5Dget_space(dataset.get()), H5Sclose);
  const hsize_t start = index, count = 1;
  const H5Handle memory(H5Screate_simple(1, &count, nullptr), H5Sclose);
  H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, &start, nullptr, &count, nullptr);
  hvl_t value{};
  EXPECT_GE(H5Dread(dataset.get(), type.get(), memory.get(), space.get(), H5P_DEFAULT, &value), 0);
  const T* first = static_cast<const T*>(value.p);
  const std::vector<T> out(first, first + value.len);
  H5Dvlen_reclaim(type.get(), memory.get(), H5P_DEFAULT, &value);
  return out;
}

std::vector<int> numbers(hid_t file, const char* path, std::size_t count, std::size_t bytes_each) {
  const H5Handle dataset(H5Dopen2(file, path, H5P_DEFAULT), H5Dclose), type(H5Dget_type(dataset.get()), H5Tclose);
  EXPECT_EQ(H5Tget_size(type.get()), bytes_each) << path;
  std::vector<int> out(count);
  EXPECT_GE(H5Dread(dataset.get(), H5T_NATIVE_INT, H5S_ALL, H5S_ALL, H5P_DEFAULT, out.data()), 0);
  return out;
}

TEST(ShdWriter, what_is_written_in_any_order_reads_back) {
  const test::Folder folder;
  const std::filesystem::path file = folder.path / "set.h5";
  ShdWriter writer(file, 3, header());
  for (const std::size_t k : {2u, 0u, 1u}) writer.write(k, sample(100 * k, static_cast<std::uint16_t>(k)));   // the first has no spikes
  EXPECT_FALSE(std::filesystem::exists(file));
  writer.finish();

  const H5Handle in(H5Fopen(file.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
  ASSERT_TRUE(in.valid());
  EXPECT_EQ(numbers(in.get(), "labels", 3, 1), (std::vector{1, 1, 1}));
  EXPECT_EQ(numbers(in.get(), "extra/speaker", 3, 1), (std::vector{0, 1, 2}));
  EXPECT_EQ(numbers(in.get(), "extra/take", 3, 2), (std::vector{300, 300, 300}));
  EXPECT_EQ(numbers(in.get(), "extra/meta_info/age", 3, 1), (std::vector{30, 0, 0}));
  for (const std::size_t k : {0u, 1u, 2u}) {
    const ShdSample expected = sample(100 * k, 0);
    EXPECT_EQ(element<std::uint16_t>(in.get(), "spikes/units", k, H5T_NATIVE_UINT16), expected.units);
    const std::vector<float> times = element<float>(in.get(), "spikes/times", k, H5T_NATIVE_FLOAT);
    ASSERT_EQ(times.size(), expected.times_s.size());
    for (std::size_t s = 0; s < times.size(); ++s) EXPECT_NEAR(times[s], expected.times_s[s], std::max(0x1p-11 * expected.times_s[s], 0x1p-25));   // half a unit in the last place of float16
  }
  const H5Handle times(H5Dopen2(in.get(), "spikes/times", H5P_DEFAULT), H5Dclose), type(H5Dget_type(times.get()), H5Tclose), of(H5Tget_super(type.get()), H5Tclose);
  EXPECT_EQ(H5Tget_size(of.get()), 2u);
  EXPECT_EQ(H5Tget_class(of.get()), H5T_FLOAT);
}

TEST(ShdWriter, equal_content_is_equal_bytes) {
  const test::Folder folder;
  std::string bytes[2];
  for (int k : {0, 1}) {
    const std::filesystem::path file = folder.path / "set.h5";
    ShdWriter writer(file, 1, header());
    writer.write(0, sample(50, 1));
    writer.finish();
    std::ifstream in(file, std::ios::binary);
    bytes[k].assign(std::istreambuf_iterator<char>(in), {});
  }
  EXPECT_EQ(bytes[0], bytes[1]);
}

TEST(ShdWriter, an_unfinished_file_goes_and_the_old_one_stays) {
  const test::Folder folder;
  test::put(folder.path / "set.h5", {1, 2, 3});
  {
    ShdWriter writer(folder.path / "set.h5", 2, header());
    writer.write(0, sample(10, 0));
    EXPECT_THROW(writer.write(0, sample(10, 0)), std::invalid_argument);
    EXPECT_THROW(writer.finish(), std::invalid_argument);
  }
  EXPECT_EQ(std::filesystem::file_size(folder.path / "set.h5"), 3u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path), {}), 1);
}

TEST(ShdWriter, a_folder_that_is_not_there_is_AD550) {
  try {
    ShdWriter writer("/nowhere/at/all/set.h5", 1, header());
    FAIL();
  } catch (const DataError& error) {
    EXPECT_EQ(error.code, "AD550");
    EXPECT_STREQ(error.what(), "/nowhere/at/all/set.h5: error: the file cannot be written: it cannot be created [AD550]\n  remedy: is the folder there, writable, and not full?");
    EXPECT_EQ(error.exit_code(), 74);
  }
}

// A limit on the size of files makes write() fail as a full disk does.
TEST(ShdWriter, a_full_disk_is_AD550_and_leaves_nothing) {
  const test::Folder folder;
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{50 << 20, before.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  std::string code;
  try {
    ShdWriter writer(folder.path / "set.h5", 1000, header());
    for (std::size_t k = 0; k < 1000; ++k) writer.write(k, sample(10000, 0));
    writer.finish();
  } catch (const DataError& error) {
    code = error.code;
  }
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(code, "AD550");
  EXPECT_TRUE(std::filesystem::is_empty(folder.path));
}

}  // namespace
}  // namespace antidrome::data
