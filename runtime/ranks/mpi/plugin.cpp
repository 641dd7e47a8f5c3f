// libantidrome_mpi.so: loaded by a process that is one of several, so that antidrome itself needs no MPI.
#include "runtime/ranks/job.hpp"
#include "runtime/ranks/mpi/mpi_ranks.hpp"

extern "C" __attribute__((visibility("default"))) antidrome::Ranks* antidrome_open_ranks(const antidrome::RankHooks& hooks) { return new antidrome::MpiRanks(hooks); }

extern "C" __attribute__((visibility("default"))) const char* antidrome_ranks_version() {
  static const std::string text = antidrome::mpi_library();
  return text.c_str();
}
