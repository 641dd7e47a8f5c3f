#include "backends/cuda/emulator/checker.hpp"

#include <algorithm>
#include <tuple>

#include <fmt/core.h>

namespace antidrome::emulator {

using namespace cell_flag;

void Checker::begin_launch(const Kernel& kernel, const std::vector<SharedArray>& arrays, std::byte* dynamic_shared, std::uint32_t dynamic_bytes, std::uint64_t access_limit) {
  module_ = kernel.module;
  site_table_ = &site_tables_[module_];
  site_table_->resize(module_->end - module_->begin);
  shared_.clear();
  for (const SharedArray& a : arrays) shared_.push_back({a.begin, a.bytes, a.name, std::make_unique<Shadow>(a.bytes)});
  if (dynamic_bytes > 0) shared_.push_back({dynamic_shared, dynamic_bytes, "dynamic shared memory", std::make_unique<Shadow>(dynamic_bytes)});
  std::sort(shared_.begin(), shared_.end(), [](const SharedRegion& a, const SharedRegion& b) { return a.begin < b.begin; });
  section_begin_ = reinterpret_cast<const std::byte*>(module_->interface->shared_begin), section_end_ = reinterpret_cast<const std::byte*>(module_->interface->shared_end);
  if (epoch_ > 1u << 31) {                      // long before the count of epochs is full
    memory_.for_each([](Allocation& a) { a.shadow->forget_accesses(); });
    epoch_ = 0;
  }
  launch_epoch_ = epoch_ + 1;
  accesses_left_ = access_limit;
  requests_.into(sums_[kernel.name]);
}

void Checker::begin_block(emulated::Index index) {
  block_index_ = index;
  block_epoch_ = ++epoch_;
  for (SharedRegion& r : shared_) r.shadow->clear();
  for (WarpClock& c : clocks_) c.reset();
}

void Checker::barrier_passed() {
  ++epoch_;
  requests_.all_met();
}

void Checker::lanes_met(std::uint32_t warp, std::uint32_t lanes, std::uint32_t existing, bool orders_memory) {
  if (orders_memory) clocks_[warp].met(lanes, existing);
  if (lanes == existing) requests_.met(warp);
}

Checker::Site Checker::site_of(const void* pc) {
  Site& site = (*site_table_)[reinterpret_cast<std::uintptr_t>(pc) - module_->begin];
  constexpr std::size_t most = 0xffff;
  if (site == 0 && known_sites_.size() < most) {
    site = static_cast<Site>(known_sites_.size());
    known_sites_.push_back({module_, pc});
  }
  return site;                                  // 0, a place that is not known, when there are too many
}

Checker::SharedRegion* Checker::shared_region(const std::byte* p) {
  for (SharedRegion& r : shared_)
    if (static_cast<std::size_t>(p - r.begin) < r.bytes) return &r;
  return nullptr;
}

void Checker::access(const volatile void* address, std::uint64_t bytes, emulated::Access kind, const void* pc) {
  auto* const p = static_cast<std::byte*>(const_cast<void*>(address));
  if (Fibers::in_stack(block_.running_fiber(), p)) return;   // the thread's own variables
  const Site site = site_of(pc);
  Shadow* shadow = nullptr;
  std::size_t offset = 0;
  bool is_shared = false;
  if (Allocation* a = memory_.on_page_of(p); a != nullptr && a->contains(p, bytes)) {
    shadow = a->shadow.get(), offset = static_cast<std::size_t>(p - a->begin);
  } else if (SharedRegion* r = shared_region(p); r != nullptr && bytes <= r->bytes - static_cast<std::size_t>(p - r->begin)) {
    shadow = r->shadow.get(), offset = static_cast<std::size_t>(p - r->begin), is_shared = true;
  } else {
    const bool in_section = p >= section_begin_ && p < section_end_;
    if (kind == emulated::access_read && module_->contains(p) && !in_section) return;   // a table of constants
    const auto& guards = module_->variables.guards;
    if (std::find(guards.begin(), guards.end(), p) != guards.end()) return;
    wild(p, bytes, site);
  }
  if (accesses_left_-- == 0) {
    report(Defect::too_long, site, 0, nullptr);
    block_.stop({.why = Stop::reported});
  }
  if (reinterpret_cast<std::uintptr_t>(p) % bytes != 0) {
    report(Defect::misaligned, site, 0, p);
    block_.stop({.why = Stop::reported});
  }
  const std::uint32_t thread = block_.running();
  const Now now{site, thread, thread / warp_size, thread % warp_size, kind != emulated::access_read, kind == emulated::access_atomic};
  shadow->visit(offset, bytes, [&](Cell& cell) { look(cell, now, p); });
  const auto counted = static_cast<Access>((is_shared ? 3 : 0) + static_cast<int>(kind));
  requests_.note(now.warp, now.lane, 2u * site + is_shared, counted, reinterpret_cast<std::uintptr_t>(p), static_cast<std::uint32_t>(bytes));
}

/// One access and what is known of its bytes.
void Checker::look(Cell& cell, const Now& now, const std::byte* p) {
  const bool write_counts = cell.write_epoch >= launch_epoch_, reads_count = cell.read_epoch >= launch_epoch_;
  if (!write_counts && !reads_count) cell.flags &= lasting;
  if (write_counts) {
    const bool was_atomic = (cell.flags & atomic) != 0, both_atomic = was_atomic && now.atomic;
    const bool in_order = cell.write_epoch >= block_epoch_ && write_is_before(cell, now);
    if (!both_atomic && !in_order) race(now.writes ? Defect::write_after_write : Defect::read_after_write, was_atomic, cell.write_site, now, p);
  }
  if ((cell.flags & other_block_atomic) != 0 && !now.atomic) race(Defect::plain_and_atomic, true, 0, now, p);
  if (now.writes) {
    if (reads_count && !(cell.read_epoch >= block_epoch_ && reads_are_before(cell, now))) race(Defect::write_after_read, false, cell.read_site, now, p);
    if ((cell.flags & other_block_read) != 0) race(Defect::write_after_read, false, 0, now, p);
  }
  if ((!now.writes || now.atomic) && (cell.flags & initialised) == 0) {
    report(Defect::uninitialised, now.site, 0, p);
    cell.flags |= initialised;                  // told once
  }
  if (now.writes) remember_write(cell, now);
  else remember_read(cell, now);
}

/// Of a write in this block.
bool Checker::write_is_before(const Cell& cell, const Now& now) const {
  if (cell.write_epoch != epoch_) return true;  // a barrier is between them
  const WarpClock& clock = clocks_[now.warp];
  if ((cell.flags & warps_wrote) != 0 || cell.writer / warp_size != now.warp) return false;
  if ((cell.flags & lanes_wrote) != 0) return cell.write_stamp < clock.last_full();
  return cell.writer == now.thread || clock.before(cell.writer % warp_size, cell.write_stamp, now.lane);
}

/// Of reads in this block.
bool Checker::reads_are_before(const Cell& cell, const Now& now) const {
  if (cell.read_epoch != epoch_) return true;
  if ((cell.flags & warps_read) != 0 || cell.read_warp != now.warp) return false;
  const WarpClock& clock = clocks_[now.warp];
  const std::uint32_t others = cell.read_lanes & ~(1u << now.lane);
  if (others == 0 || cell.read_stamp < clock.last_full()) return true;
  for (std::uint32_t lane = 0; lane < warp_size; ++lane)
    if ((others >> lane & 1) != 0 && !clock.before(lane, cell.read_stamp, now.lane)) return false;
  return true;
}

void Checker::remember_read(Cell& cell, const Now& now) const {
  if (cell.read_epoch >= launch_epoch_ && cell.read_epoch < block_epoch_) cell.flags |= other_block_read;
  if (cell.read_epoch != epoch_) {
    cell.flags &= static_cast<std::uint8_t>(~warps_read);
    cell.read_lanes = 1u << now.lane;
  } else if (cell.read_warp != now.warp) {
    cell.flags |= warps_read;
    cell.read_lanes = 1u << now.lane;
  } else if (reads_are_before(cell, now)) {
    cell.read_lanes = 1u << now.lane;           // what is ordered after this read is ordered after the others too
  } else {
    cell.read_lanes |= 1u << now.lane;
  }
  cell.read_epoch = epoch_, cell.read_stamp = clocks_[now.warp].stamp(), cell.read_warp = static_cast<std::uint8_t>(now.warp), cell.read_site = now.site;
}

void Checker::remember_write(Cell& cell, const Now& now) const {
  const bool was_atomic = (cell.flags & atomic) != 0;
  if (cell.write_epoch >= launch_epoch_ && cell.write_epoch < block_epoch_ && was_atomic) cell.flags |= other_block_atomic;
  std::uint8_t several = 0;
  if (now.atomic && was_atomic && cell.write_epoch == epoch_) {
    several = cell.flags & (lanes_wrote | warps_wrote);
    if (cell.writer / warp_size != now.warp) several |= warps_wrote;
    else if (cell.writer != now.thread) several |= lanes_wrote;
  }
  cell.flags &= static_cast<std::uint8_t>(~(atomic | lanes_wrote | warps_wrote));
  cell.flags |= static_cast<std::uint8_t>(several | initialised | (now.atomic ? atomic : 0));
  cell.write_epoch = epoch_, cell.write_stamp = clocks_[now.warp].stamp(), cell.writer = static_cast<std::uint16_t>(now.thread), cell.write_site = now.site;
}

void Checker::race(Defect plain, bool other_is_atomic, Site other, const Now& now, const std::byte* p) { report(other_is_atomic != now.atomic ? Defect::plain_and_atomic : plain, now.site, other, p); }

void Checker::report(Defect defect, Site at, Site other, const std::byte* p) {
  findings_.add(defect, call_of(at), call_of(other), block_index_, block_.index_of(block_.running()), [&] { return p == nullptr ? "" : describe(p); });
}

void Checker::wild(const std::byte* p, std::uint64_t bytes, Site site) {
  const bool is_shared = between_shared(p);
  const bool bounds = is_shared || memory_.contains(p);
  findings_.add(bounds ? Defect::out_of_bounds : Defect::illegal_address, call_of(site), {}, block_index_, block_.index_of(block_.running()),
                [&] { return fmt::format("{} bytes, {}", bytes, block_.fibers().in_any_stack(p) ? "a local variable of another thread" : describe(p)); });
  block_.stop({.why = Stop::reported});
}

/// Near shared memory: in a red zone, or up to 4 KB beside dynamic shared memory.
bool Checker::between_shared(const std::byte* p) const {
  constexpr std::ptrdiff_t near = 4096;
  if (p >= section_begin_ && p < section_end_) return true;
  return std::any_of(shared_.begin(), shared_.end(), [&](const SharedRegion& r) { return p - r.begin >= -near && p - (r.begin + r.bytes) < near; });
}

std::string Checker::describe(const std::byte* p) const { return between_shared(p) ? describe_shared(p) : memory_.describe(p); }

std::string Checker::describe_shared(const std::byte* p) const {
  const SharedRegion* nearest = nullptr;
  const auto distance = [&](const SharedRegion& r) { return p < r.begin ? r.begin - p : std::max<std::ptrdiff_t>(p - (r.begin + r.bytes) + 1, 0); };
  for (const SharedRegion& r : shared_)
    if (nearest == nullptr || distance(r) < distance(*nearest)) nearest = &r;
  if (nearest == nullptr) return "shared memory of another kernel";
  const SharedRegion& r = *nearest;
  if (p < r.begin) return fmt::format("{} bytes before {} ({} bytes)", r.begin - p, r.name, r.bytes);
  if (p >= r.begin + r.bytes) return fmt::format("{} bytes past the end of {} ({} bytes)", p - (r.begin + r.bytes), r.name, r.bytes);
  return fmt::format("byte {} of {} ({} bytes)", p - r.begin, r.name, r.bytes);
}

std::vector<LineCounters> Checker::lines(Places& places) const {
  std::map<std::tuple<std::string, Place, Access>, LineCounters> merged;
  for (const KnownSite& s : known_sites_) places.want(s.module, s.pc);
  for (const auto& [kernel, sums] : sums_)
    for (std::size_t key = 0; key < sums.size(); ++key) {
      const Requests::Sum& sum = sums[key];
      if (sum.counters.requests == 0) continue;
      const Place place = places.of(known_sites_[key / 2].module, call_of(static_cast<Site>(key / 2)));
      LineCounters& line = merged[{kernel, place, sum.access}];
      line.kernel = kernel, line.place = place, line.access = sum.access;
      line += sum.counters;
    }
  std::vector<LineCounters> all;
  for (const auto& [key, line] : merged) all.push_back(line);
  return all;
}

}  // namespace antidrome::emulator
