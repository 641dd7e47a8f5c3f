// How much memory traffic one request of a warp makes, by its addresses alone. docs/emulator.md states the model and where it comes from.
#pragma once
#include <array>
#include <cstdint>

namespace antidrome::emulator {

/// One access by the lanes of a warp that make it together; each of the same number of bytes, aligned to it.
struct Request {
  std::uint32_t lanes = 0;
  std::array<std::uint64_t, 32> address;        // of the lanes that take part
};

struct Traffic {
  std::uint32_t needed = 0;
  std::uint32_t ideal = 0;                      ///< if the distinct bytes lay side by side
};

/// Sectors of 32 bytes in global memory.
Traffic sectors(const Request& request, std::uint32_t bytes);

/// Wavefronts of shared memory, 32 banks of 4 bytes. Up to 4 bytes a lane all lanes are served together, of 8 bytes half a warp, of 16 bytes a quarter. A
/// phase takes as many wavefronts as its fullest bank has words; a word that an earlier phase has fetched is there already.
Traffic wavefronts(const Request& request, std::uint32_t bytes);

/// The most lanes on one address: atomics on it go one after the other.
std::uint32_t depth(const Request& request);

}  // namespace antidrome::emulator
