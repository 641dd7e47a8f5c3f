// A checked module is compiled with -fsanitize=thread: the compiler calls a function before every access that may leave the thread. These are the
// functions, in place of a sanitizer's. Included by emulated_device.h.
#pragma once

namespace antidrome {
namespace emulated {
/// What has not the alignment of its size, and structs: a GPU takes them in pieces.
ANTIDROME_EMULATED_INLINE void note_pieces(const volatile void* p, uint64_t bytes, Access access, const void* pc) {
  const uint64_t piece = (uintptr_t(p) | bytes) % 4 == 0 ? 4 : 1;
  for (uint64_t k = 0; k < bytes; k += piece) note(static_cast<const volatile char*>(p) + k, piece, access, pc);
}
}  // namespace emulated
}  // namespace antidrome

#define ANTIDROME_HOOK extern "C" ANTIDROME_UNCHECKED __attribute__((visibility("hidden"), used)) void

#define ANTIDROME_HOOKS(n)                                                                                                                      \
  ANTIDROME_HOOK __tsan_read##n(void* p) { antidrome::emulated::note(p, n, antidrome::emulated::access_read, __builtin_return_address(0)); }     \
  ANTIDROME_HOOK __tsan_write##n(void* p) { antidrome::emulated::note(p, n, antidrome::emulated::access_write, __builtin_return_address(0)); }
#define ANTIDROME_UNALIGNED_HOOKS(n)                                                                                                                      \
  ANTIDROME_HOOK __tsan_unaligned_read##n(void* p) { antidrome::emulated::note_pieces(p, n, antidrome::emulated::access_read, __builtin_return_address(0)); }     \
  ANTIDROME_HOOK __tsan_unaligned_write##n(void* p) { antidrome::emulated::note_pieces(p, n, antidrome::emulated::access_write, __builtin_return_address(0)); }
ANTIDROME_HOOKS(1)
ANTIDROME_HOOKS(2)
ANTIDROME_HOOKS(4)
ANTIDROME_HOOKS(8)
ANTIDROME_HOOKS(16)
ANTIDROME_UNALIGNED_HOOKS(2)
ANTIDROME_UNALIGNED_HOOKS(4)
ANTIDROME_UNALIGNED_HOOKS(8)
ANTIDROME_UNALIGNED_HOOKS(16)
ANTIDROME_HOOK __tsan_read_range(void* p, unsigned long n) { antidrome::emulated::note_pieces(p, n, antidrome::emulated::access_read, __builtin_return_address(0)); }
ANTIDROME_HOOK __tsan_write_range(void* p, unsigned long n) { antidrome::emulated::note_pieces(p, n, antidrome::emulated::access_write, __builtin_return_address(0)); }
ANTIDROME_HOOK __tsan_init() {}
ANTIDROME_HOOK __tsan_func_entry(void*) {}
ANTIDROME_HOOK __tsan_func_exit() {}
#ifdef __clang__                                 // which also replaces calls of memcpy and the like
extern "C" ANTIDROME_UNCHECKED __attribute__((visibility("hidden"), used)) void* __tsan_memcpy(void* to, const void* from, unsigned long n) {
  antidrome::emulated::note_pieces(from, n, antidrome::emulated::access_read, __builtin_return_address(0));
  antidrome::emulated::note_pieces(to, n, antidrome::emulated::access_write, __builtin_return_address(0));
  return __builtin_memcpy(to, from, n);
}
extern "C" ANTIDROME_UNCHECKED __attribute__((visibility("hidden"), used)) void* __tsan_memmove(void* to, const void* from, unsigned long n) {
  antidrome::emulated::note_pieces(from, n, antidrome::emulated::access_read, __builtin_return_address(0));
  antidrome::emulated::note_pieces(to, n, antidrome::emulated::access_write, __builtin_return_address(0));
  return __builtin_memmove(to, from, n);
}
extern "C" ANTIDROME_UNCHECKED __attribute__((visibility("hidden"), used)) void* __tsan_memset(void* to, int byte, unsigned long n) {
  antidrome::emulated::note_pieces(to, n, antidrome::emulated::access_write, __builtin_return_address(0));
  return __builtin_memset(to, byte, n);
}
#endif
#undef ANTIDROME_UNALIGNED_HOOKS
#undef ANTIDROME_HOOKS
#undef ANTIDROME_HOOK
