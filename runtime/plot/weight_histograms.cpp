#include "runtime/plot/axes.hpp"
#include "runtime/plot/plots.hpp"
#include "runtime/plot/style.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace antidrome::plot {
namespace {

constexpr double area_width = 232, area_height = 150, gap = 30, heading = 40;

struct Histogram {
  double low = 0, width = 1;
  std::vector<std::uint64_t> now, before;
};

// 24 to 60 bins of round width over both lists, so that bars of the two can be compared.
Histogram histogram(const WeightHistograms::Projection& p) {
  std::vector<double> all = p.weights;
  all.insert(all.end(), p.initial.begin(), p.initial.end());
  const Limits limits = limits_of(all, 0);
  const std::vector<double> edges = round_ticks(limits.low, limits.high, 60);
  Histogram h;
  h.width = edges.size() > 1 ? edges[1] - edges[0] : (limits.high - limits.low) / 2;
  constexpr double rounding = 1e-9;  // of a bin: a value on an edge belongs to the bin that begins there
  h.low = h.width * std::floor(limits.low / h.width + rounding);
  const auto bins = static_cast<std::size_t>(std::floor((limits.high - h.low) / h.width + rounding)) + 1;
  const auto count = [&](const std::vector<double>& values) {
    std::vector<std::uint64_t> out(bins);
    for (const double v : values)
      if (std::isfinite(v)) ++out[std::min(bins - 1, static_cast<std::size_t>(std::max(0.0, std::floor((v - h.low) / h.width + rounding))))];
    return out;
  };
  h.now = count(p.weights), h.before = count(p.initial);
  return h;
}

std::string mean_and_deviation(const std::vector<double>& values) {
  double n = 0, sum = 0, squares = 0;
  for (const double v : values)
    if (std::isfinite(v)) ++n, sum += v;
  if (n == 0) return "";
  for (const double v : values)
    if (std::isfinite(v)) squares += (v - sum / n) * (v - sum / n);
  return fmt::format("{} weights, mean {}{:.3g}, s.d. {:.3g}", n, sum < 0 ? "−" : "", std::fabs(sum / n), std::sqrt(squares / n));
}

Panel panel_of(const Histogram& h) {
  std::uint64_t most = 1;
  for (const auto* list : {&h.now, &h.before})
    for (const std::uint64_t v : *list) most = std::max(most, v);
  const double high = h.low + h.width * static_cast<double>(h.now.size());
  return {{0, 0, area_width, area_height}, make_axis("weight", h.low, high, area_width, 46), make_count_axis("synapses", 0, 1.05 * static_cast<double>(most), area_height, 36)};
}

void draw_projection(Scene& scene, const Panel& panel, const Histogram& h, const WeightHistograms::Projection& p) {
  draw_heading(scene, panel.area, p.name, mean_and_deviation(p.weights));
  if (p.weights.empty()) {
    draw_frame(scene, panel, {.grid = false});
    draw_note(scene, panel.area, "no weights");
    return;
  }
  const auto edge = [&](std::size_t k) { return panel.x(h.low + h.width * static_cast<double>(k)); };
  Lines outline{{{}}, style::vermilion, 1.3, {}};
  std::vector<Point>& stairs = outline.pieces[0];
  stairs.push_back({edge(0), panel.y(0)});
  for (std::size_t k = 0; k < h.now.size(); ++k) {
    const double top = panel.y(static_cast<double>(h.now[k])), y = panel.y(static_cast<double>(h.before[k]));
    if (h.now[k] > 0) scene.add(Rectangle{{edge(k), top, std::max(0.5, edge(k + 1) - edge(k) - 0.6), panel.area.bottom() - top}, style::blue});
    stairs.push_back({edge(k), y});
    stairs.push_back({edge(k + 1), y});
  }
  stairs.push_back({edge(h.now.size()), panel.y(0)});
  if (!p.initial.empty()) scene.add(std::move(outline));
  draw_frame(scene, panel, {.grid = false});
}

}  // namespace

Figure weight_histograms(const WeightHistograms& data) {
  Figure out{{}, {{"projection", "from", "to", "synapses", "initial_synapses"}, {}}};
  const std::size_t n = data.projections.size(), columns = n == 4 ? 2 : std::clamp<std::size_t>(n, 1, 3);
  std::vector<Histogram> histograms;
  std::vector<Panel> panels;
  double room = 40, below = 40;
  bool initial = false;
  for (const auto& p : data.projections) {
    histograms.push_back(histogram(p));
    panels.push_back(panel_of(histograms.back()));
    room = std::max(room, room_left(panels.back().y_axis));
    below = room_below(panels.back().x_axis);
    initial = initial || !p.initial.empty();
  }

  Scene& scene = out.scene;
  scene.width = std::ceil(std::max(420.0, 2 * style::margin + static_cast<double>(columns) * (room + area_width + gap) - gap + 10));
  double y = draw_title(scene, data.title, data.subtitle);
  const LegendEntry legend[] = {{LegendEntry::square, "trained", style::blue}, {LegendEntry::line, "initial", style::vermilion}};
  if (initial) y += draw_legend(scene, legend, style::margin + room, y, scene.width) + 4;
  std::size_t bad = 0;
  for (std::size_t k = 0; k < n; ++k) {
    const auto row = static_cast<double>(k / columns), column = static_cast<double>(k % columns);
    panels[k].area.x = style::margin + room + column * (room + area_width + gap);
    panels[k].area.y = y + heading + row * (heading + area_height + below + 14);
    const Histogram& h = histograms[k];
    draw_projection(scene, panels[k], h, data.projections[k]);
    for (std::size_t b = 0; b < h.now.size(); ++b) {
      const double low = h.low + h.width * static_cast<double>(b);
      out.table.rows.push_back({data.projections[k].name, fmt::format("{:.10g}", low), fmt::format("{:.10g}", low + h.width), fmt::format("{}", h.now[b]), fmt::format("{}", h.before[b])});
    }
    for (const auto* list : {&data.projections[k].weights, &data.projections[k].initial})
      bad += static_cast<std::size_t>(std::count_if(list->begin(), list->end(), [](double v) { return !std::isfinite(v); }));
  }
  if (n == 0) draw_note(scene, {style::margin, y, scene.width - 2 * style::margin, 120}, "no projection has weights");
  scene.height = std::ceil((n == 0 ? y + 120 : panels.back().area.bottom() + below) + style::margin);
  draw_left_out(scene, bad);
  return out;
}

}  // namespace antidrome::plot
