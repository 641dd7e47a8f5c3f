// A file of events in one flat piece: what a reader has read once is mapped into memory from then on, by any number of runs.
//
//   header (fixed size, with checksums of all that follows)
//   one block per sample: its times, then its units, padded to 8 bytes
//   offsets and lengths of the blocks, labels, groups, takes, then a JSON text with the names
//
// Numbers are little endian. A time is kept as it came, in the narrowest element that holds it exactly, and becomes a double
// before it is scaled to milliseconds: scaling half-precision seconds first would lose bits.
#pragma once
#include "runtime/data/dataset.hpp"
#include "runtime/data/sha256.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace antidrome::data {

enum class TimeElement : std::uint32_t { float16, float32, float64, uint32 };
std::size_t bytes_of(TimeElement element);

/// An event as a file has it: the time in the file's own unit.
struct RawEvent {
  double time;
  std::uint16_t unit;
};

/// What holds for all samples of a store.
struct StoreTraits {
  std::uint32_t units = 0;      ///< events are of units [0, units)
  TimeElement element = TimeElement::float32;
  double multiply = 1, divide = 1;   ///< time in ms = value * multiply / divide: {1000, 1} for seconds, {1, 1000} for microseconds
};

/// Names and remarks, known when everything has been read.
struct StoreNames {
  std::uint32_t classes = 0;
  std::vector<std::string> classes_named;   ///< may be empty
  std::vector<std::string> groups;          ///< may be empty
  std::vector<std::string> notes;           ///< for the report: "3 samples were not sorted by time"
};

/// Writes a store to an open file, front to back, in bounded memory apart from the tables.
class EventStoreWriter {
 public:
  /// `key` says what the store was made from; `name` is the place that messages tell. Does not own `file`.
  EventStoreWriter(int file, std::string name, std::string key, StoreTraits traits);
  /// The units' number may become known late.
  void set_units(std::uint32_t units) { traits_.units = units; }
  /// Appends a sample. Its events are sorted here by time, then unit. `info.take` below 0: unknown.
  /// Throws DataError AD519 for a time that is negative or no number, AD520 for a unit that is out of range, AD524 for a full disk.
  /// `source` is the file that a message names, with the sample's number in it.
  void add(const SampleInfo& info, std::vector<RawEvent>& events, const DataError::Place& source);
  /// Writes tables and header, and syncs.
  void finish(StoreNames names);

  std::size_t samples() const { return labels_.size(); }
  std::uint64_t unsorted() const { return unsorted_; }   ///< samples that had to be sorted

 private:
  void put(const void* data, std::size_t bytes);
  void flush();
  int file_;
  std::string name_, key_;
  StoreTraits traits_;
  std::vector<std::uint8_t> buffer_;
  std::uint64_t written_ = 0, events_ = 0, unsorted_ = 0;
  Sha256 content_;
  std::vector<std::uint64_t> begin_;
  std::vector<std::uint32_t> count_;
  std::vector<std::int32_t> labels_, groups_, takes_;
};

/// A store, mapped read-only. Reading is safe from several threads.
class EventStore {
 public:
  /// Maps the open file, which may be closed afterwards. Throws DataError AD525 where it is not a whole store made for `key`
  /// (any, where `key` is empty). With `whole`, the checksum of the events is compared too.
  EventStore(int file, std::string name, const std::string& key, bool whole);
  ~EventStore();
  EventStore(const EventStore&) = delete;
  EventStore& operator=(const EventStore&) = delete;

  const std::string& name() const { return name_; }
  std::size_t size() const { return static_cast<std::size_t>(samples_); }
  std::uint64_t events() const { return events_; }
  const StoreTraits& traits() const { return traits_; }
  const StoreNames& names() const { return names_; }
  SampleInfo info(std::size_t index) const { return {labels_[index], groups_[index], takes_[index]}; }
  std::uint32_t count(std::size_t index) const { return count_[index]; }
  /// The units of a sample, sorted by time, then unit.
  std::span<const std::uint16_t> units(std::size_t index) const;
  /// Their times in ms, over `into`.
  void times(std::size_t index, std::vector<double>& into) const;

 private:
  [[noreturn]] void damaged(const std::string& what) const;
  void read_tables(std::uint64_t at);
  std::string name_;
  const std::uint8_t* base_ = nullptr;
  std::size_t bytes_ = 0;
  std::uint64_t samples_ = 0, events_ = 0;
  StoreTraits traits_;
  StoreNames names_;
  const std::uint64_t* begin_ = nullptr;
  const std::uint32_t* count_ = nullptr;
  const std::int32_t *labels_ = nullptr, *groups_ = nullptr, *takes_ = nullptr;
};

}  // namespace antidrome::data
