// How time grows with what there is to do.
#include "runtime/bench/bench.hpp"

#include <algorithm>
#include <cmath>

namespace antidrome::bench {

std::vector<Scaled> scaled(const Shape& shape, std::size_t batch, const std::string& quantity) {
  std::vector<Scaled> out;
  for (const double factor : {0.25, 0.5, 1.0, 2.0, 4.0}) {
    Scaled s{shape, batch, 0};
    if (quantity == "batch") {
      s.batch = std::max<std::size_t>(1, static_cast<std::size_t>(double(batch) * factor + 0.5));
      s.amount = double(s.batch);
    } else if (quantity == "length") {
      s.amount = s.shape.length_ms *= factor;
      s.shape.events = static_cast<int>(shape.events * factor + 0.5);   // so many a step as before
    } else {
      s.amount = s.shape.events = static_cast<int>(shape.events * factor + 0.5);
    }
    out.push_back(std::move(s));
  }
  return out;
}

Line line_through(const std::vector<double>& x, const std::vector<double>& y) {
  double w = 0, wx = 0, wy = 0, wxx = 0, wxy = 0;
  for (std::size_t k = 0; k < x.size(); ++k) {
    const double weight = 1 / (y[k] * y[k]);
    w += weight, wx += weight * x[k], wy += weight * y[k], wxx += weight * x[k] * x[k], wxy += weight * x[k] * y[k];
  }
  Line line;
  line.slope = (w * wxy - wx * wy) / (w * wxx - wx * wx);
  line.constant = (wy - line.slope * wx) / w;
  for (std::size_t k = 0; k < x.size(); ++k) line.largest = std::max(line.largest, std::abs(line.constant + line.slope * x[k] - y[k]) / y[k]);
  return line;
}

}  // namespace antidrome::bench
