// CUDA's vectors of two, three and four numbers. Included by emulated_device.h.
#pragma once

namespace antidrome {
namespace emulated {

// A vector is copied as one word of its size: that is one access of 8 or 16 bytes, as on a GPU. Its members are accesses of their own.
template <int Bytes> struct Word;
template <> struct Word<2> { typedef uint16_t type __attribute__((may_alias)); };
template <> struct Word<4> { typedef uint32_t type __attribute__((may_alias)); };
template <> struct Word<8> { typedef uint32_t type __attribute__((vector_size(8), may_alias)); };
template <> struct Word<16> { typedef uint32_t type __attribute__((vector_size(16), may_alias)); };

template <class T> struct alignas(2 * sizeof(T)) Two {
  union {
    struct { T x, y; };
    typename Word<2 * sizeof(T)>::type word;
  };
  Two() = default;
  __attribute__((always_inline)) Two(T x_, T y_) : x(x_), y(y_) {}
  __attribute__((always_inline)) Two(const Two& o) : word(o.word) {}
  __attribute__((always_inline)) Two& operator=(const Two& o) { word = o.word; return *this; }
};
template <class T> struct Three {
  T x, y, z;
};
template <class T> struct alignas(4 * sizeof(T)) Four {
  union {
    struct { T x, y, z, w; };
    typename Word<4 * sizeof(T)>::type word;
  };
  Four() = default;
  __attribute__((always_inline)) Four(T x_, T y_, T z_, T w_) : x(x_), y(y_), z(z_), w(w_) {}
  __attribute__((always_inline)) Four(const Four& o) : word(o.word) {}
  __attribute__((always_inline)) Four& operator=(const Four& o) { word = o.word; return *this; }
};

}  // namespace emulated
}  // namespace antidrome

using uint3 = antidrome::emulated::Index;
struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned a = 1, unsigned b = 1, unsigned c = 1) : x(a), y(b), z(c) {}
};

#define ANTIDROME_TWO(T, name)                       \
  using name##2 = antidrome::emulated::Two<T>;       \
  ANTIDROME_EMULATED_INLINE name##2 make_##name##2(T x, T y) { return name##2(x, y); }
#define ANTIDROME_FOUR(T, name)                      \
  using name##4 = antidrome::emulated::Four<T>;      \
  ANTIDROME_EMULATED_INLINE name##4 make_##name##4(T x, T y, T z, T w) { return name##4(x, y, z, w); }
#define ANTIDROME_VECTORS(T, name) ANTIDROME_TWO(T, name) ANTIDROME_FOUR(T, name)
ANTIDROME_VECTORS(signed char, char)
ANTIDROME_VECTORS(unsigned char, uchar)
ANTIDROME_VECTORS(short, short)
ANTIDROME_VECTORS(unsigned short, ushort)
ANTIDROME_VECTORS(int, int)
ANTIDROME_VECTORS(unsigned, uint)
ANTIDROME_VECTORS(float, float)
ANTIDROME_TWO(long long, longlong)
ANTIDROME_TWO(unsigned long long, ulonglong)
ANTIDROME_TWO(double, double)
#undef ANTIDROME_VECTORS
#undef ANTIDROME_FOUR
#undef ANTIDROME_TWO

using float3 = antidrome::emulated::Three<float>;
using int3 = antidrome::emulated::Three<int>;
using double3 = antidrome::emulated::Three<double>;
ANTIDROME_EMULATED_INLINE float3 make_float3(float x, float y, float z) { return {x, y, z}; }
ANTIDROME_EMULATED_INLINE int3 make_int3(int x, int y, int z) { return {x, y, z}; }
ANTIDROME_EMULATED_INLINE uint3 make_uint3(unsigned x, unsigned y, unsigned z) { return {x, y, z}; }
ANTIDROME_EMULATED_INLINE double3 make_double3(double x, double y, double z) { return {x, y, z}; }
