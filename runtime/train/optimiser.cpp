#include "runtime/train/optimiser.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace antidrome {
namespace {

// The loops are compiled for several vector widths and the processor chooses. Every operation is rounded by itself (no contraction,
// no reassociation), so all of them give the same bits. Sanitizers cannot follow the choice, which is made before they start.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define ANTIDROME_ANY_WIDTH __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define ANTIDROME_ANY_WIDTH
#endif
#define ANTIDROME_INLINE inline __attribute__((always_inline))

// Averages below this are zero: they cannot move a weight, and denormal numbers are slow.
constexpr double tiny = 1e-35;

template <class Real>
struct AdamNumbers {
  Real scale, rate, keep, beta1, beta2, correct1, correct2, epsilon, low, high;
};

// m := b1 m + (1 - b1) g,  v := b2 v + (1 - b2) g^2,  w := keep w - rate (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)
// with keep = 1 - rate weight_decay, which is exactly 1 without decay.
template <class Real>
ANTIDROME_INLINE void adam(Real* __restrict w, const Real* __restrict gradient, Real* __restrict m, Real* __restrict v, std::uint32_t n, const AdamNumbers<Real>& k) {
#pragma omp simd
  for (std::uint32_t c = 0; c < n; ++c) {
    const Real g = gradient[c] * k.scale;
    const Real mean = k.beta1 * m[c] + (1 - k.beta1) * g;
    const Real square = k.beta2 * v[c] + (1 - k.beta2) * g * g;
    m[c] = std::fabs(mean) < static_cast<Real>(tiny) ? Real{0} : mean;
    v[c] = square < static_cast<Real>(tiny) ? Real{0} : square;
    const Real moved = k.keep * w[c] - k.rate * (m[c] * k.correct1) / (std::sqrt(v[c] * k.correct2) + k.epsilon);
    w[c] = std::min(std::max(moved, k.low), k.high);
  }
}

ANTIDROME_ANY_WIDTH void adam_row(float* w, const float* gradient, float* m, float* v, std::uint32_t n, const AdamNumbers<float>& k) { adam(w, gradient, m, v, n, k); }
ANTIDROME_ANY_WIDTH void adam_row(double* w, const double* gradient, double* m, double* v, std::uint32_t n, const AdamNumbers<double>& k) { adam(w, gradient, m, v, n, k); }

template <class Real>
struct SgdNumbers {
  Real scale, rate, momentum, low, high;
};

template <class Real>
ANTIDROME_INLINE void sgd(Real* __restrict w, const Real* __restrict gradient, Real* __restrict velocity, std::uint32_t n, const SgdNumbers<Real>& k) {
#pragma omp simd
  for (std::uint32_t c = 0; c < n; ++c) {
    const Real speed = k.momentum * velocity[c] + gradient[c] * k.scale;
    velocity[c] = std::fabs(speed) < static_cast<Real>(tiny) ? Real{0} : speed;
    w[c] = std::min(std::max(w[c] - k.rate * velocity[c], k.low), k.high);
  }
}

ANTIDROME_ANY_WIDTH void sgd_row(float* w, const float* gradient, float* velocity, std::uint32_t n, const SgdNumbers<float>& k) { sgd(w, gradient, velocity, n, k); }
ANTIDROME_ANY_WIDTH void sgd_row(double* w, const double* gradient, double* velocity, std::uint32_t n, const SgdNumbers<double>& k) { sgd(w, gradient, velocity, n, k); }

/// The rows of all parameters that move.
class Rows {
 public:
  Rows(const antidrome_update& update, const Manifest& manifest) {
    for (std::uint32_t k = 0; k < manifest.parameters.size(); ++k) {
      if (!update.moves[k].moves) continue;
      elements_ += manifest.parameters[k].elements();
      for (std::uint32_t r = 0; r < manifest.parameters[k].rows; ++r) rows_.push_back({k, r});
    }
  }

  /// work(parameter, row) for every row, on `threads` threads where that pays.
  template <class Work>
  void each(std::uint32_t threads, const Work& work) const {
    const auto n = static_cast<std::int64_t>(rows_.size());
#pragma omp parallel for schedule(static) num_threads(threads) if (elements_ > 65536)
    for (std::int64_t k = 0; k < n; ++k) work(rows_[static_cast<std::size_t>(k)].first, rows_[static_cast<std::size_t>(k)].second);
  }

 private:
  std::vector<std::pair<std::uint32_t, std::uint32_t>> rows_;
  std::uint64_t elements_ = 0;
};

template <class Real>
Real* row_of(const Arrays& arrays, std::uint32_t k, std::uint32_t row) {
  return static_cast<Real*>(arrays.data(k)) + std::size_t{row} * arrays.layout(k).stride;
}

class Adam final : public Optimiser {
 public:
  Adam(const TrainConfig& config, const Manifest& manifest, const Simulator& simulator)
      : Optimiser(config, manifest), rows_(next_step(1, 1), manifest), mean_(manifest, simulator, true), square_(manifest, simulator, true) {}

  void step(Arrays& parameters, const Arrays& gradients, const StepInput& input) override {
    if (parameters.real_bytes() == 8) typed_step<double>(parameters, gradients, input);
    else typed_step<float>(parameters, gradients, input);
    took_step();
  }
  std::vector<std::pair<std::string, Arrays*>> moments() override { return {{"mean", &mean_}, {"square", &square_}}; }

 private:
  template <class Real>
  void typed_step(Arrays& parameters, const Arrays& gradients, const StepInput& input) {
    const antidrome_update& u = next_step(input.rate_factor, 1);
    rows_.each(input.threads, [&](std::uint32_t k, std::uint32_t r) {
      const antidrome_move& p = u.moves[k];
      const AdamNumbers<Real> numbers{static_cast<Real>(input.gradient_scale), static_cast<Real>(p.rate), static_cast<Real>(p.keep), static_cast<Real>(u.beta1), static_cast<Real>(u.beta2),
                                      static_cast<Real>(u.correct1), static_cast<Real>(u.correct2), static_cast<Real>(u.epsilon), static_cast<Real>(p.low), static_cast<Real>(p.high)};
      adam_row(row_of<Real>(parameters, k, r), row_of<Real>(gradients, k, r), row_of<Real>(mean_, k, r), row_of<Real>(square_, k, r), parameters.layout(k).cols, numbers);
    });
  }

  Rows rows_;
  Arrays mean_, square_;
};

class Sgd final : public Optimiser {
 public:
  Sgd(const TrainConfig& config, const Manifest& manifest, const Simulator& simulator) : Optimiser(config, manifest), rows_(next_step(1, 1), manifest), velocity_(manifest, simulator, true) {}

  void step(Arrays& parameters, const Arrays& gradients, const StepInput& input) override {
    if (parameters.real_bytes() == 8) typed_step<double>(parameters, gradients, input);
    else typed_step<float>(parameters, gradients, input);
    took_step();
  }
  std::vector<std::pair<std::string, Arrays*>> moments() override { return {{"velocity", &velocity_}}; }

 private:
  template <class Real>
  void typed_step(Arrays& parameters, const Arrays& gradients, const StepInput& input) {
    const antidrome_update& u = next_step(input.rate_factor, 1);
    rows_.each(input.threads, [&](std::uint32_t k, std::uint32_t r) {
      const antidrome_move& p = u.moves[k];
      const SgdNumbers<Real> numbers{static_cast<Real>(input.gradient_scale), static_cast<Real>(p.rate), static_cast<Real>(u.momentum), static_cast<Real>(p.low), static_cast<Real>(p.high)};
      sgd_row(row_of<Real>(parameters, k, r), row_of<Real>(gradients, k, r), row_of<Real>(velocity_, k, r), parameters.layout(k).cols, numbers);
    });
  }

  Rows rows_;
  Arrays velocity_;
};

// Eight sums side by side, then one after the other: a fixed order that vectors can follow.
template <class Real>
ANTIDROME_INLINE double squares(const Real* row, std::uint32_t n) {
  double lane[8] = {0, 0, 0, 0, 0, 0, 0, 0};
  const std::uint32_t whole = n / 8 * 8;
  for (std::uint32_t c = 0; c < whole; c += 8)
    for (std::uint32_t l = 0; l < 8; ++l) lane[l] += static_cast<double>(row[c + l]) * static_cast<double>(row[c + l]);
  for (std::uint32_t c = whole; c < n; ++c) lane[c - whole] += static_cast<double>(row[c]) * static_cast<double>(row[c]);
  double sum = 0;
  for (const double part : lane) sum += part;
  return sum;
}

ANTIDROME_ANY_WIDTH double squared_row(const float* row, std::uint32_t n) { return squares(row, n); }
ANTIDROME_ANY_WIDTH double squared_row(const double* row, std::uint32_t n) { return squares(row, n); }

}  // namespace

Optimiser::Optimiser(const TrainConfig& config, const Manifest& manifest) : config_(config), squared_norms_(manifest.parameters.size(), 0) {
  for (const ParameterInfo& p : manifest.parameters) {
    const auto rate = config.rates.find(p.name), decay = config.weight_decays.find(p.name);
    rates_.push_back(rate == config.rates.end() ? config.learning_rate : rate->second);
    decays_.push_back(config.optimiser != "adamw" ? 0 : decay == config.weight_decays.end() ? config.weight_decay : decay->second);
    const bool moves = p.trainable && std::find(config.freeze.begin(), config.freeze.end(), p.name) == config.freeze.end();
    constexpr double unbounded = std::numeric_limits<double>::infinity();
    moves_.push_back({moves, 0, 1, p.low.value_or(-unbounded), p.high.value_or(unbounded)});
  }
}

std::vector<Arrays*> Optimiser::kept() {
  std::vector<Arrays*> out;
  for (const auto& [name, moment] : moments()) out.push_back(moment);
  return out;
}

antidrome_update& Optimiser::next_step(double rate_factor, std::uint64_t samples) {
  for (std::size_t k = 0; k < moves_.size(); ++k) {
    moves_[k].rate = rates_[k] * rate_factor;
    moves_[k].keep = 1 - rates_[k] * rate_factor * decays_[k];
  }
  const double t = static_cast<double>(steps_ + 1);
  update_ = {config_.optimiser == "sgd" ? ANTIDROME_SGD : ANTIDROME_ADAM, config_.beta1, config_.beta2, 1 / (1 - std::pow(config_.beta1, t)), 1 / (1 - std::pow(config_.beta2, t)),
             config_.epsilon, config_.momentum, config_.clip, static_cast<double>(samples), moves_.data(), squared_norms_.data(), 0};
  return update_;
}

std::unique_ptr<Optimiser> make_optimiser(const TrainConfig& config, const Manifest& manifest, const Simulator& simulator) {
  if (config.optimiser == "sgd") return std::make_unique<Sgd>(config, manifest, simulator);
  return std::make_unique<Adam>(config, manifest, simulator);
}

std::vector<double> squared_norms(const Arrays& gradients, std::uint32_t threads) {
  std::vector<double> out(gradients.size(), 0);
  std::vector<double> rows;
  for (std::uint32_t k = 0; k < gradients.size(); ++k) {
    if (!gradients.present(k)) continue;
    const Layout& layout = gradients.layout(k);
    rows.assign(layout.rows, 0);
    const auto n = static_cast<std::int64_t>(layout.rows);
#pragma omp parallel for schedule(static) num_threads(threads) if (layout.elements() > 65536)
    for (std::int64_t r = 0; r < n; ++r) {
      const auto row = static_cast<std::uint32_t>(r);
      rows[row] = gradients.real_bytes() == 8 ? squared_row(row_of<double>(gradients, k, row), layout.cols) : squared_row(row_of<float>(gradients, k, row), layout.cols);
    }
    out[k] = std::accumulate(rows.begin(), rows.end(), 0.0);
  }
  return out;
}

void clamp_to_bounds(Arrays& parameters, const Manifest& manifest) {
  for (std::uint32_t k = 0; k < manifest.parameters.size(); ++k) {
    const ParameterInfo& p = manifest.parameters[k];
    if (!p.low && !p.high) continue;
    for (std::uint32_t r = 0; r < p.rows; ++r)
      for (std::uint32_t c = 0; c < p.cols; ++c) {
        const double value = parameters.get(k, r, c);
        parameters.set(k, r, c, std::min(std::max(value, p.low.value_or(value)), p.high.value_or(value)));
      }
  }
}

}  // namespace antidrome
