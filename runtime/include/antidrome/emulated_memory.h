// Atomic operations, and loads and stores with a hint. Included by emulated_device.h.
#pragma once

namespace antidrome {
namespace emulated {

/// Tells the emulator of an access. Not of the module's own state (threadIdx and the like), and not before it has begun to run.
ANTIDROME_EMULATED_INLINE void note(const volatile void* p, uint64_t bytes, Access access, const void* pc) {
  if (state.host.access != nullptr && uintptr_t(p) - uintptr_t(&state) >= sizeof(state)) state.host.access(state.host.device, p, bytes, access, pc);
}

template <class T> constexpr bool has_atomics = false;
template <> constexpr bool has_atomics<int> = true;
template <> constexpr bool has_atomics<unsigned> = true;
template <> constexpr bool has_atomics<unsigned long long> = true;
template <> constexpr bool has_atomics<float> = true;
template <> constexpr bool has_atomics<double> = true;

/// *p = change(*p); answers what was there. One thread runs at a time, so nothing has to be locked.
template <class T, class F> static ANTIDROME_UNCHECKED T update(T* p, F change) {
  static_assert(has_atomics<T>, "CUDA has atomics of int, unsigned, unsigned long long, float and double");
#ifdef ANTIDROME_CHECKED
  note(p, sizeof(T), access_atomic, __builtin_return_address(0));
#endif
  const T before = *p;
  *p = change(before);
  return before;
}
template <class T> struct Same { using type = T; };   // keeps an argument out of the deduction of T

}  // namespace emulated
}  // namespace antidrome

#define ANTIDROME_ATOMIC(name, result) \
  template <class T> ANTIDROME_EMULATED_INLINE T atomic##name(T* p, typename antidrome::emulated::Same<T>::type v) { return antidrome::emulated::update(p, [v](T old) { return T(result); }); }
ANTIDROME_ATOMIC(Add, old + v)
ANTIDROME_ATOMIC(Sub, old - v)
ANTIDROME_ATOMIC(Max, old < v ? v : old)
ANTIDROME_ATOMIC(Min, v < old ? v : old)
ANTIDROME_ATOMIC(And, old & v)
ANTIDROME_ATOMIC(Or, old | v)
ANTIDROME_ATOMIC(Xor, old ^ v)
ANTIDROME_ATOMIC(Exch, ((void)old, v))
ANTIDROME_ATOMIC(Inc, old >= v ? 0 : old + 1)
ANTIDROME_ATOMIC(Dec, old == 0 || old > v ? v : old - 1)
#undef ANTIDROME_ATOMIC
template <class T> ANTIDROME_EMULATED_INLINE T atomicCAS(T* p, typename antidrome::emulated::Same<T>::type expected, typename antidrome::emulated::Same<T>::type v) {
  return antidrome::emulated::update(p, [expected, v](T old) { return old == expected ? v : old; });
}

template <class T> ANTIDROME_EMULATED_INLINE T __ldg(const T* p) { return *p; }
template <class T> ANTIDROME_EMULATED_INLINE T __ldca(const T* p) { return *p; }
template <class T> ANTIDROME_EMULATED_INLINE T __ldcg(const T* p) { return *p; }
template <class T> ANTIDROME_EMULATED_INLINE T __ldcs(const T* p) { return *p; }
template <class T> ANTIDROME_EMULATED_INLINE T __ldcv(const T* p) { return *p; }
template <class T> ANTIDROME_EMULATED_INLINE T __ldlu(const T* p) { return *p; }
template <class T> ANTIDROME_EMULATED_INLINE void __stwb(T* p, typename antidrome::emulated::Same<T>::type v) { *p = v; }
template <class T> ANTIDROME_EMULATED_INLINE void __stcg(T* p, typename antidrome::emulated::Same<T>::type v) { *p = v; }
template <class T> ANTIDROME_EMULATED_INLINE void __stcs(T* p, typename antidrome::emulated::Same<T>::type v) { *p = v; }
template <class T> ANTIDROME_EMULATED_INLINE void __stwt(T* p, typename antidrome::emulated::Same<T>::type v) { *p = v; }
