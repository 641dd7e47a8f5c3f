#include "runtime/train/breakdown.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>

namespace antidrome {
namespace {

std::size_t widest(const std::vector<Share>& shares, std::size_t least) {
  for (const Share& s : shares) least = std::max(least, s.name.size());
  return least;
}

nlohmann::ordered_json shares_json(const std::vector<Share>& shares) {
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const Share& s : shares) out.push_back({{"name", s.name}, {"samples", s.samples}, {"correct", s.correct}, {"accuracy", s.accuracy()}});
  return out;
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

void add_to(Share& share, bool correct) {
  ++share.samples;
  share.correct += correct ? 1 : 0;
}

}  // namespace

Breakdown break_down(const std::vector<Prediction>& predictions, std::vector<std::string> classes, const std::vector<std::string>& groups) {
  Breakdown out;
  for (const std::string& name : classes) out.classes.push_back({name, 0, 0});
  for (const std::string& name : groups) out.groups.push_back({name, 0, 0});
  out.confusion.assign(classes.size(), std::vector<std::uint64_t>(classes.size() + 1, 0));
  for (const Prediction& p : predictions) {
    if (p.label < 0 || static_cast<std::size_t>(p.label) >= classes.size()) continue;
    const auto label = static_cast<std::size_t>(p.label);
    const std::size_t said = p.prediction < 0 ? classes.size() : std::min(static_cast<std::size_t>(p.prediction), classes.size());
    ++out.confusion[label][said];
    add_to(out.classes[label], p.label == p.prediction);
    if (p.group >= 0 && static_cast<std::size_t>(p.group) < groups.size()) add_to(out.groups[static_cast<std::size_t>(p.group)], p.label == p.prediction);
  }
  std::erase_if(out.groups, [](const Share& s) { return s.samples == 0; });
  return out;
}

std::string groups_text(const Breakdown& b) {
  if (b.groups.empty()) return {};
  const std::size_t width = widest(b.groups, 5);
  std::string out = fmt::format("{:<{}}  samples  accuracy\n", "group", width);
  double sum = 0;
  for (const Share& s : b.groups) {
    out += fmt::format("{:<{}}  {:>7}  {:>6.1f} %\n", s.name, width, s.samples, 100 * s.accuracy());
    sum += s.accuracy();
  }
  return out + fmt::format("{:<{}}  {:>7}  {:>6.1f} %\n", "mean", width, "", 100 * sum / static_cast<double>(b.groups.size()));
}

std::string confusion_text(const Breakdown& b) {
  const std::size_t name = widest(b.classes, 4);
  const bool undecided = std::any_of(b.confusion.begin(), b.confusion.end(), [](const auto& row) { return row.back() > 0; });
  const std::size_t columns = b.classes.size() + (undecided ? 1 : 0);
  std::vector<std::size_t> widths;
  for (std::size_t c = 0; c < columns; ++c) {
    widths.push_back(c < b.classes.size() ? b.classes[c].name.size() : 9);
    for (const auto& row : b.confusion) widths[c] = std::max(widths[c], fmt::formatted_size("{}", row[c]));
  }
  std::string out = fmt::format("{:<{}}", "true", name);
  for (std::size_t c = 0; c < columns; ++c) out += fmt::format("  {:>{}}", c < b.classes.size() ? b.classes[c].name : "undecided", widths[c]);
  for (std::size_t r = 0; r < b.classes.size(); ++r) {
    out += fmt::format("\n{:<{}}", b.classes[r].name, name);
    for (std::size_t c = 0; c < columns; ++c) out += fmt::format("  {:>{}}", b.confusion[r][c], widths[c]);
  }
  return out + "\n";
}

nlohmann::ordered_json to_json(const Breakdown& b) {
  nlohmann::ordered_json out = {{"classes", shares_json(b.classes)}, {"confusion", b.confusion}};
  if (!b.groups.empty()) out["groups"] = shares_json(b.groups);
  return out;
}

std::string shares_csv(const Breakdown& b) {
  std::string out = "of,name,samples,correct,accuracy\n";
  for (const auto& [of, shares] : {std::pair("class", &b.classes), std::pair("group", &b.groups)})
    for (const Share& s : *shares) out += fmt::format("{},{},{},{},{}\n", of, quoted(s.name), s.samples, s.correct, s.accuracy());
  return out;
}

std::vector<Share> read_shares(const std::filesystem::path& file, const std::string& of) {
  std::vector<Share> out;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const std::size_t begin = line.find(",\""), end = line.rfind("\",");
    if (!line.starts_with(of + ",\"") || end == std::string::npos || end <= begin + 1) continue;
    Share share;
    for (std::size_t k = begin + 2; k < end; ++k) {
      share.name += line[k];
      if (line[k] == '"') ++k;  // a quote is written twice
    }
    char* rest = nullptr;
    share.samples = std::strtoull(line.c_str() + end + 2, &rest, 10);
    share.correct = *rest == ',' ? std::strtoull(rest + 1, &rest, 10) : 0;
    out.push_back(std::move(share));
  }
  return out;
}

}  // namespace antidrome
