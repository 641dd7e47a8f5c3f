// Runs one block: its warps in order, each until it waits at a barrier or has returned.
#pragma once
#include "backends/cuda/ptx/timing.hpp"
#include "backends/cuda/ptx/warp.hpp"

namespace antidrome::ptx {

class BlockRun {
 public:
  explicit BlockRun(Launch& launch);
  /// From its first instruction to its last. Throws Error.
  void run(Dim index);
  const BlockClock& clock() const { return clock_; }

 private:
  void begin(Dim index);
  void begin(Warp& w);
  void set_specials(Warp& w);
  void run(Warp& w);
  void issue_piece(Warp& w);
  void branch(Warp& w, const Instruction& i, Mask taken);
  void leave(Warp& w, Mask lanes);
  bool enter(Warp& w);
  void finish(Warp& w);
  bool open_barriers();
  void add_chain(const std::vector<Warp*>& warps);
  void open(const std::vector<Warp*>& warps, bool whole);
  [[noreturn]] void stuck();

  Launch& launch_;
  const Kernel& kernel_;
  Block block_;
  std::vector<std::vector<std::byte>> files_;
  std::vector<std::vector<std::uint32_t>> predicates_;
  std::vector<Warp> warps_;
  std::vector<Moved> moved_;                    ///< by instruction: of the piece that runs
  std::vector<bool> ends_;                      ///< by instruction: the last of a piece
  BlockClock clock_;
};

}  // namespace antidrome::ptx
