// Events of a batch as kernels want them: by step and by unit, in groups of four, so that a loop over them has no tail.
#pragma once
#include <antidrome/abi.h>

#include <cstdint>
#include <span>
#include <vector>

namespace antidrome::cuda {

struct PackedEvents {
  std::vector<std::uint32_t> group;             ///< [samples][steps + 1]: group of four at which a step begins
  std::vector<std::uint32_t> unit;              ///< by step, then by unit; filled up with the number `units`
  std::vector<std::uint32_t> unit_group;        ///< [samples][units + 1]
  std::vector<std::uint32_t> step;              ///< by unit; filled up with the number of steps
};

/// The events of source `source` of all samples, one after the other.
PackedEvents pack_events(std::span<const antidrome_sample> samples, std::size_t source, std::uint32_t units, std::uint32_t steps);

}  // namespace antidrome::cuda
