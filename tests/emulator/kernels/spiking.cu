// A small spiking network in the shape of generated kernels: a block owns a sample for the whole trial, forwards and backwards; then weight gradients from
// slices of the history in dynamic shared memory.
#include <antidrome/device.h>

using antidrome::device::every_lane;
using antidrome::device::warp_sum;
using u32 = unsigned;
constexpr u32 neurons = 96, warps = 3, null = neurons, columns = 32;

struct Trial {
  const float* input;                           // [samples][steps][neurons]
  const float* w;                               // [neurons + 1][neurons]: rows of targets; the last one is zero
  u32* begin;                                   // [samples][steps + 1]: first spike of each step
  u32* spikes;                                  // [samples][capacity]: the neurons
  float* slope;                                 // [samples][capacity]
  float* loss;                                  // [samples]
  float* history;                               // [samples][steps][neurons]: adjoints of the currents
  float* gradient;                              // [blocks][neurons][neurons]
  u32 samples, steps, capacity;
  float alpha, beta;
};

extern "C" __global__ void __launch_bounds__(96, 1) forward_trial(const Trial a) {
  __shared__ __align__(16) u32 lists[2][warps][32 + 4];          // spikes of a step by warp, then null neurons; two steps take turns
  __shared__ u32 counts[2][warps];
  __shared__ float sums[warps];
  const u32 j = threadIdx.x, lane = j & 31u, warp = j >> 5;
  for (u32 sample = blockIdx.x; sample < a.samples; sample += gridDim.x) {
    float v = 0.0f, i = 0.0f;
    u32 total = 0;
    if (j == 0) a.begin[sample * (a.steps + 1u)] = 0;
    for (u32 t = 0; t < a.steps; ++t) {
      const u32 now = t & 1u;
      v = a.alpha * v + i, i = a.beta * i + __ldg(a.input + (sample * a.steps + t) * neurons + j);
      const bool fired = v >= 1.0f;
      const u32 bits = __ballot_sync(every_lane, fired), mine = u32(__popc(bits)), rank = u32(__popc(bits & ((1u << lane) - 1u)));
      if (fired) lists[now][warp][rank] = j;
      if (lane < 4u) lists[now][warp][mine + lane] = null;
      if (lane == 0u) counts[now][warp] = mine;
      __syncthreads();                                           // the lists are complete
      u32 before = 0, all = 0;
      for (u32 q = 0; q < warps; ++q) {
        const u32 n = counts[now][q];
        before += q < warp ? n : 0u, all += n;
        for (u32 k = 0; k < n; k += 4u) {
          const uint4 id = *reinterpret_cast<const uint4*>(&lists[now][q][k]);
          i += (__ldg(a.w + id.x * neurons + j) + __ldg(a.w + id.y * neurons + j)) + (__ldg(a.w + id.z * neurons + j) + __ldg(a.w + id.w * neurons + j));
        }
      }
      const u32 at = sample * a.capacity + total + before + rank;
      if (fired) a.spikes[at] = j, a.slope[at] = i + 1.0f, v = 0.0f;
      total += all;
      if (j == 0) a.begin[sample * (a.steps + 1u) + t + 1u] = total;
    }
    const float sum = warp_sum(v);
    if (lane == 0u) sums[warp] = sum;
    __syncthreads();                                             // the sums are complete
    if (j == 0) a.loss[sample] = (sums[0] + sums[1]) + sums[2];
  }
}
ANTIDROME_KERNEL(forward_trial, Trial)

extern "C" __global__ void __launch_bounds__(96, 1) backward_trial(const Trial a) {
  __shared__ float published[neurons];
  __shared__ float dots[neurons];
  __shared__ u32 tags[neurons];                                  // the step whose dot product it is: nothing has to be cleared
  const u32 j = threadIdx.x, lane = j & 31u, warp = j >> 5;
  tags[j] = 0xffffffffu;
  for (u32 sample = blockIdx.x; sample < a.samples; sample += gridDim.x) {
    float lv = 1.0f, li = 0.0f;
    const u32* begin = a.begin + sample * (a.steps + 1u);
    for (u32 t = a.steps; t-- > 0u;) {
      const u32 first = __ldg(begin + t), last = __ldg(begin + t + 1u), tag = sample * a.steps + t;
      if (first != last) {
        published[j] = li;
        __syncthreads();                                         // the adjoints are published
        for (u32 e = first + warp; e < last; e += warps) {
          const u32 id = __ldg(a.spikes + sample * a.capacity + e);
          float s = 0.0f;
          for (u32 c = lane; c < neurons; c += 32u) s += __ldg(a.w + id * neurons + c) * published[c];
          s = warp_sum(s);
          if (lane == 0u) dots[id] = s / __ldg(a.slope + sample * a.capacity + e), tags[id] = tag;
        }
        __syncthreads();                                         // the dot products are complete
        if (tags[j] == tag) lv = 0.5f * lv + dots[j];
      }
      a.history[(sample * a.steps + t) * neurons + j] = li;
      li = a.beta * li + lv, lv = a.alpha * lv;
    }
  }
}
ANTIDROME_KERNEL(backward_trial, Trial)

/// A block has 32 columns (blockIdx.x) and its share of the samples (blockIdx.y); a warp its rows.
extern "C" __global__ void __launch_bounds__(96, 1) gather_gradient(const Trial a) {
  ANTIDROME_DYNAMIC_SHARED(float, slice);                        // [steps][columns]
  __shared__ float partial[neurons][columns];
  const u32 lane = threadIdx.x & 31u, warp = threadIdx.x >> 5, column = blockIdx.x * columns + lane;
  for (u32 row = warp; row < neurons; row += warps) partial[row][lane] = 0.0f;
  for (u32 sample = blockIdx.y; sample < a.samples; sample += gridDim.y) {
    for (u32 t = warp; t < a.steps; t += warps) slice[t * columns + lane] = __ldg(a.history + (sample * a.steps + t) * neurons + column);
    __syncthreads();                                             // the slice is complete
    const u32* begin = a.begin + sample * (a.steps + 1u);
    for (u32 t = 0; t < a.steps; ++t)
      for (u32 e = __ldg(begin + t); e < __ldg(begin + t + 1u); ++e) {
        const u32 id = __ldg(a.spikes + sample * a.capacity + e);
        if (id % warps == warp) partial[id][lane] += slice[t * columns + lane];
      }
    __syncthreads();                                             // the slice has been read
  }
  for (u32 row = warp; row < neurons; row += warps) a.gradient[(blockIdx.y * neurons + row) * neurons + column] = partial[row][lane];
}
ANTIDROME_KERNEL(gather_gradient, Trial)
