// Lanes of a warp that meet.
#include <bit>

#include <fmt/core.h>

#include "backends/cuda/ptx/handlers.hpp"
#include "backends/cuda/ptx/lanewise.hpp"

namespace antidrome::ptx {

namespace {

/// The lanes that take part: those of the mask that have not returned. All of them must be here, and each one that is here must be named.
Mask members(const Warp& w, Slot mask, Mask m) {
  const u32* named = w.lanes<u32>(mask);
  const u32 first = static_cast<u32>(std::countr_zero(m));
  const Mask all = named[first];
  for_lanes(m, [&](u32 l) {
    if (named[l] != all) fault(w, l, fmt::format("names the lanes {:#x}, another one the lanes {:#x}", named[l], all));
    if ((all >> l & 1) == 0) fault(w, l, fmt::format("takes part, but the mask {:#x} does not name it", all));
  });
  const Mask missing = all & w.live & ~m;
  if (missing != 0) fault(w, static_cast<u32>(std::countr_zero(missing)), fmt::format("is named by the mask {:#x} and is somewhere else", all));
  return all & w.live;
}

u32 source_lane(Shuffle how, u32 lane, u32 b, u32 clamp, bool& inside) {
  const u32 segment = clamp >> 8 & 31u, most = (lane & segment) | (clamp & 31u & ~segment), least = lane & segment;
  b &= 31u;
  u32 j = lane;
  switch (how) {
    case Shuffle::up: j = lane - b; inside = s32(j) >= s32(most); break;
    case Shuffle::down: j = lane + b; inside = j <= most; break;
    case Shuffle::bfly: j = lane ^ b; inside = j <= most; break;
    case Shuffle::idx: j = least | (b & ~segment & 31u); inside = j <= most; break;
  }
  return inside ? j : lane;
}

template <class T> void match_any_of(Warp& w, const Instruction& i, Mask m) {
  const Mask who = members(w, i.s[1], m);
  const T* x = w.lanes<T>(i.s[0]);
  std::array<u32, warp_size> out{};
  for_lanes(who, [&](u32 l) { for_lanes(who, [&](u32 k) { out[l] |= u32{x[k] == x[l]} << k; }); });
  for_lanes(m, [&](u32 l) { w.lanes<u32>(i.d[0])[l] = out[l]; });
}

template <class T> void match_all_of(Warp& w, const Instruction& i, Mask m) {
  const Mask who = members(w, i.s[1], m);
  const T* x = w.lanes<T>(i.s[0]);
  const T first = x[std::countr_zero(who)];
  bool same = true;
  for_lanes(who, [&](u32 l) { same &= x[l] == first; });
  for_lanes(m, [&](u32 l) { w.lanes<u32>(i.d[0])[l] = same ? who : 0; });
  w.assign(i.p[0], same ? every_lane : 0, m);
}

template <class T> void reduce_as(Warp& w, const Instruction& i, Mask m) {
  const Mask who = members(w, i.s[1], m);
  const T* x = w.lanes<T>(i.s[0]);
  T sum = x[std::countr_zero(who)];
  for_lanes(who & (who - 1), [&](u32 l) {
    const T y = x[l];
    switch (static_cast<Atomic>(i.mode)) {
      case Atomic::add: sum = T(u32(sum) + u32(y)); break;
      case Atomic::min: sum = y < sum ? y : sum; break;
      case Atomic::max: sum = sum < y ? y : sum; break;
      case Atomic::and_: sum = T(sum & y); break;
      case Atomic::or_: sum = T(sum | y); break;
      default: sum = T(sum ^ y); break;
    }
  });
  for_lanes(m, [&](u32 l) { w.lanes<T>(i.d[0])[l] = sum; });
}

}  // namespace

void shuffle(Warp& w, const Instruction& i, Mask m) {
  const Mask who = members(w, i.s[3], m);
  const u32 *x = w.lanes<u32>(i.s[0]), *b = w.lanes<u32>(i.s[1]), *c = w.lanes<u32>(i.s[2]);
  std::array<u32, warp_size> out{};
  Mask all_inside = 0;
  for_lanes(m, [&](u32 l) {
    bool inside = false;
    const u32 j = source_lane(static_cast<Shuffle>(i.mode), l, b[l], c[l], inside);
    if ((who >> j & 1) == 0) fault(w, l, fmt::format("reads lane {}, which does not take part", j));
    out[l] = x[j];
    all_inside |= Mask{inside} << l;
  });
  u32* d = w.lanes<u32>(i.d[0]);
  for_lanes(m, [&](u32 l) { d[l] = out[l]; });
  w.assign(i.p[0], all_inside, m);
}

void vote(Warp& w, const Instruction& i, Mask m) {
  const Mask who = members(w, i.s[0], m), yes = w.truth(i) & who;
  switch (static_cast<Vote>(i.mode)) {
    case Vote::ballot: for_lanes(m, [&](u32 l) { w.lanes<u32>(i.d[0])[l] = yes; }); return;
    case Vote::any: return w.assign(i.p[0], yes != 0 ? every_lane : 0, m);
    case Vote::all: return w.assign(i.p[0], yes == who ? every_lane : 0, m);
    case Vote::uni: return w.assign(i.p[0], yes == who || yes == 0 ? every_lane : 0, m);
  }
}

void match_any(Warp& w, const Instruction& i, Mask m) { i.bytes == 8 ? match_any_of<u64>(w, i, m) : match_any_of<u32>(w, i, m); }
void match_all(Warp& w, const Instruction& i, Mask m) { i.bytes == 8 ? match_all_of<u64>(w, i, m) : match_all_of<u32>(w, i, m); }
void reduce(Warp& w, const Instruction& i, Mask m) { reduce_as<u32>(w, i, m); }
void reduce_signed(Warp& w, const Instruction& i, Mask m) { reduce_as<s32>(w, i, m); }
void active_mask(Warp& w, const Instruction& i, Mask m) {
  for_lanes(m, [&](u32 l) { w.lanes<u32>(i.d[0])[l] = w.active; });
}
void meet(Warp& w, const Instruction& i, Mask m) { members(w, i.s[0], m); }

void arrive(Warp& w, const Instruction& i, Mask m) {
  if (m != w.live) fault(w, static_cast<u32>(std::countr_zero(w.live & ~m)), "is not at this barrier, where other lanes of its warp are");
  w.barrier = w.lanes<u32>(i.s[0])[std::countr_zero(m)];
  w.barrier_threads = i.count > 1 ? w.lanes<u32>(i.s[1])[std::countr_zero(m)] : 0;
  w.waits = true;
}

void trap(Warp& w, const Instruction&, Mask m) { fault(w, static_cast<u32>(std::countr_zero(m)), "trap"); }
void call_outside(Warp& w, const Instruction&, Mask m) { fault(w, static_cast<u32>(std::countr_zero(m)), "calls a function that has no body here"); }
void nothing(Warp&, const Instruction&, Mask) {}

}  // namespace antidrome::ptx
