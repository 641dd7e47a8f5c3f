#include "runtime/plot/axes.hpp"
#include "runtime/plot/plots.hpp"
#include "runtime/plot/style.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace antidrome::plot {
namespace {

constexpr double side = 420;

bool drawable(const DecisionScatter::Sample& s) { return std::isfinite(s.x) && std::isfinite(s.y); }

// Points of one prediction share a shape. Wrong ones are ringed, and painted last so that nothing covers them.
void draw_samples(Scene& scene, const Panel& panel, const DecisionScatter& data) {
  const auto colour = [&](std::int32_t prediction) { return prediction < 0 ? style::faint : style::series(static_cast<std::size_t>(prediction)); };
  const auto classes = static_cast<std::int32_t>(data.classes.size());
  std::vector<Point> rings;
  for (const bool wrong : {false, true}) {
    for (std::int32_t c = -1; c < classes; ++c) {
      Discs discs{{}, 2.5, colour(c)};
      for (const auto& s : data.samples)
        if (drawable(s) && s.prediction == c && (s.prediction != s.label) == wrong) discs.centres.push_back({panel.x(s.x), panel.y(s.y)});
      if (wrong) {
        scene.add(Discs{discs.centres, 5, style::ink});
        scene.add(Discs{discs.centres, 3.7, style::white});
      }
      scene.add(std::move(discs));
    }
  }
}

}  // namespace

Figure decision_scatter(const DecisionScatter& data) {
  Figure out{{}, {{"x", "y", "label", "prediction"}, {}}};
  Panel panel{{0, 0, side, side}, make_axis("x", 0, 1, side, 80), make_axis("y", 0, 1, side, 80)};
  Scene& scene = out.scene;
  panel.area.x = style::margin + room_left(panel.y_axis);
  scene.width = std::ceil(panel.area.right() + style::margin + 8);
  const auto right = std::count_if(data.samples.begin(), data.samples.end(), [](const auto& s) { return s.prediction == s.label; });
  const std::string accuracy = data.samples.empty() ? "" : fmt::format("{} of {} right ({:.1f} %)", right, data.samples.size(), 100.0 * static_cast<double>(right) / static_cast<double>(data.samples.size()));
  double y = draw_title(scene, data.title, data.subtitle.empty() ? accuracy : accuracy.empty() ? data.subtitle : data.subtitle + ", " + accuracy);

  std::vector<LegendEntry> legend;
  for (std::size_t c = 0; c < data.classes.size(); ++c) legend.push_back({LegendEntry::disc, "predicted " + data.classes[c], style::series(c)});
  if (std::any_of(data.samples.begin(), data.samples.end(), [](const auto& s) { return s.prediction < 0; })) legend.push_back({LegendEntry::disc, "undecided", style::faint});
  legend.push_back({LegendEntry::ring, "wrong", style::ink});
  y += draw_legend(scene, legend, panel.area.x, y, side) + 12;

  panel.area.y = y;
  draw_frame(scene, panel);
  if (data.samples.empty()) draw_note(scene, panel.area, "no samples");
  draw_samples(scene, panel, data);
  scene.height = std::ceil(panel.area.bottom() + room_below(panel.x_axis) + style::margin);
  draw_left_out(scene, static_cast<std::size_t>(std::count_if(data.samples.begin(), data.samples.end(), [](const auto& s) { return !drawable(s); })));
  for (const auto& s : data.samples) out.table.rows.push_back({fmt::format("{}", s.x), fmt::format("{}", s.y), fmt::format("{}", s.label), fmt::format("{}", s.prediction)});
  return out;
}

}  // namespace antidrome::plot
