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
