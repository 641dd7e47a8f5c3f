// The threads of one block, run by turns on one OS thread: each goes on until it has to wait for others.
#pragma once
#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <utility>
#include <vector>

#include "backends/cuda/emulator/fiber.hpp"
#include "backends/cuda/emulator/order.hpp"
#include "runtime/include/antidrome/emulated_interface.h"

namespace antidrome::emulator {

constexpr std::uint32_t warp_size = 32, most_threads = 1024, most_warps = most_threads / warp_size, every_lane = 0xffffffffu;

/// A place in the text of a kernel: the line of a call, and the address that it returns to.
struct Call {
  emulated::Site site{};
  const void* pc = nullptr;
  bool same_text(const Call& o) const { return site.line == o.site.line && (site.file == o.site.file || std::strcmp(site.file, o.site.file) == 0); }
};

/// What a block tells while it runs. A checker listens.
struct Listener {
  virtual ~Listener() = default;
  virtual void barrier_passed() = 0;                                        ///< by all threads
  virtual void lanes_met(std::uint32_t warp, std::uint32_t lanes, std::uint32_t existing, bool orders_memory) = 0;
};

/// Why a block was stopped.
enum class Stop { none, divergent_barrier, divergent_exchange, wrong_mask, deadlock, trap, reported };   // reported: whoever stopped it has told why

struct Stopped {
  Stop why = Stop::none;
  std::uint32_t thread = 0;                     ///< who noticed
  Call here{}, other{};                         ///< what it did; what another one waits for
  std::uint32_t waiting_at_barrier = 0, waiting_in_warp = 0, returned = 0;   ///< threads
  std::uint32_t mask = 0, lane = 0;
};

/// Of all blocks so far.
struct Work {
  std::uint64_t threads = 0, warp_barriers = 0, exchanges = 0, switches = 0;   ///< barriers and exchanges count once a warp
};

class Block {
 public:
  explicit Block(Order& order);

  /// Prepares for blocks of this size; `state` is the module's.
  void prepare(emulated::State& state, emulated::Index block_size, void (*body)(const void*), const void* arguments, Listener* listener);
  /// Runs all threads. Answers false when the block was stopped: see stopped().
  bool run();

  const Stopped& stopped() const { return stopped_; }
  const Work& work() const { return work_; }
  std::uint32_t running() const { return running_; }
  emulated::Index index_of(std::uint32_t thread) const { return index_[thread]; }
  std::uint32_t lanes_of(std::uint32_t warp) const;   ///< mask of those that there are
  const Fibers& fibers() const { return fibers_; }
  const Fiber& running_fiber() const { return *threads_[running_].fiber; }

  // ---- called by running threads
  emulated::Votes barrier(std::uint32_t predicate, const Call& call);
  std::uint64_t exchange(std::uint32_t mask, emulated::Exchange what, std::uint64_t value, std::uint32_t source, const Call& call);
  /// Ends the block from within one of its threads.
  [[noreturn]] void stop(const Stopped& why);
  /// After a fault, when the stack of the thread has been left already.
  void abandon() { fibers_.reset(); }

  /// Called with a shuffle that reads a lane which does not take part.
  std::function<void(const Call&, std::uint32_t lane, std::uint32_t source)> unknown_source;

 private:
  enum class State : std::uint8_t { fresh, running, at_barrier, in_exchange, returned };
  struct Thread {
    Fiber* fiber = nullptr;
    State state = State::fresh;
    std::uint8_t meeting = 0;                   // of the warp, while in an exchange
    std::uint64_t result = 0;
  };
  /// Lanes of a warp that wait for each other. Lanes with disjoint masks may be at different operations.
  struct Meeting {
    std::uint32_t mask = 0, arrived = 0;        // arrived == 0: not in use
    emulated::Exchange what{};
    Call call;
    std::array<std::uint64_t, warp_size> value;
    std::array<std::uint8_t, warp_size> source;
  };
  struct Warp {
    std::uint32_t live = 0;                     // lanes that have not returned
    std::vector<Meeting> meetings;
  };

  static void enter(void* self) { static_cast<Block*>(self)->run_threads(); }
  void run_threads();
  void thread_returned();
  void wait();
  void go_to(std::uint32_t thread, Fiber& from);
  std::uint32_t next();
  void ready(std::uint32_t thread) { queue_[tail_++ & (most_threads - 1)] = static_cast<std::uint16_t>(thread); }
  void pass_barrier();
  Meeting& join(Warp& warp, std::uint32_t mask, emulated::Exchange what, const Call& call);
  bool complete(Warp& warp, Meeting& meeting);
  void answer(std::uint32_t warp, Meeting& meeting, std::uint32_t lanes);
  void place(std::uint32_t thread);

  static constexpr std::uint32_t nobody = most_threads;

  Order& order_;
  Fibers fibers_;
  Context outside_;
  emulated::State* state_ = nullptr;
  void (*body_)(const void*) = nullptr;
  const void* arguments_ = nullptr;
  Listener* listener_ = nullptr;
  std::uint32_t size_ = 0, running_ = 0, returned_ = 0;
  std::vector<Thread> threads_;
  std::vector<emulated::Index> index_;
  std::vector<Warp> warps_;
  std::array<std::uint16_t, most_threads> queue_{};   // a ring: each thread is in it once at most
  std::uint32_t head_ = 0, tail_ = 0;

  std::uint32_t at_barrier_ = 0, predicates_ = 0;
  Call barrier_call_;
  std::array<emulated::Votes, 2> votes_{};      // of the last two barriers: a thread may be at the next one before another has read its answer
  std::uint32_t barriers_ = 0;
  Stopped stopped_;
  Work work_;
};

// ---- what every switch from thread to thread executes

inline void Block::place(std::uint32_t thread) {
  threads_[thread].state = State::running;
  state_->here.thread = index_[thread];
  state_->here.lane = thread % warp_size;
}

/// Who goes on. In random order a thread of those that became ready last is preferred, so that warps run far apart.
inline std::uint32_t Block::next() {
  if (head_ == tail_) return nobody;
  if (order_.random()) {
    const std::uint32_t waiting = tail_ - head_, recent = waiting < warp_size ? waiting : warp_size;
    const std::uint32_t chosen = order_.below(4) != 0 ? tail_ - 1 - order_.below(recent) : head_ + order_.below(waiting);
    std::swap(queue_[head_ & (most_threads - 1)], queue_[chosen & (most_threads - 1)]);
  }
  return queue_[head_++ & (most_threads - 1)];
}

inline void Block::go_to(std::uint32_t thread, Fiber& from) {
  running_ = thread;
  place(thread);
  ++work_.switches;
  change_stack(from.context, threads_[thread].fiber->context);
}

/// The running thread waits; another one goes on.
inline void Block::wait() {
  const std::uint32_t t = next();
  Fiber& mine = *threads_[running_].fiber;
  if (t == running_) return place(t);
  if (t == nobody) return change_stack(mine.context, outside_);
  if (threads_[t].fiber == nullptr) threads_[t].fiber = fibers_.take();
  go_to(t, mine);
}

}  // namespace antidrome::emulator
