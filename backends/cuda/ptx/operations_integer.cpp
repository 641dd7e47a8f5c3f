#include <limits>

#include "backends/cuda/ptx/lanewise.hpp"

namespace antidrome::ptx {

namespace {

constexpr Class integer = Class::integer;

template <class T> constexpr u32 width = 8 * sizeof(T);

/// p = a < b [and c], q = not (a < b) [and c].
template <auto f, class T> void compare(Warp& w, const Instruction& i, Mask m) {
  const T *a = w.lanes<T>(i.s[0]), *b = w.lanes<T>(i.s[1]);
  Mask p = 0;
  for_lanes(m, [&](u32 l) { p |= Mask{f(a[l], b[l])} << l; });
  Mask q = ~p;
  const Mask c = i.mode == 0 ? 0 : w.truth(i);
  if (i.mode == 1) p &= c, q &= c;
  if (i.mode == 2) p |= c, q |= c;
  if (i.mode == 3) p ^= c, q ^= c;
  w.assign(i.p[0], p, m);
  w.assign(i.p[1], q, m);
}

template <auto f, class T> Operation comparison(Class cls) { return {&compare<f, T>, cls, {Type::pred, type_of<T>(), type_of<T>()}}; }

template <class T> void comparisons(Operations& to, const std::string& t) {
  to["setp.eq." + t] = comparison<[](T a, T b) { return a == b; }, T>(integer);
  to["setp.ne." + t] = comparison<[](T a, T b) { return a != b; }, T>(integer);
  to["setp.lt." + t] = comparison<[](T a, T b) { return a < b; }, T>(integer);
  to["setp.le." + t] = comparison<[](T a, T b) { return a <= b; }, T>(integer);
  to["setp.gt." + t] = comparison<[](T a, T b) { return b < a; }, T>(integer);
  to["setp.ge." + t] = comparison<[](T a, T b) { return a >= b; }, T>(integer);
  if constexpr (std::is_unsigned_v<T>) to["setp.lo." + t] = to["setp.lt." + t], to["setp.ls." + t] = to["setp.le." + t], to["setp.hi." + t] = to["setp.gt." + t], to["setp.hs." + t] = to["setp.ge." + t];
}

template <class T> void float_comparisons(Operations& to, const std::string& t, Class cls) {
  to["setp.eq." + t] = comparison<[](T a, T b) { return a == b; }, T>(cls);
  to["setp.ne." + t] = comparison<[](T a, T b) { return a < b || b < a; }, T>(cls);
  to["setp.lt." + t] = comparison<[](T a, T b) { return a < b; }, T>(cls);
  to["setp.le." + t] = comparison<[](T a, T b) { return a <= b; }, T>(cls);
  to["setp.gt." + t] = comparison<[](T a, T b) { return b < a; }, T>(cls);
  to["setp.ge." + t] = comparison<[](T a, T b) { return a >= b; }, T>(cls);
  // Unordered: true when one of them is NaN.
  to["setp.equ." + t] = comparison<[](T a, T b) { return !(a < b || b < a); }, T>(cls);
  to["setp.neu." + t] = comparison<[](T a, T b) { return a != b; }, T>(cls);
  to["setp.ltu." + t] = comparison<[](T a, T b) { return !(a >= b); }, T>(cls);
  to["setp.leu." + t] = comparison<[](T a, T b) { return !(b < a); }, T>(cls);
  to["setp.gtu." + t] = comparison<[](T a, T b) { return !(a <= b); }, T>(cls);
  to["setp.geu." + t] = comparison<[](T a, T b) { return !(a < b); }, T>(cls);
  to["setp.num." + t] = comparison<[](T a, T b) { return a == a && b == b; }, T>(cls);
  to["setp.nan." + t] = comparison<[](T a, T b) { return a != a || b != b; }, T>(cls);
}

/// Division by zero is the handler's to notice: it knows the lane.
template <class T, bool remainder> void divide(Warp& w, const Instruction& i, Mask m) {
  const T *a = w.lanes<T>(i.s[0]), *b = w.lanes<T>(i.s[1]);
  T* d = w.lanes<T>(i.d[0]);
  for_lanes(m, [&](u32 l) {
    if (b[l] == 0) fault(w, l, "divides an integer by zero");
    if constexpr (std::is_signed_v<T>)
      if (b[l] == T(-1)) {
        d[l] = remainder ? T(0) : T(std::make_unsigned_t<T>(0) - std::make_unsigned_t<T>(a[l]));
        return;
      }
    d[l] = T(remainder ? a[l] % b[l] : a[l] / b[l]);
  });
}

template <class T> void arithmetic(Operations& to, const std::string& t) {
  using U = std::make_unsigned_t<T>;
  to["add." + t] = operation<[](T a, T b) { return T(U(a) + U(b)); }>(integer);
  to["sub." + t] = operation<[](T a, T b) { return T(U(a) - U(b)); }>(integer);
  to["mul.lo." + t] = operation<[](T a, T b) { return T(u64(a) * u64(b)); }>(integer);
  to["mad.lo." + t] = operation<[](T a, T b, T c) { return T(u64(a) * u64(b) + u64(c)); }>(integer);
  to["min." + t] = operation<[](T a, T b) { return b < a ? b : a; }>(integer);
  to["max." + t] = operation<[](T a, T b) { return a < b ? b : a; }>(integer);
  to["neg." + t] = operation<[](T a) { return T(U(0) - U(a)); }>(integer);
  to["abs." + t] = operation<[](T a) { return a < T(0) ? T(U(0) - U(a)) : a; }>(integer);
  to["shr." + t] = operation<[](T a, u32 n) { return n < width<T> ? T(a >> n) : std::is_signed_v<T> && a < T(0) ? T(-1) : T(0); }>(integer);
  to["sad." + t] = operation<[](T a, T b, T c) { return T(U(c) + (a < b ? U(b) - U(a) : U(a) - U(b))); }>(integer);
  to["div." + t] = {&divide<T, false>, integer, {type_of<T>(), type_of<T>(), type_of<T>()}, false, false, true};
  to["rem." + t] = {&divide<T, true>, integer, {type_of<T>(), type_of<T>(), type_of<T>()}, false, false, true};
  if constexpr (sizeof(T) >= 2) comparisons<T>(to, t);
}

/// Types without a sign, by their bits.
template <class T> void bits(Operations& to, const std::string& t) {
  to["and." + t] = operation<[](T a, T b) { return T(a & b); }>(integer);
  to["or." + t] = operation<[](T a, T b) { return T(a | b); }>(integer);
  to["xor." + t] = operation<[](T a, T b) { return T(a ^ b); }>(integer);
  to["not." + t] = operation<[](T a) { return T(~a); }>(integer);
  to["cnot." + t] = operation<[](T a) { return T(a == 0); }>(integer);
  to["shl." + t] = operation<[](T a, u32 n) { return n < width<T> ? T(a << n) : T(0); }>(integer);
  to["shr." + t] = operation<[](T a, u32 n) { return n < width<T> ? T(a >> n) : T(0); }>(integer);
  to["setp.eq." + t] = comparison<[](T a, T b) { return a == b; }, T>(integer);
  to["setp.ne." + t] = comparison<[](T a, T b) { return a != b; }, T>(integer);
}

template <class T> void choices(Operations& to, const std::string& t) { to["selp." + t] = operation<[](T a, T b, bool c) { return c ? a : b; }>(Class::integer); }

template <Mask f(Mask, Mask)> void of_predicates(Warp& w, const Instruction& i, Mask m) {
  const Mask a = w.truth(i), b = w.predicates[i.p[1]];
  w.assign(i.p[0], f(a, b), m);
}

Mask both(Mask a, Mask b) { return a & b; }
Mask either(Mask a, Mask b) { return a | b; }
Mask one(Mask a, Mask b) { return a ^ b; }
Mask negate(Mask a, Mask) { return ~a; }
Mask same(Mask a, Mask) { return a; }

}  // namespace

void add_integer_operations(Operations& to) {
  arithmetic<u16>(to, "u16"), arithmetic<u32>(to, "u32"), arithmetic<u64>(to, "u64"), arithmetic<s16>(to, "s16"), arithmetic<s32>(to, "s32"), arithmetic<s64>(to, "s64");
  bits<u16>(to, "b16"), bits<u32>(to, "b32"), bits<u64>(to, "b64");
  for (const char* t : {"b16", "u16", "s16"}) choices<u16>(to, t);
  for (const char* t : {"b32", "u32", "s32", "f32"}) choices<u32>(to, t);
  for (const char* t : {"b64", "u64", "s64", "f64"}) choices<u64>(to, t);
  float_comparisons<float>(to, "f32", Class::fp32);
  float_comparisons<double>(to, "f64", Class::fp64);
  to["and.pred"] = {&of_predicates<both>, integer, {Type::pred, Type::pred, Type::pred}};
  to["or.pred"] = {&of_predicates<either>, integer, {Type::pred, Type::pred, Type::pred}};
  to["xor.pred"] = {&of_predicates<one>, integer, {Type::pred, Type::pred, Type::pred}};
  to["not.pred"] = {&of_predicates<negate>, integer, {Type::pred, Type::pred}};
  to["mov.pred"] = {&of_predicates<same>, Class::move, {Type::pred, Type::pred}};
  to["add.sat.s32"] = operation<[](s32 a, s32 b) { const s64 x = s64{a} + b; return s32(x < INT32_MIN ? INT32_MIN : x > INT32_MAX ? INT32_MAX : x); }>(integer);
  to["sub.sat.s32"] = operation<[](s32 a, s32 b) { const s64 x = s64{a} - b; return s32(x < INT32_MIN ? INT32_MIN : x > INT32_MAX ? INT32_MAX : x); }>(integer);
}

}  // namespace antidrome::ptx
