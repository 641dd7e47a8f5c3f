// Exact mode: the trial as a sequence of records, walked back in reverse order. Included by files generated for that mode.
#pragma once
#include <antidrome/lanes_batch.h>

namespace antidrome {
namespace [[gnu::visibility("hidden")]] lanes {

constexpr std::int64_t BY_THRESHOLD = -2, FROM_DATA = -1;

/// One operation of a trial. A spike is named by its cell and its number among the cell's spikes: cell << 32 | number.
struct Record {
  enum Kind : std::uint8_t { segment, arrival, spike, hooks } kind;
  std::uint8_t which;           ///< arrival: edge; spike: cell
  std::uint16_t unit;
  std::uint32_t place;          ///< number among the segments, the arrivals, or the cell's spikes
  std::int64_t cause;           ///< arrival: the spike that sent it; spike: the one that caused it
  double time, h;
  int target = 0;               ///< arrival: the target that it reaches, where synapses have delays of their own
  std::uint32_t by = NONE;      ///< spike: the record of the delayed arrival that caused it
  static constexpr std::uint32_t NONE = 0xffffffffu;
};

/// A spike under way to all targets of an edge, or to one.
struct Travelling {
  double time;
  std::uint32_t order;          ///< of sending
  std::uint8_t edge;
  std::uint16_t unit;
  int target;
  std::int64_t spike;
};
inline bool later(const Travelling& a, const Travelling& b) { return a.time != b.time ? a.time > b.time : a.order > b.order; }

/// x in the lane of the target, zero elsewhere.
ANTIDROME_INLINE vf only(int target, int at, vf x) { return lane_index() == word(target - at) ? x : vf{}; }

/// Neurons that are about to fire, each at most once.
struct Pending {
  struct Fire { std::uint8_t cell; std::uint16_t unit; std::int64_t cause; std::uint32_t by; };
  Fire* list;
  std::uint32_t capacity, first, count;
  bool add(std::uint8_t cell, std::uint16_t unit, std::int64_t cause, std::uint32_t by = Record::NONE) {
    for (std::uint32_t k = 0; k < count; ++k) {
      const Fire& f = list[(first + k) % capacity];
      if (f.cell == cell && f.unit == unit) return false;
    }
    list[(first + count++) % capacity] = {cell, unit, cause, by};
    return true;
  }
  Fire take() {
    const Fire f = list[first];
    first = (first + 1) % capacity;
    --count;
    return f;
  }
};

/// The first h in (0, high] with g(h) >= 0, given g(0) < 0, to the resolution of the time now + h (double): secant steps that keep the
/// root bracketed (Illinois), bisection where they are slow; an end that has converged pulls the other one to it.
template <class G> double first_zero(G g, double high, double now) {
  double low = 0, at_low = g(0.0), at_high = g(high);
  if (!(at_low < 0) || !(at_high > 0)) return high;
  const double resolution = (sizeof(real) == 8 ? 4.5e-16 : 1e-11) * (now + high);   // in single precision the states are far coarser
  int same_side = 0;
  for (int k = 0; k < 100 && high - low > resolution; ++k) {
    double middle = k % 5 == 4 ? 0.5 * (low + high) : high - at_high * (high - low) / (at_high - at_low);
    if (!(middle > low + 0.5 * resolution)) middle = low + resolution;
    if (!(middle < high - 0.5 * resolution)) middle = high - resolution;
    if (!(middle > low) || !(middle < high)) break;
    const double value = g(middle);
    if (value >= 0) {
      high = middle;
      at_high = value;
      if (value == 0) break;
      if (same_side == 1) at_low *= 0.5;
      same_side = 1;
    } else {
      low = middle;
      at_low = value;
      if (same_side == -1) at_high *= 0.5;
      same_side = -1;
    }
  }
  return high;
}

/// The events of all sources in the order of time, source, unit.
struct Due {
  double time;
  std::uint32_t source, unit;
};
inline std::uint32_t merge_events(const antidrome_events* events, int sources, std::uint32_t steps, Due* due, std::uint32_t capacity) {
  std::uint32_t n = 0;
  for (int s = 0; s < sources; ++s)
    for (std::uint32_t e = 0; e < events[s].step_begin[steps]; ++e) {
      if (n == capacity) return capacity + 1;
      due[n++] = {events[s].time_ms[e], std::uint32_t(s), events[s].unit[e]};
    }
  std::sort(due, due + n, [](const Due& a, const Due& b) { return a.time != b.time ? a.time < b.time : a.source != b.source ? a.source < b.source : a.unit < b.unit; });
  return n;
}

inline void record_exact_spikes(const antidrome_record& r, int population, const std::uint16_t* unit, const double* time, std::uint32_t n) {
  if (r.spike_count) r.spike_count[population] = n;
  const std::uint32_t kept = n < r.spike_capacity ? n : r.spike_capacity;
  for (std::uint32_t s = 0; s < kept; ++s) {
    if (r.spike_unit && r.spike_unit[population]) r.spike_unit[population][s] = unit[s];
    if (r.spike_time_ms && r.spike_time_ms[population]) r.spike_time_ms[population][s] = time[s];
  }
}

}  // namespace lanes
}  // namespace antidrome
