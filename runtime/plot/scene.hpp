// A drawing as data: shapes in the order they are painted, in pixels from the top left. One scene is written as SVG and as PNG.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace antidrome::plot {

struct Colour {
  std::uint8_t red = 0, green = 0, blue = 0;
  double alpha = 1;
};

struct Point {
  double x, y;
};

struct Box {
  double x, y, width, height;
  double right() const { return x + width; }
  double bottom() const { return y + height; }
};

/// Open or closed lines of one stroke: any number of pieces, so that ten thousand ticks are one shape.
struct Lines {
  std::vector<std::vector<Point>> pieces;
  Colour colour;
  double width = 1;
  std::vector<double> dash;  ///< lengths of strokes and gaps; empty: solid
};

struct Rectangle {
  Box box;
  Colour fill;
};

struct Discs {
  std::vector<Point> centres;
  double radius;
  Colour fill;
};

enum class Anchor { start, middle, end };

/// One line of text; `at` is on its base line. Turned text reads upwards.
struct Text {
  Point at;
  std::string text;
  double size;
  Colour colour;
  Anchor anchor = Anchor::start;
  bool bold = false, turned = false;
};

using Shape = std::variant<Rectangle, Lines, Discs, Text>;

struct Scene {
  double width, height;
  std::string title;  ///< what the drawing is, for readers that cannot see it
  std::vector<Shape> shapes;
  void add(Rectangle shape);
  void add(Lines shape);
  void add(Discs shape);
  void add(Text shape);
};

/// Width of a text in pixels, in the font that PNGs are drawn in and SVGs ask for (DejaVu Sans).
double text_width(std::string_view text, double size, bool bold = false);

std::string to_svg(const Scene& scene);
/// The bytes of a PNG, `scale` pixels to each pixel of the scene. Throws std::runtime_error when the drawing library fails.
std::string to_png(const Scene& scene, double scale = 2);

}  // namespace antidrome::plot
