// What is wrong with a kernel, and where.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace antidrome::emulator {

enum class Defect {
  // of two accesses of the same bytes, at least one of them a write, that nothing orders
  read_after_write, write_after_read, write_after_write,
  plain_and_atomic,                             ///< one of them atomic, the other one not
  // of one access
  out_of_bounds,                                ///< beside an array or an allocation; stops the launch
  illegal_address,                              ///< no memory of the device, or another thread's own; stops the launch
  misaligned,                                   ///< to an address that is no multiple of its size; stops the launch
  uninitialised,                                ///< a read of what was never written
  // of threads that should come together; each stops the launch, but the last
  divergent_barrier,                            ///< a barrier that part of the block does not reach, or that it reaches in two places
  divergent_warp_operation,                     ///< lanes of one mask at different operations
  wrong_mask,                                   ///< a lane that its own mask does not name
  deadlock,                                     ///< everybody waits
  unknown_source,                               ///< a shuffle of a lane that does not take part
  // stop the launch
  trap,                                         ///< __trap()
  stack_overflow,                               ///< a thread whose local variables take more than half a megabyte
  division_by_zero,                             ///< of integers
  too_long,                                     ///< more accesses than Options::access_limit
};
std::string_view name_of(Defect defect);

/// A line of kernel text. Code that was inlined from a header counts for the line that called it.
struct Place {
  std::string file;
  int line = 0;
  std::string text() const;                     ///< "kernels.cu:31"
  bool operator==(const Place&) const = default;
  auto operator<=>(const Place&) const = default;
};

/// One defect at one pair of places, however often it happened. Of all but the first time only the number is kept.
struct Finding {
  Defect defect{};
  std::string kernel;
  Place at, other;                              ///< other: of a race the access before; of a divergence where others wait; else without a file
  std::string what;                             ///< the memory concerned, or how many threads wait
  std::uint32_t block[3] = {}, thread[3] = {};
  std::uint64_t times = 1;

  std::string text() const;                     ///< one line
};

struct Report {
  std::vector<Finding> findings;                ///< in the order of their first time

  bool clean() const { return findings.empty(); }
  bool has(Defect defect) const;
  std::string text() const;                     ///< a line each; "clean" when there is none
};

}  // namespace antidrome::emulator
