// Delays of single synapses: spikes go out to the steps at which they arrive, gradients come back from them. Included by lanes.h.
//
// A row of delays (in steps, one per target) lies beside each row of weights. Every target adds up what reaches it in an order that the events
// alone decide: results do not depend on threads.
#pragma once

namespace antidrome {
namespace [[gnu::visibility("hidden")]] lanes {  // simulators of other widths may be loaded beside this one

// What arrives at a step, and what its arrival said, lies in arrays over the steps [group of eight targets][row][target]: all rows of a group fit
// the first-level cache, in which the single elements of them are looked up. A delay is at most the number of steps (then it is longer
// than any trial), so that rows up to 2 steps need no test of whether a spike arrives in time.
constexpr int GROUP = 8;
constexpr int groups_of(int n) { return round_up(padded(n), GROUP) / GROUP; }
/// Delays of a source, one per target.
constexpr int delay_stride(int n) { return groups_of(n) * GROUP; }
constexpr std::size_t arrival_rows(std::uint32_t steps) { return 2 * std::size_t(steps); }
constexpr std::size_t arrival_size(int n, std::uint32_t steps) { return arrival_rows(steps) * std::size_t(groups_of(n) * GROUP); }

/// Delays of `more` steps and a number of ms per synapse, rounded to the grid. `by_row`, `by_column`: elements from one number to the next along
/// the sources and the targets; 0: the same for all. Answers the longest of them within a trial.
inline std::uint32_t fill_delays(std::uint16_t* delays, int rows, int cols, int width, const real* ms, std::size_t by_row, std::size_t by_column, double dt, int more, int least, std::uint32_t steps) {
  std::uint32_t longest = 0;
  for (int i = 0; i < rows; ++i)
    for (int j = 0; j < width; ++j) {
      const double d = j < cols ? more + std::floor(double(ms[std::size_t(i) * by_row + std::size_t(j) * by_column]) / dt + 0.5) : least;
      const std::uint32_t whole = d < least ? std::uint32_t(least) : d < double(steps) ? std::uint32_t(d) : steps;
      delays[std::size_t(i) * std::size_t(width) + std::size_t(j)] = std::uint16_t(whole);
      longest = whole > longest ? whole : longest;
    }
  return longest;
}

// ---- blocks of lanes, for which a row is one or two pieces
ANTIDROME_INLINE std::size_t arrival_at(std::size_t rows, std::size_t row, int j) { return (std::size_t(j / GROUP) * rows + row) * GROUP + std::size_t(j % GROUP); }
ANTIDROME_INLINE vf load_arrivals(const real* p, std::size_t rows, std::size_t row, int j) {
  constexpr int PIECE = LANES < GROUP ? LANES : GROUP;
  vf v;
  ANTIDROME_UNROLL for (int k = 0; k < LANES; k += PIECE) std::memcpy(reinterpret_cast<real*>(&v) + k, p + arrival_at(rows, row, j + k), PIECE * sizeof(real));
  return v;
}
ANTIDROME_INLINE void keep_arrivals(real* p, std::size_t rows, std::size_t row, int j, vf v) {
  constexpr int PIECE = LANES < GROUP ? LANES : GROUP;
  ANTIDROME_UNROLL for (int k = 0; k < LANES; k += PIECE) std::memcpy(p + arrival_at(rows, row, j + k), reinterpret_cast<const real*>(&v) + k, PIECE * sizeof(real));
}
/// Zeroes the rows [first, last); of a group that is not all lanes, every row.
template <int N> void clear_arrivals(real* p, std::size_t rows, std::size_t first, std::size_t last) {
  last = last < rows ? last : rows;
  for (int g = 0; g < groups_of(N); ++g) std::memset(p + (std::size_t(g) * rows + first) * GROUP, 0, (last - first) * GROUP * sizeof(real));
  if (padded(N) % GROUP) std::memset(p + std::size_t(groups_of(N) - 1) * rows * GROUP, 0, rows * GROUP * sizeof(real));
}

/// A spike of step `sent` on its way: pending[sent + delay_j][j] += row_j (1 without a row).
template <int N> ANTIDROME_INLINE void scatter_row(real* __restrict pending, std::size_t rows, const real* __restrict row, const std::uint16_t* __restrict delay, std::uint32_t sent) {
  for (int j = 0; j < N; j += GROUP) {
    real* const p = pending + arrival_at(rows, sent, j);
    ANTIDROME_UNROLL for (int q = 0; q < GROUP; ++q)
      if (row) p[delay[j + q] * GROUP + q] += row[j + q];
      else if (j + q < N) p[delay[j + q] * GROUP + q] += real(1);
  }
}
/// All spikes of all units of a source, group by group of targets. `weight`: rows of `stride`, or none.
template <int N> void scatter_units(real* __restrict pending, std::size_t rows, const std::uint32_t* __restrict begin, const std::uint16_t* __restrict step, int units, const real* __restrict weight, int stride,
                                    const std::uint16_t* __restrict delays) {
  for (int j = 0; j < N; j += GROUP)
    for (int i = 0; i < units; ++i) {
      const std::uint16_t* const delay = delays + std::size_t(i) * delay_stride(N) + j;
      real* place[GROUP];
      real x[GROUP];
      ANTIDROME_UNROLL for (int q = 0; q < GROUP; ++q) {
        place[q] = pending + arrival_at(rows, delay[q], j + q);
        x[q] = weight ? weight[std::size_t(i) * std::size_t(stride) + std::size_t(j + q)] : real(j + q < N);
      }
      for (std::uint32_t e = begin[i]; e < begin[i + 1]; ++e) {
        const std::size_t at = std::size_t(step[e]) * GROUP;
        ANTIDROME_UNROLL for (int q = 0; q < GROUP; ++q) place[q][at] += x[q];
      }
    }
}

/// sum_j row_j history[sent + delay_j][j]: what the arrivals of one spike say about its time.
template <int N> ANTIDROME_INLINE void add_scattered_dot(Dot& d, const real* __restrict row, const std::uint16_t* __restrict delay, const real* __restrict history, std::size_t rows, std::uint32_t sent) {
  real sum[GROUP] = {};
  for (int j = 0; j < N; j += GROUP) {
    const real* const h = history + arrival_at(rows, sent, j);
    ANTIDROME_UNROLL for (int q = 0; q < GROUP; ++q) {
      const real x = h[delay[j + q] * GROUP + q];
      sum[q] += row ? row[j + q] * x : j + q < N ? x : real(0);
    }
  }
  vf total = {};
  total[0] = ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
  d.part[0] += total;
}

/// gradient_ij += sum over the spikes of unit i of history[step + delay_ij][j] (weights), times -weight_ij or -1 (delays: minus the weight times
/// what the history says of arrival times); `first` overwrites.
enum class Scale { none, minus_weight, minus_one };
/// Of a delay that the synapses of a source or of a target share: the sums of the rows, or of the columns, of that matrix.
enum class SharedBy { source, target };
struct ArrivalSum {
  const real* history;
  Scale scale;
  const real* weight;
  real* gradient;
  bool first;
  double* shared;                  ///< or null
  SharedBy by;
};
/// One such gradient, or two that are looked up at the same places. Eight targets at once: eight sums, each with a place to begin.
template <int N, class... More> void scattered_gradient(const std::uint32_t* __restrict begin, const std::uint16_t* __restrict step, int units, std::size_t rows, const std::uint16_t* __restrict delays, int stride, const More... sums) {
  constexpr int SUMS = sizeof...(More);
  const ArrivalSum of[SUMS] = {sums...};
  for (int j = 0; j < N; j += GROUP)
    for (int i = 0; i < units; ++i) {
      if (begin[i] == begin[i + 1] && !of[0].first && !of[SUMS - 1].first) continue;
      const std::uint16_t* const delay = delays + std::size_t(i) * delay_stride(N) + j;
      std::size_t place[GROUP];
      real sum[SUMS][GROUP] = {};
      ANTIDROME_UNROLL for (int q = 0; q < GROUP; ++q) place[q] = arrival_at(rows, delay[q], j + q);
      for (std::uint32_t e = begin[i]; e < begin[i + 1]; ++e) {
        const std::size_t sent = std::size_t(step[e]) * GROUP;
        ANTIDROME_UNROLL for (int k = 0; k < SUMS; ++k) {
          const real* const h = of[k].history + sent;
          ANTIDROME_UNROLL for (int q = 0; q < GROUP; ++q) sum[k][q] += h[place[q]];
        }
      }
      const std::size_t at = std::size_t(i) * std::size_t(stride) + std::size_t(j);
      ANTIDROME_UNROLL for (int k = 0; k < SUMS; ++k)
        ANTIDROME_UNROLL for (int q = 0; q < GROUP; ++q) {
          const real x = of[k].scale == Scale::minus_weight ? sum[k][q] * -of[k].weight[at + std::size_t(q)] : of[k].scale == Scale::minus_one ? -sum[k][q] : sum[k][q];
          if (of[k].shared) {
            if (j + q < N) of[k].shared[of[k].by == SharedBy::source ? i : j + q] += double(x);
          } else {
            real& g = of[k].gradient[at + std::size_t(q)];
            g = of[k].first ? x : g + x;
          }
        }
    }
}

}  // namespace lanes
}  // namespace antidrome
