#include "backends/cuda/ptx/block_run.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "backends/cuda/ptx/error.hpp"
#include "backends/cuda/ptx/handlers.hpp"

namespace antidrome::ptx {

namespace {

std::string text_of(const Warp& w) {
  const Launch& l = *w.block->launch;
  const Source& s = l.kernel->source[w.pc];
  std::string place;
  if (s.place.line != 0 && s.place.file < l.syntax->files.size()) {
    const std::string& file = l.syntax->files[s.place.file];
    place = fmt::format("{}:{}, ", file.substr(file.rfind('/') + 1), s.place.line);
  }
  return fmt::format("kernel '{}', {}PTX line {} `{}`: block ({}, {}, {})", l.kernel->name, place, s.ptx_line, s.text, w.block->index.x, w.block->index.y, w.block->index.z);
}

}  // namespace

void fault(const Warp& w, const std::string& what) { throw Error(fmt::format("{}, warp {} {}", text_of(w), w.index, what)); }
void fault(const Warp& w, std::uint32_t lane, const std::string& what) { throw Error(fmt::format("{}, thread {} {}", text_of(w), w.index * warp_size + lane, what)); }

BlockRun::BlockRun(Launch& launch) : launch_(launch), kernel_(*launch.kernel), block_(launch), moved_(kernel_.code.size()), ends_(kernel_.code.size()), clock_(*launch.model) {
  for (std::size_t p = 1; p < kernel_.pieces.size(); ++p) ends_[kernel_.pieces[p] - 1] = true;
  const std::size_t warps = (launch.block.size() + warp_size - 1) / warp_size;
  block_.shared.resize(kernel_.dynamic_shared_at + launch.dynamic_shared_bytes);
  block_.local.resize(std::size_t{kernel_.local_bytes} * warps * warp_size);
  files_.assign(warps, std::vector<std::byte>(kernel_.file_bytes + 64));
  predicates_.assign(warps, std::vector<std::uint32_t>(kernel_.predicates));
  warps_.resize(warps);
}

void BlockRun::run(Dim index) {
  begin(index);
  for (;;) {
    bool left = false;
    for (Warp& w : warps_) {
      if (!w.done && !w.waits) run(w);
      left |= !w.done;
    }
    if (!left) {
      std::vector<Warp*> all;
      for (Warp& w : warps_) all.push_back(&w);
      return add_chain(all);
    }
    if (!open_barriers()) stuck();
  }
}

/// New memory of a block holds bytes 0xff: NaN as numbers, out of range as indices.
void BlockRun::begin(Dim index) {
  block_.index = index;
  std::fill(block_.shared.begin(), block_.shared.end(), std::byte{0xff});
  std::fill(block_.local.begin(), block_.local.end(), std::byte{0xff});
  block_.cache.clear();
  clock_ = BlockClock(*launch_.model);
  for (Warp& w : warps_) begin(w);
}

void BlockRun::begin(Warp& w) {
  const auto n = static_cast<std::size_t>(&w - warps_.data());
  w.block = &block_;
  w.index = static_cast<std::uint32_t>(n);
  w.bases[0] = files_[n].data(), w.bases[1] = const_cast<std::byte*>(kernel_.constants.data());
  w.predicates = predicates_[n].data();
  w.predicates[false_predicate] = 0, w.predicates[true_predicate] = every_lane;
  const std::uint64_t threads = launch_.block.size() - n * warp_size;
  w.existing = threads >= warp_size ? every_lane : (Mask{1} << threads) - 1;
  w.live = w.active = w.existing;
  w.pc = 0;
  w.paths.assign(1, {0, static_cast<std::uint32_t>(kernel_.code.size()), w.existing});
  w.waits = w.done = false;
  w.clock = 0;
  w.ready.assign(kernel_.ready_times(), 0);
  w.writer.assign(kernel_.ready_times(), 0);
  w.spent.assign(kernel_.code.size(), 0);
  set_specials(w);
}

void BlockRun::set_specials(Warp& w) {
  const Dim n = launch_.block, g = launch_.grid, b = block_.index;
  const auto value = [&](const std::string& s, std::uint32_t lane) -> std::uint64_t {
    const std::uint32_t t = w.index * warp_size + lane;
    if (s == "%tid.x") return t % n.x;
    if (s == "%tid.y") return t / n.x % n.y;
    if (s == "%tid.z") return t / n.x / n.y;
    if (s == "%ntid.x") return n.x;
    if (s == "%ntid.y") return n.y;
    if (s == "%ntid.z") return n.z;
    if (s == "%ctaid.x") return b.x;
    if (s == "%ctaid.y") return b.y;
    if (s == "%ctaid.z") return b.z;
    if (s == "%nctaid.x") return g.x;
    if (s == "%nctaid.y") return g.y;
    if (s == "%nctaid.z") return g.z;
    if (s == "%laneid") return lane;
    if (s == "%warpid") return w.index;
    if (s == "%nwarpid") return warps_.size();
    if (s == "%nsmid") return launch_.model->multiprocessors;
    if (s == "%dynamic_smem_size") return launch_.dynamic_shared_bytes;
    if (s == "%total_smem_size") return block_.shared.size();
    const Mask mine = Mask{1} << lane;
    if (s == "%lanemask_eq") return mine;
    if (s == "%lanemask_lt") return mine - 1;
    if (s == "%lanemask_le") return mine | (mine - 1);
    if (s == "%lanemask_gt") return ~(mine | (mine - 1));
    if (s == "%lanemask_ge") return ~(mine - 1);
    return 0;                                    // %smid, %gridid
  };
  for (const Special& s : kernel_.specials)
    for (std::uint32_t l = 0; l < warp_size; ++l) w.assign_number(s.slot, l, value(s.name, l));
}

void BlockRun::run(Warp& w) {
  for (;;) {
    const Instruction& i = kernel_.code[w.pc];
    Mask m = w.active;
    if (i.guard >= 0) m &= i.guard_negated ? ~w.predicates[i.guard] : w.predicates[i.guard];
    if (launch_.left-- == 0) fault(w, "is still running after as many instructions as a launch may have");
    w.moved = {};
    if (m != 0 && i.run) i.run(w, i, m);
    Executed& e = launch_.executed[w.pc];
    ++e.warps, e.lanes += static_cast<std::uint32_t>(std::popcount(m));
    e.traffic += w.moved.needed, e.ideal += w.moved.ideal, e.hits += w.moved.hits;
    moved_[w.pc] = w.moved;
    if (ends_[w.pc]) issue_piece(w);
    switch (i.flow) {
      case Flow::next: ++w.pc; break;
      case Flow::branch: branch(w, i, m); break;
      case Flow::exit: leave(w, m); break;
      case Flow::barrier:
        if (w.waits) return;
        ++w.pc;
        break;
    }
    if (w.pc == w.paths.back().reconverge && (w.paths.pop_back(), !enter(w))) return finish(w);
    if (w.active == 0 && (w.paths.pop_back(), !enter(w))) return finish(w);
  }
}

/// The model of time takes a piece when it has run, in its own order.
void BlockRun::issue_piece(Warp& w) {
  std::uint32_t first = w.pc;
  while (first > 0 && !ends_[first - 1]) --first;
  for (std::uint32_t k = first; k <= w.pc; ++k) {
    const std::uint32_t n = launch_.order[k];
    clock_.issue(w, kernel_.code[n], n, launch_.costs[n], moved_[n]);
  }
}

void BlockRun::branch(Warp& w, const Instruction& i, Mask taken) {
  if (taken == w.active) {
    w.pc = i.target;
    return;
  }
  const std::uint32_t next = w.pc + 1;
  if (taken == 0) {
    w.pc = next;
    return;
  }
  const Mask rest = w.active & ~taken;
  if (w.paths.back().reconverge == i.reconverge) w.paths.pop_back();   // all of its lanes wait there already
  else w.paths.back().pc = i.reconverge;
  if (next != i.reconverge) w.paths.push_back({next, i.reconverge, rest});
  if (i.target != i.reconverge) w.paths.push_back({i.target, i.reconverge, taken});
  enter(w);
}

void BlockRun::leave(Warp& w, Mask lanes) {
  w.live &= ~lanes, w.active &= ~lanes;
  ++w.pc;
}

/// The next path that has lanes.
bool BlockRun::enter(Warp& w) {
  for (; !w.paths.empty(); w.paths.pop_back()) {
    const Path& p = w.paths.back();
    w.active = p.lanes & w.live;
    w.pc = p.pc;
    if (w.active != 0 && p.pc != p.reconverge) return true;
  }
  return false;
}

void BlockRun::finish(Warp& w) {
  w.done = true;
  clock_.finish(w.clock);
}

/// From one barrier to the next the block waits for its last warp: what that one did is the chain.
void BlockRun::add_chain(const std::vector<Warp*>& warps) {
  const Warp& last = **std::max_element(warps.begin(), warps.end(), [](const Warp* a, const Warp* b) { return a->clock < b->clock; });
  for (std::size_t n = 0; n < last.spent.size(); ++n) launch_.executed[n].chain += last.spent[n];
  for (Warp& w : warps_) std::fill(w.spent.begin(), w.spent.end(), 0);
}

bool BlockRun::open_barriers() {
  std::vector<Warp*> left;
  for (Warp& w : warps_)
    if (!w.done) left.push_back(&w);
  for (const Warp* first : left) {
    std::vector<Warp*> here;
    for (Warp* w : left)
      if (w->waits && w->barrier == first->barrier) here.push_back(w);
    const std::size_t needed = first->barrier_threads == 0 ? left.size() : (first->barrier_threads + warp_size - 1) / warp_size;
    if (here.size() < needed) continue;
    open(here, here.size() == left.size());
    return true;
  }
  return false;
}

void BlockRun::open(const std::vector<Warp*>& warps, bool whole) {
  if (whole) add_chain(warps), launch_.executed[warps.front()->pc].chain += launch_.model->barrier;
  std::uint32_t count = 0, threads = 0;
  for (const Warp* w : warps) {
    const Instruction& i = kernel_.code[w->pc];
    count += static_cast<std::uint32_t>(std::popcount(w->truth(i) & w->live));
    threads += static_cast<std::uint32_t>(std::popcount(w->live));
  }
  for (Warp* w : warps) {
    const Instruction& i = kernel_.code[w->pc];
    switch (static_cast<BarrierVote>(i.mode)) {
      case BarrierVote::none: break;
      case BarrierVote::count: for_lanes(w->live, [&](std::uint32_t l) { w->lanes<std::uint32_t>(i.d[0])[l] = count; }); break;
      case BarrierVote::all: w->assign(i.p[0], count == threads ? every_lane : 0, w->live); break;
      case BarrierVote::any: w->assign(i.p[0], count != 0 ? every_lane : 0, w->live); break;
    }
    w->waits = false;
    ++w->pc;
  }
  clock_.release(warps, whole);
}

void BlockRun::stuck() {
  const Warp* first = nullptr;
  std::string where;
  for (const Warp& w : warps_) {
    if (w.done) continue;
    if (!first) first = &w;
    where += fmt::format("{}warp {} at barrier {} of PTX line {}", where.empty() ? "" : ", ", w.index, w.barrier, kernel_.source[w.pc].ptx_line);
  }
  fault(*first, "waits for ever: " + where);
}

}  // namespace antidrome::ptx
