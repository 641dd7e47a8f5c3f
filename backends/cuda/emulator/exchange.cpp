// What the lanes of a warp do together: they meet, the last one to come computes the answer of each.
#include <bit>

#include "backends/cuda/emulator/block.hpp"

namespace antidrome::emulator {

namespace {

template <class F>
void for_lanes(std::uint32_t lanes, F f) {
  for (; lanes != 0; lanes &= lanes - 1) f(static_cast<std::uint32_t>(std::countr_zero(lanes)));
}

std::uint32_t combine(emulated::Exchange what, std::uint32_t a, std::uint32_t b) {
  const auto x = static_cast<std::int32_t>(a), y = static_cast<std::int32_t>(b);
  switch (what) {
    case emulated::exchange_add: return a + b;
    case emulated::exchange_min: return a < b ? a : b;
    case emulated::exchange_max: return a < b ? b : a;
    case emulated::exchange_min_signed: return x < y ? a : b;
    case emulated::exchange_max_signed: return x < y ? b : a;
    case emulated::exchange_and: return a & b;
    case emulated::exchange_or: return a | b;
    default: return a ^ b;
  }
}

}  // namespace

std::uint64_t Block::exchange(std::uint32_t mask, emulated::Exchange what, std::uint64_t value, std::uint32_t source, const Call& call) {
  const std::uint32_t lane = running_ % warp_size;
  Thread& me = threads_[running_];
  Warp& warp = warps_[running_ / warp_size];
  if ((mask >> lane & 1) == 0) stop({.why = Stop::wrong_mask, .here = call, .mask = mask, .lane = lane});
  Meeting* first = warp.meetings.data();        // the common case: all lanes come to the one meeting that there is
  const bool known = !warp.meetings.empty() && first->arrived != 0 && first->mask == mask && first->what == what && first->call.site.line == call.site.line && first->call.site.file == call.site.file;
  Meeting& m = known ? *first : join(warp, mask, what, call);
  me.meeting = static_cast<std::uint8_t>(&m - warp.meetings.data());
  m.value[lane] = value;
  m.source[lane] = static_cast<std::uint8_t>(source);
  m.arrived |= 1u << lane;
  me.state = State::in_exchange;
  const bool last = (m.mask & warp.live & ~m.arrived) == 0;
  if (last) complete(warp, m);
  if (!last || order_.random()) wait();
  else threads_[running_].state = State::running;
  return me.result;
}

/// The meeting of the lanes of `mask`, or a new one. A lane that this one waits for, and that waits for this one at another operation, can never come. One
/// that waits for others only may come when it has met them.
Block::Meeting& Block::join(Warp& warp, std::uint32_t mask, emulated::Exchange what, const Call& call) {
  Meeting* unused = nullptr;
  for (Meeting& m : warp.meetings) {
    if (m.arrived == 0) unused = &m;
    else if (m.mask == mask && m.what == what && m.call.same_text(call)) return m;
    else if ((m.arrived & mask) != 0 && (m.mask >> running_ % warp_size & 1) != 0) stop({.why = Stop::divergent_exchange, .here = call, .other = m.call, .mask = mask});
  }
  if (unused == nullptr) {
    warp.meetings.reserve(warp_size);           // lanes keep references while they wait
    unused = &warp.meetings.emplace_back();
  }
  unused->mask = mask, unused->what = what, unused->call = call;
  return *unused;
}

/// When all lanes are here that the mask names and that have not returned: answers them and lets them go on.
bool Block::complete(Warp& warp, Meeting& m) {
  if ((m.mask & warp.live & ~m.arrived) != 0) return false;
  const auto w = static_cast<std::uint32_t>(&warp - warps_.data());
  const std::uint32_t lanes = m.arrived;
  answer(w, m, lanes);
  m.arrived = 0;
  ++work_.exchanges;
  if (listener_) listener_->lanes_met(w, lanes, lanes_of(w), m.what == emulated::exchange_sync);
  for_lanes(lanes, [&](std::uint32_t l) {
    const std::uint32_t t = w * warp_size + l;
    if (t != running_ || order_.random()) ready(t);
  });
  return true;
}

void Block::answer(std::uint32_t w, Meeting& m, std::uint32_t lanes) {
  Thread* threads = &threads_[w * warp_size];
  std::uint64_t all = 0;
  switch (m.what) {
    case emulated::exchange_sync: break;
    case emulated::exchange_shuffle:
      for_lanes(lanes, [&](std::uint32_t l) {
        const std::uint32_t from = m.source[l] & (warp_size - 1);
        if ((lanes >> from & 1) == 0 && unknown_source) unknown_source(m.call, w * warp_size + l, from);
        threads[l].result = (lanes >> from & 1) != 0 ? m.value[from] : m.value[l];
      });
      break;
    case emulated::exchange_match:
      for_lanes(lanes, [&](std::uint32_t l) {
        threads[l].result = 0;
        for_lanes(lanes, [&](std::uint32_t k) { threads[l].result |= std::uint64_t{m.value[k] == m.value[l]} << k; });
      });
      break;
    case emulated::exchange_vote:
      for_lanes(lanes, [&](std::uint32_t l) { all |= std::uint64_t{m.value[l] != 0} << l; });
      for_lanes(lanes, [&](std::uint32_t l) { threads[l].result = all; });
      break;
    default:
      all = m.value[static_cast<std::uint32_t>(std::countr_zero(lanes))];
      for_lanes(lanes & (lanes - 1), [&](std::uint32_t l) { all = combine(m.what, static_cast<std::uint32_t>(all), static_cast<std::uint32_t>(m.value[l])); });
      for_lanes(lanes, [&](std::uint32_t l) { threads[l].result = all; });
  }
}

}  // namespace antidrome::emulator
