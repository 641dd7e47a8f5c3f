#include "runtime/cli/run_set.hpp"
#include "runtime/cli/model_source.hpp"
#include "runtime/session/failure.hpp"

#include <fmt/format.h>

namespace antidrome::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string model, out, checkpoint, backend, device;
  std::vector<std::string> configs, set, vary;
  std::vector<std::uint64_t> seeds;
  double target_per_cent = 0;
  std::uint32_t threads = 0;
  bool resume = false, strict = false, quiet = false, no_plots = false;

  bool several() const { return configs.size() > 1 || !vary.empty() || !seeds.empty(); }
  TrainFlags flags() const { return {strict, quiet, !no_plots}; }
};

std::vector<std::string> overrides_of(const Options& o) {
  std::vector<std::string> overrides = config_overrides(o.set);
  if (!o.model.empty()) overrides.push_back(override_text("model.file", fs::absolute(o.model).lexically_normal().string()));
  if (!o.backend.empty()) overrides.push_back(override_text("model.backend", o.backend));
  if (!o.device.empty()) overrides.push_back(override_text("model.device", o.device));
  if (o.threads > 0) overrides.push_back(fmt::format("train.threads={}", o.threads));
  return overrides;
}

void train_one(const Options& o, Context& context) {
  std::string file = o.configs.empty() ? "" : o.configs.front();
  if (file.empty() && o.resume) file = RunFolder::open(o.out).config().string();
  if (file.empty()) fail(exit_user, "AD405", {}, "no configuration is given", "antidrome train MODEL.cc --config RUN.toml; to go on with a run: --resume --out RUNDIR");
  const RunConfig config = load_config(file, overrides_of(o));
  RunPlace place{o.out.empty() ? default_run_folder(config.model.file) : fs::path(o.out), {}};
  if (o.resume) place.checkpoint = o.checkpoint.empty() ? RunFolder::open(o.out).checkpoints() / "last.h5" : fs::path(o.checkpoint);
  if (train_run(config, place, o.flags(), context)) return;
  if (context.first()) fmt::print(stderr, "interrupted; a checkpoint is saved, go on with: antidrome train --resume --out {}\n", place.folder.string());
  context.exit_code = exit_interrupted;
}

void train_several(const Options& o, Context& context) {
  if (o.configs.empty()) fail(exit_user, "AD405", {}, "no configuration is given", "antidrome train MODEL.cc --config RUN.toml --seeds 1,2,3");
  std::vector<std::vector<std::string>> values;
  for (const std::string& text : o.vary) values.push_back(values_of(text));
  const std::vector<PlannedRun> runs = plan_runs(o.configs, values, o.seeds, overrides_of(o));
  RunSetOptions options;
  options.folder = o.out.empty() ? default_run_folder(load_config(runs.front().config, runs.front().overrides).model.file) : fs::path(o.out);
  options.resume = o.resume;
  if (o.target_per_cent > 0) options.target = o.target_per_cent / 100;
  options.title = options.folder.filename().string();
  train_set(runs, options, o.flags(), context);
}

void train(const Options& o, Context& context) {
  if (o.resume && o.out.empty()) fail(exit_user, "AD405", {}, "--resume needs the folder of the run", "antidrome train … --resume --out RUNDIR");
  if (o.several()) train_several(o, context);
  else train_one(o, context);
}

}  // namespace

void add_train(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("train", "train a model on a data set; writes a run folder, ends with its test accuracy");
  auto o = std::make_shared<Options>();
  command->add_option("MODEL", o->model, "model file, or folder of a built simulator (default: [model] file of the configuration)");
  command->add_option("-c,--config", o->configs, "run configuration (TOML); with --resume: that of the run. Given twice: both are trained and compared")->allow_extra_args(false)->type_name("RUN.toml");
  command->add_option("--set", o->set, "override a key of the configuration: --set train.epochs=3; without a dot an option of the model: --set hidden=512")
      ->allow_extra_args(false)->type_name("KEY=VALUE");
  command->add_option("--seeds", o->seeds, "a run for each of these seeds, and their mean: --seeds 1,2,3")->delimiter(',')->allow_extra_args(false);
  command->add_option("--vary", o->vary, "a run for each of these values, compared: --vary loss=sum,max; every combination of several --vary and --seeds")->allow_extra_args(false)->type_name("KEY=A,B");
  CLI::Option* target = command->add_option("--target-accuracy", o->target_per_cent, "with several runs: in how many epochs do they reach so many per cent")->check(CLI::Range(0.0, 100.0));
  command->add_option("-o,--out", o->out, "run folder to write (default: runs/MODEL-DATE-TIME); of several runs the folder that holds theirs")->type_name("RUNDIR");
  command->add_flag("--resume", o->resume, "go on from the last checkpoint of --out; of several runs: finish what is not finished");
  command->add_option("--checkpoint", o->checkpoint, "go on from this checkpoint instead")->type_name("FILE")->needs("--resume");
  command->add_option("--backend", o->backend, "openmp, cuda or reference (default: [model] backend)")->check(CLI::IsMember({"openmp", "cuda", "reference"}));
  command->add_option("--device", o->device, "where CUDA kernels run: gpu; on this processor emulated (checked: with every access watched), or interpreted as PTX (default: [model] device)")->check(CLI::IsMember({"gpu", "emulated", "checked", "interpreted"}));
  command->add_option("-j,--threads", o->threads, "worker threads; the result does not depend on them (default: all processors)")->check(CLI::Range(1u, 4096u));
  command->add_flag("--strict", o->strict, "what is only a warning otherwise ends the run: values that are not finite, silent populations, zero gradients");
  command->add_flag("--no-plots", o->no_plots, "draw nothing at the end");
  command->add_flag("-q,--quiet", o->quiet, "no progress, only warnings and the result");
  add_ranks_option(*command);
  command->callback([o, target, &context] {
    if (target->count() > 0 && !o->several()) fail(exit_user, "AD406", {}, "--target-accuracy compares several runs", "add --seeds, --vary or another --config");
    train(*o, context);
  });
}

}  // namespace antidrome::cli
