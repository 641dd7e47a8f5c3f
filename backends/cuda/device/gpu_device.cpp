#include "backends/cuda/device/gpu_device.hpp"

#include <cuda_runtime.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <map>
#include <memory>
#include <stdexcept>
#include <vector>

namespace antidrome::cuda {
namespace {

void check(cudaError_t code, const std::string& what) {
  if (code == cudaSuccess) return;
  std::string remedy;
  if (code == cudaErrorMemoryAllocation) remedy = "; lower [train] batch, or use a GPU with more memory";
  if (code == cudaErrorIllegalAddress || code == cudaErrorLaunchFailure) remedy = "; this is our bug: please report it with the model, and with what `tools/gpu-check` says";
  throw std::runtime_error(fmt::format("{} failed: {} ({}, code {}){}", what, cudaGetErrorString(code), cudaGetErrorName(code), static_cast<int>(code), remedy));
}

/// Kernels of the same major architecture and at most the same minor one run on a GPU.
std::filesystem::path kernels_for(const std::filesystem::path& folder, int major, int minor) {
  std::filesystem::path best;
  int best_minor = -1;
  std::string there;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    int architecture = 0;
    if (!name.starts_with("kernels.sm_") || !name.ends_with(".cubin") || std::sscanf(name.c_str(), "kernels.sm_%d", &architecture) != 1) continue;
    there += (there.empty() ? "" : ", ") + fmt::format("sm_{}", architecture);
    if (architecture / 10 == major && architecture % 10 <= minor && architecture % 10 > best_minor) best_minor = architecture % 10, best = entry.path();
  }
  if (best.empty()) throw std::runtime_error(fmt::format("the GPU is of architecture sm_{}{}; there are kernels for {}: antidrome build --backend cuda --arch sm_{}{}", major, minor, there.empty() ? "none" : there, major, minor));
  return best;
}

/// Processes of one host that share a batch take a GPU each, by their number on the host as mpirun or srun tells it.
int own_device(int count) {
  for (const char* name : {"OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID", "SLURM_LOCALID"})
    if (const char* value = std::getenv(name)) return std::abs(std::atoi(value)) % count;
  return 0;
}

/// What a graph is made of, in order. Two graphs of the same work are the same graph.
struct Work {
  cudaKernel_t kernel = nullptr;                 ///< null: memory is cleared
  LaunchShape shape;
  std::vector<std::byte> arguments;
  Address cleared = 0;
  std::size_t bytes = 0;
  bool operator==(const Work&) const = default;
};

struct Graph {
  std::vector<Work> work;
  cudaGraphExec_t graph = nullptr;
};
/// Batches take turns with two buffers, evaluation has its own, and processes that exchange sums have a graph for each part.
constexpr std::size_t kept_graphs = 16;

/// Host memory that a copy engine reads while the processor goes on.
class Pinned {
 public:
  ~Pinned() {
    if (data_) cudaFreeHost(data_);
  }
  std::byte* reserve(std::size_t bytes) {
    if (bytes <= size_) return data_;
    if (data_) check(cudaFreeHost(data_), "freeing pinned memory");
    data_ = nullptr, size_ = 0;
    bytes += bytes / 4;
    void* p = nullptr;
    check(cudaMallocHost(&p, bytes), fmt::format("allocating {:.1f} MiB of pinned memory", static_cast<double>(bytes) / 0x1p20));
    data_ = static_cast<std::byte*>(p), size_ = bytes;
    return data_;
  }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

class Gpu final : public Device {
 public:
  explicit Gpu(const std::filesystem::path& folder) {
    int count = -1, driver = 0;
    const cudaError_t code = cudaGetDeviceCount(&count);
    cudaDriverGetVersion(&driver);
    if (code != cudaSuccess || count < 1)
      throw std::runtime_error(fmt::format("no CUDA GPU can be used here: {}; driver {}. Run with --device emulated, or on a machine with a GPU", code == cudaSuccess ? "there is none" : cudaGetErrorString(code), driver == 0 ? "not installed" : std::to_string(driver)));
    number_ = own_device(count);
    check(cudaSetDevice(number_), "choosing the GPU");
    int major = 0, minor = 0;
    check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, number_), "asking the GPU for its architecture");
    check(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, number_), "asking the GPU for its architecture");
    check(cudaDeviceGetAttribute(&processors_, cudaDevAttrMultiProcessorCount, number_), "asking the GPU for its multiprocessors");
    const std::filesystem::path file = kernels_for(folder, major, minor);
    std::ifstream in(file, std::ios::binary);
    image_.assign(std::istreambuf_iterator<char>(in), {});
    check(cudaLibraryLoadData(&library_, image_.data(), nullptr, nullptr, 0, nullptr, nullptr, 0), "loading " + file.string());
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "making a stream");
    check(cudaStreamCreateWithFlags(&beside_, cudaStreamNonBlocking), "making a stream");
    check(cudaEventCreateWithFlags(&uploaded_, cudaEventDisableTiming), "making an event");
  }
  ~Gpu() override {
    if (beside_) cudaStreamSynchronize(beside_);                  // it may still read pinned memory
    for (const Graph& g : graphs_) cudaGraphExecDestroy(g.graph);
    if (uploaded_) cudaEventDestroy(uploaded_);
    if (beside_) cudaStreamDestroy(beside_);
    if (stream_) cudaStreamDestroy(stream_);
    if (library_) cudaLibraryUnload(library_);
  }

  std::string name() const override {
    cudaDeviceProp p{};
    return cudaGetDeviceProperties(&p, number_) == cudaSuccess ? p.name : "GPU";
  }
  Address allocate(std::size_t bytes, const std::string& what) override {
    void* p = nullptr;
    check(cudaMalloc(&p, bytes), fmt::format("allocating {:.1f} MiB of GPU memory for {}", static_cast<double>(bytes) / 0x1p20, what));
    return reinterpret_cast<Address>(p);
  }
  void free(Address a) override { cudaFree(reinterpret_cast<void*>(a)); }
  void upload(Address to, const void* from, std::size_t bytes) override { check(cudaMemcpyAsync(reinterpret_cast<void*>(to), from, bytes, cudaMemcpyHostToDevice, stream_), "copying to the GPU"); }
  void download(void* to, Address from, std::size_t bytes) override {
    check(cudaMemcpyAsync(to, reinterpret_cast<const void*>(from), bytes, cudaMemcpyDeviceToHost, stream_), "copying from the GPU");
    synchronise();
  }
  void upload_beside(std::span<const Upload> uploads) override {
    std::size_t all = 0;
    for (const Upload& u : uploads) all += u.bytes;
    check(cudaEventSynchronize(uploaded_), "copying to the GPU");   // what was there has arrived
    std::byte* from = pinned_.reserve(all);
    for (const Upload& u : uploads) {
      std::memcpy(from, u.from, u.bytes);
      check(cudaMemcpyAsync(reinterpret_cast<void*>(u.to), from, u.bytes, cudaMemcpyHostToDevice, beside_), "copying to the GPU");
      from += u.bytes;
    }
    check(cudaEventRecord(uploaded_, beside_), "copying to the GPU");
  }
  void join_uploads() override { check(cudaStreamWaitEvent(stream_, uploaded_, 0), "waiting for copies to the GPU"); }
  void begin_graph() override {
    work_.clear();
    gathers_ = true;
  }
  void launch_graph() override {
    gathers_ = false;
    if (!work_.empty()) check(cudaGraphLaunch(graph_of(std::move(work_)), stream_), "launching the kernels of a batch");
    work_.clear();
  }
  void clear(Address a, std::size_t bytes) override {
    if (gathers_) work_.push_back({nullptr, {}, {}, a, bytes});
    else clear_now(a, bytes);
  }
  void clear_now(Address a, std::size_t bytes) { check(cudaMemsetAsync(reinterpret_cast<void*>(a), 0, bytes, stream_), "clearing GPU memory"); }
  void copy(Address to, Address from, std::size_t bytes) override { check(cudaMemcpyAsync(reinterpret_cast<void*>(to), reinterpret_cast<const void*>(from), bytes, cudaMemcpyDeviceToDevice, stream_), "copying on the GPU"); }
  void launch(const std::string& kernel, const LaunchShape& s, std::span<const std::byte> arguments) override {
    if (gathers_) work_.push_back({find(kernel), s, {arguments.begin(), arguments.end()}, 0, 0});
    else launch_now(find(kernel), s, arguments);
  }
  void synchronise() override { check(cudaStreamSynchronize(stream_), "running the kernels"); }
  std::uint32_t resident_blocks(const std::string& kernel, std::uint32_t threads) override {
    int blocks = 0;
    check(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, reinterpret_cast<const void*>(find(kernel)), static_cast<int>(threads), 0), "asking for the occupancy of '" + kernel + "'");
    return static_cast<std::uint32_t>(std::max(1, blocks) * processors_);
  }

 private:
  void launch_now(cudaKernel_t kernel, const LaunchShape& s, std::span<const std::byte> arguments) {
    void* bytes = const_cast<std::byte*>(arguments.data());       // copied by the call
    void* parameters[] = {bytes};
    const cudaError_t code = cudaLaunchKernel(reinterpret_cast<const void*>(kernel), dim3(s.grid_x, s.grid_y), dim3(s.threads), parameters, 0, stream_);
    for (const auto& [name, known] : kernels_)
      if (code != cudaSuccess && known == kernel) check(code, "launching '" + name + "'");
  }

  /// A graph that was launched before is launched again as it is; one that differs from a kept one by arguments alone becomes it.
  cudaGraphExec_t graph_of(std::vector<Work> work) {
    for (const Graph& g : graphs_)
      if (g.work == work) return g.graph;
    cudaGraph_t captured = capture(work);
    const std::unique_ptr<CUgraph_st, decltype(&cudaGraphDestroy)> owner(captured, &cudaGraphDestroy);
    if (graphs_.size() == kept_graphs) {                          // the oldest of its kind makes room
      const auto like = std::find_if(graphs_.begin(), graphs_.end(), [&](const Graph& g) { return g.work.size() == work.size(); });
      const auto oldest = like == graphs_.end() ? graphs_.begin() : like;
      std::rotate(oldest, oldest + 1, graphs_.end());
      Graph& last = graphs_.back();
      cudaGraphExecUpdateResultInfo info{};
      if (cudaGraphExecUpdate(last.graph, captured, &info) == cudaSuccess) {
        last.work = std::move(work);
        return last.graph;
      }
      cudaGetLastError();                                         // a graph of another kind: that was no mistake
      check(cudaGraphExecDestroy(last.graph), "giving up a graph");
      graphs_.pop_back();
    }
    cudaGraphExec_t made = nullptr;
    check(cudaGraphInstantiate(&made, captured, 0), "making a graph of the kernels of a batch");
    graphs_.push_back({std::move(work), made});
    return made;
  }

  cudaGraph_t capture(const std::vector<Work>& work) {
    check(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), "recording the kernels of a batch");
    cudaGraph_t captured = nullptr;
    try {
      for (const Work& w : work) {
        if (w.kernel) launch_now(w.kernel, w.shape, w.arguments);
        else clear_now(w.cleared, w.bytes);
      }
    } catch (...) {
      if (cudaStreamEndCapture(stream_, &captured) == cudaSuccess && captured) cudaGraphDestroy(captured);
      throw;
    }
    check(cudaStreamEndCapture(stream_, &captured), "recording the kernels of a batch");
    return captured;
  }

  cudaKernel_t find(const std::string& kernel) {
    const auto known = kernels_.find(kernel);
    if (known != kernels_.end()) return known->second;
    cudaKernel_t k = nullptr;
    check(cudaLibraryGetKernel(&k, library_, kernel.c_str()), "finding the kernel '" + kernel + "'");
    return kernels_[kernel] = k;
  }

  int number_ = 0, processors_ = 1;
  std::vector<char> image_;
  cudaLibrary_t library_ = nullptr;
  cudaStream_t stream_ = nullptr, beside_ = nullptr;
  cudaEvent_t uploaded_ = nullptr;
  Pinned pinned_;
  bool gathers_ = false;                         ///< between begin_graph() and launch_graph()
  std::vector<Work> work_;
  std::vector<Graph> graphs_;                    ///< the latest last
  std::map<std::string, cudaKernel_t> kernels_;
};

}  // namespace

std::unique_ptr<Device> open_gpu(const std::filesystem::path& folder) { return std::make_unique<Gpu>(folder); }

}  // namespace antidrome::cuda
