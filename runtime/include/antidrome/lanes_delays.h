// Delays of single synapses: spikes go out to the steps at which they arrive, gradients come back from them. Included by lanes.h.
//
// A row of delays (in steps, one per target) lies beside each row of weights. Lanes are targets throughout, so that every target adds up
// what reaches it in the order of the spikes: results do not depend on threads.
#pragma once

namespace antidrome {
namespace [[gnu::visibility("hidden")]] lanes {  // simulators of other widths may be loaded beside this one

/// Delays of `more` steps and a number of ms per synapse, rounded to the grid. `by_row`, `by_column`: elements from one number to the next along
/// the sources and the targets; 0: the same for all.
inline void fill_delays(std::uint16_t* steps, int rows, int cols, int width, const real* ms, std::size_t by_row, std::size_t by_column, double dt, int more, int least) {
  for (int i = 0; i < rows; ++i)
    for (int j = 0; j < width; ++j) {
      const double d = j < cols ? more + std::floor(double(ms[std::size_t(i) * by_row + std::size_t(j) * by_column]) / dt + 0.5) : least;
      steps[std::size_t(i) * std::size_t(width) + std::size_t(j)] = std::uint16_t(d < least ? least : d < 65535 ? d : 65535);
    }
}

/// A spike of step `sent` on its way: pending[sent + delay_j][j] += row_j (1 without a row). Row `steps` takes what arrives after the trial.
template <int N> ANTIDROME_INLINE void scatter_row(real* __restrict pending, const real* __restrict row, const std::uint16_t* __restrict delay, std::uint32_t sent, std::uint32_t steps) {
  for (int j = 0; j < N; ++j) {
    const std::uint32_t arrival = sent + delay[j], t = arrival < steps ? arrival : steps;
    pending[std::size_t(t) * padded(N) + std::size_t(j)] += row ? row[j] : real(1);
  }
}

/// LANES elements of one slice of a history, each from the row at which its synapse was reached; the row `steps` is zero.
ANTIDROME_INLINE vf gather_history(const real* __restrict slice, int columns, const std::uint16_t* __restrict delay, std::uint32_t sent, std::uint32_t steps) {
  vf v;
  ANTIDROME_UNROLL for (int l = 0; l < LANES; ++l) {
    const std::uint32_t arrival = sent + delay[l], t = arrival < steps ? arrival : steps;
    v[l] = slice[std::size_t(t) * std::size_t(columns) + std::size_t(l)];
  }
  return v;
}

/// sum_j row_j history[sent + delay_j][j]: what the arrivals of one spike say about its time.
template <int N> ANTIDROME_INLINE void add_scattered_dot(Dot& d, const real* __restrict row, const std::uint16_t* __restrict delay, const real* __restrict history, std::size_t rows, std::uint32_t sent, std::uint32_t steps) {
  constexpr int SLICE = slice_of(N), COLUMNS = SLICE * LANES;
  for (int b = 0; b < blocks_of(N); ++b) {
    const real* h = history + std::size_t(b / SLICE) * rows * COLUMNS + std::size_t(b % SLICE * LANES);
    const vf v = gather_history(h, COLUMNS, delay + LANES * b, sent, steps);
    d.part[b % 4] += row ? load(row + LANES * b) * v : v;
  }
}

/// gradient_ij += sum over the spikes of unit i of history[step + delay_ij][j] (weights), times -weight_ij or -1 (delays: minus the weight times
/// what the history says of arrival times).
enum class Scale { none, minus_weight, minus_one };
template <int N> ANTIDROME_INLINE void scattered_gradient(int slice, const std::uint32_t* __restrict begin, const std::uint16_t* __restrict step, int units, const real* __restrict history, std::size_t rows,
                                                          const std::uint16_t* __restrict delay, std::uint32_t steps, Scale scale, const real* __restrict weight, real* __restrict gradient, int stride, bool first) {
  constexpr int SLICE = slice_of(N), COLUMNS = SLICE * LANES;
  const real* h = history + std::size_t(slice) * rows * COLUMNS;
  for (int i = 0; i < units; ++i) {
    if (begin[i] == begin[i + 1] && !first) continue;
    real* g = gradient + std::size_t(i) * std::size_t(stride) + slice * COLUMNS;
    for (int b = 0; b < SLICE; ++b) {
      const std::uint16_t* d = delay + std::size_t(i) * padded(N) + slice * COLUMNS + LANES * b;
      vf sum = {};
      for (std::uint32_t e = begin[i]; e < begin[i + 1]; ++e) sum += gather_history(h + LANES * b, COLUMNS, d, step[e], steps);
      if (scale == Scale::minus_weight) sum *= -load(weight + std::size_t(i) * std::size_t(stride) + slice * COLUMNS + LANES * b);
      if (scale == Scale::minus_one) sum = -sum;
      store(g + LANES * b, first ? sum : load(g + LANES * b) + sum);
    }
  }
}

/// The same of a delay that the synapses of a source or of a target share: the sums of the rows, or of the columns, of that matrix.
enum class SharedBy { source, target };
template <int N> ANTIDROME_INLINE void shared_gradient(int slice, const std::uint32_t* __restrict begin, const std::uint16_t* __restrict step, int units, const real* __restrict history, std::size_t rows,
                                                       const std::uint16_t* __restrict delay, std::uint32_t steps, Scale scale, const real* __restrict weight, double* __restrict gradient, int stride, SharedBy by) {
  constexpr int SLICE = slice_of(N), COLUMNS = SLICE * LANES;
  const real* h = history + std::size_t(slice) * rows * COLUMNS;
  for (int i = 0; i < units; ++i) {
    if (begin[i] == begin[i + 1]) continue;
    for (int b = 0; b < SLICE; ++b) {
      const int at = slice * COLUMNS + LANES * b;
      vf sum = {};
      for (std::uint32_t e = begin[i]; e < begin[i + 1]; ++e) sum += gather_history(h + LANES * b, COLUMNS, delay + std::size_t(i) * padded(N) + at, step[e], steps);
      if (scale == Scale::minus_weight) sum *= -load(weight + std::size_t(i) * std::size_t(stride) + at);
      if (scale == Scale::minus_one) sum = -sum;
      for (int l = 0; l < LANES && at + l < N; ++l) gradient[by == SharedBy::source ? i : at + l] += double(sum[l]);
    }
  }
}

}  // namespace lanes
}  // namespace antidrome
