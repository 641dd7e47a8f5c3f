// Loads, stores and atomic operations.
#include <cstring>

#include <fmt/core.h>

#include "backends/cuda/ptx/handlers.hpp"
#include "backends/cuda/ptx/lanewise.hpp"

namespace antidrome::ptx {

namespace {

using emulator::Request;
using emulator::Traffic;

/// One access of the lanes of a warp in one space.
struct Access {
  Request request;
  Space space = Space::global;
  u32 bytes = 0;                                ///< of a lane
  std::array<std::byte*, warp_size> at;
};

Space space_of(Address& a) {
  if (a >= global_begin || a < window) return Space::global;
  const Space space = a < local_window ? Space::shared : a < parameter_window ? Space::local : Space::parameter;
  a -= space == Space::shared ? shared_window : space == Space::local ? local_window : parameter_window;
  return space;
}

void addresses(const Warp& w, const Instruction& i, Mask m, Access& a) {
  a.request.lanes = m;
  if (i.s[0].bytes == 8) {
    const u64* base = w.lanes<u64>(i.s[0]);
    for_lanes(m, [&](u32 l) { a.request.address[l] = base[l] + i.n; });
  } else {
    const u32* base = w.lanes<u32>(i.s[0]);
    for_lanes(m, [&](u32 l) { a.request.address[l] = u32(base[l] + u32(i.n)); });
  }
}

[[noreturn]] void outside(const Warp& w, u32 lane, const Access& a, const std::string& where) {
  fault(w, lane, fmt::format("accesses {} bytes at {:#x}: {}", a.bytes, a.request.address[lane], where));
}

void locate_global(const Warp& w, Access& a) {
  Launch& launch = *w.block->launch;
  Allocation*& last = launch.last[w.pc];
  for_lanes(a.request.lanes, [&](u32 l) {
    const Address address = a.request.address[l];
    if (!last || !last->holds(address, a.bytes)) {
      last = launch.memory->find(address, a.bytes);
      if (!last) outside(w, l, a, launch.memory->describe(address));
    }
    a.at[l] = last->at(address);
  });
}

void locate_window(const Warp& w, Access& a) {
  Block& block = *w.block;
  const bool shared = a.space == Space::shared, local = a.space == Space::local;
  const std::size_t size = shared ? block.shared.size() : local ? block.launch->kernel->local_bytes : block.launch->parameters.size();
  for_lanes(a.request.lanes, [&](u32 l) {
    const Address address = a.request.address[l];
    if (address > size || a.bytes > size - address) outside(w, l, a, fmt::format("the block has {} bytes of {} memory", size, shared ? "shared" : local ? "local" : "parameter"));
    if (shared) a.at[l] = block.shared.data() + address;
    else if (local) a.at[l] = block.local.data() + (std::size_t{w.index} * warp_size + l) * size + address;
    else a.at[l] = const_cast<std::byte*>(block.launch->parameters.data()) + address;
  });
}

void locate(const Warp& w, Access& a) {
  Address low = 0;                              // sizes are powers of two
  for_lanes(a.request.lanes, [&](u32 l) { low |= a.request.address[l]; });
  if ((low & (a.bytes - 1)) != 0)
    for_lanes(a.request.lanes, [&](u32 l) {
      if ((a.request.address[l] & (a.bytes - 1)) != 0) outside(w, l, a, "misaligned");
    });
  a.space == Space::global ? locate_global(w, a) : locate_window(w, a);
}

/// The common shapes at once: all lanes at one address, or beside each other.
bool is_uniform(const Request& r) {
  const Address first = r.address[std::countr_zero(r.lanes)];
  bool same = true;
  for_lanes(r.lanes, [&](u32 l) { same &= r.address[l] == first; });
  return same;
}
bool is_row(const Request& r, u32 bytes) {
  if (r.lanes != every_lane) return false;
  bool row = true;
  for (u32 l = 0; l < warp_size; ++l) row &= r.address[l] == r.address[0] + l * bytes;
  return row;
}

Traffic traffic_of(const Access& a) {
  if (is_uniform(a.request)) return {1, 1};
  if (a.space == Space::shared) {
    const u32 words = (a.bytes + 3) / 4;        // of a lane; a row of them is as many wavefronts
    return is_row(a.request, a.bytes) ? Traffic{words, words} : emulator::wavefronts(a.request, a.bytes);
  }
  return is_row(a.request, a.bytes) && a.request.address[0] % 32 == 0 ? Traffic{a.bytes, a.bytes} : emulator::sectors(a.request, a.bytes);
}

/// Sectors that L1 has already.
u32 hits(Block& block, const Access& a, u32 needed) {
  u32 missed = 0;
  Address before = ~Address{0};
  for_lanes(a.request.lanes, [&](u32 l) {
    const Address sector = a.request.address[l] / 32;
    if (sector != before) missed += !block.cache.fetch(sector);
    before = sector;
  });
  return needed - std::min(needed, missed);
}

void count(Warp& w, const Access& a, bool load) {
  if (a.space != Space::global && a.space != Space::shared) return;
  const Traffic t = traffic_of(a);
  w.moved.needed += t.needed, w.moved.ideal += t.ideal;
  if (load && a.space == Space::global) w.moved.hits += hits(*w.block, a, t.needed);
}

/// Calls f for the lanes of each space: of generic addresses there may be several.
template <class F> void for_spaces(Warp& w, const Instruction& i, Mask m, F f) {
  Access a;
  a.bytes = u32{i.bytes} * i.count;
  addresses(w, i, m, a);
  if (i.space != Space::generic) {
    a.space = i.space == Space::constant ? Space::global : i.space;
    locate(w, a);
    return f(a);
  }
  std::array<Space, warp_size> spaces;
  for_lanes(m, [&](u32 l) { spaces[l] = space_of(a.request.address[l]); });
  while (m != 0) {
    a.space = spaces[std::countr_zero(m)];
    a.request.lanes = 0;
    for_lanes(m, [&](u32 l) { a.request.lanes |= Mask{spaces[l] == a.space} << l; });
    locate(w, a);
    f(a);
    m &= ~a.request.lanes;
  }
}

template <class E> void load_elements(Warp& w, const Instruction& i, const Access& a) {
  for (u32 k = 0; k < i.count; ++k) {
    if (i.d[k].bytes == 0) continue;            // "_"
    if (i.d[k].bytes == sizeof(E)) {
      E* d = w.lanes<E>(i.d[k]);
      for_lanes(a.request.lanes, [&](u32 l) { std::memcpy(&d[l], a.at[l] + k * sizeof(E), sizeof(E)); });
    } else {
      for_lanes(a.request.lanes, [&](u32 l) {
        E x;
        std::memcpy(&x, a.at[l] + k * sizeof(E), sizeof(E));
        const u64 extended = i.mode != 0 ? u64(s64(std::make_signed_t<E>(x))) : u64(x);
        w.assign_number(i.d[k], l, extended);
      });
    }
  }
}

template <class E> void store_elements(Warp& w, const Instruction& i, const Access& a) {
  for (u32 k = 0; k < i.count; ++k) {
    const Slot s = i.s[k + 1];
    if (s.bytes == sizeof(E)) {
      const E* x = w.lanes<E>(s);
      for_lanes(a.request.lanes, [&](u32 l) { std::memcpy(a.at[l] + k * sizeof(E), &x[l], sizeof(E)); });
    } else {
      for_lanes(a.request.lanes, [&](u32 l) {
        const E x = E(w.number(s, l));
        std::memcpy(a.at[l] + k * sizeof(E), &x, sizeof(E));
      });
    }
  }
}

template <class T> T updated(Atomic what, T before, T x, T y) {
  using U = std::conditional_t<sizeof(T) == 4, u32, u64>;
  switch (what) {
    case Atomic::add:
      if constexpr (std::is_floating_point_v<T>) return before + x;
      else return T(U(before) + U(x));
    case Atomic::min: return x < before ? x : before;
    case Atomic::max: return before < x ? x : before;
    case Atomic::exch: return x;
    case Atomic::cas: return before == x ? y : before;
    default: break;
  }
  if constexpr (!std::is_floating_point_v<T>) {
    switch (what) {
      case Atomic::and_: return before & x;
      case Atomic::or_: return before | x;
      case Atomic::xor_: return before ^ x;
      case Atomic::inc: return before >= x ? T(0) : T(before + 1);
      case Atomic::dec: return before == 0 || before > x ? x : T(before - 1);
      default: break;
    }
  }
  return before;
}

/// Lanes one after the other. Without a result (red) there is no slot to write.
template <class T, Atomic what> void atomically(Warp& w, const Instruction& i, Mask m) {
  const T* x = w.lanes<T>(i.s[1]);
  const T* y = what == Atomic::cas ? w.lanes<T>(i.s[2]) : x;
  for_spaces(w, i, m, [&](const Access& a) {
    for_lanes(a.request.lanes, [&](u32 l) {
      T before;
      std::memcpy(&before, a.at[l], sizeof(T));
      const T after = updated(what, before, x[l], y[l]);
      std::memcpy(a.at[l], &after, sizeof(T));
      if (i.d[0].bytes != 0) w.lanes<T>(i.d[0])[l] = before;
    });
    count(w, a, false);
  });
}

template <class T> Handler integer_atomic(Atomic what) {
  switch (what) {
    case Atomic::add: return &atomically<T, Atomic::add>;
    case Atomic::min: return &atomically<T, Atomic::min>;
    case Atomic::max: return &atomically<T, Atomic::max>;
    case Atomic::and_: return &atomically<T, Atomic::and_>;
    case Atomic::or_: return &atomically<T, Atomic::or_>;
    case Atomic::xor_: return &atomically<T, Atomic::xor_>;
    case Atomic::exch: return &atomically<T, Atomic::exch>;
    case Atomic::cas: return &atomically<T, Atomic::cas>;
    case Atomic::inc: return &atomically<T, Atomic::inc>;
    case Atomic::dec: return &atomically<T, Atomic::dec>;
  }
  return nullptr;
}

}  // namespace

Handler atomic(Atomic what, Type type) {
  switch (type) {
    case Type::b32: case Type::u32: return integer_atomic<u32>(what);
    case Type::s32: return integer_atomic<s32>(what);
    case Type::b64: case Type::u64: return integer_atomic<u64>(what);
    case Type::s64: return integer_atomic<s64>(what);
    case Type::f32: return what == Atomic::add ? &atomically<float, Atomic::add> : nullptr;
    case Type::f64: return what == Atomic::add ? &atomically<double, Atomic::add> : nullptr;
    default: return nullptr;
  }
}

void load(Warp& w, const Instruction& i, Mask m) {
  for_spaces(w, i, m, [&](const Access& a) {
    switch (i.bytes) {
      case 1: load_elements<u8>(w, i, a); break;
      case 2: load_elements<u16>(w, i, a); break;
      case 4: load_elements<u32>(w, i, a); break;
      default: load_elements<u64>(w, i, a); break;
    }
    count(w, a, true);
  });
}

void store(Warp& w, const Instruction& i, Mask m) {
  for_spaces(w, i, m, [&](const Access& a) {
    switch (i.bytes) {
      case 1: store_elements<u8>(w, i, a); break;
      case 2: store_elements<u16>(w, i, a); break;
      case 4: store_elements<u32>(w, i, a); break;
      default: store_elements<u64>(w, i, a); break;
    }
    count(w, a, false);
  });
}

void load_parameter(Warp& w, const Instruction& i, Mask m) {
  const std::span<const std::byte> all = w.block->launch->parameters;
  for (u32 k = 0; k < i.count; ++k) {
    if (i.d[k].bytes == 0) continue;
    const std::size_t at = i.n + k * i.bytes;
    if (at + i.bytes > all.size()) fault(w, fmt::format("reads byte {} of parameters of {}", at, all.size()));
    u64 x = 0;
    std::memcpy(&x, all.data() + at, i.bytes);
    if (i.mode != 0 && i.bytes < 8 && (x >> (8 * i.bytes - 1) & 1)) x |= ~u64{0} << 8 * i.bytes;
    for_lanes(m, [&](u32 l) { w.assign_number(i.d[k], l, x); });
  }
}

}  // namespace antidrome::ptx
