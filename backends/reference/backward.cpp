// The records of a trial undone in reverse order. lambda on the right-hand side of every update is the value at the later side.
#include <algorithm>
#include <cmath>

#include "backends/reference/trial.hpp"

namespace antidrome::reference {
namespace {

class Backward {
 public:
  explicit Backward(Trial& t) : t_(t), m_(t.model), lambda_(m_.values), acc_(static_cast<std::size_t>(t.spikes)) {
    t.result.gradients.resize(m_.program.parameters.size());
    for (std::size_t p = 0; p < m_.program.parameters.size(); ++p)
      if (m_.program.parameters[p].trainable) t.result.gradients[p].assign(t.parameters[p].size(), 0.0);
  }

  void run() {
    if (t_.settings.adjoints)
      for (const CellMaps& c : m_.cells) t_.result.adjoints.insert(t_.result.adjoints.end(), c.states, std::vector<double>(c.size * static_cast<std::size_t>(t_.settings.steps)));
    for (const ir::ProgramLoss& l : m_.program.losses)
      if (l.when == ir::Loss::When::end) add_loss_seeds(t_, l, t_.x, t_.end(), 1, lambda_, t_.result.gradients);
    for (auto r = t_.records.rbegin(); r != t_.records.rend() && !t_.result.not_finite.seen; ++r) {
      undo(*r);
      check_finite(*r);
      if (t_.settings.adjoints) keep_adjoints(static_cast<std::size_t>(std::lround(r->time / t_.settings.dt_ms)));  // on the grid all records of a step have its time: the last one undone stays
    }
    const Values& start = t_.records.empty() ? t_.x : t_.records.front().before;
    for (const CellMaps& c : m_.cells)
      for (std::size_t n = 0; n < c.size; ++n) add_gradient(c.back_start_gradient, frame(start, 0, n));
  }

 private:
  Frame frame(const Values& x, double time, std::size_t neuron) const {
    Frame f = t_.frame(x, time, neuron);
    f.lambda = &lambda_;
    return f;
  }

  void add_gradient(const Map& map, const Frame& f) {
    if (map.empty()) return;
    const std::vector<double>& value = map(f);
    for (std::size_t k = 0; k < map.targets().size(); ++k) {
      const Address& at = map.targets()[k];
      if (std::vector<double>& g = t_.result.gradients[at.index]; !g.empty()) g[at.per_neuron ? f.neuron : 0] += value[k];
    }
  }

  /// next := value, for maps of one neuron that nothing else changes at the same time.
  static void assign(const Map& map, const Frame& f, Values& next) {
    if (map.empty()) return;
    const std::vector<double>& value = map(f);
    for (std::size_t k = 0; k < map.targets().size(); ++k)
      if (map.targets()[k].kind == Address::Kind::adjoint) next[map.targets()[k].index + f.neuron] = value[k];
  }

  /// next += value - lambda, where several maps act in parallel: the transpose of increments that add up.
  void increment(const Map& map, const Frame& f, Values& next) const {
    if (map.empty()) return;
    const std::vector<double>& value = map(f);
    for (std::size_t k = 0; k < map.targets().size(); ++k) {
      const std::size_t at = map.targets()[k].index + f.neuron;
      next[at] += value[k] - lambda_[at];
    }
  }

  void undo(const Record& r) {
    t_.step = r.step;                        // a key of the draws
    switch (r.kind) {
      case Record::Kind::arrive: return undo_arrive(r);
      case Record::Kind::advance: return undo_advance(r);
      case Record::Kind::jump: return undo_jump(r);
      case Record::Kind::after: return undo_after(r);
      case Record::Kind::step_loss:
        for (const ir::ProgramLoss& l : m_.program.losses)
          if (l.when == ir::Loss::When::each_step) add_loss_seeds(t_, l, r.before, r.time, 1.0 / t_.settings.steps, lambda_, t_.result.gradients);
    }
  }

  void keep_adjoints(std::size_t step) {
    std::size_t k = 0;
    for (const CellMaps& c : m_.cells)
      for (std::size_t s = 0; s < c.states; ++s, ++k) {
        std::vector<double>& rows = t_.result.adjoints[k];
        const auto from = lambda_.begin() + static_cast<std::ptrdiff_t>(c.offset + s * c.size);
        std::copy(from, from + static_cast<std::ptrdiff_t>(c.size), rows.begin() + static_cast<std::ptrdiff_t>(step * c.size));
      }
  }

  void undo_after(const Record& r) {
    Values next = lambda_;
    for (const CellMaps& c : m_.cells)
      for (std::size_t n = 0; n < c.size; ++n) {
        const Frame f = frame(r.before, r.time, n);
        add_gradient(c.back_after_gradient, f);
        assign(c.back_after, f, next);
      }
    lambda_ = std::move(next);
  }

  /// |1 / slope| <= clamp, the sign kept.
  double clamped(double slope) {
    const double least = 1 / m_.program.learn.clamp;
    if (!(std::abs(slope) < least)) return slope;
    ++t_.result.clamped;
    return std::copysign(least, slope);
  }

  void undo_jump(const Record& r) {
    Values next = lambda_;
    for (const Fired& s : r.fired) {
      const CellMaps& c = m_.cells[s.cell];
      Frame f = frame(r.before, r.time, s.neuron);
      f.start = &r.start;
      f.gathers = &r.gathers;
      f.acc = acc_[static_cast<std::size_t>(s.spike)];
      const bool caused = s.cause != by_threshold;
      if (!caused && !c.slope.empty()) f.slope = clamped(c.slope.value(f));
      const double nu = caused && !c.cause.empty() ? c.cause.value(f) : 0;
      if (s.cause >= 0) acc_[static_cast<std::size_t>(s.cause)] += nu;
      if (s.by) add_delay_gradient(*s.by, nu);
      add_gradient(caused ? c.back_jump_caused_gradient : c.back_jump_gradient, f);
      assign(caused ? c.back_jump_caused : c.back_jump, f, next);
    }
    lambda_ = std::move(next);
  }

  void undo_advance(const Record& r) {
    Values next = lambda_;
    std::vector<double> gather_adjoint(m_.gather_sums);
    for (const CellMaps& c : m_.cells)
      for (std::size_t n = 0; n < c.size; ++n) {
        Frame f = frame(r.before, r.time, n);
        f.gathers = &r.gathers;
        f.h = r.h;
        add_gradient(c.back_advance_gradient, f);
        assign(c.back_advance, f, next);
        if (c.back_advance.empty()) continue;
        const std::vector<double>& value = c.back_advance(f);
        for (std::size_t k = 0; k < c.back_advance.targets().size(); ++k)
          if (const Address& at = c.back_advance.targets()[k]; at.kind == Address::Kind::gather_adjoint) gather_adjoint[at.index + n] = value[k];
      }
    lambda_ = std::move(next);
    undo_couplings(r, gather_adjoint);
  }

  void undo_couplings(const Record& r, const std::vector<double>& gather_adjoint) {
    Values next = lambda_;
    for (std::size_t k = 0; k < m_.edges.size(); ++k) {
      const EdgeMaps& e = m_.edges[k];
      if (std::none_of(e.gathers.begin(), e.gathers.end(), [](const GatherMaps& g) { return g.continuous; })) continue;
      for (std::size_t i = 0; i < m_.cells[e.pre].size; ++i) {
        std::vector<double> dots(m_.gathers);
        for (const GatherMaps& g : e.gathers)
          if (g.continuous) dots[g.number] = weigh({k, i}, g, gather_adjoint, g.factor.value(frame(r.before, r.time, i)));
        Frame f = frame(r.before, r.time, i);
        f.dot_adjoint = &dots;
        add_gradient(e.back_couple_pre_gradient, f);
        increment(e.back_couple_pre, f, next);
      }
    }
    lambda_ = std::move(next);
  }

  /// sum_j W_ij operand_j, and, for operand = lambda_G, the gradient of the weights: grad_W_ij += factor * lambda_G_j.
  double weigh(const Arrived& a, const GatherMaps& g, const std::vector<double>& operand, std::optional<double> factor) {
    double dot = 0;
    const std::size_t i = a.unit;
    const auto [first, last] = t_.targets_of(a);
    for (std::size_t j = first; j < last; ++j) {
      if (!m_.connected(m_.program.edges[a.edge], i, j)) continue;
      dot += m_.weight(g, t_.parameters, i, j) * operand[g.offset + j];
      if (!factor || !g.weight || t_.result.gradients[*g.weight].empty()) continue;
      t_.result.gradients[*g.weight][m_.weight_index(*g.weight, i, j)] += *factor * operand[g.offset + j];
    }
    return dot;
  }

  void undo_arrive(const Record& r) {
    Values next = lambda_;
    std::vector<double> gather_adjoint(m_.gather_sums), kappa(m_.gather_sums);
    std::vector<bool> touched(m_.edges.size());
    for (const Arrived& a : r.arrived) {
      if (!touched[a.edge]) undo_arrive_post(r, a.edge, gather_adjoint, kappa, next);
      touched[a.edge] = true;
      undo_arrive_pre(r, a, gather_adjoint, kappa, next);
    }
    lambda_ = std::move(next);
  }

  void undo_arrive_post(const Record& r, std::size_t edge, std::vector<double>& gather_adjoint, std::vector<double>& kappa, Values& next) {
    const EdgeMaps& e = m_.edges[edge];
    for (std::size_t j = 0; j < m_.cells[e.post].size; ++j) {
      Frame f = frame(r.before, r.time, j);
      f.gathers = &r.gathers;
      if (!e.back_operands.empty()) {
        const std::vector<double>& value = e.back_operands(f);
        for (std::size_t k = 0; k < e.back_operands.targets().size(); ++k) {
          const Address& at = e.back_operands.targets()[k];
          (at.kind == Address::Kind::gather_kappa ? kappa : gather_adjoint)[at.index + j] = value[k];
        }
      }
      add_gradient(e.back_arrive_post_gradient, f);
      increment(e.back_arrive_post, f, next);
    }
  }

  void undo_arrive_pre(const Record& r, const Arrived& a, const std::vector<double>& gather_adjoint, const std::vector<double>& kappa, Values& next) {
    const EdgeMaps& e = m_.edges[a.edge];
    std::vector<double> dots(m_.gathers), kappa_dots(m_.gathers), factors(m_.gathers);
    for (const GatherMaps& g : e.gathers) {
      if (g.continuous) continue;
      factors[g.number] = g.factor.value(frame(r.before, r.time, a.unit));
      dots[g.number] = weigh(a, g, gather_adjoint, factors[g.number]);
      kappa_dots[g.number] = weigh(a, g, kappa, std::nullopt);
    }
    Frame f = frame(r.before, r.time, a.unit);
    f.dot_adjoint = &dots;
    f.dot_kappa = &kappa_dots;
    if (!e.back_nu_post.empty()) f.nu_post = nu_of_targets(r, a, factors);
    add_gradient(e.back_arrive_pre_gradient, f);
    increment(e.back_arrive_pre, f, next);
    if (e.scattered) add_delay_gradient(a, f.nu_post);
    if (a.spike == from_data || e.back_acc.empty()) return;
    acc_[static_cast<std::size_t>(a.spike)] += e.back_acc.value(f);
  }

  void add_delay_gradient(const Arrived& a, double nu) {
    const EdgeMaps& e = m_.edges[a.edge];
    if (e.delay_trained) t_.result.gradients[*e.delay][m_.weight_index(*e.delay, a.unit, a.target)] -= nu;
  }

  double nu_of_targets(const Record& r, const Arrived& a, const std::vector<double>& factors) const {
    const EdgeMaps& e = m_.edges[a.edge];
    double nu = 0;
    const auto [first, last] = t_.targets_of(a);
    for (std::size_t j = first; j < last; ++j) {
      if (!m_.connected(m_.program.edges[a.edge], a.unit, j)) continue;
      std::vector<double> pair(m_.gather_sums);
      for (const GatherMaps& g : e.gathers)
        if (!g.continuous) pair[g.offset + j] = factors[g.number] * m_.weight(g, t_.parameters, a.unit, j);
      Frame f = frame(r.before, r.time, j);
      f.gathers = &pair;
      nu += e.back_nu_post.value(f);
    }
    return nu;
  }

  void check_finite(const Record& r) {
    for (std::size_t c = 0; c < m_.cells.size(); ++c)
      for (std::size_t s = 0; s < m_.cells[c].states; ++s)
        for (std::size_t n = 0; n < m_.cells[c].size; ++n)
          if (!t_.result.not_finite.seen && !std::isfinite(lambda_[m_.cells[c].offset + s * m_.cells[c].size + n]))
            t_.result.not_finite = {true, true, c, n, s, r.step};
  }

  Trial& t_;
  const Model& m_;
  Values lambda_;
  std::vector<double> acc_;          ///< per spike: what its consequences say about its time
};

}  // namespace

void run_backward(Trial& t) { Backward(t).run(); }

}  // namespace antidrome::reference
