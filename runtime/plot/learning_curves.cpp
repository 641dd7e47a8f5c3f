#include "runtime/plot/axes.hpp"
#include "runtime/plot/plots.hpp"
#include "runtime/plot/style.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace antidrome::plot {
namespace {

constexpr double panel_width = 330, panel_height = 230;

std::size_t not_finite(const std::vector<double>& values) {
  return static_cast<std::size_t>(std::count_if(values.begin(), values.end(), [](double v) { return !std::isfinite(v); }));
}

std::vector<double> joined(const std::vector<double>& a, const std::vector<double>& b, double factor = 1) {
  std::vector<double> out;
  for (const std::vector<double>* list : {&a, &b})
    for (const double v : *list)
      if (std::isfinite(v)) out.push_back(factor * v);
  return out;
}

// Losses begin at zero unless the curve would then lie in the upper half of the panel only.
Limits loss_limits(const std::vector<double>& values) {
  Limits limits = limits_of(values);
  const double least = values.empty() ? 0 : *std::min_element(values.begin(), values.end());
  if (least >= 0 && least < 0.5 * limits.high) limits.low = 0;
  return limits;
}

// Whole tens of per cent around the values, up to 100.
Limits accuracy_limits(const std::vector<double>& per_cent) {
  if (per_cent.empty()) return {0, 100};
  const auto [least, most] = std::minmax_element(per_cent.begin(), per_cent.end());
  return {std::max(0.0, 10 * std::floor((*least - 1) / 10)), std::min(100.0, 10 * std::ceil((*most + 2) / 10))};
}

// The best value and its epoch: "best validation 97.6 % at epoch 37".
std::string best(const LearningCurves& data, const std::vector<double>& train, const std::vector<double>& validation, bool accuracy) {
  const bool validated = not_finite(validation) < validation.size();
  const std::vector<double>& list = validated ? validation : train;
  std::size_t at = list.size();
  for (std::size_t k = 0; k < list.size(); ++k)
    if (std::isfinite(list[k]) && (at == list.size() || (accuracy ? list[k] > list[at] : list[k] < list[at]))) at = k;
  if (at == list.size() || at >= data.epoch.size()) return {};
  const std::string value = accuracy ? fmt::format("{:.1f} %", 100 * list[at]) : fmt::format("{:.3g}", list[at]);
  return fmt::format("best {} {} at epoch {}", validated ? "validation" : "training", value, data.epoch[at]);
}

void draw_panel(Scene& scene, const LearningCurves& data, Panel panel, const char* heading, bool accuracy) {
  const std::vector<double>&train = accuracy ? data.train_accuracy : data.train_loss, &validation = accuracy ? data.validation_accuracy : data.validation_loss;
  draw_frame(scene, panel);
  draw_heading(scene, panel.area, heading, best(data, train, validation, accuracy));
  const auto scaled = [accuracy](std::vector<double> values) {
    for (double& v : values) v *= accuracy ? 100 : 1;
    return values;
  };
  const bool marks = data.epoch.size() <= 25;
  draw_curve(scene, panel, data.epoch, scaled(train), style::blue, 1.8, marks);
  draw_curve(scene, panel, data.epoch, scaled(validation), style::vermilion, 1.8, marks);
  if (not_finite(train) + not_finite(validation) == train.size() + validation.size()) draw_note(scene, panel.area, "nothing was recorded");
}

Axis epoch_axis(const std::vector<double>& epochs) {
  double low = 0, high = 1;
  if (!epochs.empty()) low = epochs.front(), high = epochs.back();
  if (high <= low) low -= 1, high = low + 2;
  return make_count_axis("epoch", low, high, panel_width, 55);
}

Table table_of(const LearningCurves& data) {
  Table table{{"epoch", "train_loss", "validation_loss", "train_accuracy", "validation_accuracy"}, {}};
  for (std::size_t k = 0; k < data.epoch.size(); ++k) {
    std::vector<std::string> row{fmt::format("{}", data.epoch[k])};
    for (const auto* list : {&data.train_loss, &data.validation_loss, &data.train_accuracy, &data.validation_accuracy})
      row.push_back(k < list->size() && std::isfinite((*list)[k]) ? fmt::format("{}", (*list)[k]) : "");
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace

Figure learning_curves(const LearningCurves& data) {
  const std::vector<double> losses = joined(data.train_loss, data.validation_loss), accuracies = joined(data.train_accuracy, data.validation_accuracy, 100);
  const bool two = !data.train_accuracy.empty() || !data.validation_accuracy.empty();
  const Limits loss = loss_limits(losses), accuracy = accuracy_limits(accuracies);
  const Axis epochs = epoch_axis(data.epoch);
  Panel left{{0, 0, panel_width, panel_height}, epochs, make_axis("loss", loss.low, loss.high, panel_height, 36)};
  Panel right{{0, 0, panel_width, panel_height}, epochs, make_axis("accuracy (%)", accuracy.low, accuracy.high, panel_height, 36)};

  Figure out;
  Scene& scene = out.scene;
  left.area.x = style::margin + room_left(left.y_axis);
  right.area.x = left.area.right() + 34 + room_left(right.y_axis);
  scene.width = std::ceil((two ? right : left).area.right() + style::margin + 8);
  double y = draw_title(scene, data.title, data.subtitle);
  std::vector<LegendEntry> legend;
  if (!data.train_loss.empty() || !data.train_accuracy.empty()) legend.push_back({LegendEntry::line, "training", style::blue});
  if (!data.validation_loss.empty() || !data.validation_accuracy.empty()) legend.push_back({LegendEntry::line, "validation", style::vermilion});
  y += draw_legend(scene, legend, left.area.x, y, scene.width - left.area.x - style::margin) + 32;
  left.area.y = right.area.y = y;
  draw_panel(scene, data, left, "Loss", false);
  if (two) draw_panel(scene, data, right, "Accuracy", true);
  scene.height = std::ceil(left.area.bottom() + room_below(epochs) + style::margin);
  draw_left_out(scene, not_finite(data.train_loss) + not_finite(data.validation_loss) + not_finite(data.train_accuracy) + not_finite(data.validation_accuracy));
  out.table = table_of(data);
  return out;
}

}  // namespace antidrome::plot
