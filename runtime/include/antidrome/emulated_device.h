// CUDA's device language as ordinary C++: with it kernel text runs on a CPU, under the emulator (backends/cuda/emulator, docs/emulator.md). One fiber is one
// CUDA thread; everything that waits or communicates is a call of the emulator. device.h takes this header in place of the compiler's own language when
// ANTIDROME_EMULATED is defined. One source file is one module.
#pragma once
#include <antidrome/emulated_interface.h>

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define __global__
#define __device__
#define __host__
#define __grid_constant__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))

#define ANTIDROME_EMULATED_INLINE static inline __attribute__((always_inline))
#ifdef __clang__
#define ANTIDROME_UNCHECKED __attribute__((noinline, disable_sanitizer_instrumentation))
#else
#define ANTIDROME_UNCHECKED __attribute__((noinline, no_sanitize("thread")))
#endif

// Shared memory: one section of the module, so that the emulator finds it. A checked module has red zones between the arrays.
#define ANTIDROME_SHARED_SECTION __attribute__((section("antidrome_shared"), used))
#define ANTIDROME_JOIN_(a, b) a##b
#define ANTIDROME_JOIN(a, b) ANTIDROME_JOIN_(a, b)
#ifdef ANTIDROME_CHECKED
#define __shared__ ANTIDROME_SHARED_SECTION __attribute__((aligned(16))) static char ANTIDROME_JOIN(antidrome_red_zone_, __COUNTER__)[64]; ANTIDROME_SHARED_SECTION static
#else
#define __shared__ ANTIDROME_SHARED_SECTION static
#endif
/// Declares `type* name`: the dynamic shared memory of the launch.
#define ANTIDROME_DYNAMIC_SHARED(type, name) type* const name = static_cast<type*>(::antidrome::emulated::state.here.dynamic_shared)

namespace antidrome {
namespace emulated {

static State state;
static const Kernel* first_kernel;
ANTIDROME_SHARED_SECTION __attribute__((aligned(16))) static char red_zone[64];
extern "C" char __start_antidrome_shared[] __attribute__((visibility("hidden")));
extern "C" char __stop_antidrome_shared[] __attribute__((visibility("hidden")));

struct Registration {
  Kernel kernel;
  Registration(const char* name, uint64_t argument_bytes, void (*run)(const void*)) : kernel{name, argument_bytes, run, first_kernel} { first_kernel = &kernel; }
};

#ifdef ANTIDROME_CHECKED
constexpr uint32_t checked = 1;
#else
constexpr uint32_t checked = 0;
#endif
static const Module module_of_this_file = {interface_version, checked, &state, &first_kernel, __start_antidrome_shared, __stop_antidrome_shared};
extern "C" __attribute__((visibility("default"), used)) const Module* antidrome_emulated_module() { return &module_of_this_file; }

}  // namespace emulated
}  // namespace antidrome

/// Makes a kernel known to the emulator: extern "C" __global__ void name(const Arguments a).
#define ANTIDROME_KERNEL(name, Arguments)                                                                                                       \
  static ANTIDROME_UNCHECKED void antidrome_run_##name(const void* arguments) { name(*static_cast<const Arguments*>(arguments)); }               \
  static const ::antidrome::emulated::Registration antidrome_registered_##name(#name, sizeof(Arguments), &antidrome_run_##name);

#define threadIdx (::antidrome::emulated::state.here.thread)
#define blockIdx (::antidrome::emulated::state.here.block)
#define blockDim (::antidrome::emulated::state.here.block_size)
#define gridDim (::antidrome::emulated::state.here.grid_size)
constexpr int warpSize = 32;

#include <antidrome/emulated_vectors.h>
#include <antidrome/emulated_math.h>
#include <antidrome/emulated_warp.h>
#include <antidrome/emulated_memory.h>
#ifdef ANTIDROME_CHECKED
#include <antidrome/emulated_checks.h>
#endif
