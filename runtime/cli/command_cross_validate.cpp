#include "runtime/cli/run_set.hpp"
#include "runtime/cli/model_source.hpp"
#include "runtime/session/failure.hpp"

#include <fmt/format.h>
#include <set>

namespace antidrome::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string model, config, out;
  std::vector<std::string> set, groups;
  std::vector<std::uint64_t> seeds;
  std::uint64_t folds = 0;
  std::uint32_t threads = 0;
  bool resume = false, strict = false, quiet = false, no_plots = false;
};

// The groups that have samples to train on or to hold out, in the order of the data set.
std::vector<std::string> groups_with_samples(const RunConfig& config) {
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (const data::Split split : {data::Split::train, data::Split::validation}) {
    const std::unique_ptr<data::Dataset> data = data::make_dataset(config.data, split);
    if (data == nullptr) continue;
    if (names.empty()) names = data->groups();
    for (std::size_t k = 0; k < data->size(); ++k)
      if (const std::int32_t group = data->info(k).group; group >= 0) seen.insert(data->groups().at(static_cast<std::size_t>(group)));
  }
  std::erase_if(names, [&](const std::string& name) { return !seen.contains(name); });
  return names;
}

std::vector<std::string> overrides_of(const Options& o) {
  std::vector<std::string> overrides = config_overrides(o.set);
  if (!o.model.empty()) overrides.push_back(override_text("model.file", fs::absolute(o.model).lexically_normal().string()));
  if (o.threads > 0) overrides.push_back(fmt::format("train.threads={}", o.threads));
  return overrides;
}

std::vector<PlannedRun> plan(const Options& o) {
  const std::vector<std::string> common = overrides_of(o);
  const RunConfig config = load_config(o.config, common);
  std::vector<PlannedRun> folds;
  if (o.folds > 0) {
    for (std::uint64_t k = 0; k < o.folds; ++k) {
      PlannedRun run{fmt::format("fold {}", k + 1), "", o.config, common};
      run.overrides.push_back(fmt::format("data.folds={}", o.folds));
      run.overrides.push_back(fmt::format("data.fold={}", k));
      if (!config.data.values.contains("split")) run.overrides.push_back(override_text("data.split", "random"));
      for (const char* held_out : {"data.validation_groups", "data.validation_takes"}) run.overrides.push_back(override_text(held_out, ""));   // the fold says it now
      folds.push_back(std::move(run));
    }
  } else {
    const std::vector<std::string> groups = o.groups.empty() ? groups_with_samples(config) : o.groups;
    if (groups.size() < 2 && o.groups.empty())
      fail(exit_user, "AD415", {o.config}, fmt::format("the data set has {} groups to leave out, at least two are needed", groups.size()), "use --folds 5, or a data set that knows who or what made each sample");
    for (const std::string& group : groups) {
      PlannedRun run{group, "", o.config, common};
      run.overrides.push_back(override_text("data.split", "groups"));
      run.overrides.push_back(override_text("data.validation_groups", group));
      folds.push_back(std::move(run));
    }
  }
  if (o.seeds.empty()) return folds;
  std::vector<PlannedRun> runs;
  for (const PlannedRun& fold : folds)
    for (const std::uint64_t seed : o.seeds) {
      runs.push_back(fold);
      runs.back().name += fmt::format(" seed {}", seed);
      runs.back().overrides.push_back(fmt::format("train.seed={}", seed));
    }
  return runs;
}

void cross_validate(const Options& o, Context& context) {
  if (o.resume && o.out.empty()) fail(exit_user, "AD405", {}, "--resume needs the folder of the runs", "antidrome cross-validate … --resume --out DIR");
  const std::vector<PlannedRun> runs = plan(o);
  RunSetOptions options;
  options.folder = o.out.empty() ? default_run_folder(load_config(o.config, runs.front().overrides).model.file) : fs::path(o.out);
  options.resume = o.resume;
  options.title = options.folder.filename().string();
  train_set(runs, options, {o.strict, o.quiet, !o.no_plots}, context);
}

}  // namespace

void add_cross_validate(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("cross-validate", "train once for each part of the data that is held out; prints the accuracy on each, and the mean");
  auto o = std::make_shared<Options>();
  command->add_option("MODEL", o->model, "model file, or folder of a built simulator (default: [model] file of the configuration)");
  command->add_option("-c,--config", o->config, "run configuration (TOML)")->required()->type_name("RUN.toml");
  CLI::Option* folds = command->add_option("--folds", o->folds, "so many parts of equal size, of samples, groups or takes as [data] split says")->check(CLI::Range(2u, 1000000u));
  command->add_option("--groups", o->groups, "leave these groups (speakers) out, one after the other (default: every group)")->delimiter(',')->allow_extra_args(false)->excludes(folds);
  command->add_option("--seeds", o->seeds, "train with each of these seeds: --seeds 1,2,3")->delimiter(',')->allow_extra_args(false);
  command->add_option("--set", o->set, "override a key of the configuration")->allow_extra_args(false)->type_name("KEY=VALUE");
  command->add_option("-o,--out", o->out, "folder for the runs (default: runs/MODEL-DATE-TIME)")->type_name("DIR");
  command->add_flag("--resume", o->resume, "finish what is not finished in --out");
  command->add_option("-j,--threads", o->threads, "worker threads (default: all processors)")->check(CLI::Range(1u, 4096u));
  command->add_flag("--strict", o->strict, "what is only a warning otherwise ends the runs");
  command->add_flag("--no-plots", o->no_plots, "draw nothing at the end");
  command->add_flag("-q,--quiet", o->quiet, "no progress, only warnings and the result");
  add_ranks_option(*command);
  command->callback([o, &context] { cross_validate(*o, context); });
}

}  // namespace antidrome::cli
