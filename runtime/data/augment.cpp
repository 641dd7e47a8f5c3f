#include "runtime/data/augment.hpp"

#include <antidrome/philox.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

namespace antidrome::data {
namespace {

using Kind = AugmentStep::Kind;

/// The numbers that one step draws for one sample, one after the other.
class Draws {
 public:
  Draws(std::uint64_t seed, std::uint64_t epoch, std::size_t sample, std::size_t step)
      : seed_(seed), epoch_(static_cast<std::uint32_t>(epoch)), sample_(static_cast<std::uint32_t>(sample)), purpose_(ANTIDROME_DRAW_AUGMENT + static_cast<std::uint32_t>(step)) {}

  double uniform() {
    if (number_ % 4 == 0) block_ = antidrome_philox4x32(number_ / 4, sample_, epoch_, purpose_, seed_);
    return antidrome_uniform(block_.word[number_++ % 4]);
  }
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  /// Box-Muller; every second call gives the other half of a pair.
  double normal() {
    if (std::exchange(has_spare_, !has_spare_)) return spare_;
    const double radius = std::sqrt(-2 * std::log(uniform())), angle = 2 * std::numbers::pi * uniform();
    spare_ = radius * std::sin(angle);
    return radius * std::cos(angle);
  }
  /// One of [0, count).
  std::size_t pick(std::size_t count) { return std::min(count - 1, static_cast<std::size_t>(uniform() * static_cast<double>(count))); }

 private:
  std::uint64_t seed_;
  std::uint32_t epoch_, sample_, purpose_, number_ = 0;
  antidrome_philox block_{};
  double spare_ = 0;
  bool has_spare_ = false;
};

bool earlier(const Event& a, const Event& b) { return a.time_ms != b.time_ms ? a.time_ms < b.time_ms : a.unit < b.unit; }

void restore_order(std::vector<Event>& events) {
  if (!std::is_sorted(events.begin(), events.end(), earlier)) std::sort(events.begin(), events.end(), earlier);
}

std::size_t count(const EventSample& sample) {
  return std::accumulate(sample.sources.begin(), sample.sources.end(), std::size_t{0}, [](std::size_t n, const std::vector<Event>& events) { return n + events.size(); });
}

// Moves every event to where `place` says, given as (time, unit as a number that may leave the source); returns how many are lost.
template <class Place>
std::uint64_t move_events(std::vector<Event>& events, std::uint32_t units, double trial_ms, const Place& place) {
  const auto kept = std::remove_if(events.begin(), events.end(), [&](Event& e) {
    const auto [time, unit] = place(e);
    if (!(unit >= 0 && unit < units && time >= 0 && time < trial_ms)) return true;
    e = {time, static_cast<std::uint16_t>(unit)};
    return false;
  });
  const auto lost = static_cast<std::uint64_t>(events.end() - kept);
  events.erase(kept, events.end());
  return lost;
}

std::uint64_t thin(std::vector<Event>& events, double keep, Draws& draws) {
  return std::erase_if(events, [&](const Event&) { return draws.uniform() >= keep; });
}

// A Poisson process: exponential gaps between the events of all units together, each event in a unit of its own draw.
std::uint64_t add_noise(std::vector<Event>& events, std::uint32_t units, double rate_hz, double trial_ms, Draws& draws) {
  const double per_ms = rate_hz * units / 1000;
  const auto middle = static_cast<std::ptrdiff_t>(events.size());
  for (double time = -std::log(draws.uniform()) / per_ms; time < trial_ms; time -= std::log(draws.uniform()) / per_ms)
    events.push_back({time, static_cast<std::uint16_t>(draws.pick(units))});
  std::inplace_merge(events.begin(), events.begin() + middle, events.end(), earlier);
  return events.size() - static_cast<std::size_t>(middle);
}

// What the data set promises of a sample; augmentations rely on it and would hide where it is not kept.
void check(const Dataset& data, std::size_t index, const EventSample& sample) {
  const DataError::Place place{data.name(), index, {}};
  for (std::size_t source = 0; source < sample.sources.size(); ++source) {
    const std::uint32_t units = data.source_sizes()[source];
    double previous = 0;
    for (const Event& event : sample.sources[source]) {
      if (!(event.time_ms >= previous))
        throw DataError("AD519", place, fmt::format("event at {} ms follows one at {} ms", event.time_ms, previous), "times are at least 0 and sorted: run 'antidrome data check'");
      if (event.unit >= units)
        throw DataError("AD520", place, fmt::format("event of unit {}, but source {} has units [0, {})", event.unit, source, units), "run 'antidrome data check'");
      previous = event.time_ms;
    }
  }
}

struct Mean { double time = 0, unit = 0; };

Mean mean_of(const std::vector<Event>& events) {
  Mean sum;
  for (const Event& e : events) sum.time += e.time_ms, sum.unit += e.unit;
  const auto n = static_cast<double>(events.size());
  return {sum.time / n, sum.unit / n};
}

}  // namespace

std::size_t epoch_size(const Dataset& data, const std::vector<AugmentStep>& steps) {
  std::size_t size = data.size();
  for (const AugmentStep& step : steps) size += static_cast<std::size_t>(std::llround(step.extra * static_cast<double>(data.size())));
  return size;
}

void find_fewest(std::vector<AugmentStep>& steps, const Dataset& training, double trial_ms) {
  const auto open = [](const AugmentStep& step) { return step.kind == Kind::normalise_spike_number && step.a == 0; };
  if (std::none_of(steps.begin(), steps.end(), open)) return;
  std::size_t fewest = 0;
  EventSample sample;
  for (std::size_t k = 0; k < training.size(); ++k) {
    training.read(k, sample);
    for (std::vector<Event>& events : sample.sources) std::erase_if(events, [&](const Event& e) { return e.time_ms >= trial_ms; });
    const std::size_t own = count(sample);
    if (own > 0 && (fewest == 0 || own < fewest)) fewest = own;
  }
  for (AugmentStep& step : steps)
    if (open(step)) step.a = static_cast<double>(fewest);
}

Augmenter::Augmenter(const Dataset& data, std::vector<AugmentStep> steps, double trial_ms, std::uint64_t seed)
    : data_(data), steps_(std::move(steps)), trial_ms_(trial_ms), seed_(seed) {
  const auto blending = std::find_if(steps_.begin(), steps_.end(), [](const AugmentStep& step) { return step.kind == Kind::blend; });
  if (blending == steps_.end()) return;
  for (std::size_t k = 0; k < data_.size(); ++k) {
    const SampleInfo info = data_.info(k);
    members_[{info.label, blending->same_group ? info.group : -1}].push_back(static_cast<std::uint32_t>(k));
  }
}

void Augmenter::read(std::size_t index, std::uint64_t epoch, bool training, EventSample& into, AugmentCounts& counts) {
  epoch_ = epoch, training_ = training, counts_ = &counts;
  make(steps_.size(), index, into);
}

// The sample after the first `steps` steps. A blend takes its partners as the steps before it left them.
void Augmenter::make(std::size_t steps, std::size_t index, EventSample& into) {
  if (steps == 0) {
    data_.read(index, into);
    check(data_, index, into);
    if (!steps_.empty())
      for (std::vector<Event>& events : into.sources) counts_->late += std::erase_if(events, [&](const Event& e) { return e.time_ms >= trial_ms_; });
  } else if (blends(steps - 1, index)) {
    blend(steps - 1, index, into);
  } else {
    make(steps - 1, index, into);
    apply(steps - 1, index, into);
  }
}

void Augmenter::apply(std::size_t number, std::size_t index, EventSample& into) {
  const AugmentStep& step = steps_[number];
  if (!training_ && step.kind != Kind::normalise_spike_number) return;
  Draws draws(seed_, epoch_, index, number);
  const double whole = step.kind == Kind::random_shift    ? std::trunc(draws.uniform(-step.a, step.a))
                       : step.kind == Kind::random_dilate ? std::exp(draws.uniform(std::log(step.a), std::log(step.b)))
                                                          : 0;
  const auto own = static_cast<double>(count(into));
  for (std::size_t source = 0; source < into.sources.size(); ++source) {
    std::vector<Event>& events = into.sources[source];
    const std::uint32_t units = data_.source_sizes()[source];
    const auto move = [&](const auto& place) { counts_->cut += move_events(events, units, trial_ms_, place); };
    switch (step.kind) {
      case Kind::random_shift: move([&](const Event& e) { return std::pair(e.time_ms, e.unit + whole); }); break;
      case Kind::random_dilate: move([&](const Event& e) { return std::pair(e.time_ms * whole, static_cast<double>(e.unit)); }); break;
      case Kind::id_jitter:
        move([&](const Event& e) { return std::pair(e.time_ms, e.unit + std::round(step.a * draws.normal())); });
        restore_order(events);
        break;
      case Kind::jitter_time:
        move([&](const Event& e) { return std::pair(e.time_ms + step.a * draws.normal(), static_cast<double>(e.unit)); });
        restore_order(events);
        break;
      case Kind::drop_events: counts_->dropped += thin(events, 1 - step.a, draws); break;
      case Kind::noise_rate: counts_->added += add_noise(events, units, step.a, trial_ms_, draws); break;
      case Kind::normalise_spike_number: counts_->dropped += own > step.a ? thin(events, step.a / own, draws) : 0; break;
      case Kind::blend: break;  // this sample is none of the blended ones
    }
  }
}

bool Augmenter::blends(std::size_t step, std::size_t index) const {
  if (!training_ || steps_[step].kind != Kind::blend) return false;
  if (index >= data_.size()) return true;
  return Draws(seed_, epoch_, index, step).uniform() < steps_[step].share && data_.info(index).label >= 0;
}

const Augmenter::Members& Augmenter::members(const AugmentStep& step, const SampleInfo& info) const { return members_.at({info.label, step.same_group ? info.group : -1}); }

void Augmenter::blend(std::size_t number, std::size_t index, EventSample& into) {
  const AugmentStep& step = steps_[number];
  Draws draws(seed_, epoch_, index, number);
  draws.uniform();  // decided whether the sample is blended
  const SampleInfo like = data_.info(index < data_.size() ? index : draws.pick(data_.size()));
  const Members& choice = members(step, like);
  std::vector<EventSample> partners(step.keep.size());
  for (EventSample& partner : partners) make(number, choice[draws.pick(choice.size())], partner);
  into.label = like.label;
  into.sources.resize(data_.source_sizes().size());
  for (std::size_t source = 0; source < into.sources.size(); ++source) {
    Mean target;
    double heard = 0;  // partners with events: the others have no mean
    for (const EventSample& partner : partners) {
      if (partner.sources[source].empty()) continue;
      const Mean own = mean_of(partner.sources[source]);
      target.time += own.time, target.unit += own.unit, ++heard;
    }
    target.time /= heard, target.unit /= heard;
    std::vector<Event>& out = into.sources[source];
    out.clear();
    for (std::size_t k = 0; k < partners.size(); ++k) {
      std::vector<Event>& events = partners[k].sources[source];
      if (events.empty()) continue;
      const Mean own = mean_of(events);
      const double later = std::trunc(target.time - own.time), higher = std::trunc(target.unit - own.unit);
      counts_->dropped += thin(events, step.keep[k], draws);
      counts_->cut += move_events(events, data_.source_sizes()[source], trial_ms_, [&](const Event& e) { return std::pair(e.time_ms + later, e.unit + higher); });
      const auto middle = static_cast<std::ptrdiff_t>(out.size());
      out.insert(out.end(), events.begin(), events.end());
      std::inplace_merge(out.begin(), out.begin() + middle, out.end(), earlier);
    }
  }
}

}  // namespace antidrome::data
