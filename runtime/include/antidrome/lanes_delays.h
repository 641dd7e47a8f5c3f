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
constexpr std::size_t arrival_rows(std::uint32_t steps) { return 2 * std::size_t(steps) + 3; }   // odd, so that groups do not compete for the same places of a cache
constexpr std::size_t arrival_size(int n, std::uint32_t steps) { return arrival_rows(steps) * std::size_t(groups_of(n) * GROUP); }
/// Two numbers for each target that are looked up together lie side by side: [group of four targets][row][target][2].
constexpr std::size_t pairs_size(int n, std::uint32_t steps) { return 2 * arrival_size(n, steps) + GROUP; }   // whole vectors are loaded from the last pair too

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
static_assert(LANES <= 2 * GROUP);
typedef real group_vector __attribute__((vector_size(GROUP * sizeof(real)), may_alias));
template <std::size_t... I> ANTIDROME_INLINE vf join(const group_vector& a, const group_vector& b, std::index_sequence<I...>) { return __builtin_shufflevector(a, b, int(I)...); }
template <int FIRST, std::size_t... I> ANTIDROME_INLINE void store_part(real* p, vf v, std::index_sequence<I...>) { *reinterpret_cast<group_vector*>(p) = __builtin_shufflevector(v, v, ((FIRST + int(I)) % (2 * LANES))...); }
ANTIDROME_INLINE vf load_arrivals(const real* p, std::size_t rows, std::size_t row, int j) {
  const real* const at = p + arrival_at(rows, row, j);
  if constexpr (LANES <= GROUP) return load(at);
  else return join(*reinterpret_cast<const group_vector*>(at), *reinterpret_cast<const group_vector*>(at + rows * GROUP), std::make_index_sequence<LANES>());
}
ANTIDROME_INLINE void keep_arrivals(real* p, std::size_t rows, std::size_t row, int j, vf v) {
  real* const at = p + arrival_at(rows, row, j);
  if constexpr (LANES <= GROUP) {
    store(at, v);
  } else {
    store_part<0>(at, v, std::make_index_sequence<GROUP>());
    store_part<GROUP>(at + rows * GROUP, v, std::make_index_sequence<GROUP>());
  }
}
/// Zeroes the rows [first, last); of a group that is not all lanes, every row. `EACH`: numbers of a target, 2 for pairs.
template <int N, int EACH = 1> void clear_arrivals(real* p, std::size_t rows, std::size_t first, std::size_t last) {
  constexpr int GROUPS = EACH * groups_of(N), WHOLE = EACH * padded(N) / GROUP;
  last = last < rows ? last : rows;
  for (int g = 0; g < GROUPS; ++g) std::memset(p + (std::size_t(g) * rows + first) * GROUP, 0, (last - first) * GROUP * sizeof(real));
  if (WHOLE < GROUPS) std::memset(p + std::size_t(WHOLE) * rows * GROUP, 0, std::size_t(GROUPS - WHOLE) * rows * GROUP * sizeof(real));
}

/// a0 b0 a1 b1 ... of the lanes from `FIRST` on.
template <int FIRST, std::size_t... I> ANTIDROME_INLINE vf alternate(vf a, vf b, std::index_sequence<I...>) { return __builtin_shufflevector(a, b, (FIRST + int(I) / 2 + (I % 2 ? LANES : 0))...); }
ANTIDROME_INLINE void keep_pairs(real* p, std::size_t rows, std::size_t row, int j, vf a, vf b) {
  keep_arrivals(p, rows, row, 2 * j, alternate<0>(a, b, std::make_index_sequence<LANES>()));
  keep_arrivals(p, rows, row, 2 * j + LANES, alternate<LANES / 2>(a, b, std::make_index_sequence<LANES>()));
}

// ---- single elements, four at a time: weights and delays come as one load, which leaves the ports to what has an address of its own
typedef real quad __attribute__((vector_size(4 * sizeof(real)), may_alias));
/// Keeps compilers from seeing through a value: they would load the elements of a vector one by one, or add up addresses anew for each.
template <class T> ANTIDROME_INLINE void as_it_stands([[maybe_unused]] T& x) {
#if defined(__x86_64__)
  if constexpr (std::is_pointer_v<T>) asm("" : "+r"(x));
  else if constexpr (sizeof(T) <= ANTIDROME_VECTOR_BYTES) asm("" : "+x"(x));
#endif
}
/// Where four delays lead to from a row.
struct FourPlaces {
  std::uint64_t delays;
  explicit FourPlaces(const std::uint16_t* p) { std::memcpy(&delays, p, sizeof delays); }
  template <class Real> __attribute__((always_inline)) Real* from(Real* row, int q) const {
    const int shift = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 16 * q : 48 - 16 * q;
    return row + std::size_t(delays >> shift & 0xffff) * GROUP;
  }
};
/// Weights of the targets [j, j + 4): without a row (nullptr) 1, and 0 beyond the last target.
template <int N, class Weight> ANTIDROME_INLINE void four_weights(quad& w, Weight row, int j) {
  if constexpr (std::is_null_pointer_v<Weight>) w = quad{real(j < N), real(j + 1 < N), real(j + 2 < N), real(j + 3 < N)};
  else as_it_stands(w = *reinterpret_cast<const quad*>(row + j));
}

/// A spike of step `sent` on its way: pending[sent + delay_j][j] += row_j.
template <int N, class Weight> ANTIDROME_INLINE void scatter_row(real* __restrict pending, std::size_t rows, Weight row, const std::uint16_t* __restrict delay, std::uint32_t sent) {
  for (int j = 0; j < N; j += GROUP) {
    real* p = pending + arrival_at(rows, sent, j);
    as_it_stands(p);
    ANTIDROME_UNROLL for (int q = 0; q < GROUP; q += 4) {
      const FourPlaces place(delay + j + q);
      quad w;
      four_weights<N>(w, row, j + q);
      ANTIDROME_UNROLL for (int l = 0; l < 4; ++l) place.from(p, l)[q + l] += w[l];
    }
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
template <int N, class Weight> ANTIDROME_INLINE void add_scattered_dot(Dot& d, Weight row, const std::uint16_t* __restrict delay, const real* __restrict history, std::size_t rows, std::uint32_t sent) {
  quad sum[GROUP / 4] = {};
  for (int j = 0; j < N; j += GROUP) {
    const real* h = history + arrival_at(rows, sent, j);
    as_it_stands(h);
    ANTIDROME_UNROLL for (int q = 0; q < GROUP; q += 4) {
      const FourPlaces place(delay + j + q);
      const quad looked_up = {place.from(h, 0)[q], place.from(h, 1)[q + 1], place.from(h, 2)[q + 2], place.from(h, 3)[q + 3]};
      quad w;
      four_weights<N>(w, row, j + q);
      sum[q / 4] += w * looked_up;
    }
  }
  const quad both = sum[0] + sum[1];
  vf total = {};
  total[0] = (both[0] + both[2]) + (both[1] + both[3]);
  d.part[0] += total;
}

/// gradient_ij += sum over the spikes of unit i of history[step + delay_ij][j] (weights), times -weight_ij or -1 (delays: minus the weight times
/// what the history says of arrival times); `first` overwrites.
enum class Scale { none, minus_weight, minus_one };
/// Of a delay that the synapses of a source or of a target share: the sums of the rows, or of the columns, of that matrix.
enum class SharedBy { source, target };
struct ArrivalSum {
  Scale scale;
  const real* weight;
  real* gradient;
  bool first;
  double* shared;                  ///< or null
  SharedBy by;
};
/// The sums of source i and the targets [j, j + 4), whose elements are at `at` in matrices.
template <int N> ANTIDROME_INLINE void put_sums(const ArrivalSum& of, quad&& sum, int i, int j, std::size_t at) {
  if (of.scale == Scale::minus_weight) sum *= -*reinterpret_cast<const quad*>(of.weight + at);
  else if (of.scale == Scale::minus_one) sum = -sum;
  if (of.shared) {
    ANTIDROME_UNROLL for (int q = 0; q < 4; ++q)
      if (j + q < N) of.shared[of.by == SharedBy::source ? i : j + q] += double(sum[q]);
  } else {
    quad& g = *reinterpret_cast<quad*>(of.gradient + at);
    g = of.first ? sum : g + sum;
  }
}
/// One gradient: eight targets at once, each with a sum and a place to begin.
template <int N> void scattered_gradient(const std::uint32_t* __restrict begin, const std::uint16_t* __restrict step, int units, const real* __restrict history, std::size_t rows, const std::uint16_t* __restrict delays, int stride,
                                         const ArrivalSum of) {
  for (int j = 0; j < N; j += GROUP)
    for (int i = 0; i < units; ++i) {
      if (begin[i] == begin[i + 1] && !of.first) continue;
      const std::uint16_t* const delay = delays + std::size_t(i) * delay_stride(N) + j;
      const real* place[GROUP];
      real sum[GROUP] = {};
      ANTIDROME_UNROLL for (int q = 0; q < GROUP; ++q) place[q] = history + arrival_at(rows, delay[q], j + q);
      for (std::uint32_t e = begin[i]; e < begin[i + 1]; ++e) {
        const std::size_t sent = std::size_t(step[e]) * GROUP;
        ANTIDROME_UNROLL for (int q = 0; q < GROUP; ++q) sum[q] += place[q][sent];
      }
      ANTIDROME_UNROLL for (int q = 0; q < GROUP; q += 4)
        put_sums<N>(of, quad{sum[q], sum[q + 1], sum[q + 2], sum[q + 3]}, i, j + q, std::size_t(i) * std::size_t(stride) + std::size_t(j + q));
    }
}
/// Two gradients whose histories are kept as pairs: one load brings a number for each. Four targets at once.
template <int N> void paired_gradients(const std::uint32_t* __restrict begin, const std::uint16_t* __restrict step, int units, const real* __restrict pairs, std::size_t rows, const std::uint16_t* __restrict delays, int stride,
                                       const ArrivalSum first, const ArrivalSum second) {
  typedef real vector16 __attribute__((vector_size(16), may_alias));
  typedef vector16 anywhere __attribute__((aligned(sizeof(real))));              // a pair, and in single precision what lies behind it
  for (int j = 0; j < N; j += 4)
    for (int i = 0; i < units; ++i) {
      std::uint32_t e = begin[i];
      const std::uint32_t end = begin[i + 1];
      if (e == end && !first.first && !second.first) continue;
      const std::uint16_t* const delay = delays + std::size_t(i) * delay_stride(N) + j;
      const real* place[4];
      vector16 sum[4] = {};
      ANTIDROME_UNROLL for (int q = 0; q < 4; ++q) place[q] = pairs + arrival_at(rows, delay[q], 2 * (j + q));
      const auto add = [&](std::uint16_t of) {
        ANTIDROME_UNROLL for (int q = 0; q < 4; ++q) sum[q] += *reinterpret_cast<const anywhere*>(place[q] + std::size_t(of) * GROUP);
      };
      for (; e + 2 <= end; e += 2) {
        add(step[e]);
        add(step[e + 1]);
      }
      if (e < end) add(step[e]);
      const std::size_t at = std::size_t(i) * std::size_t(stride) + std::size_t(j);
      put_sums<N>(first, quad{sum[0][0], sum[1][0], sum[2][0], sum[3][0]}, i, j, at);
      put_sums<N>(second, quad{sum[0][1], sum[1][1], sum[2][1], sum[3][1]}, i, j, at);
    }
}

}  // namespace lanes
}  // namespace antidrome
