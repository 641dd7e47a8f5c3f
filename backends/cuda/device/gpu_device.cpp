#include "backends/cuda/device/gpu_device.hpp"

#include <cuda_runtime.h>

#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <map>
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
  }
  ~Gpu() override {
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
  void clear(Address a, std::size_t bytes) override { check(cudaMemsetAsync(reinterpret_cast<void*>(a), 0, bytes, stream_), "clearing GPU memory"); }
  void copy(Address to, Address from, std::size_t bytes) override { check(cudaMemcpyAsync(reinterpret_cast<void*>(to), reinterpret_cast<const void*>(from), bytes, cudaMemcpyDeviceToDevice, stream_), "copying on the GPU"); }
  void launch(const std::string& kernel, const LaunchShape& s, std::span<const std::byte> arguments) override {
    void* bytes = const_cast<std::byte*>(arguments.data());       // copied by the call
    void* parameters[] = {bytes};
    check(cudaLaunchKernel(reinterpret_cast<const void*>(find(kernel)), dim3(s.grid_x, s.grid_y), dim3(s.threads), parameters, 0, stream_), "launching '" + kernel + "'");
  }
  void synchronise() override { check(cudaStreamSynchronize(stream_), "running the kernels"); }
  std::uint32_t resident_blocks(const std::string& kernel, std::uint32_t threads) override {
    int blocks = 0;
    check(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, reinterpret_cast<const void*>(find(kernel)), static_cast<int>(threads), 0), "asking for the occupancy of '" + kernel + "'");
    return static_cast<std::uint32_t>(std::max(1, blocks) * processors_);
  }

 private:
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
  cudaStream_t stream_ = nullptr;
  std::map<std::string, cudaKernel_t> kernels_;
};

}  // namespace

std::unique_ptr<Device> open_gpu(const std::filesystem::path& folder) { return std::make_unique<Gpu>(folder); }

}  // namespace antidrome::cuda
