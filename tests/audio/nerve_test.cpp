#include "runtime/audio/nerve.hpp"

#include <antidrome/philox.h>

#include <cmath>
#include <gtest/gtest.h>

namespace antidrome::audio {
namespace {

TEST(HairCell, rests_in_its_steady_state) {
  const HairCellModel k;
  const HairCells rest = resting(k);
  const double permeability = k.g * k.a / (k.a + k.b), q = rest.q[0], c = rest.c[0], w = rest.w[0];
  EXPECT_NEAR(k.y * (k.m - q) - permeability * q + k.x * w, 0, 1e-5);   // float states of about 0.3, rates up to 66: 66 x 2^-25 x 0.3
  EXPECT_NEAR(permeability * q - (k.l + k.r) * c, 0, 1e-5);
  EXPECT_NEAR(k.r * c - k.x * w, 0, 1e-5);
}

TEST(HairCell, stays_at_rest_for_ten_seconds_of_silence) {
  const HairCellStep step({}, 1 / steps_per_second);
  const HairCells rest = resting({});
  HairCells cells = rest;
  float probability = 0;
  for (int k = 0; k < 240000; ++k) probability = step.advance(cells, 3, 0);
  EXPECT_NEAR(cells.q[3] / rest.q[0], 1, 1e-3);   // rounding must not add up
  EXPECT_NEAR(probability, 50000 / steps_per_second * rest.c[0], 1e-3 * probability);
}

// Against Euler's method in double for a tone that drives the permeability through its whole range.
TEST(HairCell, a_loud_tone_gives_the_probabilities_of_the_equations) {
  const HairCellModel k;
  const HairCellStep step(k, 1 / steps_per_second);
  HairCells cells = resting(k);
  double q = cells.q[0], c = cells.c[0], w = cells.w[0];
  const double dt = 1 / steps_per_second;
  for (int n = 0; n < 12000; ++n) {
    const double s = 200 * std::sin(0.1 * n), g = s + k.a > 0 ? k.g * (s + k.a) / (s + k.a + k.b) : 0;
    const double dq = k.y * std::max(k.m - q, 0.0) - g * q + k.x * w, dc = g * q - (k.l + k.r) * c, dw = k.r * c - k.x * w;
    q += dt * dq, c += dt * dc, w += dt * dw;
    ASSERT_NEAR(step.advance(cells, 0, static_cast<float>(s)), k.h * c * dt, 1e-4 * 0.5);   // of the largest probability, about 0.5
  }
}

TEST(Binomial, is_the_inverse_of_the_cumulative_distribution) {
  for (const int available : {0, 1, 7, 39, 40})
    for (const double p : {1e-4, 0.0027, 0.05, 0.4}) {
      double term = std::pow(1 - p, available), cumulative = 0;
      for (int k = 0; k <= available; ++k) {   // in the middle of the k-th cell, the answer is k
        if (term > 1e-5) {
          std::array<std::int32_t, lanes> n;
          Lanes probability, uniform;
          n.fill(available), probability.fill(static_cast<float>(p)), uniform.fill(static_cast<float>(cumulative + 0.5 * term));
          for (const std::int32_t drawn : binomial(n, probability, uniform)) ASSERT_EQ(drawn, k) << available << " " << p;
        }
        cumulative += term;
        term *= p / (1 - p) * (available - k) / (k + 1);
      }
    }
}

// The plain model, one fibre at a time, as the shortcut has to equal it in distribution.
double spikes_of_single_fibres(const std::vector<float>& motion, std::uint32_t trials) {
  std::uint64_t spikes = 0;
  for (std::uint32_t trial = 0; trial < trials; ++trial) {
    const HairCellStep step({}, 1 / steps_per_second);
    HairCells cells = resting({});
    std::array<int, 40> waits{};
    double v = 0, current = 0;
    int waiting = 0;
    for (std::uint32_t n = 0; n < motion.size() / lanes; ++n) {
      const float p = step.advance(cells, 0, motion[n * lanes]);
      current *= std::exp(-1 / 12.0);   // dt / tau = (1 / 24) / 0.5
      for (std::uint32_t f = 0; f < 40; ++f) {
        if (waits[f] > 0 && --waits[f] > 0) continue;
        if (antidrome_uniform(antidrome_philox4x32(n, f, trial, 1, 5).word[0]) >= p) continue;
        waits[f] = 24;
        current += 1;
      }
      if (waiting > 0) {
        --waiting;
        v = 0;
        continue;
      }
      v = v * std::exp(-1 / 24.0) + 13000.0 / 40 / 24000 * current;
      if (v >= 1) ++spikes, v = 0, waiting = 24;
    }
  }
  return static_cast<double>(spikes) / trials;
}

TEST(Nerve, drawing_the_number_of_fibres_equals_drawing_each_fibre) {
  std::vector<float> motion(2400 * lanes);
  for (std::size_t n = 0; n < motion.size(); ++n) motion[n] = static_cast<float>(80 * std::sin(0.05 * static_cast<double>(n / lanes)));
  const std::uint32_t trials = 320;
  std::vector<ChannelSpike> spikes;
  for (std::uint32_t k = 0; k < trials / lanes; ++k) run_nerve(motion, 0, lanes, {9, k}, spikes);
  const double drawn = static_cast<double>(spikes.size()) / trials, single = spikes_of_single_fibres(motion, trials);
  EXPECT_GT(single, 5);
  // counts of spike trains with a refractory time vary less than Poisson's: sd < sqrt(mean); difference of two means, 4 sd
  EXPECT_NEAR(drawn, single, 4 * std::sqrt(2 * single / trials));
}

TEST(Nerve, silence_gives_the_spontaneous_rate) {
  std::vector<ChannelSpike> spikes;
  const std::vector<float> motion(24000 * lanes, 0.0f);
  for (std::uint32_t k = 0; k < 40; ++k) run_nerve(motion, k * lanes, lanes, {1, 0}, spikes);
  const double expected = 0.77 * 40 * lanes;   // per channel and second, of another implementation
  EXPECT_NEAR(static_cast<double>(spikes.size()), expected, 4 * std::sqrt(expected) + 0.01 / 0.77 * expected);   // 4 sd, and its two digits
}

TEST(Nerve, draws_belong_to_channel_and_recording) {
  std::vector<ChannelSpike> all, half, other;
  std::vector<float> motion(4800 * lanes, 20.0f);
  run_nerve(motion, 32, lanes, {1, 0}, all);
  run_nerve(motion, 32, 8, {1, 0}, half);
  run_nerve(motion, 32, lanes, {1, 1}, other);
  std::erase_if(all, [](const ChannelSpike& s) { return s.channel >= 40; });
  EXPECT_EQ(all, half);
  EXPECT_NE(all, other);
  EXPECT_GT(all.size(), 20u);
}

}  // namespace
}  // namespace antidrome::audio
