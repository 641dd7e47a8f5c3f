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

  double uniform() { return antidrome_uniform(word()); }
  /// What uniform() < share asks, of the same number.
  bool below(std::uint64_t limit) { return word() < limit; }
  /// The least word of the generator whose number is not below `share`.
  static std::uint64_t limit(double share) { return static_cast<std::uint64_t>(std::ceil(std::clamp(share * 0x1p32 - 0.5, 0.0, 0x1p32))); }
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
  /// Four blocks are made at a time: they do not wait for each other.
  std::uint32_t word() {
    const std::uint32_t at = number_ % 16;
    if (at == 0)
      for (std::uint32_t b = 0; b < 4; ++b) blocks_[b] = antidrome_philox4x32(number_ / 4 + b, sample_, epoch_, purpose_, seed_);
    ++number_;
    return blocks_[at / 4].word[at % 4];
  }

  std::uint64_t seed_;
  std::uint32_t epoch_, sample_, purpose_, number_ = 0;
  antidrome_philox blocks_[4]{};
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

// Changes every event and keeps those of which `change` says so; returns how many are lost. Without branches: which are lost is random.
template <class Change>
std::uint64_t keep_if(std::vector<Event>& events, const Change& change) {
  Event* kept = events.data();
  for (const Event& event : events) {
    Event changed = event;
    const bool keep = change(changed);
    *kept = changed;
    kept += keep;
  }
  const auto left = static_cast<std::size_t>(kept - events.data()), lost = events.size() - left;
  events.resize(left);
  return lost;
}

// Moves every event to where `place` says, given as (time, unit as a number that may leave the source); returns how many are lost.
template <class Place>
std::uint64_t move_events(std::vector<Event>& events, std::uint32_t units, double trial_ms, const Place& place) {
  return keep_if(events, [&](Event& e) {
    const auto [time, unit] = place(e);
    const bool inside = (unit >= 0) & (unit < units) & (time >= 0) & (time < trial_ms);
    e = {time, static_cast<std::uint16_t>(static_cast<std::int32_t>(inside ? unit : 0))};
    return inside;
  });
}

std::uint64_t thin(std::vector<Event>& events, double keep, Draws& draws) {
  return keep_if(events, [&draws, limit = Draws::limit(keep)](const Event&) { return draws.below(limit); });
}

/// A move of a whole sample, by whole units: what blends and shifts do.
struct Shift {
  double later = 0;          // ms
  std::int32_t higher = 0;   // units

  Shift(double later_ms, double units) : later(later_ms), higher(static_cast<std::int32_t>(std::clamp(units, -65536.0, 65536.0))) {}
  /// Whether the event is still within the source and the trial.
  bool move(Event& e, std::uint32_t units, double trial_ms) const {
    const double time = e.time_ms + later;
    const auto unit = static_cast<std::uint32_t>(e.unit + higher);   // below zero: far above any number of units
    e = {time, static_cast<std::uint16_t>(unit)};
    return (unit < units) & (time >= 0) & (time < trial_ms);
  }
};

// Two sorted lists as one. Where both have an event at one place, `a` comes first, as in a merge that is stable.
void merge(const std::vector<Event>& a, const std::vector<Event>& b, std::vector<Event>& out) {
  out.resize(a.size() + b.size());
  const Event *p = a.data(), *q = b.data(), *const p_end = p + a.size(), *const q_end = q + b.size();
  Event* to = out.data();
  while (p != p_end && q != q_end) {
    const bool second = (q->time_ms < p->time_ms) | ((q->time_ms == p->time_ms) & (q->unit < p->unit));
    *to++ = *(__builtin_expect_with_probability(second, 1, 0.5) ? q : p);   // no branch: which is next cannot be foretold
    q += second, p += !second;
  }
  std::copy(q, q_end, std::copy(p, p_end, to));
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
      case Kind::random_shift:
        counts_->cut += keep_if(events, [&, shift = Shift(0, whole)](Event& e) { return shift.move(e, units, trial_ms_); });
        break;
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
  std::vector<Mean> means(partners.size());
  std::vector<Event> before;
  for (std::size_t source = 0; source < into.sources.size(); ++source) {
    Mean target;
    double heard = 0;  // partners with events: the others have no mean
    for (std::size_t k = 0; k < partners.size(); ++k) {
      if (partners[k].sources[source].empty()) continue;
      means[k] = mean_of(partners[k].sources[source]);
      target.time += means[k].time, target.unit += means[k].unit, ++heard;
    }
    target.time /= heard, target.unit /= heard;
    std::vector<Event>& out = into.sources[source];
    out.clear();
    for (std::size_t k = 0; k < partners.size(); ++k) {
      std::vector<Event>& events = partners[k].sources[source];
      if (events.empty()) continue;
      const Shift shift(std::trunc(target.time - means[k].time), std::trunc(target.unit - means[k].unit));
      std::uint64_t dropped = 0;
      const std::uint64_t lost = keep_if(events, [&, units = data_.source_sizes()[source], limit = Draws::limit(step.keep[k]), trial = trial_ms_](Event& e) {
        const bool kept = draws.below(limit);
        dropped += !kept;
        return kept & shift.move(e, units, trial);
      });
      counts_->dropped += dropped, counts_->cut += lost - dropped;
      std::swap(out, before);
      merge(before, events, out);
    }
  }
}

}  // namespace antidrome::data
