#include "runtime/train/toml_section.hpp"

#include "runtime/session/suggest.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace antidrome {
namespace {

const char* type_name(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::string: return "a string";
    case toml::node_type::integer: return "an integer";
    case toml::node_type::floating_point: return "a number";
    case toml::node_type::boolean: return "a boolean";
    case toml::node_type::array: return "a list";
    case toml::node_type::table: return "a table";
    default: return "a date or time";
  }
}

}  // namespace

std::string Range::str() const {
  if (low == -std::numeric_limits<double>::infinity() && high == std::numeric_limits<double>::infinity()) return "a finite number";
  if (high == std::numeric_limits<double>::infinity()) return fmt::format("{} {}", open_low ? "above" : "at least", low);
  return fmt::format("in {}{}, {}]", open_low ? '(' : '[', low, high);
}

Location place_of(const toml::node& node, const std::string& file) {
  const toml::source_region& source = node.source();
  if (source.path && *source.path != file) return {*source.path, 0, 0};  // a value of the command line
  return {file, static_cast<int>(source.begin.line), static_cast<int>(source.begin.column)};
}

TomlSection::TomlSection(const toml::table* table, std::string path, std::string file, Diagnostics& diagnostics, toml::table& resolved)
    : table_(table), path_(std::move(path)), file_(std::move(file)), diagnostics_(diagnostics), resolved_(resolved) {}

const toml::node* TomlSection::find(std::string_view key) {
  known_.emplace(key);
  return table_ == nullptr ? nullptr : table_->get(key);
}

Location TomlSection::where(std::string_view key) const {
  if (table_ == nullptr) return {file_, 0, 0};
  const toml::node* node = table_->get(key);
  return place_of(node != nullptr ? *node : *table_, file_);
}

void TomlSection::wrong_type(std::string_view key, const toml::node& node, const char* expected) {
  diagnostics_.error("AD403", place_of(node, file_), fmt::format("'{}' is {}, expected {}", full(key), type_name(node), expected));
}

std::optional<double> TomlSection::read_number(std::string_view key, Range range) {
  const toml::node* node = find(key);
  if (node == nullptr) return {};
  if (!node->is_number()) {
    wrong_type(key, *node, "a number");
    return {};
  }
  const double value = *node->value<double>();
  if (!std::isfinite(value) || !range.contains(value)) {
    diagnostics_.error("AD404", place_of(*node, file_), fmt::format("'{}' is {}, expected {}", full(key), value, range.str()));
    return {};
  }
  return value;
}

double TomlSection::number(std::string_view key, double otherwise, Range range) {
  const double value = read_number(key, range).value_or(otherwise);
  resolved_.insert_or_assign(key, value);
  return value;
}

double TomlSection::required_number(std::string_view key, Range range, const std::string& remedy) {
  if (!has(key)) {
    known_.emplace(key);
    diagnostics_.error("AD405", where(key), fmt::format("'{}' is missing", full(key)), remedy);
    return 1;
  }
  return number(key, 1, range);
}

std::uint64_t TomlSection::integer(std::string_view key, std::uint64_t otherwise, std::uint64_t low, std::uint64_t high) {
  std::uint64_t value = otherwise;
  if (const toml::node* node = find(key); node != nullptr) {
    if (!node->is_integer()) {
      wrong_type(key, *node, "an integer");
    } else {
      const std::int64_t given = *node->value<std::int64_t>();
      if (given < 0 || static_cast<std::uint64_t>(given) < low || static_cast<std::uint64_t>(given) > high)
        diagnostics_.error("AD404", place_of(*node, file_), fmt::format("'{}' is {}, expected [{}, {}]", full(key), given, low, high));
      else
        value = static_cast<std::uint64_t>(given);
    }
  }
  resolved_.insert_or_assign(key, static_cast<std::int64_t>(value));
  return value;
}

bool TomlSection::flag(std::string_view key, bool otherwise) {
  bool value = otherwise;
  if (const toml::node* node = find(key); node != nullptr) {
    if (node->is_boolean()) value = *node->value<bool>();
    else wrong_type(key, *node, "true or false");
  }
  resolved_.insert_or_assign(key, value);
  return value;
}

std::string TomlSection::text(std::string_view key, std::string otherwise) {
  if (const toml::node* node = find(key); node != nullptr) {
    if (node->is_string()) otherwise = *node->value<std::string>();
    else wrong_type(key, *node, "a string");
  }
  resolved_.insert_or_assign(key, otherwise);
  return otherwise;
}

std::string TomlSection::choice(std::string_view key, std::string otherwise, const std::vector<std::string>& choices) {
  const std::string value = text(key, otherwise);
  if (std::find(choices.begin(), choices.end(), value) != choices.end()) return value;
  diagnostics_.error("AD409", where(key), fmt::format("'{}' is '{}', expected one of: {}", full(key), value, fmt::join(choices, ", ")), did_you_mean(value, choices));
  return otherwise;
}

const toml::table* TomlSection::table(std::string_view key) {
  const toml::node* node = find(key);
  if (node == nullptr) return nullptr;
  if (!node->is_table()) wrong_type(key, *node, "a table");
  return node->as_table();
}

const toml::array* TomlSection::array(std::string_view key) {
  const toml::node* node = find(key);
  if (node == nullptr) return nullptr;
  if (!node->is_array()) wrong_type(key, *node, "a list");
  return node->as_array();
}

std::vector<std::string> TomlSection::texts(std::string_view key, std::map<std::string, Location>* places) {
  std::vector<std::string> out;
  toml::array resolved;
  if (const toml::array* list = array(key))
    for (const toml::node& node : *list) {
      if (!node.is_string()) {
        diagnostics_.error("AD403", place_of(node, file_), fmt::format("'{}' holds {}, expected strings", full(key), type_name(node)));
        continue;
      }
      out.push_back(*node.value<std::string>());
      resolved.push_back(out.back());
      if (places != nullptr) places->emplace(out.back(), place_of(node, file_));
    }
  resolved_.insert_or_assign(key, std::move(resolved));
  return out;
}

std::vector<std::uint64_t> TomlSection::integers(std::string_view key, std::int64_t low) {
  std::vector<std::uint64_t> out;
  toml::array resolved;
  if (const toml::array* list = array(key))
    for (const toml::node& node : *list) {
      if (!node.is_integer() || *node.value<std::int64_t>() < low) {
        diagnostics_.error(node.is_integer() ? "AD404" : "AD403", place_of(node, file_), fmt::format("'{}' is a list of integers of at least {}", full(key), low));
        continue;
      }
      out.push_back(static_cast<std::uint64_t>(*node.value<std::int64_t>()));
      resolved.push_back(*node.value<std::int64_t>());
    }
  resolved_.insert_or_assign(key, std::move(resolved));
  return out;
}

void TomlSection::finish() {
  if (table_ == nullptr) return;
  const std::vector<std::string> candidates(known_.begin(), known_.end());
  for (const auto& [key, node] : *table_) {
    if (known_.contains(key.str())) continue;
    Location at = place_of(node, file_);
    if (at.line > 0) at.line = static_cast<int>(key.source().begin.line), at.column = static_cast<int>(key.source().begin.column);
    const char* what = node.is_table() && path_.empty() ? "section" : "key";
    diagnostics_.error("AD402", at, fmt::format("unknown {} '{}'", what, full(key.str())), did_you_mean(key.str(), candidates));
  }
}

}  // namespace antidrome
