#include "backends/reference/trial.hpp"

#include <cmath>

namespace antidrome::reference {

Trial::Trial(const Model& m, const Sample& s, const Parameters& p, const Settings& settings_now, Result& r)
    : model(m), sample(s), parameters(p), settings(settings_now), result(r), x(m.values), sums(m.gather_sums), memos_(m.map_count) {
  for (const CellMaps& c : model.cells)
    for (std::size_t n = 0; n < c.size && !c.initial.empty(); ++n) {
      const std::vector<double>& start = c.initial(frame(x, 0, n));
      for (std::size_t k = 0; k < c.states; ++k) x[c.offset + k * c.size + n] = start[k];
    }
}

Frame Trial::frame(const Values& state, double time, std::size_t neuron) const {
  Frame f;
  f.neuron = neuron;
  f.x = &state;
  f.parameters = &parameters;
  f.gathers = &sums;
  f.time = time;
  f.dt = settings.dt_ms;
  f.trial = end();
  f.training = settings.training ? 1 : 0;
  f.seed = settings.seed;
  f.epoch = static_cast<std::uint32_t>(settings.epoch);
  f.sample = static_cast<std::uint32_t>(sample.index);
  f.step = step;
  f.memos = &memos_;
  return f;
}

Record& Trial::record(Record::Kind kind, double time, double h) {
  Record& r = records.emplace_back();
  r.kind = kind;
  r.time = time;
  r.h = h;
  r.step = step;
  r.before = x;
  return r;
}

double Trial::threshold(const Values& state, double time, std::size_t cell, std::size_t neuron) const {
  return model.cells[cell].threshold.value(frame(state, time, neuron));
}

std::pair<std::size_t, std::size_t> Trial::targets_of(const Arrived& a) const {
  if (a.target != all_targets) return {a.target, a.target + 1};
  return {0, model.cells[model.edges[a.edge].post].size};
}

int Trial::new_spike(std::size_t cell, std::size_t neuron, double time) {
  result.spikes[cell].push_back({static_cast<std::uint32_t>(neuron), step, time});
  return spikes++;
}

/// x+ = x- + sum over edges of (arrive_e(x-) - x-): the increments of several edges, and of several spikes at the source, add up.
void Trial::arrive(double time, std::vector<Arrived> arrived) {
  if (arrived.empty()) return;
  std::vector<bool> touched(model.edges.size());
  std::fill(sums.begin(), sums.end(), 0.0);
  Values next = x;
  const auto increment = [&](const Map& map, std::size_t neuron) {
    const std::vector<double>& value = map(frame(x, time, neuron));
    for (std::size_t k = 0; k < map.targets().size(); ++k) {
      const std::size_t at = map.targets()[k].index + neuron;
      next[at] += value[k] - x[at];
    }
  };
  for (const Arrived& a : arrived) {
    const EdgeMaps& e = model.edges[a.edge];
    const auto [first, last] = targets_of(a);
    touched[a.edge] = true;
    for (const GatherMaps& g : e.gathers) {
      if (g.continuous) continue;
      const double factor = g.factor.value(frame(x, time, a.unit));
      for (std::size_t j = first; j < last; ++j)
        if (model.connected(model.program.edges[a.edge], a.unit, j)) sums[g.offset + j] += factor * model.weight(g, parameters, a.unit, j);
    }
    if (!e.arrive_pre.empty()) increment(e.arrive_pre, a.unit);
  }
  for (std::size_t e = 0; e < model.edges.size(); ++e)
    for (std::size_t j = 0; touched[e] && !model.edges[e].arrive_post.empty() && j < model.cells[model.edges[e].post].size; ++j)
      increment(model.edges[e].arrive_post, j);
  Record& r = record(Record::Kind::arrive, time, 0);
  r.arrived = std::move(arrived);
  r.gathers = sums;
  x = std::move(next);
  sum_couplings(x, time);   // what the flow after these arrivals sees; its entries are zero in the sums of arrivals
  for (std::size_t k = 0; k < sums.size(); ++k) r.gathers[k] += sums[k];
}

void Trial::sum_couplings(const Values& state, double time) {
  std::fill(sums.begin(), sums.end(), 0.0);
  for (std::size_t k = 0; k < model.edges.size(); ++k) {
    const EdgeMaps& e = model.edges[k];
    for (const GatherMaps& g : e.gathers) {
      if (!g.continuous) continue;
      for (std::size_t i = 0; i < model.cells[e.pre].size; ++i) {
        const double factor = g.factor.value(frame(state, time, i));
        for (std::size_t j = 0; j < model.cells[e.post].size; ++j)
          if (model.connected(model.program.edges[k], i, j)) sums[g.offset + j] += factor * model.weight(g, parameters, i, j);
      }
    }
  }
}

Values Trial::advanced(double time, double h) {
  sum_couplings(x, time);
  Values next = x;
  for (const CellMaps& c : model.cells)
    for (std::size_t n = 0; n < c.size && !c.advance.empty(); ++n) {
      Frame f = frame(x, time, n);
      f.h = h;
      const std::vector<double>& value = c.advance(f);
      for (std::size_t k = 0; k < value.size(); ++k) next[c.advance.targets()[k].index + n] = value[k];
    }
  return next;
}

void Trial::advance(double time, double h, Values next) {
  Record& r = record(Record::Kind::advance, time, h);
  r.gathers = sums;
  x = std::move(next);
  check_finite();
}

void Trial::jump(double time, std::vector<Fired> fired, Values start) {
  if (fired.empty()) return;
  Values next = x;
  for (const Fired& s : fired) {
    const Map& map = model.cells[s.cell].jump;
    if (map.empty()) continue;
    const std::vector<double>& value = map(frame(x, time, s.neuron));
    for (std::size_t k = 0; k < map.targets().size(); ++k) next[map.targets()[k].index + s.neuron] = value[k];
  }
  Record& r = record(Record::Kind::jump, time, 0);
  r.fired = std::move(fired);
  r.start = std::move(start);
  r.gathers = sums;
  x = std::move(next);
}

void Trial::after(double time) {
  Values next = x;
  for (const CellMaps& c : model.cells)
    for (std::size_t n = 0; n < c.size && !c.after.empty(); ++n) {
      const std::vector<double>& value = c.after(frame(x, time, n));
      for (std::size_t k = 0; k < c.after.targets().size(); ++k) next[c.after.targets()[k].index + n] = value[k];
    }
  record(Record::Kind::after, time, 0);
  x = std::move(next);
}

void Trial::step_loss(double time) {
  for (const ir::ProgramLoss& l : model.program.losses)
    if (l.when == ir::Loss::When::each_step) {
      record(Record::Kind::step_loss, time, 0);
      return;
    }
}

void Trial::trace() {
  if (!settings.traces) return;
  std::size_t k = 0;
  for (const CellMaps& c : model.cells)
    for (std::size_t s = 0; s < c.states; ++s, ++k) {
      const auto row = x.begin() + static_cast<std::ptrdiff_t>(c.offset + s * c.size);
      result.traces[k].insert(result.traces[k].end(), row, row + static_cast<std::ptrdiff_t>(c.size));
    }
}

void Trial::check_finite() {
  for (std::size_t c = 0; c < model.cells.size(); ++c)
    for (std::size_t s = 0; s < model.cells[c].states; ++s)
      for (std::size_t n = 0; n < model.cells[c].size; ++n)
        if (!result.not_finite.seen && !std::isfinite(x[model.cells[c].offset + s * model.cells[c].size + n]))
          result.not_finite = {true, false, c, n, s, step};
}

}  // namespace antidrome::reference
