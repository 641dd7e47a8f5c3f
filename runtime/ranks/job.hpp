// Joining the job that this process was started in: the library that speaks MPI or NCCL is loaded only then.
#pragma once
#include "runtime/ranks/ranks.hpp"

#include <memory>

namespace antidrome {

enum class RanksBy { automatic, one, mpi, nccl };

/// The ranks of the job. Automatic: MPI where mpirun (or srun) started this process beside others, else one process. Throws Failure (AD460) where
/// the library is missing, cannot be loaded, or sees another number of processes than were started.
std::unique_ptr<Ranks> join_job(RanksBy by, RankHooks hooks);

/// How many processes mpirun says it started, this one included; 1 outside a job.
std::uint32_t started_processes();

/// "Open MPI v4.1.4", for the doctor; throws Failure (AD460).
std::string ranks_version(RanksBy by);

/// The symbols of a plug-in, libantidrome_mpi.so or libantidrome_nccl.so. Both throw std::runtime_error.
using OpenRanksFn = Ranks* (*)(const RankHooks& hooks);
using VersionFn = const char* (*)();
#define ANTIDROME_RANKS_SYMBOL "antidrome_open_ranks"
#define ANTIDROME_RANKS_VERSION_SYMBOL "antidrome_ranks_version"

}  // namespace antidrome
