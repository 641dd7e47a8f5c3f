#include "runtime/plot/style.hpp"

#include <algorithm>
#include <cmath>

namespace antidrome::plot::style {

Colour share(double value) {
  constexpr std::array<Colour, 5> stops{Colour{255, 255, 255}, {198, 219, 239}, {107, 174, 214}, {33, 113, 181}, {8, 48, 107}};
  const double at = std::clamp(value, 0.0, 1.0) * (stops.size() - 1);
  const std::size_t k = std::min(static_cast<std::size_t>(at), stops.size() - 2);
  const auto mix = [t = at - static_cast<double>(k)](std::uint8_t a, std::uint8_t b) { return static_cast<std::uint8_t>(std::lround(a + t * (b - a))); };
  return {mix(stops[k].red, stops[k + 1].red), mix(stops[k].green, stops[k + 1].green), mix(stops[k].blue, stops[k + 1].blue)};
}

Colour readable_on(const Colour& g) { return 0.299 * g.red + 0.587 * g.green + 0.114 * g.blue > 140 ? ink : white; }

}  // namespace antidrome::plot::style
