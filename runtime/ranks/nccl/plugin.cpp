// libantidrome_nccl.so: ranks by MPI whose GPUs exchange directly, by NCCL. Moves bytes and adds nothing up: sums keep the order of the kernels that
// take them. Uses the CUDA runtime only. Compiled wherever nccl.h is found; it has not run yet, for want of a machine with two GPUs.
#include <cuda_runtime.h>
#include <nccl.h>

#include <stdexcept>

#include "runtime/ranks/job.hpp"
#include "runtime/ranks/mpi/mpi_ranks.hpp"

namespace antidrome {
namespace {

void check(ncclResult_t code, const char* what) {
  if (code != ncclSuccess && code != ncclInProgress) throw std::runtime_error(std::string(what) + " failed: " + ncclGetErrorString(code));
}
void check(cudaError_t code, const char* what) {
  if (code != cudaSuccess) throw std::runtime_error(std::string(what) + " failed: " + cudaGetErrorString(code));
}

std::string nccl_version() {
  int version = 0;
  ncclGetVersion(&version);
  return "NCCL " + std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." + std::to_string(version % 100);
}

class NcclRanks final : public MpiRanks {
 public:
  using MpiRanks::MpiRanks;
  std::string name() const override { return nccl_version() + " beside " + MpiRanks::name(); }
  bool reaches_devices() const override { return true; }
  bool gather_device(std::byte* all, std::span<const std::size_t> begin) override {
    open(all);
    check(ncclGroupStart(), "ncclGroupStart");
    for (std::uint32_t r = 0; r < size(); ++r)
      check(ncclBroadcast(all + begin[r], all + begin[r], begin[r + 1] - begin[r], ncclUint8, static_cast<int>(r), communicator_, stream_), "ncclBroadcast");
    check(ncclGroupEnd(), "ncclGroupEnd");
    wait_until([this] {
      const cudaError_t state = cudaStreamQuery(stream_);
      if (state != cudaErrorNotReady) check(state, "exchanging between GPUs");
      return state == cudaSuccess;
    });
    return true;
  }

 private:
  /// The first time: on the GPU that `memory` belongs to, which the simulator chose.
  void open(const void* memory) {
    if (communicator_ != nullptr) return;
    cudaPointerAttributes where{};
    check(cudaPointerGetAttributes(&where, memory), "asking which GPU memory belongs to");
    check(cudaSetDevice(where.device), "choosing the GPU");
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "making a stream");
    ncclUniqueId id{};
    if (rank() == 0) check(ncclGetUniqueId(&id), "ncclGetUniqueId");
    std::vector<std::size_t> of_first(size() + 1, sizeof id);
    of_first[0] = 0;
    gather(reinterpret_cast<std::byte*>(&id), of_first);
    check(ncclCommInitRank(&communicator_, static_cast<int>(size()), id, static_cast<int>(rank())), "ncclCommInitRank");
  }

  ncclComm_t communicator_ = nullptr;   // lives as long as the process
  cudaStream_t stream_ = nullptr;
};

}  // namespace
}  // namespace antidrome

extern "C" __attribute__((visibility("default"))) antidrome::Ranks* antidrome_open_ranks(const antidrome::RankHooks& hooks) { return new antidrome::NcclRanks(hooks); }

extern "C" __attribute__((visibility("default"))) const char* antidrome_ranks_version() {
  static const std::string text = antidrome::nccl_version();
  return text.c_str();
}
