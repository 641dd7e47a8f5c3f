#include "runtime/ranks/job.hpp"

#include "runtime/session/failure.hpp"
#include "runtime/session/simulator.hpp"

#include <cstdlib>
#include <dlfcn.h>
#include <fmt/format.h>

namespace antidrome {
namespace {

[[noreturn]] void cannot(const std::string& file, const std::string& what, const std::string& remedy) { fail(exit_user, "AD460", {file}, what, remedy); }

const char* library_of(RanksBy by) { return by == RanksBy::nccl ? "libantidrome_nccl.so" : "libantidrome_mpi.so"; }

// Never unloaded: libraries for message passing leave threads and handlers behind.
void* symbol(const char* library, const char* name) {
  const std::string file = (executable_folder().parent_path() / "lib" / library).string();
  void* const handle = dlopen(file.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (handle == nullptr) {
    const char* reason = dlerror();
    cannot(file, fmt::format("what connects the processes of a job cannot be loaded: {}", reason == nullptr ? "unknown reason" : reason),
           "apt-get install libopenmpi-dev openmpi-bin and build again (for NCCL its nccl.h too); or --ranks one: each process on its own");
  }
  void* const found = dlsym(handle, name);
  if (found == nullptr) cannot(file, fmt::format("the library has no symbol '{}'", name), "build antidrome again");
  return found;
}

}  // namespace

std::uint32_t started_processes() {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"})   // Open MPI; MPICH and those that descend from it
    if (const char* value = std::getenv(name)) return static_cast<std::uint32_t>(std::max(1L, std::strtol(value, nullptr, 10)));
  return 1;
}

std::string ranks_version(RanksBy by) { return reinterpret_cast<VersionFn>(symbol(library_of(by), ANTIDROME_RANKS_VERSION_SYMBOL))(); }

std::unique_ptr<Ranks> join_job(RanksBy by, RankHooks hooks) {
  const std::uint32_t started = started_processes();
  if (by == RanksBy::automatic) by = started > 1 ? RanksBy::mpi : RanksBy::one;
  if (by == RanksBy::one) return std::make_unique<OneRank>();
  const char* library = library_of(by);
  const auto open = reinterpret_cast<OpenRanksFn>(symbol(library, ANTIDROME_RANKS_SYMBOL));
  std::unique_ptr<Ranks> ranks;
  try {
    ranks.reset(open(hooks));
  } catch (const std::runtime_error& error) {
    cannot(library, error.what(), "antidrome doctor tells what is installed");
  }
  if (ranks->size() != started && started > 1)
    cannot(library, fmt::format("{} processes were started, but {} knows of {}", started, ranks->name(), ranks->size()), "start them with the mpirun of that library, and build antidrome with it");
  return ranks;
}

}  // namespace antidrome
