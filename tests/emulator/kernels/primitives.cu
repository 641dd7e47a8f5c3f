// Every primitive once; primitives_test.cpp knows what each must give.
#include <antidrome/emulated_device.h>

struct Lanes {
  unsigned* out;                                // [results][threads]
  const unsigned* in;                           // [threads]
  unsigned mask;
};

/// The results of one warp operation after the other, for each thread.
extern "C" __global__ void __launch_bounds__(64) exchanges(const Lanes a) {
  const unsigned t = threadIdx.x, n = blockDim.x, x = a.in[t], m = a.mask;
  if ((m >> (t & 31) & 1) == 0) return;
  unsigned row = 0;
  const auto put = [&](unsigned v) { a.out[row++ * n + t] = v; };
  put(__ballot_sync(m, x & 1));
  put(__any_sync(m, x == 7));
  put(__all_sync(m, x < 100));
  put(__shfl_sync(m, x, 5));
  put(__shfl_sync(m, x, (t + 3) & 7, 8));
  put(__shfl_up_sync(m, x, 3));
  put(__shfl_down_sync(m, x, 3, 16));
  put(__shfl_xor_sync(m, x, 9));
  put(__shfl_xor_sync(m, x, 6, 4));
  put(__match_any_sync(m, x & 3));
  put(__reduce_add_sync(m, x));
  put(__reduce_min_sync(m, x));
  put(unsigned(__reduce_min_sync(m, int(x) - 50)));
  put(__reduce_max_sync(m, x));
  put(__reduce_and_sync(m, x | 1024));
  put(__reduce_or_sync(m, x));
  put(__reduce_xor_sync(m, x));
  put(unsigned(__shfl_xor_sync(m, 1.5 * x, 1)));                 // 8 bytes
  put(__float_as_uint(__shfl_up_sync(m, float(x), 1)));
  int all = 2;
  put(__match_all_sync(m, x, &all));
  put(unsigned(all));
  put(__activemask());
}
ANTIDROME_KERNEL(exchanges, Lanes)

/// Votes of the whole block.
extern "C" __global__ void block_votes(const Lanes a) {
  const unsigned t = threadIdx.x, n = blockDim.x, x = a.in[t];
  a.out[t] = unsigned(__syncthreads_count(x & 1));
  a.out[n + t] = unsigned(__syncthreads_or(x == 7));
  a.out[2 * n + t] = unsigned(__syncthreads_and(x < 1000));
  __syncthreads();
}
ANTIDROME_KERNEL(block_votes, Lanes)

struct Numbers {
  float* f;
  double* d;
  unsigned* u;
  unsigned long long* l;
  float x, y;
};
extern "C" __global__ void numbers(const Numbers a) {
  const float x = a.x, y = a.y;
  a.u[0] = __popc(0xf0f0u), a.u[1] = __ffs(0x50), a.u[2] = __clz(1), a.u[3] = __brev(0x13u), a.u[4] = __popcll(0xff00ff0000ull), a.u[5] = __ffsll(1ll << 40);
  a.u[6] = __umulhi(0x80000000u, 6u), a.u[7] = unsigned(__mulhi(-2, 0x40000000)), a.u[8] = __float_as_uint(1.0f), a.u[9] = __byte_perm(0x03020100u, 0x87060504u, 0xf4b0u);
  a.u[10] = __funnelshift_l(0x80000000u, 0x1u, 4), a.u[11] = __clz(0), a.u[12] = __ffs(0), a.u[13] = __funnelshift_r(0x3u, 0x1u, 1);
  a.u[14] = unsigned(__float2int_rn(2.5f)), a.u[15] = unsigned(__float2int_rz(-2.7f)), a.u[16] = unsigned(__float2int_rd(-2.1f)), a.u[17] = unsigned(__float2int_ru(2.1f));
  a.u[18] = unsigned(__float2int_rn(1e20f)), a.u[19] = __float2uint_rz(-5.0f), a.u[20] = unsigned(__float2int_rz(__uint_as_float(0x7fc00000u))), a.u[21] = __float2uint_rn(4e9f);
  a.u[22] = min(3u, 7u), a.u[23] = unsigned(max(-3, 2)), a.u[24] = unsigned(__double2hiint(1.0)), a.u[25] = unsigned(__double2loint(__hiloint2double(1, 77)));
  a.l[0] = __umul64hi(1ull << 63, 6), a.l[1] = __brevll(1), a.l[2] = (unsigned long long)__double_as_longlong(1.0), a.l[3] = __float2ull_rz(1.8446744e19f);
  a.f[0] = __expf(x), a.f[1] = __logf(x), a.f[2] = __fdividef(x, y), a.f[3] = __frcp_rn(x), a.f[4] = __fsqrt_rn(x), a.f[5] = __fmaf_rn(x, y, -x), a.f[6] = rsqrtf(x);
  a.f[7] = expf(x) + logf(x) + sinf(x) * cosf(x) + tanhf(x) + powf(x, y) + floorf(y) + fabsf(-x), a.f[8] = fminf(x, y), a.f[9] = __double2float_rn(1.0 / 3.0), a.f[10] = __ull2float_rn(~0ull);
  a.f[11] = __saturatef(x), a.f[12] = __powf(x, y), a.f[13] = __fdividef(x, 1e38f), a.f[14] = __uint2float_rn(16777217u), a.f[15] = fmaf(x, y, -x);
  a.d[0] = exp(double(x)) + log(double(x)) + sqrt(double(x)), a.d[1] = fma(double(x), 3.0, 1.0), a.d[2] = __longlong_as_double(0x4000000000000000ll), a.d[3] = rsqrt(4.0);
}
ANTIDROME_KERNEL(numbers, Numbers)

struct Atomics {
  int* i;
  unsigned* u;
  unsigned long long* l;
  float* f;
  double* d;
};
extern "C" __global__ void atomics(const Atomics a) {
  const int t = int(threadIdx.x);
  __shared__ unsigned order;
  if (t == 0) order = 0;
  __syncthreads();
  atomicAdd(a.i, -t), atomicMax(a.i + 1, t), atomicMin(a.i + 2, -t), atomicSub(a.i + 3, 2);
  atomicOr(a.u, 1u << (t & 31)), atomicAnd(a.u + 1, ~(1u << (t & 31))), atomicXor(a.u + 2, unsigned(t)), atomicInc(a.u + 3, 9), atomicDec(a.u + 4, 9);
  a.u[8 + atomicAdd(&order, 1u)] = 1;
  if (atomicCAS(a.u + 5, 0u, unsigned(t) + 1) == 0) atomicExch(a.u + 6, unsigned(t) + 1);
  atomicAdd(a.l, 1ull << 33);
  atomicAdd(a.f, 0.5f);
  atomicAdd(a.d, 0.25);
}
ANTIDROME_KERNEL(atomics, Atomics)

struct Vectors {
  const float4* in;
  float4* out;
  ushort4* shorts;
  double2* doubles;
};
extern "C" __global__ void vectors(const Vectors a) {
  const unsigned t = threadIdx.x;
  const float4 v = __ldg(a.in + t);
  a.out[t] = make_float4(v.w, v.z, v.y, v.x);
  a.shorts[t] = make_ushort4((unsigned short)t, 2, 3, 4);
  double2 d = make_double2(t, 0);
  d.y = v.x;
  a.doubles[t] = d;
}
ANTIDROME_KERNEL(vectors, Vectors)

struct Where {
  unsigned* out;
};
extern "C" __global__ void where(const Where a) {
  const unsigned thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z), block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
  a.out[block * blockDim.x * blockDim.y * blockDim.z + thread] = thread + 1000 * block + 100000 * threadIdx.z;
}
ANTIDROME_KERNEL(where, Where)

struct Dynamic {
  float* out;
};
/// Sums the threads before, by dynamic and by static shared memory.
extern "C" __global__ void dynamic(const Dynamic a) {
  ANTIDROME_DYNAMIC_SHARED(float, mine);
  __shared__ __align__(16) float others[1024];
  const unsigned t = threadIdx.x;
  mine[t] = float(t), others[t] = mine[t] + 1.0f;
  __syncthreads();
  float sum = 0;
  for (unsigned k = 0; k < t; ++k) sum += mine[k] * others[k];
  a.out[blockIdx.x * blockDim.x + t] = sum;
}
ANTIDROME_KERNEL(dynamic, Dynamic)
