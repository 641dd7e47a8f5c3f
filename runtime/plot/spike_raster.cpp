#include "runtime/plot/axes.hpp"
#include "runtime/plot/plots.hpp"
#include "runtime/plot/style.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace antidrome::plot {
namespace {

constexpr double area_width = 700, gap = 32;

double height_of(std::uint32_t size) { return std::clamp(12 * std::sqrt(static_cast<double>(size)), 48.0, 220.0); }

bool drawable(const Spike& s, std::uint32_t size) { return std::isfinite(s.time_ms) && s.unit < size; }

// Each spike is a short upright stroke, as high as a row of the raster where rows are wide enough to be seen.
void draw_spikes(Scene& scene, const Panel& panel, const SpikeRaster::Population& p, Colour colour) {
  const double row = panel.area.height / p.size, half = std::clamp(0.38 * row, 1.4, 8.0);
  Lines strokes{{}, colour, p.spikes.size() > 4000 ? 1.0 : 1.5, {}};
  for (const Spike& s : p.spikes) {
    if (!drawable(s, p.size)) continue;
    const double x = panel.x(s.time_ms), y = panel.y(s.unit);
    strokes.pieces.push_back({{x, y - half}, {x, y + half}});
  }
  scene.add(std::move(strokes));
}

std::string remark(const SpikeRaster::Population& p) {
  std::set<std::uint32_t> active;
  std::size_t spikes = 0;
  for (const Spike& s : p.spikes)
    if (drawable(s, p.size)) ++spikes, active.insert(s.unit);
  return fmt::format("{} {}, {} of {} units active", spikes, spikes == 1 ? "spike" : "spikes", active.size(), p.size);
}

double last_time(const SpikeRaster& data) {
  double last = data.trial_ms;
  for (const auto& p : data.populations)
    for (const Spike& s : p.spikes)
      if (std::isfinite(s.time_ms)) last = std::max(last, s.time_ms);
  return last > 0 && std::isfinite(last) ? last : 1;
}

}  // namespace

Figure spike_raster(const SpikeRaster& data) {
  Figure out{{}, {{"population", "unit", "time_ms"}, {}}};
  const Axis time = make_axis("time (ms)", 0, last_time(data), area_width, 75);
  std::vector<Panel> panels;
  double room = 40;
  for (const auto& p : data.populations) {
    const double height = height_of(p.size), top = std::max(1.0, static_cast<double>(p.size)) - 0.5;
    panels.push_back({{0, 0, area_width, height}, time, make_count_axis("unit", -0.5, top, height, height < 100 ? 16 : 36)});
    room = std::max(room, room_left(panels.back().y_axis));
  }

  Scene& scene = out.scene;
  scene.width = std::ceil(style::margin + room + area_width + style::margin + 8);
  double y = draw_title(scene, data.title, data.subtitle) + 22;
  std::size_t bad = 0;
  for (std::size_t k = 0; k < panels.size(); ++k) {
    const auto& p = data.populations[k];
    panels[k].area.x = style::margin + room, panels[k].area.y = y;
    const bool last = k + 1 == panels.size();
    draw_frame(scene, panels[k], {.grid = false, .x_texts = last, .left = room});
    draw_heading(scene, panels[k].area, p.name, remark(p));
    if (p.spikes.empty()) draw_note(scene, panels[k].area, "no spikes");
    else draw_spikes(scene, panels[k], p, style::series(k));
    for (const Spike& s : p.spikes) {
      bad += !drawable(s, p.size);
      out.table.rows.push_back({p.name, fmt::format("{}", s.unit), fmt::format("{}", s.time_ms)});
    }
    y = panels[k].area.bottom() + (last ? room_below(time) : gap);
  }
  if (panels.empty()) {
    draw_note(scene, {style::margin, y, scene.width - 2 * style::margin, 120}, "no population was recorded");
    y += 120;
  }
  scene.height = std::ceil(y + style::margin);
  draw_left_out(scene, bad);
  return out;
}

}  // namespace antidrome::plot
