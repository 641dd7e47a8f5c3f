#include "runtime/plot/axes.hpp"
#include "runtime/plot/plots.hpp"
#include "runtime/plot/style.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace antidrome::plot {

Figure accuracy_bars(const AccuracyBars& data) {
  constexpr double width = 420, row = 20, bar = 13;
  Figure out{{}, {{"name", "samples", "correct", "accuracy"}, {}}};
  Scene& scene = out.scene;
  double names = 0;
  for (const auto& r : data.rows) names = std::max(names, text_width(r.name, style::tick_size));
  names = std::min(names, 220.0);
  Panel panel{{style::margin + names + 10, 0, width, row * static_cast<double>(std::max<std::size_t>(1, data.rows.size()))}, make_axis("accuracy (%)", 0, 100, width, 55), {"", 0, 1, {}, {}}};
  scene.width = std::ceil(panel.area.right() + style::margin + 100);
  panel.area.y = draw_title(scene, data.title, data.subtitle) + 8;
  draw_frame(scene, panel);
  if (data.rows.empty()) draw_note(scene, panel.area, "no samples");
  for (std::size_t k = 0; k < data.rows.size(); ++k) {
    const auto& r = data.rows[k];
    const double share = r.samples == 0 ? 0 : static_cast<double>(r.correct) / static_cast<double>(r.samples);
    const double y = panel.area.y + row * static_cast<double>(k), base = y + row / 2 + style::tick_size * 0.36;
    scene.add(Rectangle{{panel.area.x, y + (row - bar) / 2, std::max(0.5, panel.x(100 * share) - panel.area.x), bar}, style::blue});
    scene.add(Text{{panel.area.x - 8, base}, fitted(r.name, style::tick_size, false, names), style::tick_size, style::ink, Anchor::end});
    scene.add(Text{{panel.area.right() + 8, base}, fmt::format("{:.1f} % of {}", 100 * share, r.samples), style::small_size, style::faint});
    out.table.rows.push_back({r.name, fmt::format("{}", r.samples), fmt::format("{}", r.correct), fmt::format("{}", share)});
  }
  scene.height = std::ceil(panel.area.bottom() + room_below(panel.x_axis) + style::margin);
  return out;
}

}  // namespace antidrome::plot
