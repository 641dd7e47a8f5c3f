// What `antidrome data info` and `antidrome data check` say about a data set.
#pragma once
#include "runtime/data/dataset.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace antidrome::data {

struct DataReport {
  std::string name;
  std::vector<std::uint32_t> source_sizes;
  std::size_t samples = 0;
  std::vector<std::uint64_t> class_counts;  ///< per label
  std::uint64_t unlabelled = 0;
  std::vector<std::string> groups;          ///< names of the groups (speakers)
  std::vector<std::uint64_t> group_counts;  ///< samples of each
  std::int32_t first_take = -1, last_take = -1;                ///< -1: unknown
  std::vector<std::string> notes;           ///< of the data set
  std::uint64_t events = 0, fewest = 0, most = 0, silent = 0;  ///< in all, per sample, samples without any
  std::uint64_t late = 0, late_samples = 0;                    ///< events at or after trial_ms, and the samples that have some
  double trial_ms = 0;                                         ///< 0: unknown, nothing counts as late
  double first_ms = std::numeric_limits<double>::infinity(), last_ms = -std::numeric_limits<double>::infinity();
  std::string sha256;              ///< of every label (int32) and event (source uint32, time double, unit uint16), little endian
  std::vector<DataError> problems; ///< the first of them, in the order of the records
  std::uint64_t problem_count = 0;
  bool good() const { return problem_count == 0; }
};

/// Reads every sample. Damage to a file is a problem of the report, not an exception; `at_most` problems are kept.
DataReport inspect(const Dataset& data, double trial_ms, std::size_t at_most = 8);

/// A page for people, ends with a line feed.
std::string to_text(const DataReport& report);
/// The same as one JSON object.
std::string to_json(const DataReport& report);

}  // namespace antidrome::data
