#include "runtime/plot/axes.hpp"
#include "runtime/plot/plots.hpp"
#include "runtime/plot/style.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace antidrome::plot {
namespace {

constexpr double panel_width = 480, panel_height = 300;

double largest(const std::vector<double>& values) {
  double out = 0;
  for (const double v : values)
    if (std::isfinite(v)) out = std::max(out, v);
  return out > 0 ? out : 1;
}

Table table_of(const Scaling& data) {
  Table table{{data.quantity}, {}};
  for (const auto& c : data.curves) table.columns.push_back(c.name + " ms");
  for (std::size_t k = 0; k < data.amount.size(); ++k) {
    table.rows.push_back({fmt::format("{}", data.amount[k])});
    for (const auto& c : data.curves) table.rows.back().push_back(k < c.ms.size() && std::isfinite(c.ms[k]) ? fmt::format("{}", c.ms[k]) : "");
  }
  return table;
}

}  // namespace

Figure scaling(const Scaling& data) {
  double most = 0;
  for (const auto& c : data.curves) most = std::max(most, largest(c.ms));
  const double end = 1.04 * largest(data.amount);
  Panel panel{{0, 0, panel_width, panel_height}, make_axis(data.quantity, 0, end, panel_width), make_axis("CPU time of a batch (ms)", 0, 1.06 * (most > 0 ? most : 1), panel_height, 36)};
  Figure out;
  Scene& scene = out.scene;
  panel.area.x = style::margin + room_left(panel.y_axis);
  scene.width = std::ceil(panel.area.right() + style::margin + 8);
  double y = draw_title(scene, data.title, data.subtitle);
  std::vector<LegendEntry> legend;
  for (std::size_t k = 0; k < data.curves.size(); ++k) legend.push_back({LegendEntry::line, data.curves[k].name, style::series(k)});
  if (data.line) legend.push_back({LegendEntry::dashes, "straight line", style::faint});
  panel.area.y = y + draw_legend(scene, legend, panel.area.x, y, panel_width) + 16;
  draw_frame(scene, panel);
  if (data.line) scene.add(Lines{{{{panel.x(0), panel.y(std::max(0.0, data.line->first))}, {panel.x(end), panel.y(data.line->first + data.line->second * end)}}}, style::faint, 1.2, {5, 4}});
  for (std::size_t k = 0; k < data.curves.size(); ++k) draw_curve(scene, panel, data.amount, data.curves[k].ms, style::series(k), 2, true);
  scene.height = std::ceil(panel.area.bottom() + room_below(panel.x_axis) + style::margin);
  out.table = table_of(data);
  return out;
}

}  // namespace antidrome::plot
