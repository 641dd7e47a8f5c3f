// One pattern of noise, the same in every sample: the input of tasks in which a network learns to produce a signal.
#include "runtime/data/kinds/kind.hpp"

#include <antidrome/philox.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace antidrome::data {
namespace {

class FrozenNoise final : public Dataset {
 public:
  FrozenNoise(std::string name, std::size_t size, std::uint32_t units, std::vector<Event> events) : name_(std::move(name)), size_(size), sizes_{units}, events_(std::move(events)) {}
  std::string name() const override { return name_; }
  std::size_t size() const override { return size_; }
  const std::vector<std::uint32_t>& source_sizes() const override { return sizes_; }
  std::uint32_t classes() const override { return 1; }
  SampleInfo info(std::size_t) const override { return {.label = 0}; }
  void read(std::size_t, EventSample& into) const override {
    into.label = 0;
    into.sources.assign(1, events_);
  }

 private:
  std::string name_;
  std::size_t size_;
  std::vector<std::uint32_t> sizes_;
  std::vector<Event> events_;
};

/// Poisson events: exponential times between the events of a unit. `rate` in events per ms.
std::vector<Event> pattern(std::uint32_t units, double rate, double trial_ms, std::uint64_t seed) {
  std::vector<Event> events;
  for (std::uint32_t unit = 0; unit < units; ++unit) {
    double time = 0;
    for (std::uint32_t number = 0;; ++number) {
      time -= std::log(antidrome_uniform(antidrome_philox4x32(number, unit, 0, ANTIDROME_DRAW_DATA, seed).word[0])) / rate;
      if (!(time < trial_ms)) break;
      events.push_back({time, static_cast<std::uint16_t>(unit)});
    }
  }
  std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) { return std::pair(a.time_ms, a.unit) < std::pair(b.time_ms, b.unit); });
  return events;
}

std::unique_ptr<Dataset> open(const OptionReader& options, std::string_view, Split split) {
  const double trial_ms = options.number("trial_ms", 0, day_ms), rate_hz = options.number("rate_hz", 50, 1e-3, 1e4);
  const auto units = static_cast<std::uint32_t>(std::max<std::uint64_t>(1, options.count("units", 20, 65535)));
  const std::uint64_t fallback = split == Split::train ? 100 : split == Split::validation ? 0 : 1;
  const std::uint64_t size = options.count(std::string(to_string(split)) + "_size", fallback, 1u << 30);
  if (size == 0) return nullptr;
  return std::make_unique<FrozenNoise>(fmt::format("frozen_noise {}", to_string(split)), size, units, pattern(units, 1e-3 * rate_hz, trial_ms, options.count("pattern_seed", 1)));
}

constexpr std::string_view keys[] = {"units", "rate_hz", "pattern_seed", "train_size", "validation_size", "test_size"};

}  // namespace

const Kind frozen_noise_kind{"frozen_noise", keys, false, open, nullptr};

}  // namespace antidrome::data
