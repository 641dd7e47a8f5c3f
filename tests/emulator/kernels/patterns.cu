// Accesses whose traffic is known by hand. The marks at the lines are looked for by counters_test.cpp.
#include <antidrome/emulated_device.h>

struct Arguments {
  float* x;                                     // 64 KB
  unsigned* u;                                  // 64 KB
};
constexpr unsigned full = 0xffffffffu;
template <class T> __device__ __forceinline__ void keep(const Arguments& a, T v) { if (v == T(12345)) a.u[threadIdx.x] = 1; }
__device__ __forceinline__ float4 wide(const float* p) { return __ldg(reinterpret_cast<const float4*>(p)); }

extern "C" __global__ void global_patterns(const Arguments a) {
  const unsigned t = threadIdx.x;
  float y = 0;
  y += a.x[t];                                                   // coalesced
  y += a.x[4096 + 2 * t];                                        // stride 2
  y += a.x[32 * t];                                              // stride 32
  y += a.x[7];                                                   // broadcast
  y += a.x[t + 1];                                               // shifted by 4 bytes
  y += reinterpret_cast<const float2*>(a.x)[t].x;                // 8 bytes, one used
  y += reinterpret_cast<double*>(a.x)[t] > 0 ? 1 : 0;            // a double
  const float4 v = wide(a.x + 4 * t);                            // a vector
  y += v.x + v.y + v.z + v.w;
  const float4 w = wide(a.x + 8 * t);                            // every other vector
  y += w.x + w.w;
  y += float(reinterpret_cast<const unsigned short*>(a.u)[t]);   // 2 bytes
  y += float(reinterpret_cast<const unsigned char*>(a.u)[t]);    // 1 byte
  if (t % 4 == 0) y += a.x[1024 + t];                            // every fourth lane
  keep(a, y);
  a.x[2048 + t] = y;                                             // store
  *reinterpret_cast<float4*>(a.x + 8192 + 4 * t) = v;            // store 16 bytes
}
ANTIDROME_KERNEL(global_patterns, Arguments)

extern "C" __global__ void shared_patterns(const Arguments a) {
  __shared__ __align__(16) float s[4096];
  const unsigned t = threadIdx.x;
  for (unsigned k = t; k < 4096; k += blockDim.x) s[k] = 0;      // fill
  __syncthreads();
  float y = 0;
  y += s[t];                                                     // one way
  y += s[2 * t];                                                 // two way
  y += s[4 * t];                                                 // four way
  y += s[32 * t];                                                // thirty-two way
  y += s[33 * t];                                                // padded column
  y += s[5];                                                     // one word for all
  y += s[(t & 3) * 32];                                          // four words of one bank
  const float2 v = *reinterpret_cast<const float2*>(s + 2 * t);  // 8 bytes
  const float4 w = *reinterpret_cast<const float4*>(s + 4 * t);  // 16 bytes
  const float4 b = *reinterpret_cast<const float4*>(s + 16);     // 16 bytes for all
  const float4 c = *reinterpret_cast<const float4*>(s + 8 * t);  // 16 bytes, stride 2
  const float4 d = *reinterpret_cast<const float4*>(s + 128 * (t & 7) + 4 * (t / 8));   // quarters in one column each
  y += v.x + v.y + w.x + w.y + w.z + w.w + b.x + b.w + c.x + c.w + d.x + d.w;
  y += float(reinterpret_cast<const unsigned char*>(s)[t]);      // bytes of shared words
  a.x[t] = y;
  __syncthreads();
  s[t * 2] = y;                                                  // store, two way
}
ANTIDROME_KERNEL(shared_patterns, Arguments)

extern "C" __global__ void atomic_patterns(const Arguments a) {
  __shared__ unsigned counters[32];
  const unsigned t = threadIdx.x;
  counters[t & 31] = 0;
  __syncwarp();
  atomicAdd(a.u, 1u);                                            // one address
  atomicAdd(a.u + t, 1u);                                        // an address each
  atomicAdd(a.u + t / 4, 1u);                                    // four on one
  atomicAdd(&counters[t & 1], 1u);                               // shared, sixteen on one
}
ANTIDROME_KERNEL(atomic_patterns, Arguments)

/// Lanes leave the loop one by one: lane k makes k + 1 rounds.
extern "C" __global__ void uneven_loops(const Arguments a) {
  float y = 0;
  for (unsigned k = 0; k <= threadIdx.x; ++k) y += a.x[32 * k + threadIdx.x];   // ragged
  a.x[4096 + threadIdx.x] = y;
}
ANTIDROME_KERNEL(uneven_loops, Arguments)

extern "C" __global__ void counted_work(const Arguments a) {
  for (unsigned k = 0; k < 10; ++k) {
    __syncthreads();
    const unsigned bits = __ballot_sync(full, threadIdx.x & 1);
    a.u[threadIdx.x] = __shfl_sync(full, bits, 3);
  }
  __syncwarp();
}
ANTIDROME_KERNEL(counted_work, Arguments)

/// More accesses of one place than are put together.
extern "C" __global__ void a_long_way(const Arguments a) {
  float y = 0;
  for (unsigned k = 0; k < 20000; ++k) y += a.x[(32 * k + threadIdx.x) % 16384];   // long
  a.x[threadIdx.x] = y;
}
ANTIDROME_KERNEL(a_long_way, Arguments)
