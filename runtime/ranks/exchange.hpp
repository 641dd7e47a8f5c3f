// What a simulator asks of the other ranks in the middle of a batch, made of the two ways in which ranks move bytes.
#pragma once
#include "runtime/ranks/ranks.hpp"

namespace antidrome {

/// The functions of antidrome_exchange for one batch.
class Exchange {
 public:
  Exchange(Ranks& ranks, std::uint32_t samples, std::uint32_t chunks);
  const antidrome_exchange* abi() const { return &abi_; }

  /// Rows of samples, or of chunks, of all ranks.
  void gather(int rows_of, std::byte* rows, std::size_t row_bytes, bool on_device = false);
  /// Each rank adds up one slice of all arrays, chunk by chunk in their order, and hands it out: nobody receives more than twice what the sums take,
  /// and the result is that of one process to the last bit.
  void sum(std::span<const antidrome_partial> arrays);

 private:
  void receive_slices(std::span<const antidrome_partial> arrays, const std::vector<std::size_t>& cuts);

  Ranks& ranks_;
  std::uint32_t chunks_;
  std::vector<antidrome_share> shares_;            ///< of every rank
  std::vector<std::byte> send_, received_, sums_;
  antidrome_exchange abi_{};
};

}  // namespace antidrome
