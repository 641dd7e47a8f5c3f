// One defect a kernel. The comments /*at*/ and /*other*/ mark the lines that a finding must name; defects_test.cpp reads them.
#include <antidrome/emulated_device.h>

struct Arguments {
  float* x;                                     // [n], initialised
  unsigned* u;                                  // [n], zero
  unsigned short* s;                            // [n], zero
  float* fresh;                                 // [n], never written
  unsigned n;
};
constexpr unsigned full = 0xffffffffu;
__device__ __forceinline__ float from_header_like(const float* p, unsigned k) { return p[k] + 1.0f; }

// ---- races in shared memory
extern "C" __global__ void shared_read_after_write(const Arguments a) {
  __shared__ float buffer[64];
  const unsigned t = threadIdx.x;
  buffer[t] = a.x[t];                                            /*other*/
  a.x[t] = buffer[63 - t];                                       /*at*/
}
ANTIDROME_KERNEL(shared_read_after_write, Arguments)

extern "C" __global__ void shared_write_after_read(const Arguments a) {
  __shared__ float buffer[64];
  const unsigned t = threadIdx.x;
  buffer[t] = a.x[t];
  __syncthreads();
  const float y = buffer[63 - t];                                /*other*/
  buffer[t] = y;                                                 /*at*/
}
ANTIDROME_KERNEL(shared_write_after_read, Arguments)

extern "C" __global__ void shared_write_after_write(const Arguments a) {
  __shared__ float buffer[64];
  const unsigned t = threadIdx.x;
  buffer[t] = a.x[t];                                            /*other*/
  if (t < 32) buffer[t + 32] = 0.0f;                             /*at*/
}
ANTIDROME_KERNEL(shared_write_after_write, Arguments)

extern "C" __global__ void lanes_of_a_warp_race_without_syncwarp(const Arguments a) {
  __shared__ float buffer[32];
  const unsigned t = threadIdx.x;
  buffer[t] = a.x[t];                                            /*other*/
  a.x[t] = buffer[t ^ 1];                                        /*at*/
}
ANTIDROME_KERNEL(lanes_of_a_warp_race_without_syncwarp, Arguments)

extern "C" __global__ void a_shuffle_orders_no_memory(const Arguments a) {
  __shared__ float buffer[32];
  const unsigned t = threadIdx.x;
  buffer[t] = a.x[t];                                            /*other*/
  const unsigned bits = __ballot_sync(full, t > 3);
  a.x[t] = buffer[t ^ 1] + float(bits);                          /*at*/
}
ANTIDROME_KERNEL(a_shuffle_orders_no_memory, Arguments)

extern "C" __global__ void syncwarp_orders_its_own_warp_only(const Arguments a) {
  __shared__ float buffer[64];
  const unsigned t = threadIdx.x;
  buffer[t] = a.x[t];                                            /*other*/
  __syncwarp();
  a.x[t] = buffer[t ^ 32];                                       /*at*/
}
ANTIDROME_KERNEL(syncwarp_orders_its_own_warp_only, Arguments)

extern "C" __global__ void syncwarp_orders_its_own_mask_only(const Arguments a) {
  __shared__ float buffer[32];
  const unsigned t = threadIdx.x, mine = t < 16 ? 0x0000ffffu : 0xffff0000u;
  buffer[t] = a.x[t];                                            /*other*/
  __syncwarp(mine);
  a.x[t] = buffer[t ^ 16];                                       /*at*/
}
ANTIDROME_KERNEL(syncwarp_orders_its_own_mask_only, Arguments)

extern "C" __global__ void a_write_after_reads_of_several_warps(const Arguments a) {
  __shared__ float value;
  const unsigned t = threadIdx.x;
  if (t == 0) value = 1.0f;
  __syncthreads();
  a.x[t] = value;                                                /*other*/
  if (t == 0) value = 2.0f;                                      /*at*/
}
ANTIDROME_KERNEL(a_write_after_reads_of_several_warps, Arguments)

// ---- races in global memory
extern "C" __global__ void global_read_after_write(const Arguments a) {
  const unsigned t = threadIdx.x;
  a.x[t] = 1.0f;                                                 /*other*/
  a.fresh[t] = a.x[63 - t];                                      /*at*/
}
ANTIDROME_KERNEL(global_read_after_write, Arguments)

extern "C" __global__ void global_write_after_read(const Arguments a) {
  const unsigned t = threadIdx.x;
  const float y = __ldg(a.x + (t + 1) % 64);                     /*other*/
  a.x[t] = y;                                                    /*at*/
}
ANTIDROME_KERNEL(global_write_after_read, Arguments)

extern "C" __global__ void a_barrier_orders_no_other_block(const Arguments a) {
  const unsigned t = threadIdx.x;
  a.x[blockIdx.x * 32 + t] = 1.0f;                               /*other*/
  __syncthreads();
  a.fresh[blockIdx.x * 32 + t] = a.x[(1 - blockIdx.x) * 32 + t]; /*at*/
}

extern "C" __global__ void blocks_write_the_same(const Arguments a) {
  a.x[threadIdx.x] = float(blockIdx.x);                          /*at other*/
}
ANTIDROME_KERNEL(blocks_write_the_same, Arguments)

extern "C" __global__ void a_block_writes_what_another_has_read(const Arguments a) {
  if (blockIdx.x != 1) a.u[threadIdx.x] = unsigned(a.x[0]);      /*other*/
  else if (threadIdx.x == 0) a.x[0] = 3.0f;                      /*at*/
}
ANTIDROME_KERNEL(a_block_writes_what_another_has_read, Arguments)

// ---- atomics and plain accesses
extern "C" __global__ void a_plain_store_beside_an_atomic(const Arguments a) {
  if (threadIdx.x < 32) atomicAdd(a.u, 1u);                      /*other*/
  else if (threadIdx.x == 40) a.u[0] = 7;                        /*at*/
}
ANTIDROME_KERNEL(a_plain_store_beside_an_atomic, Arguments)

extern "C" __global__ void an_accumulation_that_is_not_atomic(const Arguments a) {
  a.x[threadIdx.x % 4] += 1.0f;                                  /*at other*/
}
ANTIDROME_KERNEL(an_accumulation_that_is_not_atomic, Arguments)

extern "C" __global__ void a_read_of_a_running_sum(const Arguments a) {
  __shared__ unsigned sum;
  if (threadIdx.x == 0) sum = 0;
  __syncthreads();
  atomicAdd(&sum, 1u);                                           /*other*/
  a.u[threadIdx.x] = sum;                                        /*at*/
}
ANTIDROME_KERNEL(a_read_of_a_running_sum, Arguments)

// ---- addresses
extern "C" __global__ void one_above(const Arguments a) {
  const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i <= a.n) a.x[i] *= 2.0f;                                  /*at*/
}
ANTIDROME_KERNEL(one_above, Arguments)

extern "C" __global__ void one_below(const Arguments a) {
  a.u[threadIdx.x] = unsigned(a.x[int(threadIdx.x) - 1]);        /*at*/
}
ANTIDROME_KERNEL(one_below, Arguments)

extern "C" __global__ void one_above_in_shared_memory(const Arguments a) {
  __shared__ float before[64];
  __shared__ float buffer[64];
  __shared__ float behind[64];
  before[threadIdx.x] = behind[threadIdx.x] = 0.0f;
  buffer[threadIdx.x + 1] = a.x[threadIdx.x];                    /*at*/
  a.x[threadIdx.x] = buffer[threadIdx.x + 1] + before[threadIdx.x] + behind[threadIdx.x];
}
ANTIDROME_KERNEL(one_above_in_shared_memory, Arguments)

extern "C" __global__ void one_below_in_shared_memory(const Arguments a) {
  __shared__ float before[64];
  __shared__ float buffer[64];
  before[threadIdx.x] = 0.0f;
  buffer[int(threadIdx.x) - 1] = a.x[threadIdx.x];               /*at*/
  a.x[threadIdx.x] = before[threadIdx.x] + buffer[int(threadIdx.x) - 1];
}
ANTIDROME_KERNEL(one_below_in_shared_memory, Arguments)

extern "C" __global__ void one_above_in_dynamic_shared_memory(const Arguments a) {
  ANTIDROME_DYNAMIC_SHARED(float, buffer);
  buffer[threadIdx.x + 1] = a.x[threadIdx.x];                    /*at*/
}
ANTIDROME_KERNEL(one_above_in_dynamic_shared_memory, Arguments)

extern "C" __global__ void a_wrong_stride(const Arguments a) {
  const unsigned row = threadIdx.x / 8, column = threadIdx.x % 8;
  a.x[row * 64 + column] = 0.0f;                                 /*at*/
}
ANTIDROME_KERNEL(a_wrong_stride, Arguments)

extern "C" __global__ void a_null_pointer(const Arguments a) {
  float* p = a.n == 0 ? a.x : nullptr;
  p[threadIdx.x] = 1.0f;                                         /*at*/
}
ANTIDROME_KERNEL(a_null_pointer, Arguments)

extern "C" __global__ void a_local_variable_of_another_thread(const Arguments a) {
  __shared__ float* where;
  float local[4] = {1, 2, 3, 4};
  if (threadIdx.x == 0) where = local + a.n % 4;
  __syncthreads();
  a.x[threadIdx.x] = *where;                                     /*at*/
}
ANTIDROME_KERNEL(a_local_variable_of_another_thread, Arguments)

extern "C" __global__ void a_misaligned_vector(const Arguments a) {
  const float4 v = *reinterpret_cast<const float4*>(a.x + 1);    /*at*/
  a.x[0] = v.x;
}
ANTIDROME_KERNEL(a_misaligned_vector, Arguments)

// ---- initialisation
extern "C" __global__ void uninitialised_global_memory(const Arguments a) {
  a.x[threadIdx.x] = from_header_like(a.fresh, threadIdx.x);     /* the access is in the function above */
}
ANTIDROME_KERNEL(uninitialised_global_memory, Arguments)

extern "C" __global__ void uninitialised_shared_memory(const Arguments a) {
  __shared__ unsigned counter;
  atomicAdd(&counter, 1u);                                       /*at*/
  __syncthreads();
  a.u[threadIdx.x] = counter;
}
ANTIDROME_KERNEL(uninitialised_shared_memory, Arguments)

extern "C" __global__ void shared_memory_of_the_block_before(const Arguments a) {
  __shared__ float buffer[64];
  if (blockIdx.x == 0) buffer[threadIdx.x] = 1.0f;
  __syncthreads();
  a.x[blockIdx.x * 64 + threadIdx.x] = buffer[threadIdx.x];      /*at*/
}
ANTIDROME_KERNEL(shared_memory_of_the_block_before, Arguments)

// ---- threads that should come together
extern "C" __global__ void a_barrier_in_a_branch(const Arguments a) {
  if (threadIdx.x < 40) __syncthreads();                         /*other*/
  a.x[threadIdx.x] = 1.0f;
  __syncthreads();                                               /*at*/
}
ANTIDROME_KERNEL(a_barrier_in_a_branch, Arguments)

extern "C" __global__ void a_barrier_that_some_never_reach(const Arguments a) {
  if (threadIdx.x < 40) __syncthreads();                         /*at*/
  a.x[threadIdx.x] = 1.0f;
}
ANTIDROME_KERNEL(a_barrier_that_some_never_reach, Arguments)

extern "C" __global__ void a_barrier_after_an_early_return(const Arguments a) {
  if (threadIdx.x >= 50) return;
  a.x[threadIdx.x] = 1.0f;
  __syncthreads();                                               /*at*/
}
ANTIDROME_KERNEL(a_barrier_after_an_early_return, Arguments)

extern "C" __global__ void a_loop_with_a_barrier_and_another_count_in_each_warp(const Arguments a) {
  for (unsigned k = 0; k < 3 + threadIdx.x / 32; ++k) __syncthreads();   /*at*/
  a.x[threadIdx.x] = 1.0f;
}
ANTIDROME_KERNEL(a_loop_with_a_barrier_and_another_count_in_each_warp, Arguments)

extern "C" __global__ void a_ballot_in_a_branch(const Arguments a) {
  unsigned bits = 0;
  if (threadIdx.x % 32 < 20) bits = __ballot_sync(full, 1);      /*either*/
  bits += __ballot_sync(full, 0);                                /*either*/
  a.u[threadIdx.x] = bits;
}
ANTIDROME_KERNEL(a_ballot_in_a_branch, Arguments)

extern "C" __global__ void lanes_that_wait_for_lanes_at_a_barrier(const Arguments a) {
  if (threadIdx.x % 32 < 20) a.u[threadIdx.x] = __ballot_sync(full, 1);   /*at*/
  __syncthreads();                                               /*other*/
}
ANTIDROME_KERNEL(lanes_that_wait_for_lanes_at_a_barrier, Arguments)

extern "C" __global__ void a_mask_without_the_lane(const Arguments a) {
  a.u[threadIdx.x] = __shfl_sync(0x0000ffffu, threadIdx.x, 0);   /*at*/
}
ANTIDROME_KERNEL(a_mask_without_the_lane, Arguments)

extern "C" __global__ void a_shuffle_of_a_lane_outside_the_mask(const Arguments a) {
  if (threadIdx.x % 32 >= 16) return;
  a.u[threadIdx.x] = __shfl_xor_sync(0x0000ffffu, threadIdx.x, 16);   /*at*/
}
ANTIDROME_KERNEL(a_shuffle_of_a_lane_outside_the_mask, Arguments)

// ---- ends
extern "C" __global__ void a_trap(const Arguments a) {
  if (threadIdx.x == 33 && a.n > 0) __trap();                    /*at*/
}
ANTIDROME_KERNEL(a_trap, Arguments)

extern "C" __global__ void a_division_by_zero(const Arguments a) {
  a.u[0] = a.n / a.u[threadIdx.x];                               /*at*/
}
ANTIDROME_KERNEL(a_division_by_zero, Arguments)

__device__ __attribute__((noinline)) unsigned deep(unsigned n) {
  volatile unsigned local[64];
  local[n % 64] = n;
  return n == 0 ? local[0] : deep(n - 1) + local[n % 64];
}
extern "C" __global__ void an_endless_recursion(const Arguments a) { a.u[0] = deep(100000000); }
ANTIDROME_KERNEL(an_endless_recursion, Arguments)

extern "C" __global__ void a_loop_without_end(const Arguments a) {
  while (*static_cast<volatile unsigned*>(a.u) == 0) a.u[1] = a.u[1] + 1;   /*at*/
}
ANTIDROME_KERNEL(a_loop_without_end, Arguments)
ANTIDROME_KERNEL(a_barrier_orders_no_other_block, Arguments)

// ---- no defects
extern "C" __global__ void clean_halves_of_words(const Arguments a) {
  __shared__ unsigned short halves[128];
  __shared__ unsigned char bytes[128];
  halves[threadIdx.x] = a.s[threadIdx.x], bytes[threadIdx.x] = (unsigned char)threadIdx.x;
  a.s[threadIdx.x] = (unsigned short)(halves[threadIdx.x] + bytes[threadIdx.x]);
  __syncthreads();
  a.s[threadIdx.x ^ 1] = halves[threadIdx.x];
  __syncthreads();
  if (threadIdx.x % 2 == 0) reinterpret_cast<unsigned*>(a.s)[threadIdx.x / 2] += 1u;
}

extern "C" __global__ void clean_exchange_by_barriers(const Arguments a) {
  __shared__ float buffer[2][128];
  const unsigned t = threadIdx.x;
  float y = a.x[t];
  for (unsigned k = 0; k < 9; ++k) {                              // two buffers in turn: one barrier is enough
    buffer[k & 1][t] = y;
    __syncthreads();
    y = buffer[k & 1][(t + 1) % blockDim.x];
  }
  a.x[t] = y;
}
ANTIDROME_KERNEL(clean_exchange_by_barriers, Arguments)

extern "C" __global__ void clean_exchange_within_warps(const Arguments a) {
  __shared__ float buffer[128];
  const unsigned t = threadIdx.x;
  float y = a.x[t];
  for (unsigned k = 0; k < 4; ++k) {
    buffer[t] = y;
    __syncwarp();
    y += buffer[t ^ 1u << k];
    __syncwarp();
  }
  a.x[t] = y;
}
ANTIDROME_KERNEL(clean_exchange_within_warps, Arguments)

extern "C" __global__ void clean_groups_of_eight_lanes(const Arguments a) {
  __shared__ float buffer[128];
  const unsigned t = threadIdx.x, group = 0xffu << (t & 24u);
  buffer[t] = a.x[t];
  for (unsigned k = 4; k > 0; k >>= 1) {
    __syncwarp(group);
    if ((t & 7) < k) buffer[t] += buffer[t + k];
  }
  __syncwarp(group);
  a.x[t] = buffer[t & ~7u];
}
ANTIDROME_KERNEL(clean_groups_of_eight_lanes, Arguments)

extern "C" __global__ void clean_halves_of_a_warp_at_different_places(const Arguments a) {
  const unsigned t = threadIdx.x;
  if (t % 32 < 16) a.u[t] = __ballot_sync(0x0000ffffu, t & 1);
  else a.u[t] = __reduce_add_sync(0xffff0000u, t);
}
ANTIDROME_KERNEL(clean_halves_of_a_warp_at_different_places, Arguments)

extern "C" __global__ void clean_atomics(const Arguments a) {
  __shared__ unsigned sum;
  if (threadIdx.x == 0) sum = 0;
  __syncthreads();
  atomicAdd(&sum, 1u);
  __syncthreads();
  if (threadIdx.x == 0) atomicAdd(a.u, sum);
}
ANTIDROME_KERNEL(clean_atomics, Arguments)

extern "C" __global__ void clean_local_arrays(const Arguments a) {
  float local[16];
  for (unsigned k = 0; k < 16; ++k) local[k] = a.x[(threadIdx.x + k) % a.n];
  a.fresh[blockIdx.x * blockDim.x + threadIdx.x] = local[a.u[threadIdx.x % a.n] % 16] + local[threadIdx.x % 16];
}
ANTIDROME_KERNEL(clean_local_arrays, Arguments)

/// Warps that have no work leave; no barrier follows.
extern "C" __global__ void clean_warps_that_leave(const Arguments a) {
  if (threadIdx.x / 32 % 2 == 1) return;
  a.u[threadIdx.x] = __reduce_add_sync(full, threadIdx.x);
}
ANTIDROME_KERNEL(clean_warps_that_leave, Arguments)

/// A block takes several samples; the buffer of one is read before the next one writes it.
extern "C" __global__ void clean_persistent_blocks(const Arguments a) {
  __shared__ float buffer[64];
  for (unsigned sample = blockIdx.x; sample < a.n / 64; sample += gridDim.x) {
    buffer[threadIdx.x] = a.x[sample * 64 + threadIdx.x];
    __syncthreads();
    a.fresh[sample * 64 + threadIdx.x] = buffer[63 - threadIdx.x];
    __syncthreads();
  }
}
ANTIDROME_KERNEL(clean_persistent_blocks, Arguments)
ANTIDROME_KERNEL(clean_halves_of_words, Arguments)
