#include "runtime/data/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <vector>

namespace antidrome::data {
namespace {

// Levenshtein distance, one row at a time.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row.back();
}

template <class T>
bool parse(const std::string& text, T& value) {
  const char* end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, value);
  return failure == std::errc{} && stop == end;
}

}  // namespace

std::string nearest(std::string_view word, std::span<const std::string_view> known) {
  const std::string_view* best = nullptr;
  std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;  // a third of the letters may be wrong
  for (const std::string_view& candidate : known) {
    const std::size_t d = distance(word, candidate);
    if (d < least) least = d, best = &candidate;
  }
  return best ? std::string(*best) : std::string();
}

std::string one_of(std::span<const std::string_view> known) {
  std::string out;
  for (std::size_t k = 0; k < known.size(); ++k) out += fmt::format("{}{}", k == 0 ? "" : k + 1 == known.size() ? " or " : ", ", known[k]);
  return out;
}

std::string OptionReader::text(std::string_view key, std::string fallback) const {
  const auto found = options_.values.find(key);
  return found == options_.values.end() ? fallback : found->second;
}

double OptionReader::number(std::string_view key, double fallback, double low, double high) const {
  const auto found = options_.values.find(key);
  if (found == options_.values.end()) return fallback;
  double value = 0;
  if (!parse(found->second, value)) throw DataError("AD504", place(), fmt::format("'{} = {}' is not a number", key, found->second), "write a number such as 0.5");
  if (!(value >= low && value <= high))
    throw DataError("AD504", place(), fmt::format("'{} = {}' lies outside [{}, {}]", key, found->second, low, high));
  return value;
}

double OptionReader::number(std::string_view key, double low, double high) const {
  if (!has(key)) throw DataError("AD504", place(), fmt::format("'{}' is missing", key), fmt::format("add '{} = …' to the run configuration", key));
  return number(key, 0, low, high);
}

std::uint64_t OptionReader::count(std::string_view key, std::uint64_t fallback, std::uint64_t high) const {
  const auto found = options_.values.find(key);
  if (found == options_.values.end()) return fallback;
  std::uint64_t value = 0;
  if (!parse(found->second, value))
    throw DataError("AD504", place(), fmt::format("'{} = {}' is not a whole number of at least 0", key, found->second), "write a number such as 5000");
  if (value > high) throw DataError("AD504", place(), fmt::format("'{} = {}' lies outside [0, {}]", key, found->second, high));
  return value;
}

bool OptionReader::flag(std::string_view key, bool fallback) const {
  const std::string value = text(key, fallback ? "true" : "false");
  if (value != "true" && value != "false") throw DataError("AD504", place(), fmt::format("'{} = {}' is neither true nor false", key, value));
  return value == "true";
}

std::vector<std::string> OptionReader::list(std::string_view key) const {
  std::vector<std::string> out;
  const std::string value = text(key, "");
  for (std::size_t begin = 0; begin < value.size();) {
    const std::size_t end = std::min(value.find(',', begin), value.size());
    const std::size_t first = value.find_first_not_of(' ', begin), last = value.find_last_not_of(' ', end == 0 ? 0 : end - 1);
    if (first == std::string::npos || first >= end) throw DataError("AD504", place(), fmt::format("'{} = {}' has an empty member", key, value));
    out.push_back(value.substr(first, last - first + 1));
    begin = end + 1;
  }
  return out;
}

void OptionReader::check_keys(std::span<const std::string_view> known) const {
  for (const auto& [key, value] : options_.values) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    const std::string meant = nearest(key, known);
    throw DataError("AD503", place(), fmt::format("unknown key '{}' in the options of a data set", key),
                    meant.empty() ? "known keys are " + one_of(known) : fmt::format("did you mean '{}'?", meant));
  }
}

std::string OptionReader::choice(std::string_view key, std::string fallback, std::span<const std::string_view> known, const char* code) const {
  const std::string value = text(key, std::move(fallback));
  if (std::find(known.begin(), known.end(), value) != known.end()) return value;
  if (value.empty()) throw DataError(code, place(), fmt::format("'{}' is missing", key), fmt::format("write '{} = …' with {}", key, one_of(known)));
  const std::string meant = nearest(value, known);
  throw DataError(code, place(), fmt::format("unknown {} '{}', expected {}", key, value, one_of(known)),
                  meant.empty() ? std::string() : fmt::format("did you mean '{}'?", meant));
}

}  // namespace antidrome::data
