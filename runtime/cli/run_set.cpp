#include "runtime/cli/run_set.hpp"

#include "runtime/cli/model_source.hpp"
#include "runtime/cli/run_summary.hpp"
#include "runtime/session/failure.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace antidrome::cli {
namespace {

namespace fs = std::filesystem;

// A name that every file system takes and every shell passes on.
std::string folder_name(std::string name) {
  for (char& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && std::string("._=-+").find(c) == std::string::npos) c = '_';
  return name.empty() || name.front() == '.' || name.front() == '-' ? "run" + name : name;
}

std::string last_part(const std::string& key_and_value) {
  const std::size_t equals = key_and_value.find('='), dot = key_and_value.rfind('.', equals);
  return dot == std::string::npos ? key_and_value : key_and_value.substr(dot + 1);
}

void check_names(const std::vector<PlannedRun>& runs) {
  std::vector<std::string> names;
  for (const PlannedRun& run : runs) names.push_back(folder_name(run.name));
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end()) fail(exit_user, "AD406", {}, fmt::format("two runs would be called '{}'", *twice), "give every configuration, value and seed once");
}

/// What is left to do of one of several runs.
enum Progress : std::uint64_t { not_begun, begun, finished };

// A run that ended before its first checkpoint begins again.
Progress progress_of(const fs::path& folder, const fs::path& last, bool resume) {
  if (!resume || !fs::exists(folder / "config.toml")) return not_begun;
  if (!fs::exists(last)) {
    fs::remove_all(folder);
    return not_begun;
  }
  return RunFolder::open(folder).result() ? finished : begun;
}

}  // namespace

std::vector<std::string> values_of(const std::string& vary) {
  const std::size_t equals = vary.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == vary.size())
    fail(exit_user, "AD407", {"--vary " + vary}, "not of the form key=value,value", "for example --vary train.learning_rate=0.001,0.002");
  std::vector<std::string> out;
  std::string value;
  int depth = 0;
  bool quoted = false;
  for (const char c : vary.substr(equals + 1)) {
    if (c == '"') quoted = !quoted;
    if (!quoted) depth += c == '[' || c == '{' ? 1 : c == ']' || c == '}' ? -1 : 0;
    if (c != ',' || quoted || depth > 0) value += c;
    else out.push_back(vary.substr(0, equals + 1) + std::exchange(value, {}));
  }
  out.push_back(vary.substr(0, equals + 1) + value);
  return out;
}

std::vector<PlannedRun> plan_runs(const std::vector<std::string>& configs, const std::vector<std::vector<std::string>>& values, const std::vector<std::uint64_t>& seeds, const std::vector<std::string>& common) {
  std::vector<PlannedRun> variants;
  for (const std::string& config : configs) variants.push_back({configs.size() > 1 ? fs::path(config).stem().string() : "", "", config, common});
  for (const std::vector<std::string>& list : values) {
    std::vector<PlannedRun> more;
    for (const PlannedRun& variant : variants)
      for (const std::string& value : list) {
        PlannedRun run = variant;
        run.name += (run.name.empty() ? "" : " ") + last_part(value);
        run.overrides.push_back(config_overrides({value}).front());
        more.push_back(std::move(run));
      }
    variants = std::move(more);
  }
  std::vector<PlannedRun> out;
  for (const PlannedRun& variant : variants)
    for (std::size_t k = 0; k < std::max<std::size_t>(1, seeds.size()); ++k) {
      PlannedRun run = variant;
      run.mean_of = variant.name;
      if (!seeds.empty()) {
        run.name += fmt::format("{}seed {}", run.name.empty() ? "" : " ", seeds[k]);
        run.overrides.push_back(fmt::format("train.seed={}", seeds[k]));
      }
      out.push_back(std::move(run));
    }
  return out;
}

void train_set(const std::vector<PlannedRun>& runs, const RunSetOptions& options, const TrainFlags& flags, Context& context) {
  check_names(runs);
  for (const PlannedRun& run : runs) load_config(run.config, run.overrides);  // mistakes are found before the first hour has passed
  std::vector<RunSummary> summaries;
  for (std::size_t k = 0; k < runs.size(); ++k) {
    const PlannedRun& run = runs[k];
    RunPlace place{options.folder / folder_name(run.name), {}};
    const fs::path last = place.folder / "checkpoints" / "last.h5";
    if (!flags.quiet && context.first()) fmt::print(stderr, "{} of {}: {}\n", k + 1, runs.size(), run.name);
    // The first rank looks, since it is about to change what the others would see.
    const std::uint64_t progress = from_first(*context.ranks, context.first() ? progress_of(place.folder, last, options.resume) : not_begun);
    if (progress != not_begun) place.checkpoint = last;
    if (progress != finished && !train_run(load_config(run.config, run.overrides), place, flags, context)) {
      if (context.first()) fmt::print(stderr, "interrupted; a checkpoint is saved, go on with the same command and --resume --out {}\n", options.folder.string());
      context.exit_code = exit_interrupted;
      return;
    }
    if (!context.first()) continue;
    summaries.push_back(summarise(run.name, run.mean_of, place.folder, options.target));
    fmt::print("{}\n", one_line(summaries.back()));
  }
  if (!context.first()) return;
  write_summary(summaries, options, flags.plots);
  fmt::print("\n{}", summary_text(summaries, options.target));
}

}  // namespace antidrome::cli
