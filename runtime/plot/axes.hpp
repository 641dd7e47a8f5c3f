// Axes, ticks at round numbers, legends and titles: what all plots share.
#pragma once
#include "runtime/plot/scene.hpp"

#include <span>
#include <string>
#include <vector>

namespace antidrome::plot {

/// One axis: limits, and ticks with their texts.
struct Axis {
  std::string label;  ///< with its unit: "time (ms)"
  double low = 0, high = 1;
  std::vector<double> ticks;
  std::vector<std::string> texts;
  double widest_text() const;
};

/// Multiples of 1, 2 or 5 times a power of ten within [low, high], about `wanted` of them.
std::vector<double> round_ticks(double low, double high, int wanted);

/// An axis from `low` to `high` with one tick per `spacing` pixels or so. Very large and very small numbers are written as
/// multiples of a power of ten, which the label then names.
Axis make_axis(std::string label, double low, double high, double pixels, double spacing = 70);
/// An axis of whole numbers (epochs, units): no ticks between them.
Axis make_count_axis(std::string label, double low, double high, double pixels, double spacing = 70);

/// The finite ones among the values, widened to something that can be drawn: [0, 1] when there are none.
struct Limits {
  double low, high;
};
Limits limits_of(std::span<const double> values, double padding = 0.05);

/// Axes around an area. `x` and `y` turn data into pixels.
struct Panel {
  Box area;
  Axis x_axis, y_axis;
  double x(double value) const { return area.x + (value - x_axis.low) / (x_axis.high - x_axis.low) * area.width; }
  double y(double value) const { return area.bottom() - (value - y_axis.low) / (y_axis.high - y_axis.low) * area.height; }
};

/// Room that the texts of an axis need outside the area.
double room_left(const Axis& y_axis);
double room_below(const Axis& x_axis);

struct FrameOptions {
  bool grid = true;
  bool x_texts = true;  ///< false where a panel below shows the same axis
  double left = 0;      ///< room for the texts of the y axis, where panels above and below must agree; 0: what they need
};
void draw_frame(Scene& scene, const Panel& panel, FrameOptions options = {});
/// A bold heading above the area, at its left edge, and a plain remark at its right edge; where they do not fit beside each
/// other, the heading stands above the remark.
void draw_heading(Scene& scene, const Box& area, const std::string& heading, const std::string& remark = {});
/// Grey words in the middle of an area that has nothing to show.
void draw_note(Scene& scene, const Box& area, const std::string& note);

struct LegendEntry {
  enum Kind { line, dashes, square, disc, tick, ring } kind;
  std::string label;
  Colour colour;
};
/// Draws entries in rows from the point (x, y) and returns the height they take.
double draw_legend(Scene& scene, std::span<const LegendEntry> entries, double x, double y, double width);

/// Title and subtitle at the top of the figure; returns the height below which the figure begins.
double draw_title(Scene& scene, const std::string& title, const std::string& subtitle);

/// A line through points, broken where a value is not finite. `marks` puts a dot on each point; a point between two gaps always gets one.
void draw_curve(Scene& scene, const Panel& panel, std::span<const double> x, std::span<const double> y, Colour colour, double width = 1.8, bool marks = false);

/// Tells below everything else how many values could not be drawn; makes the figure a line higher for it.
void draw_left_out(Scene& scene, std::size_t count);

/// The text, or as much of its beginning as fits the width, with an ellipsis.
std::string fitted(const std::string& text, double size, bool bold, double width);

}  // namespace antidrome::plot
