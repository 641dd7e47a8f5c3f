#include "runtime/plot/scene.hpp"

#include <cairo.h>
#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <numbers>
#include <stdexcept>

namespace antidrome::plot {
namespace {

struct Release {
  void operator()(cairo_surface_t* s) const { cairo_surface_destroy(s); }
  void operator()(cairo_t* c) const { cairo_destroy(c); }
  void operator()(cairo_font_options_t* o) const { cairo_font_options_destroy(o); }
};

// A drawing surface with unhinted text, so that widths do not depend on the scale and are those of the SVG.
struct Canvas {
  Canvas(int width, int height) : surface(cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height)), cairo(cairo_create(surface.get())) {
    const std::unique_ptr<cairo_font_options_t, Release> options(cairo_font_options_create());
    cairo_font_options_set_hint_style(options.get(), CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options.get(), CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_antialias(options.get(), CAIRO_ANTIALIAS_GRAY);
    cairo_set_font_options(cairo.get(), options.get());
  }
  void check() const {
    const cairo_status_t status = cairo_status(cairo.get());
    if (status != CAIRO_STATUS_SUCCESS) throw std::runtime_error(fmt::format("cannot draw a plot: {}", cairo_status_to_string(status)));
  }
  std::unique_ptr<cairo_surface_t, Release> surface;
  std::unique_ptr<cairo_t, Release> cairo;
};

void set_font(cairo_t* cairo, double size, bool bold) {
  cairo_select_font_face(cairo, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL, bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(cairo, size);
}

double advance(cairo_t* cairo, const std::string& text) {
  cairo_text_extents_t extents;
  cairo_text_extents(cairo, text.c_str(), &extents);
  return extents.x_advance;
}

struct Painter {
  cairo_t* cairo;

  void colour(const Colour& c) { cairo_set_source_rgba(cairo, c.red / 255.0, c.green / 255.0, c.blue / 255.0, c.alpha); }

  void operator()(const Rectangle& r) {
    colour(r.fill);
    cairo_rectangle(cairo, r.box.x, r.box.y, r.box.width, r.box.height);
    cairo_fill(cairo);
  }

  void operator()(const Lines& l) {
    colour(l.colour);
    cairo_set_line_width(cairo, l.width);
    cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
    cairo_set_dash(cairo, l.dash.data(), static_cast<int>(l.dash.size()), 0);
    for (const std::vector<Point>& piece : l.pieces)
      for (std::size_t k = 0; k < piece.size(); ++k) (k == 0 ? cairo_move_to : cairo_line_to)(cairo, piece[k].x, piece[k].y);
    cairo_stroke(cairo);
  }

  void operator()(const Discs& d) {
    colour(d.fill);
    for (const Point& p : d.centres) {
      cairo_arc(cairo, p.x, p.y, d.radius, 0, 2 * std::numbers::pi);
      cairo_fill(cairo);
    }
  }

  void operator()(const Text& t) {
    colour(t.colour);
    set_font(cairo, t.size, t.bold);
    const double shift = t.anchor == Anchor::start ? 0 : t.anchor == Anchor::middle ? 0.5 : 1;
    cairo_save(cairo);
    cairo_translate(cairo, t.at.x, t.at.y);
    if (t.turned) cairo_rotate(cairo, -std::numbers::pi / 2);
    cairo_move_to(cairo, -shift * advance(cairo, t.text), 0);
    cairo_show_text(cairo, t.text.c_str());
    cairo_restore(cairo);
  }
};

cairo_status_t append(void* out, const unsigned char* data, unsigned length) {
  static_cast<std::string*>(out)->append(reinterpret_cast<const char*>(data), length);
  return CAIRO_STATUS_SUCCESS;
}

}  // namespace

double text_width(std::string_view text, double size, bool bold) {
  const Canvas canvas(1, 1);
  set_font(canvas.cairo.get(), size, bold);
  return advance(canvas.cairo.get(), std::string(text));
}

std::string to_png(const Scene& scene, double scale) {
  const Canvas canvas(static_cast<int>(std::lround(scene.width * scale)), static_cast<int>(std::lround(scene.height * scale)));
  cairo_scale(canvas.cairo.get(), scale, scale);
  cairo_set_source_rgb(canvas.cairo.get(), 1, 1, 1);
  cairo_paint(canvas.cairo.get());
  Painter painter{canvas.cairo.get()};
  for (const Shape& shape : scene.shapes) std::visit(painter, shape);
  canvas.check();
  std::string out;
  if (cairo_surface_write_to_png_stream(canvas.surface.get(), append, &out) != CAIRO_STATUS_SUCCESS) throw std::runtime_error("cannot encode a plot as PNG");
  return out;
}

}  // namespace antidrome::plot
