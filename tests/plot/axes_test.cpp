#include "runtime/plot/axes.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace antidrome::plot {
namespace {

TEST(Ticks, lie_at_round_numbers_within_the_limits) {
  struct Case {
    double low, high;
    int wanted;
    std::vector<double> expected;
  };
  const Case table[] = {{0, 1, 5, {0, 0.2, 0.4, 0.6, 0.8, 1}},        {0, 30, 6, {0, 5, 10, 15, 20, 25, 30}}, {-1.3, 2.2, 4, {-1, 0, 1, 2}},
                        {93, 98.4, 5, {94, 96, 98}},                   {0, 1e-7, 2, {0, 5e-8, 1e-7}},           {1e6, 3e6, 2, {1e6, 2e6, 3e6}}};
  for (const Case& c : table) {
    const auto ticks = round_ticks(c.low, c.high, c.wanted);
    ASSERT_EQ(ticks.size(), c.expected.size()) << c.low << " to " << c.high;
    for (std::size_t k = 0; k < ticks.size(); ++k) EXPECT_NEAR(ticks[k], c.expected[k], 1e-12 * std::fabs(c.high));
  }
}

TEST(Ticks, are_written_with_the_digits_they_need) {
  EXPECT_EQ(make_axis("x", 0, 1, 350).texts, (std::vector<std::string>{"0.0", "0.2", "0.4", "0.6", "0.8", "1.0"}));
  EXPECT_EQ(make_axis("x", -2, 2, 280).texts, (std::vector<std::string>{"−2", "−1", "0", "1", "2"}));
  const Axis small = make_axis("w", 0, 4e-5, 280), large = make_axis("n", 0, 2e6, 140);
  EXPECT_EQ(small.label, "w ×10⁻⁵");
  EXPECT_EQ(small.texts, (std::vector<std::string>{"0", "1", "2", "3", "4"}));
  EXPECT_EQ(large.label, "n ×10⁶");
}

TEST(Ticks, of_a_count_are_whole) {
  EXPECT_EQ(make_count_axis("epoch", 1, 3, 600).texts, (std::vector<std::string>{"1", "2", "3"}));
  EXPECT_EQ(make_count_axis("unit", -0.5, 2.5, 120, 34).texts, (std::vector<std::string>{"0", "1", "2"}));
}

TEST(Limits, skip_what_is_not_finite_and_never_collapse) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const double values[] = {nan, 1, 3, std::numeric_limits<double>::infinity()};
  const Limits some = limits_of(values, 0), none = limits_of({}, 0), same = limits_of(std::vector<double>{2, 2}), zero = limits_of(std::vector<double>{0});
  EXPECT_EQ(some.low, 1);
  EXPECT_EQ(some.high, 3);
  EXPECT_LT(none.low, none.high);
  EXPECT_LT(same.low, 2);
  EXPECT_LT(2, same.high);
  EXPECT_LT(zero.low, zero.high);
}

TEST(Fitted, cuts_whole_characters) {
  EXPECT_EQ(fitted("short", 12, false, 500), "short");
  const std::string cut = fitted("äöüäöüäöüäöü", 12, false, 50);
  EXPECT_TRUE(cut.ends_with("…"));
  EXPECT_LE(text_width(cut, 12), 50);
  EXPECT_EQ((cut.size() - 3) % 2, 0u);  // each letter has two bytes
}

TEST(Curve, is_broken_where_a_value_is_not_finite) {
  Scene scene{100, 100, "", {}};
  const Panel panel{{0, 0, 100, 100}, make_axis("", 0, 10, 100), make_axis("", 0, 10, 100)};
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> x{0, 1, 2, 3, 4, 5}, y{1, 2, nan, 4, nan, 6};
  draw_curve(scene, panel, x, y, {});
  const auto& lines = std::get<Lines>(scene.shapes[0]);
  ASSERT_EQ(lines.pieces.size(), 3u);
  EXPECT_EQ(lines.pieces[0].size(), 2u);
  EXPECT_EQ(lines.pieces[0][1].x, 10);
  EXPECT_EQ(lines.pieces[0][1].y, 80);
  EXPECT_EQ(std::get<Discs>(scene.shapes[1]).centres.size(), 2u);  // the two lone points
}

}  // namespace
}  // namespace antidrome::plot
