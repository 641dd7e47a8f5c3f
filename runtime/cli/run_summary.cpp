#include "runtime/cli/run_summary.hpp"

#include "runtime/plot/plots.hpp"
#include "runtime/session/failure.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fstream>
#include <limits>

namespace antidrome::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

const std::vector<std::string> splits = {"train", "validation", "test"};
const std::string epochs_key = "epochs";   // to the target accuracy

std::vector<const RunSummary*> members(const std::vector<RunSummary>& runs, const std::string& mean_of) {
  std::vector<const RunSummary*> out;
  for (const RunSummary& run : runs)
    if (run.mean_of == mean_of) out.push_back(&run);
  return out;
}

std::vector<std::string> variants_of(const std::vector<RunSummary>& runs) {
  std::vector<std::string> out;
  for (const RunSummary& run : runs)
    if (std::find(out.begin(), out.end(), run.mean_of) == out.end()) out.push_back(run.mean_of);
  return out;
}

/// Columns that at least one run has something for.
std::vector<std::string> columns_of(const std::vector<RunSummary>& runs) {
  std::vector<std::string> out;
  for (std::string key : {"train", "validation", "test", "epochs"})
    if (std::any_of(runs.begin(), runs.end(), [&](const RunSummary& run) { return run.figures.contains(key); })) out.push_back(std::move(key));
  return out;
}

std::string cell(const std::string& key, double value, bool labelled) {
  if (key == epochs_key) return fmt::format("{:.0f}", value);
  return labelled ? fmt::format("{:.1f} %", 100 * value) : fmt::format("{:.4g}", value);
}

std::string cell(const std::string& key, const Spread& spread, std::size_t runs, bool labelled) {
  if (spread.count == 0) return "never";
  const bool per_cent = labelled && key != epochs_key;
  const double factor = per_cent ? 100 : 1;
  std::string out = labelled ? fmt::format("{:.1f}", factor * spread.mean) : fmt::format("{:.4g}", spread.mean);
  if (spread.count > 1) out += labelled ? fmt::format(" ± {:.1f}", factor * spread.sd) : fmt::format(" ± {:.2g}", spread.sd);
  if (per_cent) out += " %";
  if (spread.count < runs) out += fmt::format(" ({} of {})", spread.count, runs);
  return out;
}

// Columns as wide as their widest cell. Bytes are not characters: only the first byte of each counts.
std::string table_text(const std::vector<std::vector<std::string>>& rows) {
  const auto width = [](const std::string& text) { return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; })); };
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows)
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], width(row[c]));
  std::string out;
  for (const auto& row : rows) {
    for (std::size_t c = 0; c < row.size(); ++c) {
      const std::string gap(widths[c] - width(row[c]), ' ');
      out += c == 0 ? row[c] + gap : "  " + gap + row[c];
    }
    out += '\n';
  }
  return out;
}

std::vector<std::string> header(const std::string& first, const std::vector<std::string>& columns, std::optional<double> target) {
  std::vector<std::string> out = {first};
  for (const std::string& key : columns) out.push_back(key == epochs_key ? fmt::format("epochs to {:.4g} %", 100 * target.value_or(0)) : key);
  return out;
}

void write_text(const fs::path& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary);
  out << text;
  out.close();
  if (!out) fail(exit_io, "AD606", {file.string()}, "cannot write the file", "is the disk full, or the folder not writable");
}

// The mean over the runs of a variant, as long as all of them last.
plot::Comparison::Curve curve_of(const std::string& name, const std::vector<const RunSummary*>& runs) {
  plot::Comparison::Curve out;
  out.name = name;
  std::size_t epochs = std::numeric_limits<std::size_t>::max();
  for (const RunSummary* run : runs) epochs = std::min(epochs, run->curve.size()), out.single.push_back(run->curve);
  out.epoch.assign(runs.front()->epoch.begin(), runs.front()->epoch.begin() + static_cast<std::ptrdiff_t>(epochs));
  for (std::size_t k = 0; k < epochs; ++k) {
    double sum = 0;
    for (const RunSummary* run : runs) sum += run->curve[k];
    out.mean.push_back(sum / static_cast<double>(runs.size()));
  }
  return out;
}

void draw(const std::vector<RunSummary>& runs, const RunSetOptions& options) {
  plot::Comparison data;
  data.subtitle = options.title;
  data.accuracy = runs.front().labelled;
  data.quantity = runs.front().figures.contains("validation") ? "validation" : "training";
  data.target = options.target;
  for (const std::string& variant : variants_of(runs)) data.curves.push_back(curve_of(variant.empty() ? "mean" : variant, members(runs, variant)));
  plot::save(plot::comparison(data), options.folder / "comparison");
}

}  // namespace

Spread spread_of(const std::vector<const RunSummary*>& runs, const std::string& figure) {
  Spread out;
  double squares = 0;
  for (const RunSummary* run : runs) {
    const auto found = run->figures.find(figure);
    if (found == run->figures.end()) continue;
    // Welford: mean and squared deviations, without subtracting large sums.
    const double delta = found->second - out.mean;
    out.mean += delta / static_cast<double>(++out.count);
    squares += delta * (found->second - out.mean);
  }
  if (out.count > 1) out.sd = std::sqrt(squares / static_cast<double>(out.count - 1));
  return out;
}

RunSummary summarise(const std::string& name, const std::string& mean_of, const fs::path& folder, std::optional<double> target) {
  RunSummary out;
  out.name = name, out.mean_of = mean_of, out.folder = folder.filename().string();
  const nlohmann::json result = RunFolder::open(folder).result().value_or(nlohmann::json::object());
  const nlohmann::json judged = result.value("splits", nlohmann::json::object());
  for (const auto& [split, values] : judged.items()) {
    out.labelled = values.contains("accuracy");
    const nlohmann::json& value = values.at(out.labelled ? "accuracy" : "loss");
    if (value.is_number()) out.figures[split] = value.get<double>();
  }
  std::ifstream metrics(folder / "metrics.jsonl");
  for (std::string line; std::getline(metrics, line);) {
    const nlohmann::json event = nlohmann::json::parse(line, nullptr, false);
    if (!event.is_object() || event.value("type", "") != "epoch") continue;
    const std::string key = out.labelled ? "accuracy" : "loss";
    const auto number = [&](const std::string& k) { return event.contains(k) && event.at(k).is_number() ? event.at(k).get<double>() : std::nan(""); };
    out.figures["train"] = number(key);
    out.epoch.push_back(number("epoch"));
    out.curve.push_back(number(event.contains("validation_" + key) ? "validation_" + key : key));
    if (target && out.labelled && !out.figures.contains(epochs_key) && out.curve.back() >= *target) out.figures[epochs_key] = out.epoch.back();
  }
  return out;
}

std::string one_line(const RunSummary& run) {
  std::string out = run.name + ":";
  for (const std::string& split : splits)
    if (const auto found = run.figures.find(split); found != run.figures.end()) out += fmt::format("{} {} {}", out.back() == ':' ? "" : ",", split, cell(split, found->second, run.labelled));
  return out;
}

std::string summary_text(const std::vector<RunSummary>& runs, std::optional<double> target) {
  std::vector<std::string> columns = columns_of(runs);
  if (target && runs.front().labelled && std::find(columns.begin(), columns.end(), epochs_key) == columns.end()) columns.push_back(epochs_key);
  std::vector<std::vector<std::string>> rows = {header("run", columns, target)};
  for (const RunSummary& run : runs) {
    rows.push_back({run.name});
    for (const std::string& key : columns) rows.back().push_back(run.figures.contains(key) ? cell(key, run.figures.at(key), run.labelled) : "-");
  }
  for (const std::string& variant : variants_of(runs)) {
    const std::vector<const RunSummary*> own = members(runs, variant);
    if (own.size() < 2) continue;
    rows.push_back({variant.empty() ? "mean ± s.d." : variant + " (mean ± s.d.)"});
    for (const std::string& key : columns) rows.back().push_back(cell(key, spread_of(own, key), own.size(), runs.front().labelled));
  }
  return table_text(rows);
}

void write_summary(const std::vector<RunSummary>& runs, const RunSetOptions& options, bool plots) {
  const std::vector<std::string> columns = columns_of(runs);
  std::string csv = "run,variant,folder";
  ordered_json json = {{"runs", ordered_json::array()}, {"means", ordered_json::array()}};
  if (options.target) json["target_accuracy"] = *options.target;
  for (const std::string& key : columns) csv += "," + (key == epochs_key ? "epochs_to_target" : key + (runs.front().labelled ? "_accuracy" : "_loss"));
  for (const RunSummary& run : runs) {
    csv += fmt::format("\n\"{}\",\"{}\",\"{}\"", run.name, run.mean_of, run.folder);
    ordered_json row = {{"run", run.name}, {"variant", run.mean_of}, {"folder", run.folder}};
    for (const std::string& key : columns) {
      const bool has = run.figures.contains(key);
      csv += has ? fmt::format(",{}", run.figures.at(key)) : ",";
      row[key] = has ? ordered_json(run.figures.at(key)) : ordered_json();
    }
    json["runs"].push_back(row);
  }
  for (const std::string& variant : variants_of(runs)) {
    ordered_json row = {{"variant", variant}};
    for (const std::string& key : columns) {
      const Spread spread = spread_of(members(runs, variant), key);
      row[key] = {{"mean", spread.mean}, {"sd", spread.sd}, {"runs", spread.count}};
    }
    json["means"].push_back(row);
  }
  write_text(options.folder / "runs.csv", csv + "\n");
  write_text(options.folder / "summary.json", json.dump(2) + "\n");
  if (plots && !runs.front().curve.empty()) draw(runs, options);
}

}  // namespace antidrome::cli
