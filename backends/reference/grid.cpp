// Grid mode: spikes occur on the steps of a fixed grid. Iteration n takes the state at n dt to (n + 1) dt; time() is n dt throughout.
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
  std::vector<Arrived> due(const Model& model, std::uint32_t n) const {
    std::vector<Arrived> all;
    for (std::size_t e = 0; e < model.edges.size(); ++e) {
      const auto delay = static_cast<std::uint32_t>(model.program.edges[e].delay_steps);
      if (n < delay) continue;
      for (Arrived a : sent_[model.edges[e].pre][n - delay]) {
        a.edge = e;
        all.push_back(a);
      }
    }
    return all;
  }

 private:
  std::vector<std::vector<std::vector<Arrived>>> sent_;   ///< [cell][step]
};

}  // namespace

void run_grid(Trial& t) {
  Outbox outbox(t);
  for (t.step = 0; t.step < static_cast<std::uint32_t>(t.settings.steps) && !t.result.not_finite.seen; ++t.step) {
    const double time = t.step * t.settings.dt_ms;
    t.arrive(time, outbox.due(t.model, t.step));
    Values start = t.x;
    t.advance(time, t.settings.dt_ms);
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
