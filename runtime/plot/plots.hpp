// The plots of a run, from plain numbers: each becomes a figure with its numbers, and a figure becomes SVG, PNG and CSV files.
#pragma once
#include "runtime/plot/scene.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace antidrome::plot {

/// The numbers behind a drawing, to be written as CSV.
struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
};
std::string to_csv(const Table& table);

struct Figure {
  Scene scene;
  Table table;
};

/// Writes STEM.svg and/or STEM.png, and STEM.csv; returns what was written. Throws std::runtime_error naming a file that cannot be written.
std::vector<std::filesystem::path> save(const Figure& figure, const std::filesystem::path& stem, bool svg = true, bool png = true);

/// Loss and accuracy over epochs. Lists may be empty; values that are not finite leave a gap. Accuracies are shares in [0, 1].
struct LearningCurves {
  std::string title = "Learning curves", subtitle{};
  std::vector<double> epoch{}, train_loss{}, validation_loss{}, train_accuracy{}, validation_accuracy{};
};
Figure learning_curves(const LearningCurves& data);

/// The same quantity over epochs for several variants: the mean of each, and pale its single runs where there are several.
struct Comparison {
  struct Curve {
    std::string name{};
    std::vector<double> epoch{}, mean{};
    std::vector<std::vector<double>> single{};
  };
  std::string title = "Comparison", subtitle{}, quantity = "validation";
  bool accuracy = true;             ///< shares in [0, 1], drawn as per cent; else losses
  std::optional<double> target{};   ///< a dashed line
  std::vector<Curve> curves{};
};
Figure comparison(const Comparison& data);

/// Time over how much there was to do, both axes from zero.
struct Scaling {
  struct Curve {
    std::string name{};
    std::vector<double> ms{};
  };
  std::string title = "Time", subtitle{}, quantity = "samples of a batch";
  std::vector<double> amount{};
  std::vector<Curve> curves{};
  std::optional<std::pair<double, double>> line{};   ///< constant and slope of a dashed line
};
Figure scaling(const Scaling& data);

/// Accuracy of each of some groups.
struct AccuracyBars {
  struct Row {
    std::string name{};
    std::uint64_t samples = 0, correct = 0;
  };
  std::string title = "Accuracy by group", subtitle{};
  std::vector<Row> rows{};
};
Figure accuracy_bars(const AccuracyBars& data);

struct Spike {
  double time_ms;
  std::uint32_t unit;
};

/// Spikes of one sample, populations stacked.
struct SpikeRaster {
  struct Population {
    std::string name{};
    std::uint32_t size = 0;
    std::vector<Spike> spikes{};
  };
  std::string title = "Spikes", subtitle{};
  double trial_ms = 0;
  std::vector<Population> populations{};
};
Figure spike_raster(const SpikeRaster& data);

/// A state of some neurons over time, with threshold and spike times. Value k is the one at the end of step k.
struct VoltageTraces {
  struct Neuron {
    std::string name{};  ///< "hidden 17"
    std::vector<double> value{};
    std::vector<double> spike_ms{};
  };
  std::string title = "Membrane potentials", subtitle{}, quantity = "v (mV)";
  double dt_ms = 1;
  std::optional<double> threshold{};
  std::vector<Neuron> neurons{};
};
Figure voltage_traces(const VoltageTraces& data);

/// Counts of (true class, predicted class); a missing prediction is counted in `undecided` of its true class.
struct ConfusionMatrix {
  std::string title = "Confusion matrix", subtitle{};
  std::vector<std::string> classes{};                 ///< names
  std::vector<std::vector<std::uint64_t>> counts{};   ///< [true][predicted]
  std::vector<std::uint64_t> undecided{};             ///< [true]; may be empty
};
Figure confusion_matrix(const ConfusionMatrix& data);

/// How the weights of each projection are distributed, now and, where given, before training.
struct WeightHistograms {
  struct Projection {
    std::string name{};
    std::vector<double> weights{}, initial{};
  };
  std::string title = "Weights", subtitle{};
  std::vector<Projection> projections{};
};
Figure weight_histograms(const WeightHistograms& data);

/// What is predicted where, for samples that are points of the unit square.
struct DecisionScatter {
  struct Sample {
    double x, y;
    std::int32_t label, prediction;  ///< prediction -1: undecided
  };
  std::string title = "Decisions", subtitle{};
  std::vector<std::string> classes{};
  std::vector<Sample> samples{};
};
Figure decision_scatter(const DecisionScatter& data);

}  // namespace antidrome::plot
