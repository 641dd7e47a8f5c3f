#include <bit>

#include "backends/cuda/ptx/lanewise.hpp"

namespace antidrome::ptx {

namespace {

constexpr Class integer = Class::integer;

template <class T> struct Twice;
template <> struct Twice<u16> { using type = u32; };
template <> struct Twice<s16> { using type = s32; };
template <> struct Twice<u32> { using type = u64; };
template <> struct Twice<s32> { using type = s64; };
template <> struct Twice<u64> { using type = u128; };
template <> struct Twice<s64> { using type = s128; };

template <class T> T high(T a, T b) {
  using W = typename Twice<T>::type;
  return T(W(W(a) * W(b)) >> 8 * sizeof(T));
}

template <class T> void products(Operations& to, const std::string& t) {
  using W = typename Twice<T>::type;
  to["mul.hi." + t] = operation<[](T a, T b) { return high(a, b); }>(integer);
  to["mad.hi." + t] = operation<[](T a, T b, T c) { return T(u64(high(a, b)) + u64(c)); }>(integer);
  if constexpr (sizeof(T) < 8) {
    to["mul.wide." + t] = operation<[](T a, T b) { return W(W(a) * W(b)); }>(integer);
    to["mad.wide." + t] = operation<[](T a, T b, W c) { return W(u64(W(a) * W(b)) + u64(c)); }>(integer);
  }
}

// ---- chains through the carry flag
template <class T> struct Sum {
  T value;
  bool carry;
};
template <class T> Sum<T> plus(T a, T b, bool carry) {
  const T s = T(a + b), r = T(s + T(carry));
  return {r, s < a || r < s};
}
template <class T> Sum<T> minus(T a, T b, bool borrow) {
  const T s = T(a - b), r = T(s - T(borrow));
  return {r, a < b || s < T(borrow)};
}

/// `third`: mad has a third operand. The flag is read where the operation says so, and written.
template <auto f, class T, bool third> void chained(Warp& w, const Instruction& i, Mask m) {
  const T *a = w.lanes<T>(i.s[0]), *b = w.lanes<T>(i.s[1]), *c = third ? w.lanes<T>(i.s[2]) : b;
  T* d = w.lanes<T>(i.d[0]);
  const bool reads = i.mode & 1, writes = i.mode & 2;
  Mask before = reads ? w.predicates[carry_predicate] : 0, after = 0;
  for_lanes(m, [&](u32 l) {
    const Sum<T> x = f(a[l], b[l], c[l], before >> l & 1);
    d[l] = x.value, after |= Mask{x.carry} << l;
  });
  if (writes) w.assign(carry_predicate, after, m);
}

template <auto f, class T, bool third> void chains(Operations& to, const std::string& name, const std::string& tail) {
  const Type t = type_of<T>();
  const std::vector<Type> types = third ? std::vector{t, t, t, t} : std::vector{t, t, t};
  const std::string middle = third ? tail.substr(0, 3) : "", type = third ? tail.substr(3) : tail;   // "lo.u32"
  to[name + "." + middle + "cc." + type] = {&chained<f, T, third>, integer, types, false, true};
  to[name + "c." + middle + type] = {&chained<f, T, third>, integer, types, true, false};
  to[name + "c." + middle + "cc." + type] = {&chained<f, T, third>, integer, types, true, true};
}

template <class T> void with_carry(Operations& to, const std::string& t) {
  chains<[](T a, T b, T, bool in) { return plus(a, b, in); }, T, false>(to, "add", t);
  chains<[](T a, T b, T, bool in) { return minus(a, b, in); }, T, false>(to, "sub", t);
  chains<[](T a, T b, T c, bool in) { return plus(T(a * b), c, in); }, T, true>(to, "mad", "lo." + t);
  chains<[](T a, T b, T c, bool in) { return plus(high(a, b), c, in); }, T, true>(to, "mad", "hi." + t);
}

// ---- fields and permutations of bits
template <class T> T field(T a, u32 position, u32 length) {
  constexpr u32 most = 8 * sizeof(T) - 1;
  position &= 255u, length &= 255u;
  using U = std::make_unsigned_t<T>;
  const u32 sign_at = std::min(position + length - 1, most);
  const bool fill = std::is_signed_v<T> && length > 0 && (U(a) >> sign_at & 1);
  U x = position > most ? U(0) : U(U(a) >> position);
  const u32 there = position > most ? 0 : std::min(length, most + 1 - position);
  const U mask = there > most ? ~U(0) : U((U(1) << there) - 1);
  x &= mask;
  if (fill) x |= U(~mask);
  return T(x);
}
template <class T> T insert(T a, T b, u32 position, u32 length) {
  constexpr u32 bits = 8 * sizeof(T);
  position &= 255u, length &= 255u;
  if (position >= bits || length == 0) return b;
  const T mask = T((length >= bits ? ~T(0) : T((T(1) << length) - 1)) << position);
  return T((b & T(~mask)) | (T(a << position) & mask));
}
template <class T> u32 leading_one(T a) {
  using U = std::make_unsigned_t<T>;
  const U x = U(std::is_signed_v<T> && a < T(0) ? ~a : a);
  return x == 0 ? 0xffffffffu : 8 * u32(sizeof(T)) - 1 - u32(std::countl_zero(x));
}
template <class T> u32 shift_to_top(T a) {
  const u32 at = leading_one(a);
  return at == 0xffffffffu ? at : 8 * u32(sizeof(T)) - 1 - at;
}
template <class T> T reversed(T a) {
  T r = 0;
  for (u32 k = 0; k < 8 * sizeof(T); ++k) r = T(r << 1 | (a >> k & 1));
  return r;
}
template <class T> void fields(Operations& to, const std::string& t) {
  to["bfe." + t] = operation<[](T a, u32 p, u32 n) { return field(a, p, n); }>(integer);
  to["bfind." + t] = operation<[](T a) { return leading_one(a); }>(integer);
  to["bfind.shiftamt." + t] = operation<[](T a) { return shift_to_top(a); }>(integer);
}
template <class T> void whole(Operations& to, const std::string& t) {
  to["bfi." + t] = operation<[](T a, T b, u32 p, u32 n) { return insert(a, b, p, n); }>(integer);
  to["popc." + t] = operation<[](T a) { return u32(std::popcount(a)); }>(integer);
  to["clz." + t] = operation<[](T a) { return u32(std::countl_zero(a)); }>(integer);
  to["brev." + t] = operation<[](T a) { return reversed(a); }>(integer);
}

u32 permuted(u32 a, u32 b, u32 selector) {
  const u64 all = u64{b} << 32 | a;
  u32 r = 0;
  for (u32 k = 0; k < 4; ++k) {
    const u32 nibble = selector >> 4 * k & 15u, byte = u32(all >> 8 * (nibble & 7u)) & 255u;
    r |= (nibble & 8u ? (byte & 128u ? 255u : 0u) : byte) << 8 * k;
  }
  return r;
}
u32 table(u32 a, u32 b, u32 c, u32 lut) {
  u32 r = 0;
  for (u32 k = 0; k < 8; ++k)
    if (lut >> k & 1) r |= (k & 4 ? a : ~a) & (k & 2 ? b : ~b) & (k & 1 ? c : ~c);
  return r;
}

}  // namespace

void add_wide_operations(Operations& to) {
  products<u16>(to, "u16"), products<s16>(to, "s16"), products<u32>(to, "u32"), products<s32>(to, "s32"), products<u64>(to, "u64"), products<s64>(to, "s64");
  with_carry<u32>(to, "u32"), with_carry<u64>(to, "u64");
  for (const char* head : {"add.cc.", "addc.", "addc.cc.", "sub.cc.", "subc.", "subc.cc."})
    for (const char* size : {"32", "64"}) to[std::string(head) + "s" + size] = to[std::string(head) + "u" + size], to[std::string(head) + "b" + size] = to[std::string(head) + "u" + size];
  fields<u32>(to, "u32"), fields<s32>(to, "s32"), fields<u64>(to, "u64"), fields<s64>(to, "s64");
  whole<u32>(to, "b32"), whole<u64>(to, "b64");
  to["prmt.b32"] = operation<[](u32 a, u32 b, u32 c) { return permuted(a, b, c); }>(integer);
  to["lop3.b32"] = operation<[](u32 a, u32 b, u32 c, u32 lut) { return table(a, b, c, lut); }>(integer);
  to["shf.l.wrap.b32"] = operation<[](u32 a, u32 b, u32 n) { return u32(((u64{b} << 32 | a) << (n & 31)) >> 32); }>(integer);
  to["shf.r.wrap.b32"] = operation<[](u32 a, u32 b, u32 n) { return u32((u64{b} << 32 | a) >> (n & 31)); }>(integer);
  to["shf.l.clamp.b32"] = operation<[](u32 a, u32 b, u32 n) { return n >= 32 ? a : u32(((u64{b} << 32 | a) << n) >> 32); }>(integer);
  to["shf.r.clamp.b32"] = operation<[](u32 a, u32 b, u32 n) { return n >= 32 ? b : u32((u64{b} << 32 | a) >> n); }>(integer);
}

}  // namespace antidrome::ptx
