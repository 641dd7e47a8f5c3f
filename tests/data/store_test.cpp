// The file of events: what goes in comes out, to the bit, and damage is noticed.
#include "runtime/data/store/cache.hpp"
#include "runtime/data/store/guarded.hpp"
#include "runtime/data/store/half.hpp"

#include "tests/data/files.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <csignal>
#include <cstring>
#include <limits>
#include <thread>

#include <fcntl.h>
#include <sys/resource.h>

namespace antidrome::data {
namespace {

namespace fs = std::filesystem;

TEST(Half, every_finite_value_survives_the_way_there_and_back) {
  for (std::uint32_t h = 0; h < 0x7c00; ++h) {
    const auto half = static_cast<std::uint16_t>(h);
    const int exponent = static_cast<int>(h >> 10);
    const double value = exponent == 0 ? std::ldexp(h & 1023, -24) : std::ldexp(1024 + (h & 1023), exponent - 25);
    ASSERT_EQ(static_cast<double>(from_half(half)), value);
    ASSERT_EQ(to_half(value), half);
  }
}

/// A request whose store has `samples` samples of three events, made from the file `source`.
StoreRequest request(const fs::path& source, std::size_t samples, StoreTraits traits = {10, TimeElement::float32, 1000, 1}) {
  return {"test", {source}, "test 1", [samples, traits](int out, const std::string& key) {
            EventStoreWriter writer(out, "the cache of events", key, traits);
            for (std::size_t k = 0; k < samples; ++k) {
              std::vector<RawEvent> events{{0.5, 1}, {0.25, static_cast<std::uint16_t>(k % 10)}, {0.5, 0}};
              writer.add({static_cast<std::int32_t>(k % 3), static_cast<std::int32_t>(k % 2), static_cast<std::int32_t>(k)}, events, {"source", k, {}});
            }
            writer.finish({3, {"a", "b", "c"}, {"left", "right"}, {}});
          }};
}

std::string text(const EventStore& store, std::size_t index) {
  std::vector<double> times;
  store.times(index, times);
  std::string out;
  for (std::size_t k = 0; k < times.size(); ++k) out += std::to_string(times[k]) + "@" + std::to_string(store.units(index)[k]) + " ";
  return out;
}

class Store : public testing::Test {
 protected:
  void SetUp() override { test::put(source, {1, 2, 3}); }
  std::shared_ptr<const EventStore> open(std::size_t samples = 5) { return open_store(request(source, samples), cache, &note); }
  fs::path stored() const {
    for (const fs::directory_entry& entry : fs::directory_iterator(cache))
      if (entry.path().extension() == ".events") return entry.path();
    return {};
  }
  test::Folder folder;
  fs::path source = folder.path / "source", cache = folder.path / "cache";
  std::string note;
};

TEST_F(Store, events_come_back_sorted_by_time_and_unit) {
  const auto store = open();
  ASSERT_EQ(store->size(), 5u);
  EXPECT_EQ(store->events(), 15u);
  EXPECT_EQ(text(*store, 4), "250.000000@4 500.000000@0 500.000000@1 ");
  EXPECT_EQ(store->info(4).label, 1);
  EXPECT_EQ(store->info(4).group, 0);
  EXPECT_EQ(store->info(4).take, 4);
  EXPECT_EQ(store->names().groups, (std::vector<std::string>{"left", "right"}));
  EXPECT_EQ(store->names().classes, 3u);
  EXPECT_EQ(note, "");
}

TEST_F(Store, is_made_once_and_again_when_the_source_or_the_reader_changes) {
  open(5);
  EXPECT_EQ(open(7)->size(), 5u) << "kept";
  test::put(source, {1, 2, 4});
  EXPECT_EQ(open(7)->size(), 7u) << "another content";
  StoreRequest other = request(source, 9);
  other.reader = "test 2";
  EXPECT_EQ(open_store(other, cache, &note)->size(), 9u) << "another version of the reader";
}

TEST_F(Store, a_change_that_keeps_size_and_ends_of_the_file_is_seen) {
  test::Bytes bytes(1000, 7);
  test::put(source, bytes);
  const std::string before = content_key({source}, cache);
  bytes[500] = 8;
  test::put(source, bytes);
  EXPECT_NE(content_key({source}, cache), before);
}

TEST_F(Store, every_time_element_is_exact) {
  struct Row {
    StoreTraits traits;
    double time, ms;
  };
  for (const Row& row : {Row{{4, TimeElement::float16, 1000, 1}, static_cast<double>(from_half(0x3555)), static_cast<double>(from_half(0x3555)) * 1000},
                         Row{{4, TimeElement::float16, 1000, 1}, std::ldexp(1, -24), std::ldexp(1, -24) * 1000},
                         Row{{4, TimeElement::float32, 1000, 1}, 0.1f, 0.1f * 1000.0},
                         Row{{4, TimeElement::float64, 1, 1}, 0.1, 0.1},
                         Row{{4, TimeElement::uint32, 1, 1000}, 4294967295.0, 4294967.295}}) {
    fs::remove_all(cache);
    StoreRequest r = request(source, 1);
    r.fill = [&row](int out, const std::string& key) {
      EventStoreWriter writer(out, "cache", key, row.traits);
      std::vector<RawEvent> events{{row.time, 3}};
      writer.add({0, -1, -1}, events, {"source", 0, {}});
      writer.finish({1, {}, {}, {}});
    };
    std::vector<double> times;
    open_store(r, cache, &note)->times(0, times);
    EXPECT_EQ(times, std::vector<double>{row.ms});
  }
}

TEST_F(Store, a_byte_that_changes_anywhere_is_noticed_and_the_store_made_again) {
  open();
  const fs::path file = stored();
  const auto size = fs::file_size(file);
  const std::string before = text(*open(), 3);
  for (std::uintmax_t at = 0; at < size; at += 7) {
    {
      std::fstream io(file, std::ios::in | std::ios::out | std::ios::binary);
      io.seekg(static_cast<std::streamoff>(at));
      const char flipped = static_cast<char>(io.get() ^ 0x10);
      io.seekp(static_cast<std::streamoff>(at));
      io.put(flipped);
    }
    const auto store = open();
    ASSERT_EQ(store->size(), 5u) << at;
    ASSERT_EQ(text(*store, 3), before) << at;
    ASSERT_EQ(note, "");
  }
}

TEST_F(Store, a_file_that_is_cut_off_is_made_again) {
  open();
  for (std::uintmax_t size = fs::file_size(stored()); size > 0; size = size * 3 / 4) {
    fs::resize_file(stored(), size);
    ASSERT_EQ(open()->size(), 5u) << size;
  }
}

TEST_F(Store, an_open_store_survives_its_file) {
  const auto store = open();
  fs::remove_all(cache);
  EXPECT_EQ(text(*store, 0), "250.000000@0 500.000000@0 500.000000@1 ");
}

TEST_F(Store, a_damaged_store_tells_what_is_wrong) {
  open();
  fs::resize_file(stored(), 100);
  const int file = ::open(stored().c_str(), O_RDONLY);
  try {
    EventStore(file, "some.events", "", true);
    FAIL();
  } catch (const DataError& error) {
    EXPECT_EQ(std::string(error.what()), "some.events: error: the cache of events is damaged: it has no header [AD525]\n  remedy: delete the file: it is made again from the data");
  }
  ::close(file);
}

TEST_F(Store, lies_in_memory_where_the_folder_cannot_be_made) {
  test::put(cache, {1});   // a file in its place
  const auto store = open();
  EXPECT_EQ(store->size(), 5u);
  EXPECT_NE(note.find("events are held in memory"), std::string::npos) << note;
}

// A limit on the size of files stands for a full disk: writing fails half-way. Ends the process.
[[noreturn]] void write_to_a_full_disk(const StoreRequest& request, const fs::path& out) {
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{1000, 1000};
  setrlimit(RLIMIT_FSIZE, &limit);
  const int file = ::open(out.c_str(), O_RDWR | O_CREAT, 0600);
  try {
    request.fill(file, std::string(64, '0'));
  } catch (const DataError& error) {
    std::fputs(error.what(), stderr);
    std::_Exit(7);
  }
  std::_Exit(0);
}

TEST_F(Store, a_full_disk_is_an_error_with_a_remedy) {
  EXPECT_EXIT(write_to_a_full_disk(request(source, 1000), folder.path / "out"), testing::ExitedWithCode(7),
              "cannot write the cache of events: File too large .AD524.\n  remedy: free some space, or set ANTIDROME_CACHE");
}

TEST_F(Store, impossible_events_are_refused) {
  for (const auto& [event, code] : {std::pair<RawEvent, const char*>{{-1, 0}, "AD519"}, {{std::nan(""), 0}, "AD519"}, {{std::numeric_limits<double>::infinity(), 0}, "AD519"}, {{1, 10}, "AD520"}, {{0.1, 0}, "AD519"}}) {
    StoreRequest r = request(source, 1);
    r.fill = [event = event](int out, const std::string& key) {
      EventStoreWriter writer(out, "cache", key, {10, TimeElement::float32, 1, 1});
      std::vector<RawEvent> events{event};
      writer.add({0, -1, -1}, events, {"source", 17, {}});
    };
    try {
      open_store(r, cache, &note);
      ADD_FAILURE() << event.time;
    } catch (const DataError& error) {
      EXPECT_EQ(error.code, code);
      EXPECT_EQ(error.at.str(), "source: record 17");
    }
    EXPECT_EQ(stored(), fs::path()) << "nothing is left behind";
  }
}

TEST(Guarded, a_crash_becomes_an_error_that_names_the_file) {
  try {
    guarded("digits.h5", 10, [] { std::raise(SIGKILL); });
    FAIL();
  } catch (const DataError& error) {
    EXPECT_EQ(std::string(error.what()), "digits.h5: error: reading the file ended with signal 9 (Killed) [AD526]\n  remedy: it may be damaged: copy or download it again");
  }
}

TEST(Guarded, a_reader_that_goes_round_in_circles_is_ended) {
  try {
    guarded("digits.h5", 1, [] {
      for (std::atomic<int> k = 0;; ++k) {}
    });
    FAIL();
  } catch (const DataError& error) {
    EXPECT_EQ(std::string(error.what()), "digits.h5: error: reading the file ended with signal 24 (CPU time limit exceeded) [AD526]\n  remedy: it may be damaged: copy or download it again");
  }
}

TEST(Guarded, errors_arrive_as_they_were_thrown) {
  try {
    guarded("x", 10, [] { throw DataError("AD523", {"digits.h5", 5, 77}, "wäre \"kaputt\"", "copy"); });
    FAIL();
  } catch (const DataError& error) {
    EXPECT_EQ(std::string(error.what()), "digits.h5: record 5, byte 77: error: wäre \"kaputt\" [AD523]\n  remedy: copy");
  }
  try {
    guarded("x", 10, [] { throw std::bad_alloc(); });
    FAIL();
  } catch (const DataError& error) {
    EXPECT_EQ(error.code, "AD526");
  }
}

}  // namespace
}  // namespace antidrome::data
