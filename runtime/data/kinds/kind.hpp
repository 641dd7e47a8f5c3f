// The kinds of data sets. A new kind is one file in this folder that defines a Kind, and its line in kinds.cpp.
#pragma once
#include "runtime/data/options.hpp"

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace antidrome::data {

struct Kind {
  std::string_view name;                    ///< the value of `kind`
  std::span<const std::string_view> keys;   ///< of the options it reads, besides those that every kind has
  bool stored;                              ///< whether it also reads the keys of splits and views (store/splits.hpp, store/stored_dataset.hpp)
  /// The data set, or null where the options switch this split off; gets the kind's name, which several kinds with one function tell apart by it.
  std::unique_ptr<Dataset> (*open)(const OptionReader& options, std::string_view kind, Split split);
  /// Names of classes, for people; null where they have none.
  std::vector<std::string> (*class_names)();
  /// How names of its files end (without .gz and the like), where that tells it from other kinds; empty: it is never guessed.
  std::string_view ending = {};
};

extern const Kind yinyang_kind, mnist_kind, fashion_mnist_kind, idx_kind, shd_kind, nmnist_kind, dvs_gesture_kind, npz_kind, frozen_noise_kind, delay_xor_kind;

/// All kinds, in the order of the documentation.
std::span<const Kind* const> kinds();
/// The kind of this name, or null.
const Kind* find_kind(std::string_view name);
/// The kind of a file, or of the files of a folder, by how their names end; null where they do not tell.
const Kind* recognise(const std::filesystem::path& path);

inline constexpr double day_ms = 86400e3;  // upper bound of every time: catches seconds and microseconds taken for milliseconds

/// The part of a trial in which values become times.
struct CodeWindow {
  double dt_ms, trial_ms, window_ms;
};

/// `dt_ms`, `trial_ms` and `window_ms` of the options; `window_ms` is the default of the last, 0: the whole trial. Throws DataError AD505 for a window that
/// leaves no time, or is longer than the trial.
CodeWindow read_window(const OptionReader& options, double window_ms);

}  // namespace antidrome::data
