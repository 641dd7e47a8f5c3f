// Grid mode: spikes occur on the steps of a fixed grid. Iteration n takes the state at n dt to (n + 1) dt; time() is n dt throughout.
#include <algorithm>
#include <cmath>

#include "backends/reference/trial.hpp"

namespace antidrome::reference {
namespace {

std::uint32_t step_of(const Events& events, std::size_t k, double dt) {
  return events.step.empty() ? static_cast<std::uint32_t>(std::floor(events.time_ms[k] / dt)) : events.step[k];
}

/// Who sent what in which iteration.
class Outbox {
 public:
  explicit Outbox(const Trial& t) : sent_(t.model.cells.size(), std::vector<std::vector<Arrived>>(static_cast<std::size_t>(t.settings.steps))) {
    for (std::size_t c = 0, s = 0; c < t.model.cells.size(); ++c) {
      if (!t.model.program.cells[c].source) continue;
      const Events& events = t.sample.sources.at(s++);
      for (std::size_t k = 0; k < events.unit.size(); ++k)
        if (const std::uint32_t n = step_of(events, k, t.settings.dt_ms); n < sent_[c].size()) sent_[c][n].push_back({0, events.unit[k], from_data});
    }
  }

  void send(std::size_t cell, std::uint32_t step, std::size_t neuron, int spike) { sent_[cell][step].push_back({0, neuron, spike}); }

  /// Everything that is due in iteration n, on every edge.
  std::vector<Arrived> due(const Trial& t, std::uint32_t n) const {
    std::vector<Arrived> all;
    for (std::size_t e = 0; e < t.model.edges.size(); ++e) {
      const EdgeMaps& edge = t.model.edges[e];
      if (!edge.scattered) {
        const std::uint32_t delay = delay_in_steps(t, e, 0, 0);
        if (n >= delay)
          for (const Arrived& a : sent_[edge.pre][n - delay]) all.push_back({e, a.unit, a.spike});
        continue;
      }
      for (std::uint32_t sent = 0; sent <= n; ++sent)
        for (const Arrived& a : sent_[edge.pre][sent])
          for (std::size_t j = 0; j < t.model.cells[edge.post].size; ++j)
            if (sent + delay_in_steps(t, e, a.unit, j) == n) all.push_back({e, a.unit, a.spike, j});
    }
    return all;
  }

 private:
  /// Rounded to the grid; a spike of a population is found at the end of its step and acts in the next one at the earliest.
  static std::uint32_t delay_in_steps(const Trial& t, std::size_t e, std::size_t i, std::size_t j) {
    const double rounded = std::floor(t.model.delay_ms(e, t.parameters, i, j) / t.settings.dt_ms + 0.5);
    const double least = t.model.program.cells[t.model.edges[e].pre].source ? 0 : 1, most = t.settings.steps;
    return static_cast<std::uint32_t>(std::clamp(t.model.program.edges[e].delay_steps + rounded, least, most));
  }

  std::vector<std::vector<std::vector<Arrived>>> sent_;   ///< [cell][step]
};

}  // namespace

void run_grid(Trial& t) {
  Outbox outbox(t);
  for (t.step = 0; t.step < static_cast<std::uint32_t>(t.settings.steps) && !t.result.not_finite.seen; ++t.step) {
    const double time = t.step * t.settings.dt_ms;
    t.arrive(time, outbox.due(t, t.step));
    Values start = t.x;
    t.advance(time, t.settings.dt_ms, t.advanced(time, t.settings.dt_ms));
    std::vector<Fired> fired;
    for (std::size_t c = 0; c < t.model.cells.size(); ++c)
      for (std::size_t n = 0; n < t.model.cells[c].size && !t.model.cells[c].threshold.empty(); ++n)
        if (t.threshold(t.x, time, c, n) >= 0) {
          fired.push_back({c, n, t.new_spike(c, n, time), by_threshold});
          outbox.send(c, t.step, n, fired.back().spike);
        }
    t.jump(time, std::move(fired), std::move(start));
    t.after(time);
    t.step_loss(time);
    t.trace();
  }
}

}  // namespace antidrome::reference
