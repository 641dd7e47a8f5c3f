#include "runtime/plot/scene.hpp"

#include <fmt/format.h>

namespace antidrome::plot {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') out += "&amp;";
    else if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '"') out += "&quot;";
    else if (static_cast<unsigned char>(c) >= 0x20) out += c;  // control characters are not allowed in XML
  }
  return out;
}

// A hundredth of a pixel is enough; "3", not "3.00".
std::string number(double value) {
  std::string out = fmt::format("{:.2f}", value);
  while (out.back() == '0') out.pop_back();
  if (out.back() == '.') out.pop_back();
  return out == "-0" ? "0" : out;
}

std::string paint(const char* what, const Colour& c) {
  std::string out = fmt::format(" {}=\"#{:02x}{:02x}{:02x}\"", what, c.red, c.green, c.blue);
  if (c.alpha < 1) out += fmt::format(" {}-opacity=\"{}\"", what, number(c.alpha));
  return out;
}

struct Writer {
  std::string out;

  void operator()(const Rectangle& r) {
    out += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"{}/>\n", number(r.box.x), number(r.box.y), number(r.box.width), number(r.box.height), paint("fill", r.fill));
  }

  void operator()(const Lines& l) {
    if (l.pieces.empty()) return;
    out += "<path d=\"";
    for (const std::vector<Point>& piece : l.pieces)
      for (std::size_t k = 0; k < piece.size(); ++k) out += fmt::format("{}{} {}", k == 0 ? "M" : "L", number(piece[k].x), number(piece[k].y));
    out += fmt::format("\" fill=\"none\"{} stroke-width=\"{}\" stroke-linejoin=\"round\"", paint("stroke", l.colour), number(l.width));
    for (std::size_t k = 0; k < l.dash.size(); ++k) out += fmt::format("{}{}", k == 0 ? " stroke-dasharray=\"" : " ", number(l.dash[k]));
    out += l.dash.empty() ? "/>\n" : "\"/>\n";
  }

  void operator()(const Discs& d) {
    if (d.centres.empty()) return;
    out += fmt::format("<g{}>\n", paint("fill", d.fill));
    for (const Point& p : d.centres) out += fmt::format("<circle cx=\"{}\" cy=\"{}\" r=\"{}\"/>\n", number(p.x), number(p.y), number(d.radius));
    out += "</g>\n";
  }

  void operator()(const Text& t) {
    const char* anchor = t.anchor == Anchor::start ? "" : t.anchor == Anchor::middle ? " text-anchor=\"middle\"" : " text-anchor=\"end\"";
    const std::string turn = t.turned ? fmt::format(" transform=\"rotate(-90 {} {})\"", number(t.at.x), number(t.at.y)) : "";
    out += fmt::format("<text x=\"{}\" y=\"{}\" font-size=\"{}\"{}{}{}{}>{}</text>\n", number(t.at.x), number(t.at.y), number(t.size), anchor, t.bold ? " font-weight=\"bold\"" : "", turn,
                       paint("fill", t.colour), escaped(t.text));
  }
};

}  // namespace

std::string to_svg(const Scene& scene) {
  Writer w;
  w.out = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
      "font-family=\"'DejaVu Sans', Verdana, sans-serif\" role=\"img\">\n<title>{2}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n",
      number(scene.width), number(scene.height), escaped(scene.title));
  for (const Shape& shape : scene.shapes) std::visit(w, shape);
  return w.out + "</svg>\n";
}

}  // namespace antidrome::plot
