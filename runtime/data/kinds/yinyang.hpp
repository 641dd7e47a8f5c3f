// The Yin-Yang task: points in a disc, three classes (yin, yang, dot), generated as its authors do, bit for bit.
// Kriener, Göltz & Petrovici, "The Yin-Yang dataset" (2022); generator parameters r_small = 0.1, r_big = 0.5.
#pragma once
#include "runtime/data/dataset.hpp"

#include <cstdint>

namespace antidrome::data {

/// A point of the disc, values in [0, 1].
struct YinYangPoint {
  double x, y;
  std::int32_t label;  ///< 0 yin, 1 yang, 2 dot
};

/// The first `size` points of the published generator for `seed` (published sets: train 5000/42, validation 1000/41, test 1000/40).
std::vector<YinYangPoint> yinyang_points(std::size_t size, std::uint32_t seed);

/// The points of a split, as the options say: `train_size`, `train_seed` and so on.
std::vector<YinYangPoint> yinyang_points(const DatasetOptions& options, Split split);

/// How points become spikes: units 0..3 fire once at t_min + v (t_max - t_min) for v = x, y, 1-x, 1-y, unit 4 at `bias_ms`.
struct YinYangCode {
  double t_min_ms, t_max_ms, bias_ms;
};

std::unique_ptr<Dataset> make_yinyang(std::string name, std::vector<YinYangPoint> points, YinYangCode code);

}  // namespace antidrome::data
