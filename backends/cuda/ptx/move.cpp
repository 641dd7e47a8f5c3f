// Between registers.
#include <cstring>

#include "backends/cuda/ptx/handlers.hpp"
#include "backends/cuda/ptx/lanewise.hpp"

namespace antidrome::ptx {

namespace {

template <class T> void move(Warp& w, const Instruction& i, Mask m) {
  const T* s = w.lanes<T>(i.s[0]);
  T* d = w.lanes<T>(i.d[0]);
  if (m == every_lane) std::memmove(d, s, warp_size * sizeof(T));
  else for_lanes(m, [&](u32 l) { d[l] = s[l]; });
}

}  // namespace

std::uint64_t Warp::number(Slot s, u32 l) const {
  switch (s.bytes) {
    case 1: return lanes<u8>(s)[l];
    case 2: return lanes<u16>(s)[l];
    case 4: return lanes<u32>(s)[l];
    default: return lanes<u64>(s)[l];
  }
}

void Warp::assign_number(Slot s, u32 l, u64 v) {
  switch (s.bytes) {
    case 1: lanes<u8>(s)[l] = u8(v); break;
    case 2: lanes<u16>(s)[l] = u16(v); break;
    case 4: lanes<u32>(s)[l] = u32(v); break;
    default: lanes<u64>(s)[l] = v; break;
  }
}

void move_16(Warp& w, const Instruction& i, Mask m) { move<u16>(w, i, m); }
void move_32(Warp& w, const Instruction& i, Mask m) { move<u32>(w, i, m); }
void move_64(Warp& w, const Instruction& i, Mask m) { move<u64>(w, i, m); }

void pack(Warp& w, const Instruction& i, Mask m) {
  for_lanes(m, [&](u32 l) {
    u64 v = 0;
    for (u32 k = i.count; k-- > 0;) v = v << 8 * i.bytes % 64 | w.number(i.s[k], l);
    w.assign_number(i.d[0], l, v);
  });
}

void unpack(Warp& w, const Instruction& i, Mask m) {
  for_lanes(m, [&](u32 l) {
    const u64 v = w.number(i.s[0], l);
    for (u32 k = 0; k < i.count; ++k)
      if (i.d[k].bytes != 0) w.assign_number(i.d[k], l, v >> 8 * i.bytes * k);
  });
}

void add_window(Warp& w, const Instruction& i, Mask m) {
  for_lanes(m, [&](u32 l) { w.assign_number(i.d[0], l, w.number(i.s[0], l) + i.n); });
}

void in_window(Warp& w, const Instruction& i, Mask m) {
  Mask inside = 0;
  for_lanes(m, [&](u32 l) {
    const Address a = w.number(i.s[0], l);
    const bool global = a >= global_begin || a < window;
    inside |= Mask{i.n == 0 ? global : a >= i.n && a < i.n + window} << l;
  });
  w.assign(i.p[0], inside, m);
}

}  // namespace antidrome::ptx
