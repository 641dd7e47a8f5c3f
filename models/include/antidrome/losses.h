// The shipped losses: one number per sample from what a readout holds. The runtime averages over the batch.
#pragma once
#include <antidrome/model.h>

namespace antidrome {

/// log of the sum of exp(f) over the outputs, safe for any size of f: the largest is taken out, and its gradient cancels.
real log_sum_exp(const auto& out, auto f) {
  const real top = maximum(out, f);
  return top + log(sum(out, [&](auto& o) { return exp(f(o) - top); }));
}

/// Softmax cross-entropy of gain * score: a mean of small voltages asks for a gain, a sum of spikes for less than one.
struct CrossEntropy {
  param gain = 1;
  real loss(const auto& out, label y) const {
    return log_sum_exp(out, [&](auto& o) { return gain * o.score(); }) - gain * out[y].score();
  }
};

/// First-spike classification: softmax of -t / tau0, and alpha (exp(t_label / tau1) - 1) against late spikes. (Göltz et al. 2021)
struct FirstSpikeExp {
  param tau0 = 0.5_ms, tau1 = 6.4_ms, alpha = 3e-3;
  real loss(const auto& out, label y) const {
    const real t = out[y].score();
    return log_sum_exp(out, [&](auto& o) { return -o.score() / tau0; }) + t / tau0 + alpha * (exp(t / tau1) - 1);
  }
};

/// The same with alpha / (1.01 T - t_label) against late spikes. A spike that did not happen counts there as one at T, the end of
/// the trial, with the derivative that it has at T.
struct FirstSpikeLate {
  param tau0 = 0.5_ms, alpha = 3e-3;
  real loss(const auto& out, label y) const {
    const real t = out[y].score(), late = t > trial() ? trial() + (t - stop(t)) : t;
    return log_sum_exp(out, [&](auto& o) { return -o.score() / tau0; }) + t / tau0 + alpha / (1.01 * trial() - late);
  }
};

/// The label's neuron should spike `margin` before all others: half the sum of (t_o - t_label - margin)^2.
struct FirstSpikeMargin {
  param margin = 2_ms;
  real loss(const auto& out, label y) const {
    const real t = out[y].score();
    return 0.5 * (sum(out, [&](auto& o) { return sq(o.score() - t - margin); }) - sq(margin));
  }
};

/// Squared distance of the scores from `on` for the label's neuron and `off` for the others.
struct MeanSquare {
  param on = 1, off = 0;
  real loss(const auto& out, label y) const {
    return sum(out, [&](auto& o) { return sq(o.score() - off); }) - sq(out[y].score() - off) + sq(out[y].score() - on);
  }
};

/// Half the squared distance of each score from the readout's own target(): TimedSpike, or a readout of yours that knows a signal.
struct TargetSquare {
  real loss(const auto& all) const {
    return 0.5 * sum(all, [](auto& o) { return sq(o.score() - o.target()); });
  }
};

/// Squared excess of the scores above `top`.
struct Ceiling {
  param top = 0.01;
  real loss(const auto& all) const {
    return sum(all, [&](auto& o) { return sq(max(0, o.score() - top)); });
  }
};

/// Pulls every neuron's spike count towards nu; reads CountPull. Silent neurons get nothing.
struct CountTarget {
  param nu = 14, up = 1e-8, low = 1e-8;
  real loss(const auto& all) const {
    return sum(all, [&](auto& h) { return (h.n > nu ? up : low) * (h.n - nu) * h.pull; });
  }
};

/// Pulls the number of spikes of the whole population down to rho; reads CountPull.
struct PopulationTarget {
  param rho = 10000, strength = 1e-8;
  real loss(const auto& all) const {
    const real total = sum(all, [](auto& h) { return real(h.n); });
    return strength * max(0, total - rho) * sum(all, [](auto& h) { return real(h.pull); });
  }
};

/// CountTarget with each neuron's mean count over the batch in place of its count in the sample.
struct BatchCountTarget {
  param nu = 14, up = 1e-8, low = 1e-8;
  real loss(const auto& all) const {
    return sum(all, [&](auto& h) {
      const real n = batch_mean(h.n);
      return (n > nu ? up : low) * (n - nu) * h.pull;
    });
  }
};

/// PopulationTarget with the mean over the batch of the number of spikes.
struct BatchPopulationTarget {
  param rho = 10000, strength = 1e-8;
  real loss(const auto& all) const {
    const real total = batch_mean(sum(all, [](auto& h) { return real(h.n); }));
    return strength * max(0, total - rho) * sum(all, [](auto& h) { return real(h.pull); });
  }
};

}  // namespace antidrome
