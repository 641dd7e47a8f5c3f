// How every plot looks: sizes, and colours that people who confuse red and green can tell apart (Okabe & Ito 2008).
#pragma once
#include "runtime/plot/scene.hpp"

#include <array>
#include <cstddef>

namespace antidrome::plot::style {

inline constexpr Colour ink{34, 34, 34}, faint{105, 105, 105}, grid{226, 226, 226}, frame{90, 90, 90}, white{255, 255, 255}, warning{176, 64, 0};

inline constexpr Colour blue{0, 114, 178}, vermilion{213, 94, 0}, green{0, 158, 115}, purple{204, 121, 167}, orange{230, 159, 0}, sky{86, 180, 233}, black{0, 0, 0};
inline constexpr std::array<Colour, 7> palette{blue, vermilion, green, purple, orange, sky, black};
inline constexpr Colour series(std::size_t k) { return palette[k % palette.size()]; }

/// White to dark blue for a share in [0, 1]; lightness falls monotonically.
Colour share(double value);
/// Black or white, whichever can be read on this ground.
Colour readable_on(const Colour& ground);

inline constexpr double title_size = 15, label_size = 12, tick_size = 11, small_size = 10.5;
inline constexpr double margin = 16;  // around the figure

}  // namespace antidrome::plot::style
