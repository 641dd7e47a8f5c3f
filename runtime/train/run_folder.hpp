// The folder of a run: config.toml, environment.json, metrics.jsonl, metrics.csv, log.txt, predictions_*.csv, checkpoints/, plots/.
#pragma once
#include "runtime/train/config.hpp"
#include "runtime/train/events.hpp"
#include "runtime/train/trainer.hpp"

#include <chrono>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

namespace antidrome {

class RunFolder {
 public:
  /// A new folder for a run; throws Failure: AD602 when there is a run in it already, AD606 when it cannot be written.
  static RunFolder create(const std::filesystem::path& path, const RunConfig& config, const nlohmann::json& environment);
  /// The folder of an earlier run; throws Failure (AD601) when it is none.
  static RunFolder open(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path checkpoints() const { return path_ / "checkpoints"; }
  std::filesystem::path config() const { return path_ / "config.toml"; }
  nlohmann::json environment() const;
  /// Drops what the metrics say of epochs that will be trained again: those after `epochs` complete ones.
  void rewind_metrics(std::uint64_t epochs) const;
  /// predictions_SPLIT.csv, one row per sample: index,label,prediction,loss and, where groups are known, the number of the group.
  /// With a breakdown also accuracy_SPLIT.csv, a row per class and group.
  void write_predictions(const std::string& split, const std::vector<Prediction>& predictions, const std::optional<Breakdown>& breakdown) const;
  /// What the run ended with, in result.json: its presence says that the run is complete.
  void write_result(const nlohmann::ordered_json& result) const;
  std::optional<nlohmann::json> result() const;

 private:
  explicit RunFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

/// "runs/<stem>-<date>-<time>": where a run goes when no --out is given.
std::filesystem::path default_run_folder(const std::string& model);

/// Writes metrics.jsonl (one object per event), metrics.csv (one row per epoch) and log.txt.
class MetricsWriter : public Listener {
 public:
  MetricsWriter(const RunFolder& folder, const Manifest& manifest);
  void start(const RunStart&) override;
  void epoch(const EpochDone&) override;
  void test(const TestDone&) override;
  void warning(const Diagnostic&, std::uint64_t epoch) override;
  void note(const std::string&) override;

 private:
  void line(const nlohmann::ordered_json& object);
  void log(const std::string& text);

  bool labelled_;
  std::vector<std::string> parameters_;
  std::vector<PopulationInfo> populations_;
  std::ofstream jsonl_, csv_, log_;
  std::string folder_;
};

/// "epoch 3/20  loss 0.1234  accuracy 95.1 %  validation 94.0 %  spikes/neuron 1.2  silent 3/200  12.3 s"
std::string epoch_line(const EpochDone& done, bool labelled);

/// The progress on stderr: one line that is redrawn on a terminal, one line an epoch elsewhere.
class ProgressLine : public Listener {
 public:
  ProgressLine(bool terminal, bool quiet, bool labelled);
  void start(const RunStart&) override;
  void batch(const BatchDone&) override;
  void epoch(const EpochDone&) override;
  void warning(const Diagnostic&, std::uint64_t epoch) override;
  void note(const std::string&) override;

 private:
  using Clock = std::chrono::steady_clock;
  double eta_s(double done, double total) const;
  void clear();
  bool terminal_, quiet_, labelled_, drawn_ = false;
  double begun_at_ = 0;                            ///< epochs that were done when the clock started
  Clock::time_point start_ = Clock::now(), shown_ = start_;
};

/// "01:02:03", "04:05".
std::string clock_text(double seconds);

}  // namespace antidrome
