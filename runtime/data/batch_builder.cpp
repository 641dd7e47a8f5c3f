#include "runtime/data/batch.hpp"

#include <atomic>
#include <antidrome/philox.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace antidrome::data {
namespace {

// Number `number` of a sample's events is left out; four events share one block of the generator.
class Dropout {
 public:
  Dropout(const BatchSettings& settings, std::uint64_t sample, std::uint64_t epoch) : settings_(settings), sample_(sample), epoch_(epoch) {}
  bool drops(std::uint32_t number) {
    if (number % 4 == 0)
      block_ = antidrome_philox4x32(number / 4, static_cast<std::uint32_t>(sample_), static_cast<std::uint32_t>(epoch_), ANTIDROME_DRAW_DROPOUT, settings_.seed);
    return antidrome_uniform(block_.word[number % 4]) < settings_.input_dropout;
  }

 private:
  const BatchSettings& settings_;
  std::uint64_t sample_, epoch_;
  antidrome_philox block_{};
};

}  // namespace

std::uint32_t step_of(double time_ms, double dt_ms) {
  constexpr double rounding = 1e-9;  // of a step: far above the rounding of time / dt, far below any real difference of times
  const double step = time_ms / dt_ms + rounding;
  return step < 4294967295.0 ? static_cast<std::uint32_t>(static_cast<std::int64_t>(step)) : UINT32_MAX;   // not negative: towards zero is down
}

std::uint64_t EventBatch::bytes() const {
  const auto held = [](const auto& v) { return v.capacity() * sizeof(v[0]); };
  return held(samples_) + held(sources_) + held(step_begin_) + held(unit_begin_) + held(unit_) + held(step_) + held(time_ms_) + held(first_);
}

BatchBuilder::BatchBuilder(const Dataset& data, BatchSettings settings)
    : data_(data), settings_(settings), augmenter_(data, settings.augment, settings.dt_ms * settings.steps, settings.seed) {
  if (settings_.steps > 65536)
    throw DataError("AD507", {data.name(), {}, {}}, fmt::format("a trial of {} steps is too long, event data can address 65536", settings_.steps), "lengthen dt or shorten the trial");
}

namespace {

std::uint64_t next_number() {
  static std::atomic<std::uint64_t> last = 0;
  return ++last;
}

}  // namespace

void BatchBuilder::build(std::span<const std::size_t> indices, std::uint64_t epoch, bool training, EventBatch& into) {
  into.samples_.clear(), into.sources_.clear(), into.first_.clear();
  into.step_begin_.clear(), into.unit_begin_.clear();
  into.unit_.clear(), into.step_.clear(), into.time_ms_.clear();
  into.events_ = into.late_ = into.dropped_ = into.cut_ = into.merged_ = 0;
  into.number_ = next_number();
  const std::vector<std::uint32_t>& sizes = data_.source_sizes();
  AugmentCounts counts;
  for (const std::size_t index : indices) {
    augmenter_.read(index, epoch, training, sample_, counts);
    if (training && settings_.input_dropout > 0) {
      Dropout dropout(settings_, index, epoch);
      std::uint32_t number = 0;
      for (std::vector<Event>& events : sample_.sources) into.dropped_ += std::erase_if(events, [&](const Event&) { return dropout.drops(number++); });
    }
    for (std::size_t source = 0; source < sizes.size(); ++source) add_source(source, into);
    into.samples_.push_back({nullptr, index, sample_.label});
  }
  into.late_ += counts.late, into.dropped_ += counts.dropped, into.cut_ = counts.cut;
  into.events_ = into.unit_.size();

  // The pools no longer move: now their addresses can be handed out.
  const std::uint32_t* steps = into.step_begin_.data();
  const std::uint32_t* units = into.unit_begin_.data();
  for (std::size_t k = 0; k < into.first_.size(); ++k) {
    const std::size_t first = into.first_[k];
    into.sources_.push_back({steps, into.unit_.data() + first, into.time_ms_.data() + first, units, into.step_.data() + first});
    steps += settings_.steps + 1;
    units += sizes[k % sizes.size()] + 1;
  }
  for (std::size_t b = 0; b < into.samples_.size(); ++b) into.samples_[b].sources = into.sources_.data() + b * sizes.size();
}

// Two views of the same events: by step as they come (times are sorted), and by unit through a counting sort.
void BatchBuilder::add_source(std::size_t source, EventBatch& into) {
  const std::vector<Event>& events = sample_.sources[source];
  const std::uint32_t units = data_.source_sizes()[source], steps = settings_.steps;
  const std::size_t first = into.unit_.size(), step_at = into.step_begin_.size(), unit_at = into.unit_begin_.size();
  into.first_.push_back(first);
  into.step_begin_.resize(step_at + steps + 1, 0);
  into.unit_begin_.resize(unit_at + units + 1, 0);
  std::uint32_t* step_begin = into.step_begin_.data() + step_at;
  std::uint32_t* unit_begin = into.unit_begin_.data() + unit_at;
  cursor_.assign(units, UINT32_MAX);
  into.unit_.resize(first + events.size()), into.time_ms_.resize(first + events.size());
  std::uint16_t* unit = into.unit_.data() + first;
  double* time = into.time_ms_.data() + first;
  for (const Event& event : events) {
    const std::uint32_t step = step_of(event.time_ms, settings_.dt_ms);
    if (step >= steps) {
      ++into.late_;
      continue;
    }
    if (settings_.binary && std::exchange(cursor_[event.unit], step) == step) {
      ++into.merged_;
      continue;
    }
    ++step_begin[step + 1], ++unit_begin[event.unit + 1];
    *unit++ = event.unit;
    *time++ = std::max(event.time_ms, step * settings_.dt_ms);  // rounding must not put it before its step
  }
  into.unit_.resize(static_cast<std::size_t>(unit - into.unit_.data()));
  into.time_ms_.resize(into.unit_.size());
  for (std::uint32_t n = 0; n < steps; ++n) step_begin[n + 1] += step_begin[n];
  for (std::uint32_t u = 0; u < units; ++u) unit_begin[u + 1] += unit_begin[u];
  cursor_.assign(unit_begin, unit_begin + units);
  into.step_.resize(into.unit_.size());
  for (std::uint32_t n = 0; n < steps; ++n)
    for (std::uint32_t e = step_begin[n]; e < step_begin[n + 1]; ++e) into.step_[first + cursor_[into.unit_[first + e]]++] = static_cast<std::uint16_t>(n);
}

}  // namespace antidrome::data
