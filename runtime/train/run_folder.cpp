#include "runtime/train/run_folder.hpp"

#include "runtime/session/failure.hpp"

#include <ctime>
#include <fmt/chrono.h>
#include <fmt/format.h>

namespace antidrome {
namespace {

namespace fs = std::filesystem;

void write_text(const fs::path& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary);
  out << text;
  out.flush();
  if (!out) fail(exit_io, "AD606", {file.string()}, "cannot write the file", "is the disk full, or the folder not writable");
}

// The lines for which `keep` says so; a file that is not there has none.
template <class Keep>
void filter_lines(const fs::path& file, const Keep& keep) {
  std::ifstream in(file);
  std::string kept;
  for (std::string line; std::getline(in, line);)
    if (keep(line)) kept += line + "\n";
  in.close();
  write_text(file.string() + ".tmp", kept);
  fs::rename(file.string() + ".tmp", file);
}

}  // namespace

fs::path default_run_folder(const std::string& model) {
  std::string stem = fs::path(model).stem().string();
  if (stem.empty()) stem = "run";
  const std::string base = fmt::format("{}-{:%Y%m%d-%H%M%S}", stem, fmt::localtime(std::time(nullptr)));
  fs::path path = fs::path("runs") / base;
  for (int k = 2; fs::exists(path); ++k) path = fs::path("runs") / fmt::format("{}-{}", base, k);
  return path;
}

RunFolder RunFolder::create(const fs::path& path, const RunConfig& config, const nlohmann::json& environment) {
  if (fs::exists(path / "config.toml"))
    fail(exit_user, "AD602", {path.string()}, "there is a run in this folder already", "continue it with --resume, or choose another folder with --out");
  RunFolder folder(path);
  try {
    fs::create_directories(folder.checkpoints());
    fs::create_directories(path / "plots");
  } catch (const fs::filesystem_error& error) {
    fail(exit_io, "AD606", {path.string()}, fmt::format("cannot make the run folder: {}", error.code().message()), "choose another folder with --out");
  }
  write_text(path / "environment.json", environment.dump(2) + "\n");
  write_text(path / "metrics.jsonl", "");
  write_text(path / "metrics.csv", "");
  write_text(folder.config(), "# The configuration of this run as it was resolved: defaults, overrides and paths spelt out.\n" + config.resolved);
  return folder;
}

RunFolder RunFolder::open(const fs::path& path) {
  if (!fs::is_directory(path)) fail(exit_user, "AD601", {path.string()}, "no such run folder", "antidrome train … --out RUNDIR makes one");
  if (!fs::exists(path / "config.toml"))
    fail(exit_user, "AD601", {path.string()}, "this is not the folder of a run: it has no config.toml", "give the folder that antidrome train wrote");
  return RunFolder(path);
}

nlohmann::json RunFolder::environment() const {
  std::ifstream in(path_ / "environment.json");
  nlohmann::json out = nlohmann::json::parse(in, nullptr, false);
  return out.is_object() ? out : nlohmann::json::object();
}

void RunFolder::rewind_metrics(std::uint64_t epochs) const {
  filter_lines(path_ / "metrics.jsonl", [&](const std::string& line) {
    const nlohmann::json event = nlohmann::json::parse(line, nullptr, false);
    if (!event.is_object()) return false;  // cut off when the process died
    if (event.value("type", "") == "test") return false;
    const nlohmann::json epoch = event.value("epoch", nlohmann::json());
    return !epoch.is_number_unsigned() || epoch.get<std::uint64_t>() <= epochs;
  });
  filter_lines(path_ / "metrics.csv", [&](const std::string& line) {
    if (line.starts_with("epoch")) return true;
    char* end = nullptr;
    const unsigned long long epoch = std::strtoull(line.c_str(), &end, 10);
    return end != line.c_str() && *end == ',' && epoch >= 1 && epoch <= epochs;
  });
}

void RunFolder::write_predictions(const std::string& split, const std::vector<Prediction>& predictions, const std::optional<Breakdown>& breakdown) const {
  const bool grouped = breakdown && !breakdown->groups.empty();
  std::string text = grouped ? "index,label,prediction,loss,group\n" : "index,label,prediction,loss\n";
  for (const Prediction& p : predictions) {
    text += fmt::format("{},{},{},{}", p.index, p.label, p.prediction, p.loss);
    text += grouped ? fmt::format(",{}\n", p.group) : "\n";
  }
  write_text(path_ / fmt::format("predictions_{}.csv", split), text);
  if (breakdown) write_text(path_ / fmt::format("accuracy_{}.csv", split), shares_csv(*breakdown));
}

void RunFolder::write_result(const nlohmann::ordered_json& result) const {
  write_text(path_ / "result.json.tmp", result.dump(2) + "\n");
  fs::rename(path_ / "result.json.tmp", path_ / "result.json");
}

std::optional<nlohmann::json> RunFolder::result() const {
  std::ifstream in(path_ / "result.json");
  nlohmann::json out = nlohmann::json::parse(in, nullptr, false);
  return out.is_object() ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace antidrome
