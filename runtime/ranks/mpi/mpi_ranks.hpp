// Ranks by MPI.
#pragma once
#include "runtime/ranks/ranks.hpp"

#include <mpi.h>

namespace antidrome {

class MpiRanks : public Ranks {
 public:
  explicit MpiRanks(RankHooks hooks);
  std::uint32_t rank() const override { return rank_; }
  std::uint32_t size() const override { return size_; }
  std::string name() const override;
  void gather(std::byte* all, std::span<const std::size_t> begin) override;
  void swap(const std::byte* send, std::span<const std::size_t> send_begin, std::byte* receive, std::span<const std::size_t> receive_begin) override;
  int finish(int exit_code, const std::string& complaint) override;

 protected:
  /// Until `done` says so; rank 0 hears meanwhile of ranks that failed, and of the wish to end.
  void wait_until(const std::function<bool()>& done);

 private:
  void wait(MPI_Request request);
  bool hear();
  void hear_for(double seconds);
  [[noreturn]] void give_up();
  [[noreturn]] void say_lost();
  int finish_first(int exit_code, const std::string& complaint);
  int finish_other(int exit_code, const std::string& complaint);

  RankHooks hooks_;
  std::uint32_t rank_ = 0, size_ = 1;
  MPI_Comm work_ = MPI_COMM_NULL, endings_to_first_ = MPI_COMM_NULL;   ///< what is computed with; how ranks end
  std::vector<Ending> endings_;                                        ///< rank 0: what it heard
};

/// "Open MPI v4.1.4".
std::string mpi_library();

}  // namespace antidrome
