#include "runtime/plot/axes.hpp"
#include "runtime/plot/plots.hpp"
#include "runtime/plot/style.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace antidrome::plot {
namespace {

constexpr double panel_width = 560, panel_height = 320;

std::vector<double> scaled(std::vector<double> values, double factor) {
  for (double& v : values) v *= factor;
  return values;
}

Colour pale(Colour colour) { return {colour.red, colour.green, colour.blue, 0.3}; }

Table table_of(const Comparison& data) {
  Table table{{"variant", "epoch", "mean"}, {}};
  std::size_t most = 0;
  for (const auto& c : data.curves) most = std::max(most, c.single.size());
  for (std::size_t k = 0; k < most; ++k) table.columns.push_back(fmt::format("run_{}", k + 1));
  const auto text = [](const std::vector<double>& values, std::size_t k) { return k < values.size() && std::isfinite(values[k]) ? fmt::format("{}", values[k]) : std::string(); };
  for (const auto& c : data.curves)
    for (std::size_t k = 0; k < c.epoch.size(); ++k) {
      table.rows.push_back({c.name, fmt::format("{}", c.epoch[k]), text(c.mean, k)});
      for (std::size_t r = 0; r < most; ++r) table.rows.back().push_back(r < c.single.size() ? text(c.single[r], k) : "");
    }
  return table;
}

Panel panel_of(const Comparison& data, double factor) {
  double last = 2;
  std::vector<double> values;
  for (const auto& c : data.curves) {
    if (!c.epoch.empty()) last = std::max(last, c.epoch.back());
    for (const auto& run : c.single)
      for (const double v : run) values.push_back(factor * v);
  }
  if (data.target) values.push_back(factor * *data.target);
  Limits limits = limits_of(values);
  if (data.accuracy) limits = {std::max(0.0, 10 * std::floor(limits.low / 10)), std::min(100.0, 10 * std::ceil(limits.high / 10))};
  const std::string label = data.quantity + (data.accuracy ? " accuracy (%)" : " loss");
  return {{0, 0, panel_width, panel_height}, make_count_axis("epoch", 1, last, panel_width, 55), make_axis(label, limits.low, limits.high, panel_height, 36)};
}

}  // namespace

Figure comparison(const Comparison& data) {
  const double factor = data.accuracy ? 100 : 1;
  Panel panel = panel_of(data, factor);
  Figure out;
  Scene& scene = out.scene;
  panel.area.x = style::margin + room_left(panel.y_axis);
  scene.width = std::ceil(panel.area.right() + style::margin + 8);
  double y = draw_title(scene, data.title, data.subtitle);
  std::vector<LegendEntry> legend;
  for (std::size_t k = 0; k < data.curves.size(); ++k) legend.push_back({LegendEntry::line, data.curves[k].name, style::series(k)});
  if (data.target) legend.push_back({LegendEntry::dashes, fmt::format("target {:.4g} %", 100 * *data.target), style::faint});
  y += draw_legend(scene, legend, panel.area.x, y, panel_width) + 16;
  panel.area.y = y;
  draw_frame(scene, panel);
  if (data.target) scene.add(Lines{{{{panel.area.x, panel.y(factor * *data.target)}, {panel.area.right(), panel.y(factor * *data.target)}}}, style::faint, 1.2, {5, 4}});
  for (std::size_t k = 0; k < data.curves.size(); ++k)
    for (const std::vector<double>& run : data.curves[k].single)
      if (data.curves[k].single.size() > 1) draw_curve(scene, panel, data.curves[k].epoch, scaled(run, factor), pale(style::series(k)), 1);
  for (std::size_t k = 0; k < data.curves.size(); ++k) draw_curve(scene, panel, data.curves[k].epoch, scaled(data.curves[k].mean, factor), style::series(k), 2, data.curves[k].epoch.size() <= 25);
  scene.height = std::ceil(panel.area.bottom() + room_below(panel.x_axis) + style::margin);
  out.table = table_of(data);
  return out;
}

}  // namespace antidrome::plot
