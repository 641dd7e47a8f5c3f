// Compiled with -ffp-contract=off: a fused multiply-add would move points across the borders of the classes.
#include "runtime/data/kinds/yinyang.hpp"

#include "runtime/data/kinds/kind.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <random>
#include <utility>

namespace antidrome::data {
namespace {

constexpr double r_small = 0.1, r_big = 0.5;

// The generator of NumPy's RandomState: the plain Mersenne twister, and its two ways to draw.
class RandomState {
 public:
  explicit RandomState(std::uint32_t seed) : engine_(seed) {}
  // randint(3): two low bits, drawn again when they are 3
  std::int32_t below_three() {
    for (;;)
      if (const auto bits = static_cast<std::int32_t>(engine_() & 3u); bits < 3) return bits;
  }
  // rand(): 53 bits from two words
  double uniform() {
    const auto high = static_cast<double>(engine_() >> 5), low = static_cast<double>(engine_() >> 6);
    return (high * 67108864.0 + low) / 9007199254740992.0;
  }

 private:
  std::mt19937 engine_;
};

double length(double x, double y) { return std::sqrt(x * x + y * y); }

std::int32_t class_of(double x, double y) {
  const double right = length(x - 1.5 * r_big, y - r_big), left = length(x - 0.5 * r_big, y - r_big);
  if (right < r_small || left < r_small) return 2;
  const bool yang = right <= r_small || (left > r_small && left <= 0.5 * r_big) || (y > r_big && right > 0.5 * r_big);
  return yang ? 1 : 0;
}

class YinYang final : public Dataset {
 public:
  YinYang(std::string name, std::vector<YinYangPoint> points, YinYangCode code) : name_(std::move(name)), points_(std::move(points)), code_(code) {}
  std::string name() const override { return name_; }
  std::size_t size() const override { return points_.size(); }
  const std::vector<std::uint32_t>& source_sizes() const override { return sizes_; }
  std::uint32_t classes() const override { return 3; }
  SampleInfo info(std::size_t index) const override { return {.label = points_.at(index).label}; }

  void read(std::size_t index, EventSample& into) const override {
    const YinYangPoint& p = points_.at(index);
    into.label = p.label;
    into.sources.resize(1);
    const double values[] = {p.x, p.y, 1 - p.x, 1 - p.y};
    std::vector<Event>& events = into.sources[0];
    events.clear();
    for (std::uint16_t unit = 0; unit < 4; ++unit) events.push_back({code_.t_min_ms + values[unit] * (code_.t_max_ms - code_.t_min_ms), unit});
    events.push_back({code_.bias_ms, 4});
    std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) { return std::pair(a.time_ms, a.unit) < std::pair(b.time_ms, b.unit); });
  }

 private:
  std::string name_;
  std::vector<YinYangPoint> points_;
  YinYangCode code_;
  std::vector<std::uint32_t> sizes_{5};
};

std::vector<YinYangPoint> points_of(const OptionReader& options, Split split) {
  constexpr std::array<std::uint64_t, 3> sizes{5000, 1000, 1000}, seeds{42, 41, 40};  // of the published sets
  const auto s = static_cast<std::size_t>(split);
  const std::string name = to_string(split);
  const std::uint64_t size = options.count(name + "_size", sizes[s], 1u << 30);
  return yinyang_points(size, static_cast<std::uint32_t>(options.count(name + "_seed", seeds[s], UINT32_MAX)));
}

std::unique_ptr<Dataset> open(const OptionReader& options, std::string_view, Split split) {
  constexpr std::string_view encodings[] = {"latency"};
  options.choice("encoding", "latency", encodings, "AD502");
  const CodeWindow t = read_window(options, 30);
  const YinYangCode code{options.number("t_min_ms", 2 * t.dt_ms, 0, t.trial_ms), options.number("t_max_ms", t.window_ms - 2 * t.dt_ms, 0, t.trial_ms),
                         options.number("bias_ms", 0, 0, t.trial_ms)};
  std::vector<YinYangPoint> points = points_of(options, split);
  if (points.empty()) return nullptr;
  return make_yinyang(fmt::format("yinyang {}", to_string(split)), std::move(points), code);
}

constexpr std::string_view keys[] = {"encoding", "window_ms", "t_min_ms", "t_max_ms", "bias_ms", "train_size", "validation_size", "test_size", "train_seed", "validation_seed", "test_seed"};

}  // namespace

const Kind yinyang_kind{"yinyang", keys, false, open, [] { return std::vector<std::string>{"yin", "yang", "dot"}; }};

std::vector<YinYangPoint> yinyang_points(const DatasetOptions& options, Split split) { return points_of(OptionReader(options), split); }

std::vector<YinYangPoint> yinyang_points(std::size_t size, std::uint32_t seed) {
  RandomState random(seed);
  std::vector<YinYangPoint> points;
  points.reserve(size);
  for (std::size_t k = 0; k < size; ++k) {
    const std::int32_t goal = random.below_three();  // balances the classes
    for (;;) {
      const double x = random.uniform() * 2 * r_big, y = random.uniform() * 2 * r_big;
      if (length(x - r_big, y - r_big) > r_big || class_of(x, y) != goal) continue;
      points.push_back({x, y, goal});
      break;
    }
  }
  return points;
}

std::unique_ptr<Dataset> make_yinyang(std::string name, std::vector<YinYangPoint> points, YinYangCode code) {
  return std::make_unique<YinYang>(std::move(name), std::move(points), code);
}

}  // namespace antidrome::data
