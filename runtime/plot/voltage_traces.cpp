#include "runtime/plot/axes.hpp"
#include "runtime/plot/plots.hpp"
#include "runtime/plot/style.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace antidrome::plot {
namespace {

constexpr double area_width = 680, area_height = 92, gap = 32;
constexpr std::size_t most_neurons = 12;

// Limits with the threshold inside, and headroom above for the strokes that mark spikes.
Limits limits_of_neuron(const VoltageTraces& data, const VoltageTraces::Neuron& neuron) {
  std::vector<double> values = neuron.value;
  if (data.threshold) values.push_back(*data.threshold);
  Limits limits = limits_of(values, 0.06);
  if (!neuron.spike_ms.empty()) limits.high += 0.22 * (limits.high - limits.low);
  return limits;
}

void draw_neuron(Scene& scene, const Panel& panel, const VoltageTraces& data, const VoltageTraces::Neuron& neuron, FrameOptions frame) {
  draw_frame(scene, panel, frame);
  const std::size_t n = neuron.spike_ms.size();
  draw_heading(scene, panel.area, neuron.name, n == 0 ? "no spikes" : fmt::format("{} {}", n, n == 1 ? "spike" : "spikes"));
  if (neuron.value.empty()) {
    draw_note(scene, panel.area, "nothing was recorded");
    return;
  }
  if (data.threshold && std::isfinite(*data.threshold)) {
    const double y = panel.y(*data.threshold);
    scene.add(Lines{{{{panel.area.x, y}, {panel.area.right(), y}}}, style::faint, 1, {5, 3}});
  }
  Lines strokes{{}, style::vermilion, 1.6, {}};
  for (const double t : neuron.spike_ms)
    if (std::isfinite(t)) strokes.pieces.push_back({{panel.x(t), panel.area.y + 2}, {panel.x(t), panel.area.y + 0.16 * panel.area.height}});
  scene.add(std::move(strokes));
  std::vector<double> times(neuron.value.size());
  for (std::size_t k = 0; k < times.size(); ++k) times[k] = static_cast<double>(k + 1) * data.dt_ms;
  draw_curve(scene, panel, times, neuron.value, style::blue, 1.4);
}

void add_rows(Table& table, const VoltageTraces& data, const VoltageTraces::Neuron& neuron) {
  for (std::size_t k = 0; k < neuron.value.size(); ++k)
    table.rows.push_back({neuron.name, fmt::format("{:.10g}", static_cast<double>(k + 1) * data.dt_ms), fmt::format("{}", neuron.value[k]), ""});
  for (const double t : neuron.spike_ms) table.rows.push_back({neuron.name, fmt::format("{:.10g}", t), "", "1"});
}

double last_time(const VoltageTraces& data) {
  double last = 0;
  for (const auto& n : data.neurons) last = std::max(last, static_cast<double>(n.value.size()) * data.dt_ms);
  return last > 0 ? last : 1;
}

}  // namespace

Figure voltage_traces(const VoltageTraces& data) {
  Figure out{{}, {{"neuron", "time_ms", "value", "spike"}, {}}};
  const Axis time = make_axis("time (ms)", 0, last_time(data), area_width, 75);
  const std::size_t shown = std::min(data.neurons.size(), most_neurons);
  std::vector<Panel> panels;
  double room = 40;
  for (std::size_t k = 0; k < shown; ++k) {
    const Limits limits = limits_of_neuron(data, data.neurons[k]);
    panels.push_back({{0, 0, area_width, area_height}, time, make_axis(data.quantity, limits.low, limits.high, area_height, 28)});
    room = std::max(room, room_left(panels.back().y_axis));
  }

  Scene& scene = out.scene;
  scene.width = std::ceil(style::margin + room + area_width + style::margin + 8);
  double y = draw_title(scene, data.title, data.subtitle);
  std::vector<LegendEntry> legend{{LegendEntry::line, data.quantity, style::blue}};
  if (data.threshold) legend.push_back({LegendEntry::dashes, "threshold", style::faint});
  legend.push_back({LegendEntry::tick, "spike", style::vermilion});
  y += draw_legend(scene, legend, style::margin + room, y, area_width) + 26;
  for (std::size_t k = 0; k < shown; ++k) {
    panels[k].area.x = style::margin + room, panels[k].area.y = y;
    draw_neuron(scene, panels[k], data, data.neurons[k], {.grid = false, .x_texts = k + 1 == shown, .left = room});
    y = panels[k].area.bottom() + (k + 1 == shown ? room_below(time) : gap);
  }
  if (shown == 0) {
    draw_note(scene, {style::margin, y, scene.width - 2 * style::margin, 120}, "no neuron was recorded");
    y += 120;
  }
  if (shown < data.neurons.size()) {
    draw_note(scene, {style::margin, y, scene.width - 2 * style::margin, 24}, fmt::format("and {} more neurons, see the CSV file", data.neurons.size() - shown));
    y += 24;
  }
  scene.height = std::ceil(y + style::margin);
  std::size_t bad = 0;
  for (const auto& n : data.neurons) {
    bad += static_cast<std::size_t>(std::count_if(n.value.begin(), n.value.end(), [](double v) { return !std::isfinite(v); }));
    add_rows(out.table, data, n);
  }
  draw_left_out(scene, bad);
  return out;
}

}  // namespace antidrome::plot
