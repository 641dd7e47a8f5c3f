#include "runtime/data/kinds/kind.hpp"

#include <fmt/format.h>

namespace antidrome::data {

namespace {
constexpr const Kind* all[] = {
    &yinyang_kind, &mnist_kind, &fashion_mnist_kind, &idx_kind, &shd_kind, &nmnist_kind, &dvs_gesture_kind, &npz_kind, &frozen_noise_kind, &delay_xor_kind,
};
}  // namespace

std::span<const Kind* const> kinds() { return all; }

const Kind* find_kind(std::string_view name) {
  for (const Kind* kind : all)
    if (kind->name == name) return kind;
  return nullptr;
}

namespace {

const Kind* by_name(const std::filesystem::path& file) {
  std::filesystem::path name = file.filename();
  if (const std::string packed = name.extension().string(); packed == ".gz" || packed == ".xz" || packed == ".zst" || packed == ".bz2") name = name.stem();
  for (const Kind* kind : all)
    if (!kind->ending.empty() && name.string().ends_with(kind->ending)) return kind;
  return nullptr;
}

}  // namespace

const Kind* recognise(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) return by_name(path);
  std::error_code unreadable;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path, std::filesystem::directory_options::skip_permission_denied, unreadable))
    if (const Kind* kind = by_name(entry.path())) return kind;
  return nullptr;
}

CodeWindow read_window(const OptionReader& options, double window_ms) {
  CodeWindow t{};
  t.dt_ms = options.number("dt_ms", 1e-6, day_ms);
  t.trial_ms = options.number("trial_ms", t.dt_ms, day_ms);
  t.window_ms = options.number("window_ms", window_ms > 0 ? window_ms : t.trial_ms, 0, day_ms);
  if (t.window_ms <= 4 * t.dt_ms)
    throw DataError("AD505", options.place(), fmt::format("window_ms = {} leaves no time to code values: two steps of {} ms are kept free at each end", t.window_ms, t.dt_ms),
                    "lengthen the window or shorten dt");
  if (t.window_ms > t.trial_ms)
    throw DataError("AD505", options.place(), fmt::format("window_ms = {} is longer than the trial of {} ms", t.window_ms, t.trial_ms), "shorten the window or lengthen the trial");
  return t;
}

}  // namespace antidrome::data
