#include "runtime/audio/recordings.hpp"

#include "runtime/data/error.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fstream>
#include <map>
#include <optional>
#include <regex>

namespace antidrome::audio {
namespace {

using data::DataError;

// One recording as it was written down, and where.
struct Entry {
  std::filesystem::path file;
  std::string label, speaker, take, gender;
  DataError::Place at;
};

std::optional<std::uint16_t> whole_number(const std::string& text) {
  std::uint16_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

// Names, and the number of each.
struct Numbering {
  std::vector<std::string> names;
  std::map<std::string, std::uint16_t> number;
};

Numbering number_of(const std::vector<Entry>& entries, std::string Entry::*member, std::vector<std::string> known) {
  Numbering out;
  for (const Entry& e : entries) out.number[e.*member] = 0;
  if (std::ranges::all_of(out.number, [](const auto& n) { return whole_number(n.first).has_value(); })) {
    std::size_t count = 0;
    for (auto& [name, number] : out.number) count = std::max<std::size_t>(count, (number = *whole_number(name)) + 1u);
    for (std::size_t k = known.size(); k < count; ++k) known.push_back(std::to_string(k));
  } else {
    if (known.empty())
      for (const auto& [name, number] : out.number) known.push_back(name);
    for (auto& [name, number] : out.number) number = static_cast<std::uint16_t>(std::ranges::find(known, name) - known.begin());
  }
  out.names = std::move(known);
  return out;
}

RecordingSet numbered(const std::vector<Entry>& entries, const std::vector<std::string>& keys, const char* code) {
  const Numbering labels = number_of(entries, &Entry::label, keys), speakers = number_of(entries, &Entry::speaker, {});
  RecordingSet out;
  out.header.keys = labels.names;
  if (speakers.names != std::vector<std::string>{""})
    for (const std::string& name : speakers.names) out.header.speakers.push_back({.name = name});
  for (const Entry& e : entries) {
    Recording r{.file = e.file, .label = labels.number.at(e.label), .speaker = speakers.number.at(e.speaker)};
    if (r.label >= labels.names.size() || (!keys.empty() && r.label >= keys.size()))
      throw DataError(code, e.at, fmt::format("the label '{}' is not one of the {} keys", e.label, keys.size()), fmt::format("the keys are {}", fmt::join(keys, ", ")));
    if (!e.take.empty()) {
      const auto take = whole_number(e.take);
      if (!take) throw DataError(code, e.at, fmt::format("the take '{}' is not a whole number in [0, 65536)", e.take), "count the repetitions of a word by a speaker");
      r.take = *take;
      out.header.takes = true;
    }
    if (!e.gender.empty() && !out.header.speakers.empty()) out.header.speakers[r.speaker].gender = e.gender;
    out.recordings.push_back(std::move(r));
  }
  return out;
}

std::vector<std::string> fields_of(std::string line) {
  if (!line.empty() && line.back() == '\r') line.pop_back();
  std::vector<std::string> out(1);
  for (const char c : line) {
    if (c == ',') out.emplace_back();
    else out.back() += c;
  }
  return out;
}

// The place of each column in the first line.
std::map<std::string, std::size_t> columns_of(const std::string& line, const DataError::Place& at) {
  const std::vector<std::string> known = {"path", "label", "speaker", "take", "gender"};
  std::map<std::string, std::size_t> columns;
  for (const std::string& name : fields_of(line)) {
    if (std::ranges::find(known, name) == known.end() || columns.contains(name))
      throw DataError("AD556", at, fmt::format("unknown or repeated column '{}'", name), fmt::format("the first line names columns out of {}", fmt::join(known, ", ")));
    columns.emplace(name, columns.size());
  }
  for (const char* needed : {"path", "label"})
    if (!columns.contains(needed)) throw DataError("AD556", at, fmt::format("the column '{}' is missing", needed), "begin the list with a line such as path,label,speaker,take");
  return columns;
}

}  // namespace

RecordingSet listed_recordings(const std::filesystem::path& list, const std::vector<std::string>& keys) {
  std::ifstream in(list);
  DataError::Place at{list.string(), {}, {}};
  std::string line;
  if (!in || !std::getline(in, line)) throw DataError("AD556", at, "the list cannot be read or is empty", "give a CSV file that begins with a line such as path,label,speaker,take");
  const std::map<std::string, std::size_t> columns = columns_of(line, at);
  std::vector<Entry> entries;
  for (std::uint64_t row = 1; std::getline(in, line); ++row) {
    if (line.empty() || line == "\r") continue;
    at.record = row;
    const std::vector<std::string> fields = fields_of(line);
    if (fields.size() != columns.size()) throw DataError("AD556", at, fmt::format("{} fields, expected {}", fields.size(), columns.size()), "one line per recording, no commas within fields");
    const auto field = [&](const char* name) { return columns.contains(name) ? fields[columns.at(name)] : std::string(); };
    if (field("path").empty() || field("label").empty()) throw DataError("AD556", at, "a recording without path or label", "give both");
    entries.push_back({list.parent_path() / field("path"), field("label"), field("speaker"), field("take"), field("gender"), at});
  }
  if (entries.empty()) throw DataError("AD556", {list.string(), {}, {}}, "the list names no recording", "one line per recording after the first");
  return numbered(entries, keys, "AD556");
}

RecordingSet named_recordings(const std::vector<std::string>& files, const std::string& pattern, const std::vector<std::string>& keys) {
  std::string expression;
  std::map<char, std::size_t> group;   // placeholder -> its place in the expression
  for (std::size_t k = 0; k < pattern.size(); ++k) {
    if (pattern[k] == '%' && k + 1 < pattern.size() && std::string("LSTD").find(pattern[k + 1]) != std::string::npos && !group.contains(pattern[k + 1])) {
      group.emplace(pattern[++k], group.size() + 1);
      expression += "([A-Za-z0-9]+)";
    } else if (pattern[k] == '%') {
      throw DataError("AD557", {}, fmt::format("the pattern '{}' has an unknown or repeated placeholder", pattern), "use each of %D (label), %L (language), %S (speaker), %T (take) at most once");
    } else {
      expression += std::string(std::isalnum(static_cast<unsigned char>(pattern[k])) != 0 ? "" : "\\") + pattern[k];
    }
  }
  if (!group.contains('D')) throw DataError("AD557", {}, fmt::format("the pattern '{}' says nothing about the label", pattern), "write %D where the label is, as in lang-%L_speaker-%S_trial-%T_digit-%D");
  const std::regex regex(expression);
  std::vector<Entry> entries;
  for (const std::string& file : files) {
    const std::string name = std::filesystem::path(file).stem().string();
    const DataError::Place at{file, {}, {}};
    std::smatch match;
    if (!std::regex_match(name, match, regex)) throw DataError("AD557", at, fmt::format("the name '{}' does not fit the pattern '{}'", name, pattern), "leave the file out, or name the files in a list (--list)");
    const auto found = [&](char placeholder) { return group.contains(placeholder) ? match[group.at(placeholder)].str() : std::string(); };
    entries.push_back({file, group.contains('L') ? found('L') + "-" + found('D') : found('D'), found('S'), found('T'), "", at});
  }
  return numbered(entries, keys, "AD557");
}

}  // namespace antidrome::audio
