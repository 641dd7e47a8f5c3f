#include "runtime/cli/plots.hpp"

#include "runtime/data/hdf5_file.hpp"
#include "runtime/data/kinds/yinyang.hpp"
#include "runtime/plot/plots.hpp"
#include "runtime/session/failure.hpp"
#include "runtime/train/breakdown.hpp"
#include "runtime/train/checkpoint.hpp"
#include "runtime/train/config.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fstream>
#include <limits>
#include <map>
#include <sstream>

namespace antidrome::cli {
namespace {

namespace fs = std::filesystem;

// A CSV of numbers as columns by name; an empty cell is not a number.
std::map<std::string, std::vector<double>> read_columns(const fs::path& file) {
  std::map<std::string, std::vector<double>> columns;
  std::ifstream in(file);
  std::vector<std::string> names;
  for (std::string line; std::getline(in, line);) {
    std::istringstream cells(line);
    std::size_t k = 0;
    for (std::string cell; std::getline(cells, cell, ','); ++k) {
      if (names.size() <= k && columns.count(cell) == 0 && columns.size() == k) names.push_back(cell), columns[cell];
      else if (k < names.size()) columns[names[k]].push_back(cell.empty() ? std::numeric_limits<double>::quiet_NaN() : std::strtod(cell.c_str(), nullptr));
    }
  }
  return columns;
}

class Drawer {
 public:
  Drawer(const fs::path& folder, bool quiet) : folder_(folder), quiet_(quiet) {
    fs::create_directories(folder / "plots");
    if (fs::exists(folder / "config.toml")) data_ = load_config((folder / "config.toml").string(), {}).data;
    if (const auto found = data_.values.find("kind"); found != data_.values.end()) kind_ = found->second;
  }

  void draw() {
    curves();
    for (const data::Split split : {data::Split::test, data::Split::validation}) {
      confusion(data::to_string(split));
      groups(data::to_string(split));
      if (kind_ == "yinyang") decisions(split);
    }
    weights();
    raster();
  }

 private:
  void save(const plot::Figure& figure, const std::string& name) {
    for (const fs::path& file : plot::save(figure, folder_ / "plots" / name))
      if (!quiet_ && file.extension() == ".svg") fmt::print(stderr, "{}\n", file.string());
  }

  void curves() {
    auto columns = read_columns(folder_ / "metrics.csv");
    if (columns["epoch"].empty()) return;
    plot::LearningCurves data;
    data.subtitle = folder_.filename().string();
    data.epoch = columns["epoch"];
    data.train_loss = columns["train_loss"];
    data.train_accuracy = columns["train_accuracy"];
    const auto known = [](double x) { return std::isfinite(x); };
    if (std::any_of(columns["validation_loss"].begin(), columns["validation_loss"].end(), known))
      data.validation_loss = columns["validation_loss"], data.validation_accuracy = columns["validation_accuracy"];
    save(plot::learning_curves(data), "learning_curves");
  }

  void confusion(const std::string& split) {
    auto columns = read_columns(folder_ / fmt::format("predictions_{}.csv", split));
    const std::vector<double>&labels = columns["label"], &predictions = columns["prediction"];
    const double most = labels.empty() ? -1 : *std::max_element(labels.begin(), labels.end());
    if (most < 1 || most > 1000) return;  // no labels, or too many to draw
    const auto seen = static_cast<std::uint32_t>(std::max(most, *std::max_element(predictions.begin(), predictions.end()))) + 1;
    plot::ConfusionMatrix data;
    for (const Share& share : read_shares(folder_ / fmt::format("accuracy_{}.csv", split), "class")) data.classes.push_back(share.name);
    if (data.classes.size() < seen) data.classes = data::class_names(kind_, seen);
    const std::size_t classes = data.classes.size();
    data.subtitle = fmt::format("{}, {} samples of {}", folder_.filename().string(), labels.size(), split);
    data.counts.assign(classes, std::vector<std::uint64_t>(classes, 0));
    data.undecided.assign(classes, 0);
    for (std::size_t k = 0; k < labels.size() && k < predictions.size(); ++k) {
      if (labels[k] < 0) continue;
      const auto label = static_cast<std::size_t>(labels[k]);
      ++(predictions[k] < 0 ? data.undecided[label] : data.counts[label][static_cast<std::size_t>(predictions[k])]);
    }
    save(plot::confusion_matrix(data), "confusion_" + split);
  }

  void groups(const std::string& split) {
    plot::AccuracyBars data;
    for (const Share& share : read_shares(folder_ / fmt::format("accuracy_{}.csv", split), "group")) data.rows.push_back({share.name, share.samples, share.correct});
    data.subtitle = fmt::format("{}, {}", folder_.filename().string(), split);
    if (!data.rows.empty()) save(plot::accuracy_bars(data), "groups_" + split);
  }

  // The samples of this task are points: what is predicted where?
  void decisions(data::Split split) {
    auto columns = read_columns(folder_ / fmt::format("predictions_{}.csv", data::to_string(split)));
    const std::vector<double>&index = columns["index"], &predictions = columns["prediction"];
    if (index.empty()) return;
    const std::vector<data::YinYangPoint> points = data::yinyang_points(data_, split);
    plot::DecisionScatter data;
    data.subtitle = fmt::format("{}, {}", folder_.filename().string(), data::to_string(split));
    data.classes = data::class_names(kind_, 3);
    for (std::size_t k = 0; k < std::min(index.size(), predictions.size()); ++k) {
      const auto sample = static_cast<std::size_t>(index[k]);
      if (sample < points.size()) data.samples.push_back({points[sample].x, points[sample].y, points[sample].label, static_cast<std::int32_t>(predictions[k])});
    }
    save(plot::decision_scatter(data), fmt::format("decisions_{}", data::to_string(split)));
  }

  void weights() {
    const fs::path file = folder_ / "checkpoints" / "last.h5";
    if (!fs::exists(file)) return;
    plot::WeightHistograms data;
    data.subtitle = folder_.filename().string();
    for (const auto& [path, block] : read_checkpoint(file).blocks)
      if (path.starts_with("parameters/") && block.values.size() > 1) data.projections.push_back({path.substr(11), block.values, {}});
    if (!data.projections.empty()) save(plot::weight_histograms(data), "weights");
  }

  void raster() {
    const fs::path file = folder_ / "recording.h5";
    if (!fs::exists(file)) return;
    try {
      const H5File in = H5File::open(file);
      plot::SpikeRaster data;
      data.trial_ms = in.read<double>("length_ms").values.at(0);
      const std::string sample = "sample_0/";
      data.subtitle = fmt::format("{}, label {}, prediction {}", folder_.filename().string(), in.read<std::int32_t>(sample + "label").values.at(0), in.read<std::int32_t>(sample + "prediction").values.at(0));
      std::istringstream populations(in.read_text("populations"));
      std::string name;
      for (std::uint32_t size = 0; populations >> name >> size;) {
        if (!in.has(sample + name + "/spike_unit")) continue;
        const auto unit = in.read<std::uint32_t>(sample + name + "/spike_unit").values;
        const auto time = in.read<double>(sample + name + "/spike_time_ms").values;
        plot::SpikeRaster::Population population{name, size, {}};
        for (std::size_t k = 0; k < unit.size() && k < time.size(); ++k) population.spikes.push_back({time[k], unit[k]});
        data.populations.push_back(std::move(population));
      }
      if (!data.populations.empty()) save(plot::spike_raster(data), "spikes");
    } catch (const std::exception& error) {
      fail(exit_io, "AD603", {file.string()}, fmt::format("the recording is truncated or damaged: {}", error.what()), "make it again: antidrome run RUNDIR -o RUNDIR/recording.h5");
    }
  }

  fs::path folder_;
  bool quiet_;
  data::DatasetOptions data_;
  std::string kind_;
};

}  // namespace

void plot_run(const std::filesystem::path& folder, bool quiet) { Drawer(folder, quiet).draw(); }

}  // namespace antidrome::cli
