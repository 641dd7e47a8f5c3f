// The processes of a job that trains one network together ("ranks"). Each holds the whole network and computes a share of every batch.
#pragma once
#include <antidrome/abi.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace antidrome {

/// Two ways to move bytes between ranks; sums are made of them in a fixed order (exchange.hpp). Every rank makes the same calls in the
/// same order, from one thread; a call returns when the others have made theirs.
class Ranks {
 public:
  virtual ~Ranks() = default;
  virtual std::uint32_t rank() const = 0;
  virtual std::uint32_t size() const = 0;
  virtual std::string name() const = 0;                 ///< "Open MPI 4.1.4"

  /// Bytes [begin[r], begin[r + 1]) of `all` are those of rank r: each brings its own and receives the others. begin: [size() + 1].
  virtual void gather(std::byte* all, std::span<const std::size_t> begin) = 0;
  /// Sends [send_begin[r], send_begin[r + 1]) to rank r, and receives [receive_begin[r], receive_begin[r + 1]) from it.
  virtual void swap(const std::byte* send, std::span<const std::size_t> send_begin, std::byte* receive, std::span<const std::size_t> receive_begin) = 0;
  /// gather() of memory of this rank's accelerator; false where this job cannot.
  virtual bool gather_device(std::byte*, std::span<const std::size_t>) { return false; }
  virtual bool reaches_devices() const { return false; }

  /// The last call of every rank: how its part ended. Rank 0 tells what went wrong anywhere, each thing once. Returns the exit code of
  /// the whole job; where a rank failed alone, the others, who wait for it, are ended too and this does not return on rank 0.
  virtual int finish(int exit_code, const std::string& complaint) = 0;
};

/// What the ranks of a job ask the program that they are part of.
struct RankHooks {
  std::function<bool()> told_to_end;       ///< by a signal
  std::function<std::string()> lost;       ///< what rank 0 says when it was told to end and the others do not answer
};

/// A process alone.
class OneRank final : public Ranks {
 public:
  std::uint32_t rank() const override { return 0; }
  std::uint32_t size() const override { return 1; }
  std::string name() const override { return "one process"; }
  void gather(std::byte*, std::span<const std::size_t>) override {}
  void swap(const std::byte* send, std::span<const std::size_t> send_begin, std::byte* receive, std::span<const std::size_t> receive_begin) override;
  int finish(int exit_code, const std::string& complaint) override;
};

/// What one rank computes of a batch: whole partial sums of the gradient, in the order of the ranks. Where a batch has fewer samples, or a run
/// fewer chunks, than there are ranks, some have none.
antidrome_share share_of(std::uint32_t samples, std::uint32_t chunks, const Ranks& ranks, std::uint32_t rank);
inline antidrome_share share_of(std::uint32_t samples, std::uint32_t chunks, const Ranks& ranks) { return share_of(samples, chunks, ranks, ranks.rank()); }
/// Samples of a share.
std::uint32_t samples_of(const antidrome_share& share, std::uint32_t chunks);

/// What each rank says, by rank, on every rank.
std::vector<std::string> gather_texts(Ranks& ranks, const std::string& own);
/// Sums of integers over the ranks, in place.
void sum_integers(Ranks& ranks, std::span<std::uint64_t> values);
/// The largest value that any rank has, on every rank.
std::uint64_t largest(Ranks& ranks, std::uint64_t value);
/// Whether any rank says so.
bool any(Ranks& ranks, bool own);
/// What rank 0 says, on every rank.
std::uint64_t from_first(Ranks& ranks, std::uint64_t value);
/// Returns when every rank has come here.
void meet(Ranks& ranks);

/// How the part of one rank ended.
struct Ending {
  std::uint32_t rank = 0;
  int exit_code = 0;
  std::string complaint;
};
/// What is told of the endings of a job: the complaint of rank 0, or of the first that has one, as it is; others where they differ.
std::string told_once(std::vector<Ending> endings);

}  // namespace antidrome
