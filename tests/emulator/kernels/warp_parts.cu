// Parts of a warp that go their own ways, for warp_parts_test.cpp.
#include <antidrome/emulated_device.h>

struct Arguments { unsigned* out; };

/// Two halves with operations of their own; the first to finish waits for all lanes, and the other half is not there yet.
extern "C" __global__ void __launch_bounds__(32, 1) halves_meet_again(const Arguments a)
{
  const unsigned lane = threadIdx.x;
  unsigned x = lane;
  if (lane < 16u) {
    for (int k = 0; k < 5; ++k) x += __shfl_xor_sync(0x0000ffffu, x, 1 << (k & 3));
  } else {
    x = __reduce_add_sync(0xffff0000u, x);
  }
  __syncwarp();
  a.out[lane] = x + __shfl_sync(0xffffffffu, x, 31);
}
ANTIDROME_KERNEL(halves_meet_again, Arguments)

/// Lane 0 waits for all lanes; lanes 1 to 31 wait for lane 0 elsewhere.
extern "C" __global__ void __launch_bounds__(32, 1) wait_for_each_other(const Arguments a)
{
  unsigned x = threadIdx.x;
  if (threadIdx.x == 0) x += __ballot_sync(0xffffffffu, 1);
  else x += __shfl_sync(0xffffffffu, x, 0);
  a.out[threadIdx.x] = x;
}
ANTIDROME_KERNEL(wait_for_each_other, Arguments)
