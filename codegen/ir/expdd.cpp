// Divided differences of exp: exp[x0] = e^x0, exp[x0 … xn] = (exp[x1 … xn] - exp[x0 … x(n-1)]) / (xn - x0), and the limit where
// points coincide. The recurrence cancels when points are close; the series below has positive terms only and never does.
#include <algorithm>
#include <cmath>
#include <vector>

#include "codegen/ir/expr.hpp"

namespace antidrome::ir {
namespace {

/// Up to this spread the series is summed: about spread + 40 terms, each within a few ulp. Beyond it neighbours in the
/// recurrence differ by a factor of e^(spread / n) or more, so that the difference loses nothing.
constexpr double series_spread = 32;

/// exp[x0 … xn] = e^x0 sum_k h_k(x - x0) / (k + n)!, h_k the complete homogeneous symmetric polynomial; x0 the smallest point.
double by_series(std::span<const double> x) {
  const std::size_t n = x.size() - 1;
  double term0 = 1;
  for (std::size_t k = 2; k <= n; ++k) term0 /= static_cast<double>(k);
  thread_local std::vector<double> term;
  term.assign(x.size(), term0);  // term[j]: the k-th term of the points 0 … j, over (k + n)!
  double sum = term0;
  const double spread = x[n] - x[0];
  for (double k = 1;; ++k) {
    term[0] = 0;
    for (std::size_t j = 1; j <= n; ++j) term[j] = term[j - 1] + (x[j] - x[0]) * term[j] / (k + static_cast<double>(n));
    sum += term[n];
    if (k > spread && term[n] <= sum * 1e-18) break;
  }
  return std::exp(x[0]) * sum;
}

/// exp[a, b] = e^b (1 - e^-(b - a)) / (b - a), a <= b: no cancellation at any distance.
double of_two(double a, double b) {
  const double d = b - a;
  return d == 0 ? std::exp(b) : std::exp(b) * (-std::expm1(-d) / d);
}

double of_sorted(std::span<const double> x) {
  if (x.size() == 1) return std::exp(x[0]);
  if (x.size() == 2) return of_two(x[0], x[1]);
  if (x.back() - x.front() <= series_spread) return by_series(x);
  return (of_sorted(x.subspan(1)) - of_sorted(x.first(x.size() - 1))) / (x.back() - x.front());
}

}  // namespace

double exp_divided_difference(std::span<const double> points) {
  thread_local std::vector<double> x;
  x.assign(points.begin(), points.end());
  for (const double p : x)
    if (!std::isfinite(p)) return std::nan("");
  std::sort(x.begin(), x.end());
  return of_sorted(x);
}

}  // namespace antidrome::ir
