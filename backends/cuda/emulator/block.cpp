#include "backends/cuda/emulator/block.hpp"

#include <utility>

namespace antidrome::emulator {

Block::Block(Order& order) : order_(order), fibers_(&Block::enter, this) {}

void Block::prepare(emulated::State& state, emulated::Index size, void (*body)(const void*), const void* arguments, Listener* listener) {
  state_ = &state;
  body_ = body;
  arguments_ = arguments;
  listener_ = listener;
  size_ = size.x * size.y * size.z;
  threads_.assign(size_, Thread{});
  warps_.resize((size_ + warp_size - 1) / warp_size);
  index_.clear();
  for (std::uint32_t z = 0; z < size.z; ++z)
    for (std::uint32_t y = 0; y < size.y; ++y)
      for (std::uint32_t x = 0; x < size.x; ++x) index_.push_back({x, y, z});
}

std::uint32_t Block::lanes_of(std::uint32_t warp) const {
  const std::uint32_t lanes = size_ - warp * warp_size;
  return lanes >= warp_size ? every_lane : (1u << lanes) - 1;
}

bool Block::run() {
  head_ = tail_ = 0;
  for (std::uint32_t t = 0; t < size_; ++t) {
    threads_[t] = {};
    ready(t);
  }
  for (std::uint32_t w = 0; w < warps_.size(); ++w) {
    warps_[w].live = lanes_of(w);
    warps_[w].meetings.clear();
  }
  returned_ = at_barrier_ = predicates_ = 0;
  stopped_ = {};
  work_.threads += size_;
  const std::uint32_t first = next();
  running_ = first;
  Fiber* fiber = threads_[first].fiber = fibers_.take();
  place(first);
  change_stack(outside_, fiber->context);
  // Back here: all have returned, or nobody can go on, or the block was stopped.
  if (stopped_.why == Stop::none && returned_ == size_) return true;
  if (stopped_.why == Stop::none) {
    stopped_.why = Stop::deadlock;
    stopped_.returned = returned_;
    stopped_.waiting_at_barrier = at_barrier_;
    stopped_.waiting_in_warp = size_ - returned_ - at_barrier_;
    stopped_.other = barrier_call_;
    for (std::uint32_t t = 0; t < size_; ++t)
      if (threads_[t].state == State::in_exchange) {
        const Meeting& m = warps_[t / warp_size].meetings[threads_[t].meeting];
        stopped_.thread = t, stopped_.here = m.call, stopped_.mask = m.mask;
        break;
      } else if (threads_[t].state == State::at_barrier) {
        stopped_.thread = t, stopped_.here = barrier_call_;
      }
  }
  fibers_.reset();
  return false;
}

/// Runs threads on one fiber, one after the other: as long as those that come next have not begun, no stack is changed.
void Block::run_threads() {
  for (;;) {
    body_(arguments_);
    thread_returned();
    Fiber& mine = *std::exchange(threads_[running_].fiber, nullptr);
    const std::uint32_t t = next();
    if (t != nobody && threads_[t].fiber == nullptr) {
      threads_[t].fiber = &mine;
      running_ = t;
      place(t);
      continue;
    }
    fibers_.give_back(&mine);                   // whoever takes it comes back to this loop
    if (t == nobody) {
      change_stack(mine.context, outside_);
    } else {
      go_to(t, mine);
    }
  }
}

void Block::thread_returned() {
  threads_[running_].state = State::returned;
  ++returned_;
  Warp& warp = warps_[running_ / warp_size];
  warp.live &= ~(1u << running_ % warp_size);
  if (at_barrier_ != 0 && at_barrier_ + returned_ == size_) pass_barrier();
  for (Meeting& m : warp.meetings)              // nobody waits for a lane that has returned
    if (m.arrived != 0) complete(warp, m);
}

void Block::stop(const Stopped& why) {
  stopped_ = why;
  stopped_.thread = running_;
  Context unused;
  change_stack(unused, outside_);
  __builtin_unreachable();
}

emulated::Votes Block::barrier(std::uint32_t predicate, const Call& call) {
  if (at_barrier_ == 0) barrier_call_ = call;
  else if (!barrier_call_.same_text(call)) stop({.why = Stop::divergent_barrier, .here = call, .other = barrier_call_, .waiting_at_barrier = at_barrier_});
  ++at_barrier_;
  predicates_ += predicate;
  threads_[running_].state = State::at_barrier;
  const std::uint32_t mine = barriers_;
  if (at_barrier_ + returned_ == size_) pass_barrier();
  if (barriers_ == mine || order_.random()) wait();   // in random order the last one does not go first
  else threads_[running_].state = State::running;
  return votes_[mine & 1];
}

/// All threads that have not returned are at the barrier.
void Block::pass_barrier() {
  if (returned_ != 0) stop({.why = Stop::divergent_barrier, .here = barrier_call_, .waiting_at_barrier = at_barrier_, .returned = returned_});
  votes_[barriers_++ & 1] = {predicates_, predicates_ != 0, predicates_ == size_};
  at_barrier_ = predicates_ = 0;
  work_.warp_barriers += warps_.size();
  if (listener_) listener_->barrier_passed();
  for (std::uint32_t t = 0; t < size_; ++t)
    if (threads_[t].state == State::at_barrier && (t != running_ || order_.random())) ready(t);
}

}  // namespace antidrome::emulator
