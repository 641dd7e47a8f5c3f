#include "runtime/data/report.hpp"

#include "runtime/data/sha256.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <bit>
#include <cmath>

namespace antidrome::data {
namespace {

static_assert(std::endian::native == std::endian::little, "the checksum is defined on little-endian numbers");

class Inspector {
 public:
  Inspector(const Dataset& data, DataReport& report, std::size_t at_most) : data_(data), report_(report), at_most_(at_most) {}

  void look_at(std::size_t index) {
    try {
      data_.read(index, sample_);
    } catch (const DataError& error) {
      problem(error);
      return;
    }
    count_label(index);
    count_group(index);
    std::uint64_t events = 0, late = 0;
    for (std::size_t s = 0; s < sample_.sources.size(); ++s) {
      look_at_source(index, static_cast<std::uint32_t>(s), late);
      events += sample_.sources[s].size();
    }
    report_.events += events;
    report_.fewest = seen_++ == 0 ? events : std::min(report_.fewest, events);
    report_.most = std::max(report_.most, events);
    report_.silent += events == 0;
    report_.late += late;
    report_.late_samples += late > 0;
  }

  std::string checksum() { return sum_.hex(); }

 private:
  void problem(const DataError& error) {
    ++report_.problem_count;
    if (report_.problems.size() < at_most_) report_.problems.push_back(error);
  }

  void count_label(std::size_t index) {
    const std::int32_t label = sample_.label;
    sum_.add(&label, sizeof label);
    if (label == -1) ++report_.unlabelled;
    else if (label >= 0 && static_cast<std::uint32_t>(label) < data_.classes()) ++report_.class_counts[static_cast<std::size_t>(label)];
    else problem({"AD516", {data_.name(), index, {}}, fmt::format("label {} is outside [0, {})", label, data_.classes())});
  }

  void count_group(std::size_t index) {
    const SampleInfo info = data_.info(index);
    if (info.group >= 0 && static_cast<std::size_t>(info.group) < report_.group_counts.size()) ++report_.group_counts[static_cast<std::size_t>(info.group)];
    if (info.take < 0) return;
    report_.first_take = report_.first_take < 0 ? info.take : std::min(report_.first_take, info.take);
    report_.last_take = std::max(report_.last_take, info.take);
  }

  // One problem per source and sample is enough: the rest usually follows from the first.
  void look_at_source(std::size_t index, std::uint32_t source, std::uint64_t& late) {
    const std::uint32_t units = data_.source_sizes()[source];
    double previous = 0;
    bool sound = true;
    for (const Event& e : sample_.sources[source]) {
      sum_.add(&source, sizeof source), sum_.add(&e.time_ms, sizeof e.time_ms), sum_.add(&e.unit, sizeof e.unit);
      if (sound && !(std::isfinite(e.time_ms) && e.time_ms >= previous)) {
        problem({"AD519", {data_.name(), index, {}}, fmt::format("event at {} ms follows one at {} ms in source {}", e.time_ms, previous, source), "times are at least 0 and sorted"});
        sound = false;
      } else if (sound && e.unit >= units) {
        problem({"AD520", {data_.name(), index, {}}, fmt::format("event of unit {}, but source {} has units [0, {})", e.unit, source, units)});
        sound = false;
      }
      previous = e.time_ms;
      if (!std::isfinite(e.time_ms)) continue;
      report_.first_ms = std::min(report_.first_ms, e.time_ms);
      report_.last_ms = std::max(report_.last_ms, e.time_ms);
      late += report_.trial_ms > 0 && e.time_ms >= report_.trial_ms;
    }
  }

  const Dataset& data_;
  DataReport& report_;
  std::size_t at_most_, seen_ = 0;
  EventSample sample_;
  Sha256 sum_;
};

}  // namespace

DataReport inspect(const Dataset& data, double trial_ms, std::size_t at_most) {
  DataReport report;
  report.name = data.name(), report.source_sizes = data.source_sizes(), report.samples = data.size(), report.trial_ms = trial_ms;
  report.class_counts.resize(data.classes());
  report.groups = data.groups(), report.group_counts.resize(data.groups().size()), report.notes = data.notes();
  Inspector inspector(data, report, at_most);
  for (std::size_t k = 0; k < data.size(); ++k) inspector.look_at(k);
  report.sha256 = inspector.checksum();
  return report;
}

std::string to_text(const DataReport& r) {
  std::string out = fmt::format("{}\n  samples     {}\n  sources     {} units\n", r.name, r.samples, fmt::join(r.source_sizes, " + "));
  out += fmt::format("  classes     {} ({} samples each)\n", r.class_counts.size(), fmt::join(r.class_counts, " "));
  if (r.unlabelled) out += fmt::format("  unlabelled  {}\n", r.unlabelled);
  if (!r.groups.empty()) {
    out += "  groups     ";
    for (std::size_t g = 0; g < r.groups.size(); ++g) out += fmt::format(" {} ({})", r.groups[g], r.group_counts[g]);
    out += '\n';
  }
  if (r.first_take >= 0) out += fmt::format("  takes       {} to {}\n", r.first_take, r.last_take);
  const double mean = r.samples ? static_cast<double>(r.events) / static_cast<double>(r.samples) : 0;
  out += fmt::format("  events      {} ({:.1f} per sample, {} to {})\n", r.events, mean, r.fewest, r.most);
  if (r.events) out += fmt::format("  times       {:.6g} to {:.6g} ms\n", r.first_ms, r.last_ms);
  if (r.silent) out += fmt::format("  silent      {} samples without an event\n", r.silent);
  if (r.late) out += fmt::format("  late        {} events of {} samples lie at or after the end of the trial ({} ms) and are left out [{}]\n", r.late, r.late_samples, r.trial_ms, "AD521");
  for (const std::string& note : r.notes) out += fmt::format("  note        {}\n", note);
  out += fmt::format("  sha256      {}\n", r.sha256);
  for (const DataError& p : r.problems) out += fmt::format("{}\n", p.what());
  if (r.problem_count > r.problems.size()) out += fmt::format("and {} more\n", r.problem_count - r.problems.size());
  return out;
}

std::string to_json(const DataReport& r) {
  nlohmann::ordered_json out;
  out["name"] = r.name, out["samples"] = r.samples, out["sources"] = r.source_sizes, out["classes"] = r.class_counts, out["unlabelled"] = r.unlabelled;
  out["events"] = r.events, out["fewest"] = r.fewest, out["most"] = r.most, out["silent"] = r.silent;
  out["first_ms"] = r.events ? nlohmann::ordered_json(r.first_ms) : nullptr, out["last_ms"] = r.events ? nlohmann::ordered_json(r.last_ms) : nullptr;
  out["trial_ms"] = r.trial_ms, out["late"] = r.late, out["late_samples"] = r.late_samples, out["sha256"] = r.sha256;
  out["groups"] = nlohmann::ordered_json::array();
  for (std::size_t g = 0; g < r.groups.size(); ++g) out["groups"].push_back({{"name", r.groups[g]}, {"samples", r.group_counts[g]}});
  out["takes"] = r.first_take < 0 ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json{r.first_take, r.last_take};
  out["notes"] = r.notes;
  out["problems"] = nlohmann::ordered_json::array();
  for (const DataError& p : r.problems) out["problems"].push_back({{"code", p.code}, {"at", p.at.str()}, {"message", p.message}, {"remedy", p.remedy}});
  out["problem_count"] = r.problem_count;
  return out.dump();
}

}  // namespace antidrome::data
