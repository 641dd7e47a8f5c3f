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

/// Where what a spike of neuron j brings lies in shared memory, of neurons that lie N to a lane: first neurons of all lanes, second ones, … so that lanes
/// that read at once read from different banks.
template <u32 N, u32 PADDED> ANTIDROME_DEVICE u32 place_of_neuron(u32 j) { return j % N * (PADDED / N) + j / N; }

/// Where this lane's neurons spiked last, all at once: lanes that took one number each would meet in the same banks.
template <int N> ANTIDROME_DEVICE void load_places(u32 (&place)[N], const u32* p) {
  if constexpr (N % 4 == 0) {
#pragma unroll
    for (int k = 0; k < N; k += 4) {
      const uint4 v = *reinterpret_cast<const uint4*>(p + k);
      place[k] = v.x, place[k + 1] = v.y, place[k + 2] = v.z, place[k + 3] = v.w;
    }
  } else if constexpr (N == 2) {
    const uint2 v = *reinterpret_cast<const uint2*>(p);
    place[0] = v.x, place[1] = v.y;
  } else {
#pragma unroll
    for (int k = 0; k < N; ++k) place[k] = p[k];
  }
}
/// Nowhere yet.
template <int N> ANTIDROME_DEVICE void clear_places(u32* p) {
  if constexpr (N % 4 == 0) {
#pragma unroll
    for (int k = 0; k < N; k += 4) *reinterpret_cast<uint4*>(p + k) = make_uint4(none, none, none, none);
  } else if constexpr (N == 2) {
    *reinterpret_cast<uint2*>(p) = make_uint2(none, none);
  } else {
#pragma unroll
    for (int k = 0; k < N; ++k) p[k] = none;
  }
}

/// sum += the rows of all spikes in the lists of WARPS warps; `rows` is the column of this lane, N neighbours of it. Two lists at a time, four rows
/// of each in flight; past its end a list gives the null unit.
template <int N, int WARPS, int M> ANTIDROME_DEVICE void add_rows(real (&sum)[M], const real* rows, u32 stride, const u32* lists, u32 list_stride, const u32 (&fresh)[WARPS]) {
  constexpr int TOGETHER = WARPS < 2 ? 1 : 2, W = width_of<N>;
  using V = typename Vector<real, W>::type;
#pragma unroll
  for (int first = 0; first < WARPS; first += TOGETHER) {
    const u32 a = fresh[first], b = first + 1 < WARPS ? fresh[first + 1 < WARPS ? first + 1 : first] : 0u, most = a < b ? b : a;
    for (u32 z = 0; z < most; z += rows_in_flight) {
      V row[TOGETHER][rows_in_flight][N / W];
#pragma unroll
      for (int l = 0; l < TOGETHER; ++l) {
        if (first + l >= WARPS) continue;
        const u32 end = ((l == 0 ? a : b) + rows_in_flight - 1u) & ~(rows_in_flight - 1u);
        const uint4 unit = *reinterpret_cast<const uint4*>(lists + u32(first + l) * list_stride + (z < end ? z : end));
        const u32 units[4] = {unit.x, unit.y, unit.z, unit.w};
#pragma unroll
        for (u32 q = 0; q < rows_in_flight; ++q)
#pragma unroll
          for (int v = 0; v < N / W; ++v) row[l][q][v] = __ldg(reinterpret_cast<const V*>(rows + u64(units[q]) * stride) + v);
      }
#pragma unroll
      for (int l = 0; l < TOGETHER; ++l) {
        if (first + l >= WARPS) continue;
#pragma unroll
        for (u32 q = 0; q < rows_in_flight; ++q)
#pragma unroll
          for (int v = 0; v < N / W; ++v) {
            real x[W];
            unpack(row[l][q][v], x);
#pragma unroll
            for (int k = 0; k < W; ++k) sum[v * W + k] += x[k];
          }
      }
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
/// The row in registers first: it was fetched a step ago.
template <int COLUMNS> ANTIDROME_DEVICE void fetch_row(real (&kept)[COLUMNS / 32], const real* row) {
  constexpr int N = COLUMNS % 128 == 0 && single_precision ? 4 : COLUMNS % 64 == 0 ? 2 : 1;
  const u32 lane = threadIdx.x & 31u;
#pragma unroll
  for (int c = 0; c < COLUMNS / 32; c += N) {
    real w[N];
    fetch_lanes<N>(w, row + c * 32 + lane * N);
#pragma unroll
    for (int k = 0; k < N; ++k) kept[c + k] = w[k];
  }
}
template <int COLUMNS> ANTIDROME_DEVICE void add_kept_dot(real& sum, const real (&kept)[COLUMNS / 32], const real* operand) {
  constexpr int N = COLUMNS % 128 == 0 && single_precision ? 4 : COLUMNS % 64 == 0 ? 2 : 1;
  const u32 lane = threadIdx.x & 31u;
#pragma unroll
  for (int c = 0; c < COLUMNS / 32; c += N) {
    real x[N];
    load_lanes<N>(x, operand + c * 32 + lane * N);
#pragma unroll
    for (int k = 0; k < N; ++k) sum += kept[c + k] * x[k];
  }
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
