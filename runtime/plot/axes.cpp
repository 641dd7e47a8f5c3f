#include "runtime/plot/axes.hpp"

#include "runtime/plot/style.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace antidrome::plot {
namespace {

// The smallest of 1, 2, 5 times a power of ten that is at least `rough`.
double round_step(double rough) {
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= rough * (1 - 1e-9)) return factor * power;
  return 10 * power;
}

std::vector<double> multiples(double low, double high, double step) {
  std::vector<double> out;
  const double slack = 1e-9 * (high - low);
  for (double k = std::ceil((low - slack) / step); k * step <= high + slack; ++k) out.push_back(k * step == 0 ? 0.0 : k * step);
  return out;
}

std::string superscript(int exponent) {
  const char* digits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string out = exponent < 0 ? "⁻" : "";
  for (const char c : fmt::format("{}", std::abs(exponent))) out += digits[c - '0'];
  return out;
}

// Digits that all ticks need, and the common power of ten when plain digits would be too many.
void write_ticks(Axis& axis) {
  if (axis.ticks.empty()) return;
  const double largest = std::max(std::fabs(axis.ticks.front()), std::fabs(axis.ticks.back()));
  const double step = axis.ticks.size() > 1 ? axis.ticks[1] - axis.ticks[0] : largest > 0 ? largest : 1;
  int exponent = 0;
  if (largest >= 1e6 || largest < 1e-3) exponent = largest > 0 ? static_cast<int>(std::floor(std::log10(largest) + 1e-9)) : 0;
  const double unit = std::pow(10.0, exponent);
  const int decimals = std::max(0, -static_cast<int>(std::floor(std::log10(step / unit) + 1e-9)));
  for (const double t : axis.ticks) {
    std::string text = fmt::format("{:.{}f}", t / unit, decimals);
    if (text.starts_with('-')) text = text.find_first_of("123456789") == std::string::npos ? text.substr(1) : fmt::format("−{}", text.substr(1));
    axis.texts.push_back(std::move(text));
  }
  if (exponent != 0) axis.label += fmt::format(" ×10{}", superscript(exponent));
}

void text(Scene& scene, Point at, std::string words, double size, Colour colour, Anchor anchor = Anchor::start, bool bold = false, bool turned = false) {
  if (!words.empty()) scene.add(Text{at, std::move(words), size, colour, anchor, bold, turned});
}

constexpr double tick_length = 4, tick_gap = 4, label_gap = 8;

}  // namespace

double Axis::widest_text() const {
  double widest = 0;
  for (const std::string& t : texts) widest = std::max(widest, text_width(t, style::tick_size));
  return widest;
}

std::vector<double> round_ticks(double low, double high, int wanted) { return multiples(low, high, round_step((high - low) / std::max(1, wanted))); }

Axis make_axis(std::string label, double low, double high, double pixels, double spacing) {
  Axis axis{std::move(label), low, high, round_ticks(low, high, static_cast<int>(pixels / spacing)), {}};
  write_ticks(axis);
  return axis;
}

Axis make_count_axis(std::string label, double low, double high, double pixels, double spacing) {
  const double step = std::max(1.0, round_step((high - low) / std::max(1.0, std::floor(pixels / spacing))));
  Axis axis{std::move(label), low, high, multiples(low, high, step), {}};
  write_ticks(axis);
  return axis;
}

Limits limits_of(std::span<const double> values, double padding) {
  double low = INFINITY, high = -INFINITY;
  for (const double v : values) {
    if (!std::isfinite(v)) continue;
    low = std::min(low, v), high = std::max(high, v);
  }
  if (low > high) return {0, 1};
  if (low == high) {
    const double around = low == 0 ? 1 : 0.1 * std::fabs(low);
    return {low - around, high + around};
  }
  const double extra = padding * (high - low);
  return {low - extra, high + extra};
}

double room_left(const Axis& axis) { return axis.widest_text() + tick_length + tick_gap + (axis.label.empty() ? 0 : label_gap + style::label_size); }
double room_below(const Axis& axis) { return tick_length + tick_gap + style::tick_size + (axis.label.empty() ? 0 : label_gap + style::label_size); }

void draw_frame(Scene& scene, const Panel& panel, FrameOptions options) {
  const Box& a = panel.area;
  Lines grid{{}, style::grid, 0.8, {}}, frame{{{{a.x, a.y}, {a.x, a.bottom()}, {a.right(), a.bottom()}}}, style::frame, 1, {}};
  for (std::size_t k = 0; k < panel.x_axis.ticks.size(); ++k) {
    const double x = panel.x(panel.x_axis.ticks[k]);
    if (options.grid) grid.pieces.push_back({{x, a.y}, {x, a.bottom()}});
    frame.pieces.push_back({{x, a.bottom()}, {x, a.bottom() + tick_length}});
    if (options.x_texts) text(scene, {x, a.bottom() + tick_length + tick_gap + style::tick_size * 0.8}, panel.x_axis.texts[k], style::tick_size, style::ink, Anchor::middle);
  }
  for (std::size_t k = 0; k < panel.y_axis.ticks.size(); ++k) {
    const double y = panel.y(panel.y_axis.ticks[k]);
    if (options.grid) grid.pieces.push_back({{a.x, y}, {a.right(), y}});
    frame.pieces.push_back({{a.x - tick_length, y}, {a.x, y}});
    text(scene, {a.x - tick_length - tick_gap, y + style::tick_size * 0.36}, panel.y_axis.texts[k], style::tick_size, style::ink, Anchor::end);
  }
  scene.add(std::move(grid));
  scene.add(std::move(frame));
  if (options.x_texts) text(scene, {a.x + a.width / 2, a.bottom() + room_below(panel.x_axis) - 1}, panel.x_axis.label, style::label_size, style::ink, Anchor::middle);
  const double left = options.left > 0 ? options.left : room_left(panel.y_axis);
  text(scene, {a.x - left + style::label_size * 0.85, a.y + a.height / 2}, panel.y_axis.label, style::label_size, style::ink, Anchor::middle, false, true);
}

void draw_heading(Scene& scene, const Box& area, const std::string& heading, const std::string& remark) {
  const double words = text_width(remark, style::small_size);
  const bool beside = remark.empty() || text_width(heading, style::label_size, true) + 14 + words <= area.width;
  text(scene, {area.x, area.y - (beside ? 8 : 22)}, fitted(heading, style::label_size, true, area.width), style::label_size, style::ink, Anchor::start, true);
  text(scene, {beside ? area.right() : area.x, area.y - 8}, fitted(remark, style::small_size, false, area.width), style::small_size, style::faint, beside ? Anchor::end : Anchor::start);
}

void draw_note(Scene& scene, const Box& area, const std::string& note) {
  text(scene, {area.x + area.width / 2, area.y + area.height / 2 + 4}, note, style::label_size, style::faint, Anchor::middle);
}

double draw_legend(Scene& scene, std::span<const LegendEntry> entries, double left, double top, double width) {
  constexpr double sample = 22, gap = 7, between = 20, row = 18;
  double x = left, y = top + row / 2;
  for (const LegendEntry& e : entries) {
    const double needed = sample + gap + text_width(e.label, style::tick_size);
    if (x > left && x + needed > left + width) x = left, y += row;
    const Point middle{x + sample / 2, y};
    switch (e.kind) {
      case LegendEntry::line: scene.add(Lines{{{{x, y}, {x + sample, y}}}, e.colour, 2, {}}); break;
      case LegendEntry::dashes: scene.add(Lines{{{{x, y}, {x + sample, y}}}, e.colour, 1.2, {5, 3}}); break;
      case LegendEntry::square: scene.add(Rectangle{{middle.x - 6, y - 6, 12, 12}, e.colour}); break;
      case LegendEntry::disc: scene.add(Discs{{middle}, 4, e.colour}); break;
      case LegendEntry::tick: scene.add(Lines{{{{middle.x, y - 5}, {middle.x, y + 5}}}, e.colour, 1.6, {}}); break;
      case LegendEntry::ring:
        scene.add(Discs{{middle}, 4.6, e.colour});
        scene.add(Discs{{middle}, 3, style::white});
        break;
    }
    text(scene, {x + sample + gap, y + style::tick_size * 0.36}, e.label, style::tick_size, style::ink);
    x += needed + between;
  }
  return entries.empty() ? 0 : y + row / 2 - top;
}

double draw_title(Scene& scene, const std::string& title, const std::string& subtitle) {
  const double room = scene.width - 2 * style::margin;
  double y = style::margin;
  scene.title = title;
  if (!title.empty()) {
    text(scene, {style::margin, y + style::title_size * 0.9}, fitted(title, style::title_size, true, room), style::title_size, style::ink, Anchor::start, true);
    y += style::title_size + 8;
  }
  if (!subtitle.empty()) {
    text(scene, {style::margin, y + style::tick_size * 0.9}, fitted(subtitle, style::tick_size, false, room), style::tick_size, style::faint);
    y += style::tick_size + 8;
  }
  return y;
}

void draw_curve(Scene& scene, const Panel& panel, std::span<const double> x, std::span<const double> y, Colour colour, double width, bool marks) {
  Lines lines{{}, colour, width, {}};
  bool broken = true;
  for (std::size_t k = 0; k < std::min(x.size(), y.size()); ++k) {
    if (!std::isfinite(x[k]) || !std::isfinite(y[k])) {
      broken = true;
      continue;
    }
    if (std::exchange(broken, false)) lines.pieces.emplace_back();
    lines.pieces.back().push_back({panel.x(x[k]), panel.y(y[k])});
  }
  Discs dots{{}, 2.6, colour};
  for (const std::vector<Point>& piece : lines.pieces)
    if (marks || piece.size() == 1) dots.centres.insert(dots.centres.end(), piece.begin(), piece.end());
  scene.add(std::move(lines));
  scene.add(std::move(dots));
}

void draw_left_out(Scene& scene, std::size_t count) {
  if (count == 0) return;
  const std::string words = fmt::format("{} left out: not finite or out of range", count == 1 ? std::string("1 value is") : fmt::format("{} values are", count));
  text(scene, {style::margin, scene.height + 2}, words, style::small_size, style::warning);
  scene.height += style::small_size + 6;
}

std::string fitted(const std::string& words, double size, bool bold, double width) {
  std::string out = words;
  while (!out.empty() && text_width(out == words ? out : out + "…", size, bold) > width) {
    while (!out.empty() && (static_cast<unsigned char>(out.back()) & 0xc0) == 0x80) out.pop_back();  // the tail of a character
    if (!out.empty()) out.pop_back();
  }
  return out == words ? out : out + "…";
}

}  // namespace antidrome::plot
