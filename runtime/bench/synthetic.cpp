// Events of samples that nobody has recorded.
#include "runtime/bench/bench.hpp"

#include <algorithm>
#include <random>

namespace antidrome::bench {

SyntheticData::SyntheticData(const Shape& s, Activity activity, std::size_t samples)
    : SyntheticData({static_cast<std::uint32_t>(s.inputs)}, static_cast<std::uint32_t>(s.outputs), s.events, s.length_ms, activity, samples) {}

SyntheticData::SyntheticData(std::vector<std::uint32_t> source_sizes, std::uint32_t classes, int n_events, double length_ms, Activity activity, std::size_t samples)
    : source_sizes_(std::move(source_sizes)), classes_(std::max(classes, 1u)) {
  std::mt19937 g(3);
  const double end = activity == Activity::throughout ? length_ms : 0.7 * length_ms;
  const auto below = [&](int n) { return static_cast<int>(g() % static_cast<unsigned>(n)); };
  const auto share = [&] { return double(g() >> 5) / 0x1p27; };
  for (std::size_t k = 0; k < samples; ++k) {
    data::EventSample sample;
    sample.label = static_cast<std::int32_t>(k % classes_);
    std::vector<double> volleys;
    for (int v = 0; v < 12; ++v) volleys.push_back(share() * end);
    for (const std::uint32_t size : source_sizes_) {
      const int units = static_cast<int>(size);
      auto& events = sample.sources.emplace_back();
      for (int e = 0; e < n_events; ++e) {
        double time = share() * end;
        if (activity == Activity::bursty && e % 5 != 0) time = std::min(volleys[static_cast<std::size_t>(below(12))] + share() * 0.02 * length_ms, end);   // four of five lie in a volley
        events.push_back({time, static_cast<std::uint16_t>(n_events <= units ? e : below(units))});
      }
      std::sort(events.begin(), events.end(), [](const data::Event& a, const data::Event& b) { return a.time_ms != b.time_ms ? a.time_ms < b.time_ms : a.unit < b.unit; });
    }
    samples_.push_back(std::move(sample));
  }
}

}  // namespace antidrome::bench
