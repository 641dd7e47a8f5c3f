#include "runtime/train/schedule.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace antidrome {
namespace {

TEST(Schedule, factors_follow_their_formulas) {
  TrainConfig c;
  c.epochs = 10;
  EXPECT_EQ(rate_factor(c, {9, 3, 5, 100}), 1);
  c.schedule = "decay", c.decay = 0.9;
  EXPECT_NEAR(rate_factor(c, {3, 4, 5, 19}), 0.729, 1e-15);
  c.decay_epochs = 2;
  EXPECT_NEAR(rate_factor(c, {3, 4, 5, 19}), 0.9, 1e-15);
  EXPECT_TRUE(lowers_before(c, 4));
  EXPECT_FALSE(lowers_before(c, 3));
  EXPECT_FALSE(lowers_before(c, 0));
  c.schedule = "cosine";
  EXPECT_EQ(rate_factor(c, {0, 0, 5, 0}), 1);
  EXPECT_NEAR(rate_factor(c, {5, 0, 5, 25}), 0.5, 1e-15);
  EXPECT_NEAR(rate_factor(c, {9, 4, 5, 49}), (1 + std::cos(0.98 * 3.14159265358979324)) / 2, 1e-15);
}

// The rule that the published settings use: it starts at a thousandth, and after each batch rate := min(1.05 rate, target).
TEST(Schedule, ease_in_multiplies_the_rate_after_every_update_up_to_its_target) {
  TrainConfig c;
  c.ease_in = 1.05;
  double rate = 1e-3;
  for (std::uint64_t updates = 0; updates < 200; ++updates) {
    EXPECT_NEAR(rate_factor(c, {0, 0, 1, updates}), rate, 1e-13 * rate * static_cast<double>(updates + 1));
    rate = std::min(1.05 * rate, 1.0);
  }
  EXPECT_EQ(rate_factor(c, {0, 0, 1, 141}), std::exp(std::log(1e-3) + 141 * std::log(1.05)));  // the last one below the target
  EXPECT_EQ(rate_factor(c, {0, 0, 1, 142}), 1);
  EXPECT_EQ(rate_factor(c, {0, 0, 1, 1'000'000'000'000}), 1);
}

TEST(Schedule, the_rate_is_cut_when_the_fast_average_is_no_longer_above_the_slow_one) {
  TrainConfig c;
  c.schedule = "ema", c.ema_fast = 0.8, c.ema_slow = 0.95, c.ema_factor = 0.5, c.ema_epochs = 5;
  EmaSchedule ema;
  double fast = 0, slow = 0, target = 1;
  std::uint64_t last = 0, cuts = 0;
  for (std::uint64_t epoch = 0; epoch < 200; ++epoch) {
    const double accuracy = epoch < 40 ? 0.02 * static_cast<double>(epoch) : 0.8 - 0.2 * std::sin(0.2 * static_cast<double>(epoch));
    fast = 0.8 * fast + 0.2 * accuracy, slow = 0.95 * slow + 0.05 * accuracy;
    const bool cut = epoch - last > 5 && fast <= slow;
    if (cut) target *= 0.5, last = epoch, ++cuts;
    EXPECT_EQ(ema.take(c, accuracy, epoch), cut) << epoch;
    EXPECT_EQ(rate_factor(c, {epoch + 1, 0, 1, 0, ema.cut}), target);
  }
  EXPECT_GT(cuts, 3u);
}

TEST(Schedule, averages_of_a_loss_begin_at_its_first_value_and_a_cut_ends_the_ease_in) {
  TrainConfig c;
  c.schedule = "ema", c.ema_epochs = 0, c.ease_in = 1.05;
  EmaSchedule ema;
  for (std::uint64_t epoch = 0; epoch < 20; ++epoch) EXPECT_FALSE(ema.take(c, -2.0 + 0.05 * static_cast<double>(epoch), epoch)) << epoch;
  EXPECT_LT(rate_factor(c, {20, 0, 1, 10, ema.cut}), 0.01);
  while (!ema.take(c, -3, 20)) {}
  EXPECT_EQ(rate_factor(c, {20, 0, 1, 10, ema.cut}), 0.5);
}

}  // namespace
}  // namespace antidrome
