// The state of a launch, a block, a warp.
#pragma once
#include <algorithm>
#include <bit>
#include <span>
#include <utility>

#include "backends/cuda/emulator/traffic.hpp"
#include "backends/cuda/ptx/counters.hpp"
#include "backends/cuda/ptx/kernel.hpp"
#include "backends/cuda/ptx/memory.hpp"
#include "backends/cuda/ptx/timing.hpp"

namespace antidrome::ptx {

/// Traffic of the instruction at hand.
struct Moved {
  std::uint32_t needed = 0, ideal = 0, hits = 0;
};

struct Launch {
  const Kernel* kernel = nullptr;
  const Syntax* syntax = nullptr;
  const DeviceModel* model = nullptr;
  Memory* memory = nullptr;
  Dim grid, block;
  std::uint32_t dynamic_shared_bytes = 0;
  std::span<const std::byte> parameters;
  std::vector<Executed> executed;               ///< by instruction
  std::vector<Cost> costs;                      ///< by instruction
  std::vector<std::uint32_t> order;             ///< in which they are issued: issue_order()
  std::vector<Allocation*> last;                ///< by instruction: the allocation of its last access
  std::uint64_t left = 0;                       ///< instructions until the kernel is taken for one that does not end
};

/// Sectors that an L1 cache would hold: lines of four, in sets of four lines that a hash of the address chooses, least recently used line out first.
class SectorCache {
 public:
  explicit SectorCache(std::uint32_t bytes) : lines_(bytes / (128 * ways) * ways) {}
  void clear() { std::fill(lines_.begin(), lines_.end(), Line{}); }
  /// Was it there? It is now.
  bool fetch(Address sector) {
    if (lines_.empty()) return false;
    const Address tag = sector / 4;
    const auto bit = static_cast<std::uint8_t>(1u << sector % 4);
    Line* const set = lines_.data() + (tag * 0x9e3779b97f4a7c15ull >> 32) % (lines_.size() / ways) * ways;
    std::size_t at = 0;
    while (at + 1 < ways && set[at].tag != tag) ++at;
    Line line = set[at];
    if (line.tag != tag) line = {tag, 0};
    const bool had = (line.sectors & bit) != 0;
    line.sectors |= bit;
    for (; at > 0; --at) set[at] = set[at - 1];
    set[0] = line;
    return had;
  }

 private:
  static constexpr std::size_t ways = 4;
  struct Line {
    Address tag = ~Address{0};
    std::uint8_t sectors = 0;
  };
  std::vector<Line> lines_;
};

struct Block {
  explicit Block(Launch& of) : launch(&of), cache(of.model->l1_bytes) {}
  Launch* launch;
  Dim index;
  std::vector<std::byte> shared;
  std::vector<std::byte> local;                 ///< of each thread, one after the other
  SectorCache cache;
};

/// Lanes that go on together, until they are where the others wait.
struct Path {
  std::uint32_t pc = 0, reconverge = 0;
  Mask lanes = 0;
};

struct Warp {
  Block* block = nullptr;
  std::byte* bases[2] = {};                     ///< registers, constants
  std::uint32_t* predicates = nullptr;
  std::uint32_t index = 0;                      ///< in its block
  std::uint32_t pc = 0;                         ///< of the instruction at hand
  Mask existing = 0;                            ///< lanes that are threads
  Mask live = 0;                                ///< and have not returned
  Mask active = 0;                              ///< and are on the present path
  Moved moved;
  std::vector<Path> paths;                      ///< the last one is the present one
  // barriers
  bool waits = false, done = false;
  std::uint32_t barrier = 0, barrier_threads = 0;
  // the model of time
  std::uint64_t clock = 0;
  std::vector<std::uint64_t> ready;
  std::vector<std::uint32_t> writer;            ///< of what becomes ready: the instruction
  std::vector<std::uint64_t> spent;             ///< cycles since the last barrier, by the instruction that was issued or waited for

  template <class T> T* lanes(Slot s) const { return reinterpret_cast<T*>(bases[s.constant] + s.offset); }
  Mask truth(const Instruction& i) const { return i.negated ? ~predicates[i.q] : predicates[i.q]; }
  void assign(std::uint32_t predicate, Mask bits, Mask m) { predicates[predicate] = (predicates[predicate] & ~m) | (bits & m); }
  /// A register of any width as a number, and back.
  std::uint64_t number(Slot s, std::uint32_t lane) const;
  void assign_number(Slot s, std::uint32_t lane, std::uint64_t v);
};

template <class F>
void for_lanes(Mask m, F f) {
  if (m == every_lane) {
    for (std::uint32_t l = 0; l < warp_size; ++l) f(l);
    return;
  }
  for (; m != 0; m &= m - 1) f(static_cast<std::uint32_t>(std::countr_zero(m)));
}

/// Throws Error: what happened, in which instruction, to which thread.
[[noreturn]] void fault(const Warp& w, const std::string& what);
[[noreturn]] void fault(const Warp& w, std::uint32_t lane, const std::string& what);

}  // namespace antidrome::ptx
