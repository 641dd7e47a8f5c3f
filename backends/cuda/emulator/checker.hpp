// Looks at every access of a checked module: is it to memory, is the memory initialised, and is every other access of the same bytes ordered before or after
// it. It does not depend on the order in which threads happen to run: what is unordered is found either way, as long as both accesses are made.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "backends/cuda/emulator/block.hpp"
#include "backends/cuda/emulator/findings.hpp"
#include "backends/cuda/emulator/memory.hpp"
#include "backends/cuda/emulator/requests.hpp"
#include "backends/cuda/emulator/shadow.hpp"
#include "backends/cuda/emulator/warp_clock.hpp"

namespace antidrome::emulator {

class Checker : public Listener {
 public:
  Checker(Block& block, Memory& memory, Findings& findings) : block_(block), memory_(memory), findings_(findings) {}

  // ---- launches and blocks
  void begin_launch(const Kernel& kernel, const std::vector<SharedArray>& arrays, std::byte* dynamic_shared, std::uint32_t dynamic_bytes, std::uint64_t access_limit);
  void begin_block(emulated::Index index);
  void end_block() { requests_.all_met(); }
  void stopped() { requests_.drop(); }

  // ---- what threads do
  void access(const volatile void* address, std::uint64_t bytes, emulated::Access access, const void* pc);
  void barrier_passed() override;
  void lanes_met(std::uint32_t warp, std::uint32_t lanes, std::uint32_t existing, bool orders_memory) override;

  // ---- what was counted
  std::vector<LineCounters> lines(Places& places) const;
  std::uint64_t not_counted() const { return requests_.not_counted(); }
  void forget() { sums_.clear(); }

 private:
  using Site = std::uint16_t;                   // of an access in the text, numbered as they are met
  struct KnownSite {
    std::shared_ptr<LoadedModule> module;
    const void* pc;
  };
  struct SharedRegion {
    std::byte* begin;
    std::size_t bytes;
    std::string name;
    std::unique_ptr<Shadow> shadow;
  };
  /// The access that is being looked at.
  struct Now {
    Site site;
    std::uint32_t thread, warp, lane;
    bool writes, atomic;
  };

  Site site_of(const void* pc);
  Call call_of(Site site) const { return {{}, known_sites_[site].pc}; }
  SharedRegion* shared_region(const std::byte* p);
  bool between_shared(const std::byte* p) const;
  [[noreturn]] void wild(const std::byte* p, std::uint64_t bytes, Site site);
  std::string describe(const std::byte* p) const;
  std::string describe_shared(const std::byte* p) const;

  void look(Cell& cell, const Now& now, const std::byte* p);
  bool write_is_before(const Cell& cell, const Now& now) const;
  bool reads_are_before(const Cell& cell, const Now& now) const;
  void remember_read(Cell& cell, const Now& now) const;
  void remember_write(Cell& cell, const Now& now) const;
  void race(Defect plain, bool other_is_atomic, Site other, const Now& now, const std::byte* p);
  void report(Defect defect, Site at, Site other, const std::byte* p);

  Block& block_;
  Memory& memory_;
  Findings& findings_;
  Requests requests_;

  std::uint32_t epoch_ = 0, block_epoch_ = 0, launch_epoch_ = 1;
  std::array<WarpClock, most_warps> clocks_;

  // Of the launch that runs.
  std::shared_ptr<LoadedModule> module_;
  std::vector<Site>* site_table_ = nullptr;
  std::vector<SharedRegion> shared_;            // by address; dynamic shared memory among them
  const std::byte* section_begin_ = nullptr;    // of static shared memory, red zones included
  const std::byte* section_end_ = nullptr;
  emulated::Index block_index_{};
  std::uint64_t accesses_left_ = 0;

  std::vector<KnownSite> known_sites_ = {{nullptr, nullptr}};
  std::map<std::shared_ptr<LoadedModule>, std::vector<Site>> site_tables_;   // by distance from the beginning of the module
  std::map<std::string, std::vector<Requests::Sum>> sums_;                   // by kernel; within by 2 * site + shared
};

}  // namespace antidrome::emulator
