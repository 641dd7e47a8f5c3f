#include "backends/cuda/ptx/timing.hpp"

#include <algorithm>
#include <numeric>

#include "backends/cuda/ptx/warp.hpp"

namespace antidrome::ptx {

namespace {

Cost cost_of(const Instruction& i, const DeviceModel& m) {
  if (i.slow) return {m.divide, m.issue_divide};
  switch (i.cls) {
    case Class::integer: case Class::move: case Class::fp32: case Class::branch: case Class::other: return {m.alu, m.issue};
    case Class::convert: return {m.convert, m.issue_convert};
    case Class::fp64: return {m.fp64, m.issue_fp64};
    case Class::special: return {m.special, m.issue_special};
    case Class::parameter: return {m.parameter, m.issue};
    case Class::global_load: case Class::global_store: return {m.l1, m.issue};
    case Class::shared_load: case Class::shared_store: return {m.shared, m.issue};
    case Class::local: return {m.local, m.issue};
    case Class::atomic: return {m.atomic, m.issue};
    case Class::shared_atomic: return {m.shared_atomic, m.issue};
    case Class::barrier: return {m.barrier, m.issue};
    case Class::shuffle: return {m.shuffle, m.issue};
    case Class::vote: return {m.vote, m.issue};
  }
  return {m.alu, m.issue};
}

}  // namespace

std::vector<Cost> costs(const Kernel& k, const DeviceModel& m) {
  std::vector<Cost> out;
  for (const Instruction& i : k.code) out.push_back(cost_of(i, m));
  return out;
}

void BlockClock::issue(Warp& w, const Instruction& i, std::uint32_t number, Cost c, const Moved& moved) {
  if (i.copies) {                                                 // ptxas gives both the same register
    w.spent[number] += c.issue;
    w.ready[i.writes[0]] = std::max(w.ready[i.reads[0]], w.clock), w.writer[i.writes[0]] = w.writer[i.reads[0]];
    w.clock += c.issue, busy_[w.index % busy_.size()] += c.issue, issued_ += c.issue;
    return;
  }
  std::uint64_t start = w.clock;
  std::uint32_t last = number;                                    // what it waits for longest
  for (std::uint32_t k = 0; k < i.n_reads; ++k)
    if (w.ready[i.reads[k]] > start) start = w.ready[i.reads[k]], last = w.writer[i.reads[k]];
  w.spent[last] += start - w.clock;
  if (moved.needed != 0) {
    const bool shared = i.cls == Class::shared_load || i.cls == Class::shared_store || i.cls == Class::shared_atomic;
    c.issue = std::max(c.issue, shared ? moved.needed * model_->per_wavefront : (moved.needed + model_->sectors_per_cycle - 1) / model_->sectors_per_cycle);
    if (i.cls == Class::global_load && moved.hits < moved.needed) c.latency = model_->l2;
  }
  w.clock = start + c.issue;
  w.spent[number] += c.issue;
  busy_[w.index % busy_.size()] += c.issue;
  issued_ += c.issue;
  const std::uint64_t ready = start + c.latency + c.issue - 1;
  for (std::uint32_t k = 0; k < i.n_writes; ++k) w.ready[i.writes[k]] = ready, w.writer[i.writes[k]] = number;
}

std::uint64_t BlockClock::busiest() const { return since_ + *std::max_element(busy_.begin(), busy_.end()); }

void BlockClock::release(const std::vector<Warp*>& warps, bool whole) {
  std::uint64_t at = whole ? busiest() : 0;
  for (const Warp* w : warps) at = std::max(at, w->clock);
  at += model_->barrier;
  for (Warp* w : warps) w->clock = at;
  if (!whole) return;
  since_ = at;
  std::fill(busy_.begin(), busy_.end(), 0);
}

std::uint64_t BlockClock::cycles() const { return std::max(end_, busiest()); }

DeviceClock::DeviceClock(const DeviceModel& m)
    : model_(m), places_(std::size_t{std::max(1u, m.multiprocessors)} * std::max(1u, m.resident_blocks)), issued_(std::max(1u, m.multiprocessors)) {}

void DeviceClock::add_block(std::uint64_t cycles, std::uint64_t issued) {
  const std::size_t n = issued_.size();
  std::size_t place = blocks_;
  if (blocks_ < places_.size()) place = blocks_ % n * (places_.size() / n) + blocks_ / n;   // one to each multiprocessor first
  else place = static_cast<std::size_t>(std::min_element(places_.begin(), places_.end()) - places_.begin());
  places_[place] += cycles;
  issued_[place / (places_.size() / n)] += issued;
  ++blocks_;
}

std::uint64_t DeviceClock::cycles() const {
  const std::uint64_t schedulers = std::max(1u, model_.schedulers);
  return std::max(*std::max_element(places_.begin(), places_.end()), (*std::max_element(issued_.begin(), issued_.end()) + schedulers - 1) / schedulers);
}

}  // namespace antidrome::ptx
