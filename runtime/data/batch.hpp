// From samples to the arrays a simulator reads: events of a batch by step and by unit, built ahead by one reader thread.
#pragma once
#include "runtime/data/augment.hpp"

#include <antidrome/abi.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace antidrome::data {

struct BatchSettings {
  double dt_ms = 1;
  std::uint32_t steps = 1;    ///< of a trial; later events are left out and counted
  std::uint64_t seed = 0;     ///< of the run: key of the input dropout
  double input_dropout = 0;   ///< probability that an event is left out, in training only, after all augmentations
  std::vector<AugmentStep> augment = {};
  bool binary = false;        ///< at most one event per unit and step; the others are left out and counted
};

/// The time step of an event: floor(time / dt), where a time on a step boundary up to rounding (0.3 at dt 0.1) belongs to
/// the step that begins there.
std::uint32_t step_of(double time_ms, double dt_ms);

/// Samples in the form of the ABI. Owns what `samples()` points to; building again reuses the memory.
class EventBatch {
 public:
  std::span<const antidrome_sample> samples() const { return samples_; }
  std::uint64_t events() const { return events_; }    ///< kept
  std::uint64_t late() const { return late_; }        ///< at or after the end of the trial
  std::uint64_t dropped() const { return dropped_; }  ///< by input dropout, and by augmentations that thin
  std::uint64_t cut() const { return cut_; }          ///< moved out of range by augmentations
  std::uint64_t merged() const { return merged_; }    ///< further events of a unit in the same step, where binary
  antidrome_next announced() const { return {samples_.data(), static_cast<std::uint32_t>(samples_.size()), number_}; }
  std::uint64_t bytes() const;                        ///< memory held
  std::uint64_t number() const { return number_; }    ///< of the call of build() that made it, in this process; never 0 once built

 private:
  friend class BatchBuilder;
  std::vector<antidrome_sample> samples_;
  std::vector<antidrome_events> sources_;
  std::vector<std::uint32_t> step_begin_, unit_begin_;
  std::vector<std::uint16_t> unit_, step_;
  std::vector<double> time_ms_;
  std::vector<std::size_t> first_;  // per (sample, source): its first event in unit_, step_ and time_ms_
  std::uint64_t events_ = 0, late_ = 0, dropped_ = 0, cut_ = 0, merged_ = 0, number_ = 0;
};

/// Builds batches in the calling thread.
class BatchBuilder {
 public:
  /// The data set must outlive the builder. Throws DataError AD507 for a trial of more than 65536 steps.
  BatchBuilder(const Dataset& data, BatchSettings settings);
  /// Reads the samples `indices` of [0, epoch_size()). Which events input dropout leaves out depends only on the seed, the
  /// epoch, the sample's index and the event's number in the sample, never on the batch. Throws DataError where an event is
  /// out of order, before the trial or of a unit that its source lacks (AD519, AD520).
  void build(std::span<const std::size_t> indices, std::uint64_t epoch, bool training, EventBatch& into);

 private:
  void add_source(std::size_t source, EventBatch& into);
  const Dataset& data_;
  BatchSettings settings_;
  Augmenter augmenter_;
  EventSample sample_;                  // as read, then what is left of it
  std::vector<std::uint32_t> cursor_;   // next free place of each unit; while events are added, the last step of each
};

/// Batches of an epoch in order, read ahead by one thread: at most `depth` wait, so memory is bounded.
class BatchQueue {
 public:
  explicit BatchQueue(const Dataset& data, BatchSettings settings, std::size_t depth = 3);
  ~BatchQueue();
  BatchQueue(const BatchQueue&) = delete;
  BatchQueue& operator=(const BatchQueue&) = delete;

  /// Of a batch of so many samples those that are read: [first, last).
  using Part = std::function<std::pair<std::size_t, std::size_t>(std::size_t)>;
  /// Begins an epoch: `order` is cut into batches of `batch` samples, the last one may be smaller. An epoch under way is abandoned. With `part`
  /// (called by the reader) a batch has only a part of its samples, none perhaps.
  void start(std::vector<std::size_t> order, std::size_t batch, std::uint64_t epoch, bool training, Part part = {});
  /// The next batch, valid until the next call; null after the last one. Throws what reading threw.
  const EventBatch* next();
  /// The batch that next() will return, if it has been read by now; else null. Valid like the last one.
  const EventBatch* following() const;
  double waited_s() const;        ///< seconds `next` has waited for the reader, since construction
  std::uint64_t bytes() const;    ///< memory held by batches

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace antidrome::data
