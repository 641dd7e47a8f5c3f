// Typed access to the text values of a data set's options, with the errors a user of a run configuration needs.
#pragma once
#include "runtime/data/dataset.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace antidrome::data {

/// The member of `known` that is nearest to `word` by edit distance; empty where none is near enough to be meant.
std::string nearest(std::string_view word, std::span<const std::string_view> known);

/// "a, b or c"
std::string one_of(std::span<const std::string_view> known);

/// Reads options and throws DataError AD504 for a value that is no number or lies outside its range.
class OptionReader {
 public:
  explicit OptionReader(const DatasetOptions& options) : options_(options) {}

  bool has(std::string_view key) const { return options_.values.find(key) != options_.values.end(); }
  std::string text(std::string_view key, std::string fallback) const;
  double number(std::string_view key, double fallback, double low, double high) const;
  /// Without a fallback the key must be there.
  double number(std::string_view key, double low, double high) const;
  std::uint64_t count(std::string_view key, std::uint64_t fallback, std::uint64_t high = UINT64_MAX) const;
  /// "true" or "false".
  bool flag(std::string_view key, bool fallback) const;
  /// The members of a list "a,b,c", without the spaces around them; empty where the key is not given.
  std::vector<std::string> list(std::string_view key) const;
  /// AD503 for a key that no data set knows, AD502 for a value of `key` that is not `known`.
  void check_keys(std::span<const std::string_view> known) const;
  std::string choice(std::string_view key, std::string fallback, std::span<const std::string_view> known, const char* code) const;
  DataError::Place place() const { return {options_.origin, {}, {}}; }

 private:
  const DatasetOptions& options_;
};

}  // namespace antidrome::data
