#include "runtime/cli/training.hpp"

#include "runtime/cli/environment.hpp"
#include "runtime/cli/model_source.hpp"
#include "runtime/cli/plots.hpp"
#include "runtime/cli/same_job.hpp"
#include "runtime/session/failure.hpp"
#include "runtime/train/recording_files.hpp"

#include <fmt/format.h>
#include <unistd.h>

namespace antidrome::cli {
namespace {

namespace fs = std::filesystem;

extern "C" void on_interrupt(int signal_number) {
  interrupted = 1;
  std::signal(signal_number, SIG_DFL);  // a second one ends it at once
}

std::uint64_t trained_numbers(const Manifest& m) {
  std::uint64_t n = 0;
  for (const ParameterInfo& p : m.parameters) n += p.trainable ? p.elements() : 0;
  return n;
}

bool labelled(const Manifest& m) { return !m.losses.empty() && m.losses.front().labelled; }

std::uint64_t size_of(const std::unique_ptr<data::Dataset>& split) { return split == nullptr ? 0 : split->size(); }

// The spikes of the first sample, for the raster.
void record_first(Session& session, const RunConfig& config, const Splits& splits, const data::Dataset& split, const RunFolder& folder) {
  std::vector<std::string> names;
  for (const PopulationInfo& p : session.manifest().populations)
    if (p.fires) names.push_back(p.name + ".spikes");
  const RecordRequest request = record_request(session.manifest(), names, [](const std::string&) { return Location{}; });
  data::EventBatch batch;
  const std::size_t first[] = {0};
  data::BatchBuilder(split, batch_settings(config, splits)).build(first, 0, false, batch);
  RecordingFile file(folder.path() / "recording.h5", session.manifest(), config.trial);
  file.add(0, batch.samples()[0], record(session, batch.samples(), 0, request), request);
  file.close();
}

// What was found of one split.
void write_split(const Session& session, const TestDone& done, const std::vector<Prediction>& predictions, const RunFolder& folder, nlohmann::ordered_json& result) {
  folder.write_predictions(done.split, predictions, done.breakdown);
  result["splits"][done.split] = {{"samples", done.totals.samples}, {"loss", std::isfinite(done.totals.mean_loss()) ? nlohmann::ordered_json(done.totals.mean_loss()) : nlohmann::ordered_json()}};
  if (labelled(session.manifest())) result["splits"][done.split]["accuracy"] = done.totals.accuracy();
}

// The figures that a run ends with: of the validation and the test set, the better one of them last. `folder` and `metrics` are the first rank's.
void report(Session& session, const RunConfig& config, const Splits& splits, const RunFolder* folder, MetricsWriter* metrics, const TrainFlags& flags) {
  nlohmann::ordered_json result = {{"seed", config.train.seed}, {"checkpoint", config.output.report}, {"splits", nlohmann::ordered_json::object()}};
  for (const data::Dataset* split : {splits.validation.get(), splits.test.get()}) {
    if (split == nullptr || split->size() == 0) continue;
    const bool last = split == splits.test.get() || size_of(splits.test) == 0;
    TestDone done;
    done.split = split == splits.test.get() ? "test" : "validation";
    std::vector<Prediction> predictions;
    done.totals = evaluate(session, *split, batch_settings(config, splits), config.train.batch, folder != nullptr ? &predictions : nullptr);
    if (folder == nullptr) continue;
    done.breakdown = breakdown_of(config, session.manifest(), *split, predictions);
    metrics->test(done);
    write_split(session, done, predictions, *folder, result);
    if (!last) continue;
    record_first(session, config, splits, *split, *folder);
    if (done.breakdown && !flags.quiet) print_breakdown(*done.breakdown, done.breakdown->classes.size() <= 12);
    if (labelled(session.manifest())) fmt::print("{} accuracy: {:.1f} %\n", done.split, 100 * done.totals.accuracy());
    else fmt::print("{} loss: {:.6g}\n", done.split, done.totals.mean_loss());
  }
  if (folder != nullptr) folder->write_result(result);
}

}  // namespace

void catch_interrupts() {
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
}

std::optional<Breakdown> breakdown_of(const RunConfig& config, const Manifest& manifest, const data::Dataset& data, const std::vector<Prediction>& predictions) {
  if (manifest.losses.empty() || !manifest.losses.front().labelled) return {};
  std::vector<std::string> names = data.class_names();
  if (names.empty()) names = data::class_names(config.data.values.at("kind"), data.classes());
  for (std::uint32_t c = static_cast<std::uint32_t>(names.size()); c < std::max(data.classes(), manifest.scores()); ++c) names.push_back(fmt::format("{}", c));
  return break_down(predictions, std::move(names), data.groups());
}

void print_breakdown(const Breakdown& breakdown, bool confusion) {
  if (confusion) fmt::print("{}", confusion_text(breakdown));
  fmt::print("{}", groups_text(breakdown));
}

namespace {

RunFolder folder_of(const RunPlace& place, const RunConfig& config, const Session& session, std::uint64_t epochs, const Context& context) {
  if (!place.checkpoint) return RunFolder::create(place.folder, config, describe_environment(session, context.words));
  const RunFolder folder = RunFolder::open(place.folder);
  folder.rewind_metrics(epochs);
  return folder;
}

/// What only the first rank has: the folder of the run, and who listens to the trainer.
struct Desk {
  Desk(const RunPlace& place, const RunConfig& config, const Session& session, std::uint64_t epochs, const TrainFlags& flags, const Context& context)
      : folder(folder_of(place, config, session, epochs, context)), metrics(folder, session.manifest()),
        progress(isatty(STDERR_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr, flags.quiet, labelled(session.manifest())) {}

  /// Everything that the trainer says and saves goes here from now on.
  void take(Trainer& trainer, const RunConfig& config, const Session& session, const Splits& splits) {
    trainer.save_to(folder.checkpoints());
    trainer.record_to(folder.path() / "recordings");
    trainer.listen(metrics);
    trainer.listen(progress);
    const Manifest& m = session.manifest();
    const RunStart start{folder.path().string(), m.model, config.train.epochs, data::epoch_size(*splits.train, splits.augment), size_of(splits.validation), size_of(splits.test),
                         trained_numbers(m), session.workspace_bytes(), trainer.epoch(), labelled(m)};
    metrics.start(start);
    progress.start(start);
  }

  RunFolder folder;
  MetricsWriter metrics;
  ProgressLine progress;
};

}  // namespace

bool train_run(const RunConfig& config, const RunPlace& place, const TrainFlags& flags, Context& context) {
  const std::unique_ptr<Session> session = make_session(config, flags.quiet, context.ranks);
  const Manifest& m = session->manifest();
  if (m.losses.empty() || m.rule.empty())
    fail(exit_user, "AD412", {m.model}, m.losses.empty() ? "the model has no loss, so there is nothing to learn" : "the model has no learning rule",
         "add net.loss(…) and net.learn(EventProp{}) to its network()");
  const Splits splits = open_splits(config, m);
  if (size_of(splits.train) == 0) fail(exit_user, "AD411", {config.file, 0, 0}, "the data set has no training samples");
  Trainer::Options options;
  options.strict = flags.strict;
  Trainer trainer(*session, config, splits, options);
  if (place.checkpoint) trainer.resume(read_checkpoint(*place.checkpoint));
  check_same_run(config, *session);

  std::optional<Desk> desk;
  if (context.first()) {
    desk.emplace(place, config, *session, trainer.epoch(), flags, context);
    desk->take(trainer, config, *session, splits);
    context.go_on = fmt::format("go on from the last checkpoint: antidrome train --resume --out {} (with as many processes as you like)", place.folder.string());
  }
  catch_interrupts();
  if (trainer.run() == Trainer::Outcome::interrupted) return false;
  if (desk && config.output.report == "best" && fs::exists(desk->folder.checkpoints() / "best.h5"))
    restore_parameters(read_checkpoint(desk->folder.checkpoints() / "best.h5"), *session);
  session->take_parameters_of_first();
  report(*session, config, splits, desk ? &desk->folder : nullptr, desk ? &desk->metrics : nullptr, flags);
  if (desk && config.output.plots && flags.plots) plot_run(desk->folder.path(), flags.quiet);
  return true;
}

}  // namespace antidrome::cli
