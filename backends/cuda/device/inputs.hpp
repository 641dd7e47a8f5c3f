// What a batch brings along: events, labels and numbers of its samples. There are two buffers for it on the device: kernels read one, and what
// follows is uploaded into the other meanwhile.
#pragma once
#include <array>

#include "backends/cuda/device/memory.hpp"
#include "backends/cuda/device/plan.hpp"

#include <antidrome/abi.h>

namespace antidrome::cuda {

class Input {
 public:
  explicit Input(Device& device) : memory_(device) {}
  /// 0: none of these arrays.
  Address find(const std::string& name) const { return memory_.find(name); }
  const std::vector<std::uint64_t>& events() const { return events_; }   ///< per source, filled up to groups of four

 private:
  friend class Inputs;
  Memory memory_;
  std::vector<std::uint64_t> events_;
  std::uint64_t number_ = 0;                    ///< of the batch that lies here; 0: none that could come again
  std::uint32_t samples_ = 0, steps_ = 0;
  bool backward_ = false;                       ///< its events by unit, too
};

class Inputs {
 public:
  Inputs(const Plan& plan, Device& device) : plan_(plan), device_(device), buffers_{Input(device), Input(device)} {}

  /// This batch on the device: uploaded, where it does not lie there already.
  const Input& of(const antidrome_batch& batch);
  /// Uploads `next` beside the kernels that read what of() answered last.
  void announce(const antidrome_next& next, const antidrome_settings& settings);

 private:
  struct Wanted { std::span<const antidrome_sample> samples; std::uint64_t number = 0; std::uint32_t steps = 0; bool backward = false; };
  static bool holds(const Input& input, const Wanted& wanted);
  void fill(Input& input, const Wanted& wanted, bool beside);

  const Plan& plan_;
  Device& device_;
  std::array<Input, 2> buffers_;
  std::size_t current_ = 0;
};

}  // namespace antidrome::cuda
