#include "backends/cuda/device/events.hpp"

#include <algorithm>

namespace antidrome::cuda {

PackedEvents pack_events(std::span<const antidrome_sample> samples, std::size_t source, std::uint32_t units, std::uint32_t steps) {
  PackedEvents p;
  p.group.reserve(samples.size() * (steps + std::size_t{1}));
  p.unit_group.reserve(samples.size() * (units + std::size_t{1}));
  const auto fill_up = [](std::vector<std::uint32_t>& list, std::uint32_t with) { list.resize((list.size() + 3) / 4 * 4, with); };
  for (const antidrome_sample& sample : samples) {
    const antidrome_events& e = sample.sources[source];
    for (std::uint32_t t = 0; t < steps; ++t) {
      p.group.push_back(static_cast<std::uint32_t>(p.unit.size() / 4));
      const std::size_t first = p.unit.size();
      p.unit.insert(p.unit.end(), e.unit + e.step_begin[t], e.unit + e.step_begin[t + 1]);
      // events of one unit in one step lie side by side: one thread sees to all of them
      if (!std::is_sorted(p.unit.begin() + static_cast<std::ptrdiff_t>(first), p.unit.end())) std::sort(p.unit.begin() + static_cast<std::ptrdiff_t>(first), p.unit.end());
      fill_up(p.unit, units);
    }
    p.group.push_back(static_cast<std::uint32_t>(p.unit.size() / 4));
    for (std::uint32_t j = 0; j < units; ++j) {
      p.unit_group.push_back(static_cast<std::uint32_t>(p.step.size() / 4));
      p.step.insert(p.step.end(), e.step + e.unit_begin[j], e.step + e.unit_begin[j + 1]);
      fill_up(p.step, steps);
    }
    p.unit_group.push_back(static_cast<std::uint32_t>(p.step.size() / 4));
  }
  return p;
}

}  // namespace antidrome::cuda
