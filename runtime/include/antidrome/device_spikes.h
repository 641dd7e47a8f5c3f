// Spikes inside a block of threads: lists in shared memory, rows of weights, places on the tape. Included by device.h.
#pragma once

namespace antidrome {
namespace device {

constexpr u32 rows_in_flight = 4;               // of each list: their loads are issued before the first is added
/// Entries of one warp's list: all its neurons, then null units so that groups of rows need no tail.
template <u32 PER_LANE> constexpr u32 list_size = 32u * PER_LANE + 2u * rows_in_flight;

/// The spikes of one warp enter its list in the order of neurons within a lane's first neurons, second neurons, …; `rank` is the place of each.
/// Answers how many there are. The null unit `null` has a row of zeros.
template <int N, int M> ANTIDROME_DEVICE u32 emit_spikes(const bool (&fired)[M], u32 j, u32 null, u32* list, u32* count, u32 (&rank)[M]) {
  const u32 lane = threadIdx.x & 31u, below = (1u << lane) - 1u;
  u32 mine = 0;
#pragma unroll
  for (int e = 0; e < N; ++e) {
    const u32 bits = __ballot_sync(every_lane, fired[e]);
    rank[e] = mine + u32(__popc(bits & below));
    mine += u32(__popc(bits));
  }
  if (mine != 0u) {
#pragma unroll
    for (int e = 0; e < N; ++e)
      if (fired[e]) list[rank[e]] = j + u32(e);
  }
  if (lane < 2u * rows_in_flight) list[mine + lane] = null;
  if (lane == 0u) *count = mine;
  return mine;
}

/// Counts of all warps; the spikes of the warps before this one; all.
template <int WARPS> ANTIDROME_DEVICE void read_counts(const u32* counts, u32 warp, u32 (&fresh)[WARPS], u32& before, u32& total) {
  before = total = 0;
#pragma unroll
  for (u32 w = 0; w < WARPS; ++w) {
    fresh[w] = counts[w];
    before += w < warp ? fresh[w] : 0u;
    total += fresh[w];
  }
}

/// Where what a spike of a lane's neuron e brings lies in shared memory, of neurons that lie N to a lane: first neurons of all lanes, second ones, … so that
/// lanes that read at once read from different banks. `owner`: the lane's number among all that have such neurons.
template <u32 N, u32 PADDED> ANTIDROME_DEVICE u32 place_of_neuron(u32 owner, u32 e) { return N == 1u ? owner : e * (PADDED / N) + owner; }

/// Sums over the lanes of a warp of R numbers at once: the lanes of group r, 32 / R of them beside each other, have that of x[r].
template <int R> ANTIDROME_DEVICE real warp_sums(const real (&of)[R]) {
  const u32 lane = threadIdx.x & 31u;
  real x[R];
#pragma unroll
  for (int k = 0; k < R; ++k) x[k] = of[k];
  int left = R;
#pragma unroll
  for (int d = 16; d > 0; d >>= 1) {
    if (left == 1) {
      x[0] += __shfl_xor_sync(every_lane, x[0], d);
      continue;
    }
    left /= 2;
    const bool upper = (lane & u32(d)) != 0u;
#pragma unroll
    for (int k = 0; k < left; ++k) {
      const real other = __shfl_xor_sync(every_lane, upper ? x[k] : x[k + left], d);
      x[k] = (upper ? x[k + left] : x[k]) + other;
    }
  }
  return x[0];
}

/// A warp takes R spikes of a step at once, each with a group of its lanes: which of the step's spikes is that of this lane. Warps take turns.
template <int R> ANTIDROME_DEVICE u32 turn_of_lane(u32 warp, u32 warps) { return warp + (threadIdx.x & 31u) / (32u / R) * warps; }
/// The unit (or none) of the spike whose turn it is of those from `first` to `last` - 1. `units`: where the lane would find it if `first` were 0.
ANTIDROME_DEVICE void fetch_spikes(u32& unit, const u32* units, u32 turn, u32 first, u32 last) { unit = turn < last - first ? __ldg(row_at<1u>(units, first)) : none; }
/// The MEMBERS numbers that a spike left on the tape.
template <int MEMBERS> ANTIDROME_DEVICE void fetch_record(real (&left)[MEMBERS], const real* record) {
  if constexpr (MEMBERS == 2 || MEMBERS == 4) {
    fetch_lanes<MEMBERS>(left, record);
  } else {
#pragma unroll
    for (int m = 0; m < MEMBERS; ++m) left[m] = __ldg(record + m);
  }
}
/// The spikes of R groups of lanes tell the lanes of their neurons, where those look for it: that they spiked, BRINGS numbers and (PRODUCT) their row product,
/// their places on the tape if somebody asks. A lane of the group for each number; `found`: the row of this lane's.
template <u32 N, u32 PADDED, int R, int BRINGS, bool PRODUCT, int M>
ANTIDROME_DEVICE void spikes_found(const real (&product)[R], u32 unit, u32 place, const real (&brings)[M], u32* fired, real* found, u32* spike_of, u32 grazes, u32& clamped) {
  const u32 number = (threadIdx.x & 31u) % (32u / R), owner = unit / N, e = unit % N, at = place_of_neuron<N, PADDED>(owner, e);
  real value = PRODUCT ? warp_sums(product) : real(0);
#pragma unroll
  for (int b = 0; b < BRINGS; ++b) value = number == u32(b) ? brings[b] : value;
  if (unit == none) return;
  if (number < u32(BRINGS) + (PRODUCT ? 1u : 0u)) found[at] = value;
  if (number == 0u) {
    atomicOr(fired + owner, 1u << e);
    if (spike_of) spike_of[at] = place;
    clamped += grazes;
  }
}

/// Which of this lane's neurons spiked in this step, as bits; the next steps find none.
ANTIDROME_DEVICE u32 take_fired(u32* fired) {
  const u32 bits = *fired;
  if (bits != 0u) *fired = 0u;
  return bits;
}
/// Number e of the registers of a lane, where e is known to the lane alone.
template <int N, class T, int M> ANTIDROME_DEVICE T chosen(const T (&x)[M], u32 e) {
  T y = x[0];
#pragma unroll
  for (int k = 1; k < N; ++k) y = u32(k) == e ? x[k] : y;
  return y;
}
template <int N, class T, int M> ANTIDROME_DEVICE void choose(T (&x)[M], u32 e, T value) {
#pragma unroll
  for (int k = 0; k < N; ++k) x[k] = u32(k) == e ? value : x[k];
}

/// Four rows of one list on their way: of its units from `at` on, or null units past its end.
template <int N, int M> ANTIDROME_DEVICE void fetch_rows(real (*row)[M], const real* rows, u32 stride, const u32* list, u32 at) {
  const uint4 unit = *reinterpret_cast<const uint4*>(list + at);
  fetch_lanes<N>(row[0], rows + u64(unit.x) * stride);
  fetch_lanes<N>(row[1], rows + u64(unit.y) * stride);
  fetch_lanes<N>(row[2], rows + u64(unit.z) * stride);
  fetch_lanes<N>(row[3], rows + u64(unit.w) * stride);
}
/// The first rows of the first two lists (or the only one); `null`: where both are empty there is nothing to fetch.
template <int N, int WARPS, int M> ANTIDROME_DEVICE void fetch_first_rows(real (&row)[2u * rows_in_flight][M], const real* rows, u32 stride, const u32* lists, u32 list_stride, u32 null) {
  const uint4 a = *reinterpret_cast<const uint4*>(lists), b = *reinterpret_cast<const uint4*>(lists + (WARPS < 2 ? 0u : list_stride));
  if (a.x == null && b.x == null) return;
  fetch_rows<N>(row, rows, stride, lists, 0u);
  if (WARPS >= 2) fetch_rows<N>(row + rows_in_flight, rows, stride, lists + list_stride, 0u);
}
/// sum += rows that are here.
template <int N, int M> ANTIDROME_DEVICE void add_fetched(real (&sum)[M], real (*row)[M]) {
#pragma unroll
  for (u32 q = 0; q < rows_in_flight; ++q)
#pragma unroll
    for (int e = 0; e < N; ++e) sum[e] += row[q][e];
}

ANTIDROME_DEVICE u32 smaller(u32 a, u32 b) { return a < b ? a : b; }
ANTIDROME_DEVICE u32 larger(u32 a, u32 b) { return a < b ? b : a; }

/// sum += the rows of all spikes in the lists of WARPS warps; `rows` is the column of this lane, N neighbours of it. Two lists at a time, four rows
/// of each in flight; past its end a list gives the null unit. `first`: those of fetch_first_rows.
template <int N, int WARPS, int M> ANTIDROME_DEVICE void add_rows(real (&sum)[M], const real* rows, u32 stride, const u32* lists, u32 list_stride, const u32 (&fresh)[WARPS], real (*first_row)[M] = nullptr) {
  constexpr int TOGETHER = WARPS < 2 ? 1 : 2;
#pragma unroll
  for (int first = 0; first < WARPS; first += TOGETHER) {
    const bool two = TOGETHER == 2 && first + 1 < WARPS;
    const u32 a = fresh[first], b = two ? fresh[first + 1 < WARPS ? first + 1 : first] : 0u, most = larger(a, b);
    u32 z = 0;
    if (first_row != nullptr && first == 0 && most != 0u) {
      add_fetched<N>(sum, first_row);
      if (two) add_fetched<N>(sum, first_row + rows_in_flight);
      z = rows_in_flight;
    }
    for (; z < most; z += rows_in_flight) {
      const u32 end_a = (a + rows_in_flight - 1u) & ~(rows_in_flight - 1u), end_b = (b + rows_in_flight - 1u) & ~(rows_in_flight - 1u);
      real row[TOGETHER * rows_in_flight][M];
      fetch_rows<N>(row, rows, stride, lists + u32(first) * list_stride, smaller(z, end_a));
      if (two) fetch_rows<N>(row + rows_in_flight, rows, stride, lists + u32(first + 1) * list_stride, smaller(z, end_b));
      add_fetched<N>(sum, row);
      if (two) add_fetched<N>(sum, row + rows_in_flight);
    }
  }
}
/// Without weights every spike counts one.
template <int N, int WARPS, int M> ANTIDROME_DEVICE void add_ones(real (&sum)[M], const u32 (&fresh)[WARPS]) {
  u32 total = 0;
#pragma unroll
  for (int w = 0; w < WARPS; ++w) total += fresh[w];
#pragma unroll
  for (int e = 0; e < N; ++e) sum[e] += real(total);
}

/// The same for spikes that are looked up on the tape (or are events of the data): units[first] to units[last - 1], with a factor each or none.
template <int N, int M> ANTIDROME_DEVICE void add_rows_of(real (&sum)[M], const real* rows, u32 stride, const u32* units, u32 null, u32 first, u32 last, const real* factors) {
  for (u32 s = first; s < last; ++s) {
    if (units[s] == null) continue;
    const real factor = factors ? factors[s] : real(1);
    if (rows == nullptr) {
#pragma unroll
      for (int e = 0; e < N; ++e) sum[e] += factor;
      continue;
    }
    real row[N];
    fetch_lanes<N>(row, rows + u64(units[s]) * stride);
#pragma unroll
    for (int e = 0; e < N; ++e) sum[e] += factors ? factor * row[e] : row[e];
  }
}

/// Row of a weight matrix times an operand in shared memory; the lanes of a warp share the columns. Each lane's part: sum it over the warp.
template <int COLUMNS> ANTIDROME_DEVICE void add_dot(real& sum, const real* row, const real* operand) {
  constexpr int N = COLUMNS % 128 == 0 && single_precision ? 4 : COLUMNS % 64 == 0 ? 2 : 1;
  const u32 lane = threadIdx.x & 31u;
#pragma unroll
  for (int c = 0; c < COLUMNS; c += 32 * N) {
    real w[N], x[N];
    fetch_lanes<N>(w, row + c + lane * N);
    load_lanes<N>(x, operand + c + lane * N);
#pragma unroll
    for (int k = 0; k < N; ++k) sum += w[k] * x[k];
  }
}
/// Of rows of a matrix, where the columns of this lane begin.
template <int COLUMNS> ANTIDROME_DEVICE const real* columns_of_lane(const real* rows) {
  constexpr int N = COLUMNS % 128 == 0 && single_precision ? 4 : COLUMNS % 64 == 0 ? 2 : 1;
  return rows + (threadIdx.x & 31u) * N;
}
/// The row in registers first, from columns_of_lane on: it was fetched a step ago.
template <int COLUMNS> ANTIDROME_DEVICE void fetch_row(real (&kept)[COLUMNS / 32], const real* row) {
  constexpr int N = COLUMNS % 128 == 0 && single_precision ? 4 : COLUMNS % 64 == 0 ? 2 : 1;
#pragma unroll
  for (int c = 0; c < COLUMNS / 32; c += N) {
    real w[N];
    fetch_lanes<N>(w, row + c * 32);
#pragma unroll
    for (int k = 0; k < N; ++k) kept[c + k] = w[k];
  }
}
/// Times an operand, from columns_of_lane on as well.
template <int COLUMNS> ANTIDROME_DEVICE real kept_dot(const real (&kept)[COLUMNS / 32], const real* operand) {
  constexpr int N = COLUMNS % 128 == 0 && single_precision ? 4 : COLUMNS % 64 == 0 ? 2 : 1;
  real sum = real(0);
#pragma unroll
  for (int c = 0; c < COLUMNS / 32; c += N) {
    real x[N];
    load_lanes<N>(x, operand + c * 32);
    real part = kept[c] * x[0];                 // by themselves: products of several vectors at once
#pragma unroll
    for (int k = 1; k < N; ++k) part += kept[c + k] * x[k];
    sum = c == 0 ? part : sum + part;
  }
  return sum;
}
template <int COLUMNS> ANTIDROME_DEVICE void add_operand(real& sum, const real* operand) {
  for (int c = int(threadIdx.x & 31u); c < COLUMNS; c += 32) sum += operand[c];
}

/// A spike of step `sent` on its way to the neurons of this lane: pending[sent + delay][j] += weight (1 without a row).
template <int N> ANTIDROME_DEVICE void send(real* pending, u32 stride, const real* row, const u16* delay, u32 sent, u32 steps) {
#pragma unroll
  for (int e = 0; e < N; ++e) {
    const u32 arrival = sent + delay[e], t = arrival < steps ? arrival : steps;
    pending[u64(t) * stride + e] += row ? __ldg(row + e) : real(1);
  }
}
/// sum_j row_j history[sent + delay_j][j] over the columns of this lane: what the arrivals of one spike say about its time.
template <int COLUMNS> ANTIDROME_DEVICE void add_scattered_dot(real& sum, const real* row, const u16* delay, const real* history, u32 sent, u32 steps) {
  for (u32 c = threadIdx.x & 31u; c < COLUMNS; c += 32u) {
    const u32 arrival = sent + delay[c], t = arrival < steps ? arrival : steps;
    const real x = history[u64(t) * COLUMNS + c];
    sum += row ? __ldg(row + c) * x : x;
  }
}

}  // namespace device
}  // namespace antidrome
