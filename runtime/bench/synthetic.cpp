// Events of samples that nobody has recorded.
#include "runtime/bench/bench.hpp"

#include <algorithm>
#include <random>

namespace antidrome::bench {

SyntheticData::SyntheticData(const Shape& s, Activity activity, std::size_t samples) : source_sizes_{static_cast<std::uint32_t>(s.inputs)}, classes_(static_cast<std::uint32_t>(s.outputs)) {
  std::mt19937 g(3);
  const double end = 0.7 * s.length_ms;
  const auto below = [&](int n) { return static_cast<int>(g() % static_cast<unsigned>(n)); };
  const auto share = [&] { return double(g() >> 5) / 0x1p27; };
  for (std::size_t k = 0; k < samples; ++k) {
    data::EventSample sample;
    sample.label = static_cast<std::int32_t>(k % classes_);
    auto& events = sample.sources.emplace_back();
    std::vector<double> volleys;
    for (int v = 0; v < 12; ++v) volleys.push_back(share() * end);
    for (int e = 0; e < s.events; ++e) {
      double time = share() * end;
      if (activity == Activity::bursty && e % 5 != 0) time = std::min(volleys[static_cast<std::size_t>(below(12))] + share() * 0.02 * s.length_ms, end);   // four of five lie in a volley
      events.push_back({time, static_cast<std::uint16_t>(s.events <= s.inputs ? e : below(s.inputs))});
    }
    std::sort(events.begin(), events.end(), [](const data::Event& a, const data::Event& b) { return a.time_ms != b.time_ms ? a.time_ms < b.time_ms : a.unit < b.unit; });
    samples_.push_back(std::move(sample));
  }
}

}  // namespace antidrome::bench
