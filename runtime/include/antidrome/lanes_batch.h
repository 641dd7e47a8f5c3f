// What every simulator does around its equations: counters, recorder, gradients of parameters that are not matrices. Included
// by generated files after abi.h.
#pragma once
#include <algorithm>
#include <antidrome/abi.h>
#include <antidrome/lanes.h>

namespace antidrome {
namespace [[gnu::visibility("hidden")]] lanes {  // simulators of other widths may be loaded beside this one

/// Counters per unit become the ends of the units' ranges; the backward pass fills the ranges from their ends down.
inline void counts_to_ends(std::uint32_t* counters, int units) {
  std::uint32_t end = 0;
  for (int j = 0; j < units; ++j) counters[j] = end += counters[j];
  counters[units] = end;
}

/// A delay of `more` steps and `ms`, rounded to the grid.
inline std::uint32_t steps_of_delay(double ms, double dt, int more, int least) {
  const double steps = more + std::floor(ms / dt + 0.5);
  return steps < least ? std::uint32_t(least) : steps < 4e9 ? std::uint32_t(steps) : 4000000000u;
}

inline void record_trace(const antidrome_record& r, int index, std::uint32_t step, const real* values, int n) {
  if (!r.trace || !r.trace[index]) return;
  float* row = r.trace[index] + std::size_t(step) * std::size_t(n);
  for (int j = 0; j < n; ++j) row[j] = float(values[j]);
}

inline void record_adjoint(const antidrome_record& r, int index, std::uint32_t step, const real* values, int n) {
  if (!r.adjoint[index]) return;
  float* row = r.adjoint[index] + std::size_t(step) * std::size_t(n);
  for (int j = 0; j < n; ++j) row[j] = float(values[j]);
}

/// The same of an adjoint that lives in its history.
template <int N> void record_history(const antidrome_record& r, int index, std::uint32_t step, real* history, std::size_t rows) {
  if (!r.adjoint[index]) return;
  float* row = r.adjoint[index] + std::size_t(step) * N;
  for (int j = 0; j < N; ++j) row[j] = float(history_at<N>(history, rows, step, j / LANES)[j % LANES]);
}

/// Spikes of one population in order of time, then of neuron.
inline void record_spikes(const antidrome_record& r, int population, const std::uint32_t* begin, const std::uint16_t* unit, std::uint32_t steps, double dt) {
  const std::uint32_t n = begin[steps];
  if (r.spike_count) r.spike_count[population] = n;
  std::uint32_t* units = r.spike_unit ? r.spike_unit[population] : nullptr;
  double* times = r.spike_time_ms ? r.spike_time_ms[population] : nullptr;
  const std::uint32_t kept = n < r.spike_capacity ? n : r.spike_capacity;
  for (std::uint32_t t = 0; t < steps; ++t) {
    const std::uint32_t first = begin[t] < kept ? begin[t] : kept, last = begin[t + 1] < kept ? begin[t + 1] : kept;
    for (std::uint32_t s = first; s < last; ++s) {
      if (units) units[s] = unit[s];
      if (times) times[s] = t * dt;
    }
    if (units) std::sort(units + first, units + last);
  }
}

// ---- losses: reductions over n neurons in double
template <class F> ANTIDROME_INLINE double sum_over(int n, F f) {
  double sum = 0;
  for (int j = 0; j < n; ++j) sum += f(j);
  return sum;
}
template <class F> ANTIDROME_INLINE double max_over(int n, F f) {
  double top = f(0);
  for (int j = 1; j < n; ++j) { const double x = f(j); top = top < x ? x : top; }
  return top;
}
/// The label with the smallest loss; -1 when two share it.
template <class F> ANTIDROME_INLINE std::int32_t best_label(int n, F loss) {
  std::int32_t best = 0;
  double least = loss(0);
  bool tie = false;
  for (int label = 1; label < n; ++label) {
    const double x = loss(label);
    if (x < least) { least = x; best = label; tie = false; }
    else if (!(x > least)) tie = true;
  }
  return tie ? -1 : best;
}

/// One element of a parameter of a population: one per column (per neuron) or one per row (per source).
ANTIDROME_INLINE double element(const real* p, int j, int stride, bool along_rows) { return double(p[along_rows ? std::size_t(j) * std::size_t(stride) : std::size_t(j)]); }

inline void add_to_total(double* total, const real* per_neuron, int n) {
  double sum = 0;
  for (int j = 0; j < n; ++j) sum += double(per_neuron[j]);
  *total += sum;
}
inline void add_each(double* total, const real* per_neuron, int n) {
  for (int j = 0; j < n; ++j) total[j] += double(per_neuron[j]);
}

/// d(threshold)/dt kept away from zero: |1 / slope| <= clamp. A spike that grazes the threshold is counted.
ANTIDROME_INLINE real clamp_slope(real slope, real least, std::uint32_t& clamped) {
  if (__builtin_expect(!(std::fabs(slope) < least), 1)) return slope;
  ++clamped;
  return std::copysign(least, slope);
}

}  // namespace lanes
}  // namespace antidrome
