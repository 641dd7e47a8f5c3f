// Strict reading of a TOML table: every key is asked for by name, type and range; what nobody asked for is a mistake.
// Mistakes are collected (AD402 to AD409); the values as resolved, defaults included, are written to a second table.
#pragma once
#include "codegen/diagnostics/diagnostics.hpp"

#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <toml++/toml.h>
#include <vector>

namespace antidrome {

/// What a number may be: [low, high], or (low, high] when `open_low`.
struct Range {
  double low = -std::numeric_limits<double>::infinity(), high = std::numeric_limits<double>::infinity();
  bool open_low = false;
  bool contains(double x) const { return x <= high && (open_low ? x > low : x >= low); }
  std::string str() const;
};

/// "run.toml:3:9" of a node; for a value from the command line the option is the place.
Location place_of(const toml::node& node, const std::string& file);

class TomlSection {
 public:
  /// `table` may be null: the section is absent and every key has its default.
  TomlSection(const toml::table* table, std::string path, std::string file, Diagnostics& diagnostics, toml::table& resolved);

  double number(std::string_view key, double otherwise, Range range = {});
  double required_number(std::string_view key, Range range, const std::string& remedy);
  std::uint64_t integer(std::string_view key, std::uint64_t otherwise, std::uint64_t low, std::uint64_t high);
  bool flag(std::string_view key, bool otherwise);
  std::string text(std::string_view key, std::string otherwise);
  std::string choice(std::string_view key, std::string otherwise, const std::vector<std::string>& choices);
  /// A section inside this one; it must be a table where it is present.
  const toml::table* table(std::string_view key);
  /// A list of strings, and where each is written; of integers of at least `low`. Empty where it is absent.
  std::vector<std::string> texts(std::string_view key, std::map<std::string, Location>* places = nullptr);
  std::vector<std::uint64_t> integers(std::string_view key, std::int64_t low);
  /// A list; null where it is absent.
  const toml::array* array(std::string_view key);
  /// A key that is read elsewhere.
  void expect(std::string_view key) { known_.emplace(key); }
  bool has(std::string_view key) const { return table_ != nullptr && table_->contains(key); }
  Location where(std::string_view key) const;   ///< of the key's value; of the section, or the file, where it is absent
  /// Replaces what the resolved table says of a key (a path made absolute).
  void resolve(std::string_view key, const std::string& value) { resolved_.insert_or_assign(key, value); }
  /// Reports the keys that nobody asked for.
  void finish();

 private:
  const toml::node* find(std::string_view key);
  void wrong_type(std::string_view key, const toml::node& node, const char* expected);
  std::optional<double> read_number(std::string_view key, Range range);
  std::string full(std::string_view key) const { return path_.empty() ? std::string(key) : path_ + "." + std::string(key); }

  const toml::table* table_;
  std::string path_, file_;
  Diagnostics& diagnostics_;
  toml::table& resolved_;
  std::set<std::string, std::less<>> known_;
};

}  // namespace antidrome
