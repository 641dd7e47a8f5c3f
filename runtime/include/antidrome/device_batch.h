// What is computed for all samples at once: input sums, gradients of matrices, sums of parameters. Every sum has a fixed order, so that results do not
// depend on how many blocks there are or when they run. Included by device.h.
#pragma once

namespace antidrome {
namespace device {

/// Events of one source: [samples][steps + 1] beginnings in groups of four, the units of all samples one after the other, each step filled up with the
/// null unit (whose row of weights is zero).
struct Events {
  const u32* group;                             // group of four at which each step begins
  const u32* unit;                              // of every event
  const u32* unit_group;                        // [samples][units + 1]: the same events by unit
  const u32* step;                              // filled up with the step `steps`
};
/// Range of the events that arrive at step t after `delay` steps.
ANTIDROME_DEVICE void events_of(const Events& e, u32 sample, u32 steps, u32 t, u32 delay, u32& first, u32& last) {
  first = last = 0;
  if (t < delay) return;
  const u32* group = e.group + u64(sample) * (steps + 1u) + (t - delay);
  first = 4u * __ldg(group), last = 4u * __ldg(group + 1);
}
/// Range of the spikes of a population that arrive at step t; begin: [steps + 1] of this sample.
ANTIDROME_DEVICE void spikes_of(const u32* begin, u32 t, u32 delay, u32& first, u32& last) {
  first = last = 0;
  if (t < delay) return;
  first = begin[t - delay], last = begin[t - delay + 1u];
}
/// A delay of `more` steps and `ms`, rounded to the grid.
ANTIDROME_DEVICE u32 steps_of_delay(real ms, wide dt, int more, int least) {
  const wide whole = floor(wide(ms) / dt + wide(0.5)) + wide(more);
  return whole < wide(least) ? u32(least) : whole < wide(60000) ? u32(narrow(whole)) : 60000u;
}

/// V vectors of N neighbouring columns, 32 N columns apart: what a lane takes of a row, so that a warp reads whole sectors.
template <int N, int V> ANTIDROME_DEVICE void fetch_columns(real (&x)[V * N], const real* row) {
#pragma unroll
  for (int v = 0; v < V; ++v) {
    real y[N];
    fetch_lanes<N>(y, row + v * 32 * N);
#pragma unroll
    for (int k = 0; k < N; ++k) x[v * N + k] = y[k];
  }
}
template <int N, int V> ANTIDROME_DEVICE void store_columns(real* row, const real (&x)[V * N]) {
#pragma unroll
  for (int v = 0; v < V; ++v) {
    real y[N];
#pragma unroll
    for (int k = 0; k < N; ++k) y[k] = x[v * N + k];
    store_lanes<N>(row + v * 32 * N, y);
  }
}

/// sum += rows of the events first to last - 1, groups of four.
template <int N, int V> ANTIDROME_DEVICE void add_events(real (&sum)[V * N], const real* rows, u32 stride, const u32* unit, u32 first, u32 last) {
  for (u32 s = first; s < last; s += 4u) {
    const uint4 u = __ldg(reinterpret_cast<const uint4*>(unit + s));
    real row[4][V * N];
    fetch_columns<N, V>(row[0], rows + u64(u.x) * stride);
    fetch_columns<N, V>(row[1], rows + u64(u.y) * stride);
    fetch_columns<N, V>(row[2], rows + u64(u.z) * stride);
    fetch_columns<N, V>(row[3], rows + u64(u.w) * stride);
#pragma unroll
    for (int k = 0; k < V * N; ++k) sum[k] += (row[0][k] + row[1][k]) + (row[2][k] + row[3][k]);
  }
}

/// Samples of one partial sum of the gradient, counted from the sample `first` of the whole batch.
struct Cut { u32 first, last; };
ANTIDROME_DEVICE Cut cut_of(u32 samples, u32 chunks, u32 chunk, u32 first) { return {u32(u64(samples) * chunk / chunks) - first, u32(u64(samples) * (chunk + 1u) / chunks) - first}; }

/// Rows of the history at the steps in which four spikes arrive, on their way.
template <int N, int V> ANTIDROME_DEVICE void fetch_history(real (&row)[4][V * N], const real* history, u32 stride, uint4 sent, u32 delay, u32 steps) {
  const u32 at[4] = {sent.x, sent.y, sent.z, sent.w};
#pragma unroll
  for (u32 q = 0; q < 4u; ++q) {
    const u32 arrival = at[q] + delay, t = arrival < steps ? arrival : steps;
    fetch_columns<N, V>(row[q], history + u64(t) * stride);
  }
}
template <int N, int V> ANTIDROME_DEVICE void add_history(real (&sum)[V * N], const real (&row)[4][V * N], uint4 sent, const real* factor, u32 steps) {
  if (factor) {
    const u32 at[4] = {sent.x, sent.y, sent.z, sent.w};
#pragma unroll
    for (u32 q = 0; q < 4u; ++q) {
      const real f = at[q] < steps ? factor[q] : real(0);
#pragma unroll
      for (int k = 0; k < V * N; ++k) sum[k] += f * row[q][k];
    }
  } else {
#pragma unroll
    for (int k = 0; k < V * N; ++k) sum[k] += (row[0][k] + row[1][k]) + (row[2][k] + row[3][k]);
  }
}
/// One row of a matrix's gradient: rows of the history at the steps in which the unit's spikes arrive. The list is filled up to groups of four with
/// the step `steps`; the history's row of that number is zero. Eight rows are on their way at once, and the steps of the next eight.
template <int N, int V> ANTIDROME_DEVICE void gather_rows(real (&sum)[V * N], const real* history, u32 stride, const u32* step, const real* factor, u32 first, u32 last, u32 delay, u32 steps) {
  if (first >= last) return;
  const auto steps_at = [&](u32 e) { return __ldg(reinterpret_cast<const uint4*>(step + (e < last ? e : first))); };
  uint4 next = steps_at(first), after = steps_at(first + 4u);
  for (u32 e = first; e < last; e += 8u) {
    const uint4 one = next, other = after;
    const bool two = e + 4u < last;
    real row[4][V * N], more[4][V * N];
    fetch_history<N, V>(row, history, stride, one, delay, steps);
    if (two) fetch_history<N, V>(more, history, stride, other, delay, steps);
    next = steps_at(e + 8u), after = steps_at(e + 12u);
    add_history<N, V>(sum, row, one, factor ? factor + e : nullptr, steps);
    if (two) add_history<N, V>(sum, more, other, factor ? factor + e + 4u : nullptr, steps);
  }
}
/// Of synapses with delays of their own: every column reads the row at which its synapse was reached.
ANTIDROME_DEVICE void gather_scattered(real& sum, const real* history, u32 stride, u32 delay, const u32* step, u32 first, u32 last, u32 steps) {
  for (u32 e = first; e < last; ++e) {
    const u32 arrival = __ldg(step + e) + delay, t = arrival < steps ? arrival : steps;
    sum += __ldg(history + u64(t) * stride);
  }
}

/// Sum of one column over samples and, for a shared parameter, over neurons: by the threads of one block, in a fixed order.
template <class T> ANTIDROME_DEVICE T block_sum(T mine, T* parts) {
  __syncthreads();
  parts[threadIdx.x] = mine;
  for (u32 half = blockDim.x / 2u; half > 0u; half >>= 1) {
    __syncthreads();
    if (threadIdx.x < half) parts[threadIdx.x] = parts[threadIdx.x] + parts[threadIdx.x + half];
  }
  __syncthreads();
  return parts[0];
}

}  // namespace device
}  // namespace antidrome
