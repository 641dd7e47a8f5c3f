#include "runtime/data/batch.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

namespace antidrome::data {

// One reader fills batches from `idle` and queues them in `ready`. `epoch_` counts calls of start(): what was built for an
// earlier one is thrown away.
struct BatchQueue::State {
  struct Job {
    std::vector<std::size_t> order;
    std::size_t batch = 1, next = 0;
    std::uint64_t epoch = 0;
    bool training = false;
    Part part;
    bool done() const { return next >= order.size(); }
  };

  State(const Dataset& data, BatchSettings settings, std::size_t depth) : builder(data, settings), batches(depth + 1) {
    for (EventBatch& b : batches) idle.push_back(&b);
    reader = std::thread([this] { read_ahead(); });
  }
  ~State() {
    {
      const std::lock_guard lock(mutex);
      closing = true;
    }
    work.notify_all();
    reader.join();
  }

  void read_ahead() {
    std::unique_lock lock(mutex);
    for (;;) {
      work.wait(lock, [this] { return closing || (!job.done() && !idle.empty() && !failure); });
      if (closing) return;
      const std::size_t begin = job.next, end = std::min(job.order.size(), begin + job.batch);
      const auto [first, last] = job.part ? job.part(end - begin) : std::pair(std::size_t{0}, end - begin);
      indices.assign(job.order.begin() + static_cast<std::ptrdiff_t>(begin + first), job.order.begin() + static_cast<std::ptrdiff_t>(begin + last));
      job.next = end;
      const std::uint64_t started = generation, epoch = job.epoch;
      const bool training = job.training;
      EventBatch* batch = idle.front();
      idle.pop_front();
      lock.unlock();
      std::exception_ptr thrown;
      try {
        builder.build(indices, epoch, training, *batch);
      } catch (...) {
        thrown = std::current_exception();
      }
      lock.lock();
      if (started != generation || thrown) idle.push_back(batch);
      else ready.push_back(batch);
      if (started == generation) failure = thrown;
      arrived.notify_all();
    }
  }

  BatchBuilder builder;
  std::vector<EventBatch> batches;
  std::vector<std::size_t> indices;  // the reader's own
  std::mutex mutex;
  std::condition_variable work, arrived;
  std::deque<EventBatch*> idle, ready;
  EventBatch* lent = nullptr;  // what next() returned last
  Job job;
  std::size_t batches_left = 0;  // of the epoch, not yet handed out
  std::uint64_t generation = 0;
  std::exception_ptr failure;
  bool closing = false;
  double waited_s = 0;
  std::thread reader;
};

BatchQueue::BatchQueue(const Dataset& data, BatchSettings settings, std::size_t depth) : state_(std::make_unique<State>(data, settings, std::max<std::size_t>(1, depth))) {}
BatchQueue::~BatchQueue() = default;

void BatchQueue::start(std::vector<std::size_t> order, std::size_t batch, std::uint64_t epoch, bool training, Part part) {
  State& s = *state_;
  const std::lock_guard lock(s.mutex);
  ++s.generation;
  s.failure = nullptr;
  if (s.lent) s.idle.push_back(std::exchange(s.lent, nullptr));
  s.idle.insert(s.idle.end(), s.ready.begin(), s.ready.end());
  s.ready.clear();
  batch = std::max<std::size_t>(1, batch);
  s.batches_left = (order.size() + batch - 1) / batch;
  s.job = {std::move(order), batch, 0, epoch, training, std::move(part)};
  s.work.notify_all();
}

const EventBatch* BatchQueue::next() {
  State& s = *state_;
  std::unique_lock lock(s.mutex);
  if (s.lent) s.idle.push_back(std::exchange(s.lent, nullptr));
  if (s.batches_left == 0) return nullptr;
  s.work.notify_all();
  if (s.ready.empty() && !s.failure) {
    const auto begin = std::chrono::steady_clock::now();
    s.arrived.wait(lock, [&s] { return !s.ready.empty() || s.failure; });
    s.waited_s += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }
  if (s.ready.empty()) {  // batches that were read before the mistake have been handed out
    s.batches_left = 0;
    std::rethrow_exception(s.failure);
  }
  s.lent = s.ready.front();
  s.ready.pop_front();
  --s.batches_left;
  return s.lent;
}

const EventBatch* BatchQueue::following() const {
  const std::lock_guard lock(state_->mutex);
  return state_->ready.empty() ? nullptr : state_->ready.front();
}

double BatchQueue::waited_s() const {
  const std::lock_guard lock(state_->mutex);
  return state_->waited_s;
}

// Batches that the reader is filling are left out: their vectors may be moving.
std::uint64_t BatchQueue::bytes() const {
  const std::lock_guard lock(state_->mutex);
  std::uint64_t total = state_->lent ? state_->lent->bytes() : 0;
  for (const EventBatch* b : state_->ready) total += b->bytes();
  for (const EventBatch* b : state_->idle) total += b->bytes();
  return total;
}

}  // namespace antidrome::data
