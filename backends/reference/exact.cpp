// Exact mode: continuous time. Everything moves from event to event; an event is a source's spike, a crossing of a threshold
// located inside the step, a delayed arrival, or a point of the dt grid, where step hooks run.
//
// Order at one instant: step hooks of a grid point, then source events (time, source, unit), then arrivals that were under way (in the
// order in which they were sent), then crossings (cell, neuron). A spike:
// own jump, then its arrivals edge after edge in the Program's order, then the spikes that these caused, in the same order.
#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <tuple>
#include <utility>

#include "backends/reference/trial.hpp"

namespace antidrome::reference {
namespace {

constexpr int most_spikes_in_a_step = 100;    // per neuron: beyond that the network fires without end, at one instant or ever faster

struct Due {
  double time;
  std::size_t cell, unit;
};

class ExactRun {
 public:
  explicit ExactRun(Trial& t) : t_(t) {
    for (std::size_t c = 0, s = 0; c < t.model.cells.size(); ++c) {
      if (!t.model.program.cells[c].source) continue;
      const Events& events = t.sample.sources.at(s++);
      for (std::size_t k = 0; k < events.unit.size(); ++k) due_.push_back({events.time_ms[k], c, events.unit[k]});
    }
    for (const auto& c : t.model.cells) most_ += most_spikes_in_a_step * static_cast<int>(c.size);
    std::sort(due_.begin(), due_.end(), [](const Due& a, const Due& b) { return std::tie(a.time, a.cell, a.unit) < std::tie(b.time, b.cell, b.unit); });
  }

  void run() {
    const auto steps = static_cast<std::uint32_t>(t_.settings.steps);
    while (t_.step < steps && !t_.result.not_finite.seen) {
      deliver_events();
      const double grid_point = (t_.step + 1) * t_.settings.dt_ms;
      double stop = next_ < due_.size() ? std::min(grid_point, due_[next_].time) : grid_point;
      if (!under_way_.empty()) stop = std::min(stop, under_way_.begin()->first.first);
      move_to(stop);
      if (stop != grid_point) continue;
      t_.after(time_);
      t_.step_loss(time_);
      t_.trace();
      ++t_.step;
      spikes_in_step_ = 0;
    }
  }

 private:
  void deliver_events() {
    for (; next_ < due_.size() && due_[next_].time <= time_; ++next_) {
      send(due_[next_].cell, due_[next_].unit, from_data);
      settle();
    }
    while (!under_way_.empty() && under_way_.begin()->first.first <= time_) {
      const Arrived a = under_way_.begin()->second;
      under_way_.erase(under_way_.begin());
      arrive({a}, a.spike, a);
      settle();
    }
  }

  /// From now to `stop`, pausing at every crossing.
  void move_to(double stop) {
    while (time_ < stop && !t_.result.not_finite.seen) {
      const std::vector<double> before = thresholds(t_.x, time_);
      const double whole = stop - time_;
      Values full = t_.advanced(time_, whole);
      const double h = first_crossing(before, full, whole);
      ++t_.result.events;
      t_.advance(time_, h, h == whole ? std::move(full) : t_.advanced(time_, h));
      time_ = h == whole ? stop : time_ + h;
      const auto crossed = lifted(before, thresholds(t_.x, time_));
      if (crossed.size() > 1) t_.result.ties += static_cast<std::uint32_t>(crossed.size()) - 1;
      for (const auto& [cell, neuron] : crossed) pending_.push_back({cell, neuron, 0, by_threshold});
      settle();
    }
  }

  /// Length of the step to the first crossing, or `whole` when there is none on the way to the state `full`.
  double first_crossing(const std::vector<double>& before, const Values& full, double whole) const {
    double first = whole;
    for (const auto& [cell, neuron] : lifted(before, thresholds(full, time_ + whole))) first = std::min(first, crossing_of(cell, neuron, whole));
    return first;
  }

  /// The crossing of one neuron's step to the last bit of time: g(low) < 0 <= g(high), and no time lies between. By secants, which close in on it
  /// from one side and then step over it; by halves where two of them have not made that much progress.
  double crossing_of(std::size_t cell, std::size_t neuron, double high) const {
    const CellMaps& c = t_.model.cells[cell];
    Values x = t_.x;
    const auto g = [&](double h) {
      Frame f = t_.frame(t_.x, time_, neuron);
      f.h = h;
      const std::vector<double>& value = c.advance(f);
      for (std::size_t k = 0; k < c.advance.targets().size(); ++k) x[c.advance.targets()[k].index + neuron] = value[k];
      return t_.threshold(x, time_ + h, cell, neuron);
    };
    const double step_over = 4 * (std::nextafter(time_ + high, 2 * (time_ + high)) - (time_ + high));
    double low = 0, g_low = t_.threshold(t_.x, time_, cell, neuron), g_high = g(high), width_before[2] = {4 * high, 4 * high};
    for (;;) {
      const double middle = low + (high - low) / 2;
      if (middle <= low || middle >= high || time_ + middle == time_ + low || time_ + middle == time_ + high) return high;
      double h = low + (high - low) * (-g_low / (g_high - g_low));
      if (high - low <= 2 * step_over || !(2 * (high - low) <= width_before[1]) || !std::isfinite(h)) h = middle;
      else h = std::clamp(h, low + step_over, high - step_over);
      width_before[1] = std::exchange(width_before[0], high - low);
      const double g_h = g(h);
      if (g_h >= 0) high = h, g_high = g_h;
      else low = h, g_low = g_h;
    }
  }

  std::vector<double> thresholds(const Values& x, double time) const {
    std::vector<double> g;
    for (std::size_t c = 0; c < t_.model.cells.size(); ++c)
      for (std::size_t n = 0; n < t_.model.cells[c].size && !t_.model.cells[c].threshold.empty(); ++n) g.push_back(t_.threshold(x, time, c, n));
    return g;
  }

  /// Neurons whose g was below zero and is not any more, by cell and neuron.
  std::vector<std::pair<std::size_t, std::size_t>> lifted(const std::vector<double>& before, const std::vector<double>& now) const {
    std::vector<std::pair<std::size_t, std::size_t>> found;
    std::size_t k = 0;
    for (std::size_t c = 0; c < t_.model.cells.size(); ++c)
      for (std::size_t n = 0; n < t_.model.cells[c].size && !t_.model.cells[c].threshold.empty(); ++n, ++k)
        if (before[k] < 0 && now[k] >= 0) found.emplace_back(c, n);
    return found;
  }

  /// All that is pending fires, and what that causes.
  void settle() {
    while (!pending_.empty()) {
      Fired s = pending_.front();
      pending_.pop_front();
      if (++spikes_in_step_ > most_) {
        t_.result.not_finite = {true, false, s.cell, s.neuron, NotFinite::no_state, t_.step};
        return pending_.clear();
      }
      s.spike = t_.new_spike(s.cell, s.neuron, time_);
      t_.jump(time_, {s}, {});
      if (t_.threshold(t_.x, time_, s.cell, s.neuron) >= 0) add_pending({s.cell, s.neuron, 0, s.spike});   // still above after its reset: again at once
      send(s.cell, s.neuron, s.spike);
    }
  }

  void send(std::size_t cell, std::size_t unit, int spike) {
    std::vector<Arrived> now;
    for (std::size_t e = 0; e < t_.model.edges.size(); ++e) {
      const EdgeMaps& edge = t_.model.edges[e];
      const double steps = t_.model.program.edges[e].delay_steps * t_.settings.dt_ms;
      if (edge.pre != cell) continue;
      if (!edge.delay && steps == 0) now.push_back({e, unit, spike});
      else if (!edge.scattered) post(steps, {e, unit, spike, all_targets});
      else
        for (std::size_t j = 0; j < t_.model.cells[edge.post].size; ++j) post(steps, {e, unit, spike, j});
    }
    arrive(now, spike, {});
  }

  void post(double steps, const Arrived& a) {
    const std::size_t j = a.target == all_targets ? 0 : a.target;
    under_way_[{time_ + steps + t_.model.delay_ms(a.edge, t_.parameters, a.unit, j), sent_++}] = a;
  }

  /// One after the other at this instant; who is lifted over its threshold by them fires.
  void arrive(const std::vector<Arrived>& arrivals, int spike, const std::optional<Arrived>& delayed) {
    const std::vector<double> before = thresholds(t_.x, time_);
    for (const Arrived& a : arrivals) t_.arrive(time_, {a});
    for (const auto& [c, n] : lifted(before, thresholds(t_.x, time_))) add_pending({c, n, 0, spike, delayed});
  }

  void add_pending(const Fired& fired) {
    for (const Fired& f : pending_)
      if (f.cell == fired.cell && f.neuron == fired.neuron) return;
    pending_.push_back(fired);
  }

  Trial& t_;
  double time_ = 0;
  std::vector<Due> due_;
  std::size_t next_ = 0;
  std::map<std::pair<double, std::size_t>, Arrived> under_way_;   ///< by time of arrival, then in the order of sending
  std::size_t sent_ = 0;
  std::deque<Fired> pending_;
  int spikes_in_step_ = 0, most_ = 0;
};

}  // namespace

void run_exact(Trial& t) { ExactRun(t).run(); }

}  // namespace antidrome::reference
