#include "runtime/cli/cli.hpp"
#include "runtime/cli/environment.hpp"
#include "runtime/cli/model_source.hpp"
#include "runtime/cli/plots.hpp"
#include "runtime/cli/recording_files.hpp"
#include "runtime/session/failure.hpp"
#include "runtime/train/run_folder.hpp"

#include <fmt/format.h>
#include <unistd.h>

namespace antidrome::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string model, config, out, checkpoint;
  std::vector<std::string> set;
  std::uint32_t threads = 0;
  bool resume = false, strict = false, quiet = false, no_plots = false;
};

extern "C" void on_interrupt(int signal_number) {
  interrupted = 1;
  std::signal(signal_number, SIG_DFL);  // a second one ends it at once
}

RunConfig configuration(const Options& o) {
  std::string file = o.config;
  if (file.empty() && o.resume && !o.out.empty()) file = RunFolder::open(o.out).config().string();
  if (file.empty()) fail(exit_user, "AD405", {}, "no configuration is given", "antidrome train MODEL.cc --config RUN.toml; to go on with a run: --resume --out RUNDIR");
  std::vector<std::string> overrides = config_overrides(o.set);
  if (!o.model.empty()) overrides.push_back(override_text("model.file", fs::absolute(o.model).lexically_normal().string()));
  if (o.threads > 0) overrides.push_back(fmt::format("train.threads={}", o.threads));
  return load_config(file, overrides);
}

std::uint64_t trained_numbers(const Manifest& m) {
  std::uint64_t n = 0;
  for (const ParameterInfo& p : m.parameters) n += p.trainable ? p.elements() : 0;
  return n;
}

std::uint64_t size_of(const std::unique_ptr<data::Dataset>& split) { return split == nullptr ? 0 : split->size(); }

RunFolder run_folder(const Options& o, const RunConfig& config, const Session& session, const Context& context) {
  if (o.resume) return RunFolder::open(o.out);
  const fs::path path = o.out.empty() ? default_run_folder(config.model.file) : fs::path(o.out);
  return RunFolder::create(path, config, describe_environment(session, context.words));
}

// The spikes of the first sample, for the raster.
void record_first(Session& session, const RunConfig& config, const Splits& splits, const data::Dataset& split, const RunFolder& folder) {
  std::vector<std::string> names;
  for (const PopulationInfo& p : session.manifest().populations)
    if (p.fires) names.push_back(p.name + ".spikes");
  const RecordRequest request = record_request(session.manifest(), names);
  data::EventBatch batch;
  const std::size_t first[] = {0};
  data::BatchBuilder(split, batch_settings(config, splits)).build(first, 0, false, batch);
  RecordingFile file(folder.path() / "recording.h5", session.manifest(), config.trial);
  file.add(0, split.sample(0), record(session, batch.samples()[0], request), request);
  file.close();
}

// The figure that a run ends with, of the best split there is.
void report(Session& session, const RunConfig& config, const Splits& splits, const RunFolder& folder, MetricsWriter& metrics) {
  const data::Dataset* split = splits.test != nullptr ? splits.test.get() : splits.validation.get();
  if (split == nullptr) return;
  TestDone done;
  done.split = splits.test != nullptr ? "test" : "validation";
  std::vector<Prediction> predictions;
  done.totals = evaluate(session, *split, batch_settings(config, splits), config.train.batch, &predictions);
  metrics.test(done);
  folder.write_predictions(done.split, predictions);
  if (split->size() > 0) record_first(session, config, splits, *split, folder);
  const bool labelled = !session.manifest().losses.empty() && session.manifest().losses.front().labelled;
  if (labelled) fmt::print("{} accuracy: {:.1f} %\n", done.split, 100 * done.totals.accuracy());
  else fmt::print("{} loss: {:.6g}\n", done.split, done.totals.mean_loss());
}

void train(const Options& o, Context& context) {
  if (o.resume && o.out.empty()) fail(exit_user, "AD405", {}, "--resume needs the folder of the run", "antidrome train … --resume --out RUNDIR");
  const RunConfig config = configuration(o);
  const std::unique_ptr<Session> session = make_session(config, o.quiet);
  const Manifest& m = session->manifest();
  if (m.losses.empty() || m.rule.empty())
    fail(exit_user, "AD412", {m.model}, m.losses.empty() ? "the model has no loss, so there is nothing to learn" : "the model has no learning rule",
         "add net.loss(…) and net.learn(EventProp{}) to its network()");
  const Splits splits = open_splits(config, m);
  if (splits.train == nullptr || splits.train->size() == 0) fail(exit_user, "AD411", {config.file, 0, 0}, "the data set has no training samples");
  Checkpoint checkpoint;
  if (o.resume) checkpoint = read_checkpoint(o.checkpoint.empty() ? RunFolder::open(o.out).checkpoints() / "last.h5" : fs::path(o.checkpoint));
  Trainer::Options options;
  options.strict = o.strict;
  Trainer trainer(*session, config, splits, options);
  if (o.resume) trainer.resume(checkpoint);
  const RunFolder folder = run_folder(o, config, *session, context);
  trainer.save_to(folder.checkpoints());
  if (o.resume) folder.rewind_metrics(trainer.epoch());

  const bool labelled = m.losses.front().labelled;
  MetricsWriter metrics(folder, m);
  ProgressLine progress(isatty(STDERR_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr, o.quiet, labelled);
  trainer.listen(metrics);
  trainer.listen(progress);
  const RunStart start{folder.path().string(), m.model, config.train.epochs, size_of(splits.train), size_of(splits.validation), size_of(splits.test),
                       trained_numbers(m), session->workspace_bytes(), trainer.epoch(), labelled};
  metrics.start(start);
  progress.start(start);
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
  if (trainer.run() == Trainer::Outcome::interrupted) {
    fmt::print(stderr, "interrupted; a checkpoint is saved, go on with: antidrome train --resume --out {}\n", folder.path().string());
    context.exit_code = exit_interrupted;
    return;
  }
  if (config.output.report == "best" && fs::exists(folder.checkpoints() / "best.h5")) restore_parameters(read_checkpoint(folder.checkpoints() / "best.h5"), *session);
  report(*session, config, splits, folder, metrics);
  if (config.output.plots && !o.no_plots) plot_run(folder.path(), o.quiet);
}

}  // namespace

void add_train(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("train", "train a model on a data set; writes a run folder, ends with its test accuracy");
  auto o = std::make_shared<Options>();
  command->add_option("MODEL", o->model, "model file, or folder of a built simulator (default: [model] file of the configuration)");
  command->add_option("-c,--config", o->config, "run configuration (TOML); with --resume: that of the run")->type_name("RUN.toml");
  command->add_option("--set", o->set, "override a key of the configuration: --set train.epochs=3; without a dot an option of the model: --set hidden=512")
      ->allow_extra_args(false)->type_name("KEY=VALUE");
  command->add_option("-o,--out", o->out, "run folder to write (default: runs/MODEL-DATE-TIME)")->type_name("RUNDIR");
  command->add_flag("--resume", o->resume, "go on from the last checkpoint of --out");
  command->add_option("--checkpoint", o->checkpoint, "go on from this checkpoint instead")->type_name("FILE")->needs("--resume");
  command->add_option("-j,--threads", o->threads, "worker threads; the result does not depend on them (default: all processors)")->check(CLI::Range(1u, 4096u));
  command->add_flag("--strict", o->strict, "what is only a warning otherwise ends the run: values that are not finite, silent populations, zero gradients");
  command->add_flag("--no-plots", o->no_plots, "draw nothing at the end");
  command->add_flag("-q,--quiet", o->quiet, "no progress, only warnings and the result");
  command->callback([o, &context] { train(*o, context); });
}

}  // namespace antidrome::cli
