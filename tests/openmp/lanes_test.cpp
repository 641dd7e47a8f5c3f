// The vector layer by itself: accuracy of elementary functions, spike extraction.
#define ANTIDROME_REAL float
#include <antidrome/lanes.h>
#include <gtest/gtest.h>

#include <random>

#include "codegen/ir/expr.hpp"

namespace antidrome::lanes {
namespace {

/// Largest error in units of the last place of f over [low, high], against the library in double.
template <class F, class G> double worst_ulp(F vector_form, G exact, double low, double high) {
  std::mt19937 g(1);
  std::uniform_real_distribution<double> draw(low, high);
  double worst = 0;
  for (int k = 0; k < 20000; ++k) {
    vf x;
    for (int l = 0; l < LANES; ++l) x[l] = real(draw(g));
    const vf y = vector_form(x);
    for (int l = 0; l < LANES; ++l) {
      const double want = exact(double(x[l]));
      const double ulp = std::ldexp(1.0, std::ilogb(want) - 23);
      worst = std::fmax(worst, std::fabs(double(y[l]) - want) / ulp);
    }
  }
  return worst;
}

TEST(Lanes, exp_log_tanh_are_accurate_to_two_units_in_the_last_place) {
  EXPECT_LT(worst_ulp([](vf x) { return exp(x); }, [](double x) { return std::exp(x); }, -80, 80), 2);
  EXPECT_LT(worst_ulp([](vf x) { return log(x); }, [](double x) { return std::log(x); }, 1e-6, 3), 2);
  EXPECT_LT(worst_ulp([](vf x) { return tanh(x); }, [](double x) { return std::tanh(x); }, -4, 4), 3);
}

TEST(Lanes, exp_saturates_without_trapping) {
  const vf big = exp(vec(real(200))), small = exp(vec(real(-200)));
  EXPECT_TRUE(std::isinf(big[0]));
  EXPECT_EQ(small[0], 0.f);
  EXPECT_TRUE(std::isnan(exp(vec(real(std::nan(""))))[0]));
}

TEST(Lanes, divided_differences_of_exp_agree_with_the_reference) {
  std::mt19937 g(3);
  std::uniform_real_distribution<double> draw(-4, 0.5);
  for (int k = 0; k < 2000; ++k) {
    const double a = real(draw(g)), b = k % 3 ? real(draw(g)) : a, c = k % 5 ? real(draw(g)) : b;
    const double two[] = {a, b}, three[] = {a, b, c};
    EXPECT_NEAR(expdd(vec(real(a)), vec(real(b)))[0], ir::exp_divided_difference(two), 2e-6);
    EXPECT_NEAR(expdd(vec(real(a)), vec(real(b)), vec(real(c)))[0], ir::exp_divided_difference(three), 2e-6);
    EXPECT_NEAR(expdd_of(three, 3), ir::exp_divided_difference(three), 1e-14);
  }
}

// What exponential Euler steps are made of: a zero known beforehand takes a shorter way.
TEST(Lanes, divided_differences_from_zero_are_accurate_to_a_few_units_in_the_last_place) {
  const auto first = [](double x) { return std::fabs(x) < 1e-12 ? 1 : std::expm1(x) / x; };
  const auto slope = [](double x) { const double points[] = {0, x, x}; return ir::exp_divided_difference(points); };
  for (const auto& [low, high] : {std::pair{-90.0, 80.0}, {-2.0, 2.0}, {-1e-3, 1e-3}}) {
    EXPECT_LT(worst_ulp([](vf x) { return expdd(real(0), x); }, first, low, high), 4);
    EXPECT_LT(worst_ulp([](vf x) { return expdd(real(0), x, x); }, slope, low, high), 8);
  }
  EXPECT_EQ(expdd(real(0), vf{})[0], 1);
  EXPECT_EQ(expdd(real(0), vf{} - real(0))[0], 1);
  const vf zero = {};
  EXPECT_EQ(expdd(real(0), zero, zero)[0], real(0.5));
  EXPECT_TRUE(std::isnan(expdd(real(0), vec(real(std::nan(""))))[0]));
}

template <int N> void extract_finds_what_was_set() {
  std::mt19937 g(N);
  for (int trial = 0; trial < 50; ++trial) {
    std::vector<bool> fires(std::size_t(padded(N)));
    std::vector<std::uint16_t> want, found(std::size_t(padded(N)) + 2);
    const unsigned one_in = trial % 5 == 0 ? 1 : 7;
    for (int j = 0; j < padded(N); ++j) fires[std::size_t(j)] = g() % one_in == 0;
    for (int j = 0; j < N; ++j)
      if (fires[std::size_t(j)]) want.push_back(std::uint16_t(j));
    FiredSet<N> set;
    for (int b = 0; b < blocks_of(N); ++b) {
      vi mask;
      for (int l = 0; l < LANES; ++l) mask[l] = fires[std::size_t(b * LANES + l)] ? -1 : 0;
      FiredSet<N>::set(set, b, mask);
    }
    const std::uint32_t n = FiredSet<N>::extract(set, found.data(), 0);
    found.resize(n);
    std::sort(found.begin(), found.end());
    EXPECT_EQ(found, want) << N;
  }
}

TEST(Lanes, spikes_are_extracted_once_each_and_never_from_padding) {
  extract_finds_what_was_set<1>();
  extract_finds_what_was_set<20>();
  extract_finds_what_was_set<200>();
  extract_finds_what_was_set<256>();
  extract_finds_what_was_set<600>();
  extract_finds_what_was_set<1024>();
}

}  // namespace
}  // namespace antidrome::lanes
