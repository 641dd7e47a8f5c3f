// What threads do together: barriers, votes, shuffles. Included by emulated_device.h.
//
// A call is identified by the line of its text (the default arguments): lanes that meet must stand at the same one.
#pragma once

#define ANTIDROME_SITE int line = __builtin_LINE(), const char *file = __builtin_FILE()

namespace antidrome {
namespace emulated {

ANTIDROME_EMULATED_INLINE uint64_t exchange(unsigned mask, Exchange what, uint64_t value, uint32_t source, int line, const char* file) {
  return state.host.exchange(state.host.device, mask, what, value, source, Site{file, line});
}
ANTIDROME_EMULATED_INLINE Votes barrier(int predicate, int line, const char* file) { return state.host.barrier(state.host.device, predicate != 0, Site{file, line}); }

/// The bits of a number, in 64.
template <class T> ANTIDROME_EMULATED_INLINE uint64_t to_bits(T v) {
  static_assert(sizeof(T) <= 8, "at most 8 bytes can be exchanged between lanes");
  if constexpr (sizeof(T) == 8) return __builtin_bit_cast(uint64_t, v);
  else if constexpr (sizeof(T) == 4) return __builtin_bit_cast(uint32_t, v);
  else if constexpr (sizeof(T) == 2) return __builtin_bit_cast(uint16_t, v);
  else return __builtin_bit_cast(uint8_t, v);
}
template <class T> ANTIDROME_EMULATED_INLINE T from_bits(uint64_t bits) {
  if constexpr (sizeof(T) == 8) return __builtin_bit_cast(T, bits);
  else if constexpr (sizeof(T) == 4) return __builtin_bit_cast(T, uint32_t(bits));
  else if constexpr (sizeof(T) == 2) return __builtin_bit_cast(T, uint16_t(bits));
  else return __builtin_bit_cast(T, uint8_t(bits));
}

}  // namespace emulated
}  // namespace antidrome

ANTIDROME_EMULATED_INLINE void __syncthreads(ANTIDROME_SITE) { antidrome::emulated::barrier(0, line, file); }
ANTIDROME_EMULATED_INLINE int __syncthreads_count(int predicate, ANTIDROME_SITE) { return int(antidrome::emulated::barrier(predicate, line, file).count); }
ANTIDROME_EMULATED_INLINE int __syncthreads_or(int predicate, ANTIDROME_SITE) { return int(antidrome::emulated::barrier(predicate, line, file).any); }
ANTIDROME_EMULATED_INLINE int __syncthreads_and(int predicate, ANTIDROME_SITE) { return int(antidrome::emulated::barrier(predicate, line, file).all); }
ANTIDROME_EMULATED_INLINE void __syncwarp(unsigned mask = 0xffffffffu, ANTIDROME_SITE) { antidrome::emulated::exchange(mask, antidrome::emulated::exchange_sync, 0, 0, line, file); }
// The emulator runs one thread at a time: memory is consistent without fences. They order nothing that the checker could use.
ANTIDROME_EMULATED_INLINE void __threadfence() {}
ANTIDROME_EMULATED_INLINE void __threadfence_block() {}
ANTIDROME_EMULATED_INLINE void __threadfence_system() {}
[[noreturn]] ANTIDROME_EMULATED_INLINE void __trap(ANTIDROME_SITE) {
  antidrome::emulated::state.host.trap(antidrome::emulated::state.host.device, antidrome::emulated::Site{file, line});
  __builtin_unreachable();
}

// ---- votes
/// The calling lane alone: the most that a program may rely on.
ANTIDROME_EMULATED_INLINE unsigned __activemask() { return 1u << antidrome::emulated::state.here.lane; }
ANTIDROME_EMULATED_INLINE unsigned __ballot_sync(unsigned mask, int predicate, ANTIDROME_SITE) {
  return unsigned(antidrome::emulated::exchange(mask, antidrome::emulated::exchange_vote, predicate != 0, 0, line, file));
}
ANTIDROME_EMULATED_INLINE int __any_sync(unsigned mask, int predicate, ANTIDROME_SITE) { return __ballot_sync(mask, predicate, line, file) != 0; }
ANTIDROME_EMULATED_INLINE int __all_sync(unsigned mask, int predicate, ANTIDROME_SITE) { return __ballot_sync(mask, predicate == 0, line, file) == 0; }
template <class T> ANTIDROME_EMULATED_INLINE unsigned __match_any_sync(unsigned mask, T value, ANTIDROME_SITE) {
  return unsigned(antidrome::emulated::exchange(mask, antidrome::emulated::exchange_match, antidrome::emulated::to_bits(value), 0, line, file));
}
template <class T> ANTIDROME_EMULATED_INLINE unsigned __match_all_sync(unsigned mask, T value, int* all, ANTIDROME_SITE) {
  const unsigned same = __match_any_sync(mask, value, line, file);
  *all = same == mask;
  return same == mask ? mask : 0;
}

// ---- shuffles, of up to 8 bytes
template <class T> ANTIDROME_EMULATED_INLINE T __shfl_sync(unsigned mask, T value, int source, int width = 32, ANTIDROME_SITE) {
  const unsigned lane = antidrome::emulated::state.here.lane, from = (lane & ~unsigned(width - 1)) | (unsigned(source) & unsigned(width - 1));
  return antidrome::emulated::from_bits<T>(antidrome::emulated::exchange(mask, antidrome::emulated::exchange_shuffle, antidrome::emulated::to_bits(value), from, line, file));
}
template <class T> ANTIDROME_EMULATED_INLINE T __shfl_up_sync(unsigned mask, T value, unsigned distance, int width = 32, ANTIDROME_SITE) {
  const unsigned lane = antidrome::emulated::state.here.lane, from = (lane & unsigned(width - 1)) < distance ? lane : lane - distance;
  return antidrome::emulated::from_bits<T>(antidrome::emulated::exchange(mask, antidrome::emulated::exchange_shuffle, antidrome::emulated::to_bits(value), from, line, file));
}
template <class T> ANTIDROME_EMULATED_INLINE T __shfl_down_sync(unsigned mask, T value, unsigned distance, int width = 32, ANTIDROME_SITE) {
  const unsigned lane = antidrome::emulated::state.here.lane, from = (lane & unsigned(width - 1)) + distance >= unsigned(width) ? lane : lane + distance;
  return antidrome::emulated::from_bits<T>(antidrome::emulated::exchange(mask, antidrome::emulated::exchange_shuffle, antidrome::emulated::to_bits(value), from, line, file));
}
template <class T> ANTIDROME_EMULATED_INLINE T __shfl_xor_sync(unsigned mask, T value, int flipped, int width = 32, ANTIDROME_SITE) {
  const unsigned lane = antidrome::emulated::state.here.lane, other = lane ^ unsigned(flipped), last = lane | unsigned(width - 1);
  return antidrome::emulated::from_bits<T>(antidrome::emulated::exchange(mask, antidrome::emulated::exchange_shuffle, antidrome::emulated::to_bits(value), other > last ? lane : other, line, file));
}

// ---- reductions of 32-bit integers (sm_80)
#define ANTIDROME_REDUCE(name, T, what) \
  ANTIDROME_EMULATED_INLINE T __reduce_##name##_sync(unsigned mask, T value, ANTIDROME_SITE) { return T(antidrome::emulated::exchange(mask, antidrome::emulated::exchange_##what, uint32_t(value), 0, line, file)); }
ANTIDROME_REDUCE(add, unsigned, add)
ANTIDROME_REDUCE(add, int, add)
ANTIDROME_REDUCE(min, unsigned, min)
ANTIDROME_REDUCE(min, int, min_signed)
ANTIDROME_REDUCE(max, unsigned, max)
ANTIDROME_REDUCE(max, int, max_signed)
ANTIDROME_REDUCE(and, unsigned, and)
ANTIDROME_REDUCE(or, unsigned, or)
ANTIDROME_REDUCE(xor, unsigned, xor)
#undef ANTIDROME_REDUCE
#undef ANTIDROME_SITE
