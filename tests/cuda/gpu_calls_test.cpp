// What the GPU's device asks of CUDA's runtime library: this file stands in for the library, writes the calls down, and fails where it is told to.
#include <gtest/gtest.h>

#include <cuda_runtime.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>

#include "backends/cuda/device/gpu_device.hpp"

struct CUgraph_st { std::vector<std::string> work; };
struct CUgraphExec_st { std::vector<std::string> work; };
struct CUstream_st { std::string name; };
struct CUevent_st {};

namespace {

struct Library {
  std::vector<std::string> calls, ran;          ///< what was asked; what reached the GPU
  std::map<std::string, int> times;
  std::string fails, captured_on;
  std::vector<std::string> capture;
  int streams = 0;
  bool updates = true;                          ///< graphs of other arguments can be updated
  std::set<const void*> graphs;                 ///< alive
  CUevent_st event;
};
Library library;

cudaError_t call(const std::string& name, const std::string& what = "") {
  library.calls.push_back(what.empty() ? name : name + " " + what);
  ++library.times[name];
  return library.fails == name ? cudaErrorUnknown : cudaSuccess;
}
/// On a stream that is captured, work enters the graph.
cudaError_t work(const std::string& name, const std::string& what, cudaStream_t stream) {
  const cudaError_t code = call(name, what);
  if (code == cudaSuccess) (library.captured_on == stream->name ? library.capture : library.ran).push_back(what);
  return code;
}

}  // namespace

extern "C" {
const char* cudaGetErrorString(cudaError_t) { return "as the test wants it"; }
const char* cudaGetErrorName(cudaError_t) { return "cudaErrorUnknown"; }
cudaError_t cudaGetLastError() { return cudaSuccess; }
cudaError_t cudaGetDeviceCount(int* n) { return *n = 1, cudaSuccess; }
cudaError_t cudaDriverGetVersion(int* n) { return *n = 13000, cudaSuccess; }
cudaError_t cudaSetDevice(int) { return call("cudaSetDevice"); }
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr a, int) { return *value = a == cudaDevAttrComputeCapabilityMajor ? 9 : a == cudaDevAttrMultiProcessorCount ? 132 : 0, call("cudaDeviceGetAttribute"); }
cudaError_t cudaGetDeviceProperties(cudaDeviceProp*, int) { return cudaErrorUnknown; }
cudaError_t cudaLibraryLoadData(cudaLibrary_t*, const void*, cudaJitOption*, void**, unsigned, cudaLibraryOption*, void**, unsigned) { return call("cudaLibraryLoadData"); }
cudaError_t cudaLibraryUnload(cudaLibrary_t) { return cudaSuccess; }
cudaError_t cudaLibraryGetKernel(cudaKernel_t* k, cudaLibrary_t, const char* name) { return *k = reinterpret_cast<cudaKernel_t>(new std::string(name)), call("cudaLibraryGetKernel"); }
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* n, const void*, int, size_t) { return *n = 2, call("cudaOccupancyMaxActiveBlocksPerMultiprocessor"); }
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* s, unsigned) { return *s = new CUstream_st{library.streams++ % 2 ? "beside" : "main"}, call("cudaStreamCreateWithFlags"); }
cudaError_t cudaStreamDestroy(cudaStream_t s) { return delete s, cudaSuccess; }
cudaError_t cudaStreamSynchronize(cudaStream_t s) { return call("cudaStreamSynchronize", s->name); }
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* e, unsigned) { return *e = &library.event, call("cudaEventCreateWithFlags"); }
cudaError_t cudaEventDestroy(cudaEvent_t) { return cudaSuccess; }
cudaError_t cudaEventSynchronize(cudaEvent_t) { return call("cudaEventSynchronize"); }
cudaError_t cudaEventRecord(cudaEvent_t, cudaStream_t s) { return call("cudaEventRecord", s->name); }
cudaError_t cudaStreamWaitEvent(cudaStream_t s, cudaEvent_t, unsigned) { return call("cudaStreamWaitEvent", s->name); }
cudaError_t cudaMalloc(void** p, size_t bytes) { return *p = std::calloc(1, bytes), call("cudaMalloc"); }
cudaError_t cudaFree(void* p) { return std::free(p), cudaSuccess; }
cudaError_t cudaMallocHost(void** p, size_t bytes) { return *p = std::calloc(1, bytes), call("cudaMallocHost"); }
cudaError_t cudaFreeHost(void* p) { return std::free(p), call("cudaFreeHost"); }
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind, cudaStream_t s) { return std::memcpy(to, from, bytes), call("cudaMemcpyAsync", s->name); }
cudaError_t cudaMemsetAsync(void*, int, size_t bytes, cudaStream_t s) { return work("cudaMemsetAsync", "clear " + std::to_string(bytes), s); }
cudaError_t cudaLaunchKernel(const void* k, dim3, dim3, void** arguments, size_t, cudaStream_t s) { return work("cudaLaunchKernel", *static_cast<const std::string*>(k) + " " + std::to_string(*static_cast<const int*>(arguments[0])), s); }
cudaError_t cudaStreamBeginCapture(cudaStream_t s, cudaStreamCaptureMode) {
  const cudaError_t code = call("cudaStreamBeginCapture");
  if (code == cudaSuccess) library.captured_on = s->name, library.capture.clear();
  return code;
}
cudaError_t cudaStreamEndCapture(cudaStream_t, cudaGraph_t* g) {
  const cudaError_t code = call("cudaStreamEndCapture");
  library.captured_on.clear();
  *g = nullptr;
  if (code == cudaSuccess) library.graphs.insert(*g = new CUgraph_st{library.capture});
  return code;
}
cudaError_t cudaGraphDestroy(cudaGraph_t g) { return library.graphs.erase(g), delete g, cudaSuccess; }
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* e, cudaGraph_t g, unsigned long long) {
  const cudaError_t code = call("cudaGraphInstantiate");
  if (code == cudaSuccess) library.graphs.insert(*e = new CUgraphExec_st{g->work});
  return code;
}
cudaError_t cudaGraphExecUpdate(cudaGraphExec_t e, cudaGraph_t g, cudaGraphExecUpdateResultInfo*) {
  const cudaError_t code = call("cudaGraphExecUpdate");
  if (!library.updates) return cudaErrorGraphExecUpdateFailure;
  e->work = g->work;
  return code;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t e) { return library.graphs.erase(e), delete e, call("cudaGraphExecDestroy"); }
cudaError_t cudaGraphLaunch(cudaGraphExec_t e, cudaStream_t) {
  const cudaError_t code = call("cudaGraphLaunch");
  if (code == cudaSuccess) library.ran.insert(library.ran.end(), e->work.begin(), e->work.end());
  return code;
}
}

namespace antidrome {
namespace {

using Ran = std::vector<std::string>;

std::unique_ptr<cuda::Device> gpu(const std::string& name) {
  library = Library();
  const std::filesystem::path folder = std::filesystem::path(ANTIDROME_BINARY_DIR) / "tests/generated" / name;
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "kernels.sm_90.cubin") << "nothing";
  return cuda::open_gpu(folder);
}

/// Two kernels with this argument, and memory cleared before them.
void batch(cuda::Device& device, int argument) {
  device.begin_graph();
  device.clear(4096, 64);
  for (const char* kernel : {"forward", "backward"}) device.launch(kernel, {2, 1, 32}, std::as_bytes(std::span(&argument, 1)));
  device.launch_graph();
}
Ran ran_of(int argument) { return {"clear 64", "forward " + std::to_string(argument), "backward " + std::to_string(argument)}; }

TEST(GpuCalls, what_is_gathered_is_launched_at_once_and_in_its_order) {
  const auto device = gpu("gpu_calls_order");
  batch(*device, 7);
  EXPECT_EQ(library.ran, ran_of(7));
  EXPECT_EQ(library.times["cudaGraphLaunch"], 1);
  device->clear(4096, 32);                      // outside of a graph: at once
  EXPECT_EQ(library.ran.back(), "clear 32");
  EXPECT_EQ(library.times["cudaGraphLaunch"], 1);
}

TEST(GpuCalls, a_graph_that_was_launched_before_is_launched_as_it_is) {
  const auto device = gpu("gpu_calls_again");
  for (int k = 0; k < 10; ++k) {
    library.ran.clear();
    batch(*device, k % 2);
    EXPECT_EQ(library.ran, ran_of(k % 2));
  }
  EXPECT_EQ(library.times["cudaStreamBeginCapture"], 2);
  EXPECT_EQ(library.times["cudaGraphInstantiate"], 2);
  EXPECT_EQ(library.times["cudaGraphLaunch"], 10);
}

TEST(GpuCalls, graphs_are_updated_or_replaced_when_enough_are_kept) {
  const auto device = gpu("gpu_calls_many");
  for (const bool updates : {true, false})
    for (int k = 0; k < 40; ++k) {
      library.updates = updates;
      library.ran.clear();
      batch(*device, updates ? k : 100 + k);
      EXPECT_EQ(library.ran, ran_of(updates ? k : 100 + k));
      EXPECT_LE(library.graphs.size(), 16u);    // and none that was captured is left
    }
  EXPECT_EQ(library.times["cudaGraphInstantiate"], 16 + 40);
  EXPECT_EQ(library.times["cudaGraphExecUpdate"], 24 + 40);
}

TEST(GpuCalls, uploads_beside_go_by_the_other_stream_and_their_sources_may_go) {
  const auto device = gpu("gpu_calls_beside");
  std::vector<int> to(4, 0), from = {1, 2, 3};
  const cuda::Address at = reinterpret_cast<cuda::Address>(to.data());
  const cuda::Upload uploads[] = {{at, from.data(), 4}, {at + 4, from.data() + 1, 8}};
  library.calls.clear();
  device->upload_beside(uploads);
  device->join_uploads();
  EXPECT_EQ(to, (std::vector<int>{1, 2, 3, 0}));
  EXPECT_EQ(library.calls, Ran({"cudaEventSynchronize", "cudaMallocHost", "cudaMemcpyAsync beside", "cudaMemcpyAsync beside", "cudaEventRecord beside", "cudaStreamWaitEvent main"}));
}

TEST(GpuCalls, every_failure_is_told) {
  const char* const functions[] = {"cudaStreamBeginCapture", "cudaStreamEndCapture", "cudaLaunchKernel", "cudaMemsetAsync", "cudaGraphInstantiate", "cudaGraphLaunch", "cudaEventSynchronize",
                                   "cudaMallocHost", "cudaMemcpyAsync", "cudaEventRecord", "cudaStreamWaitEvent", "cudaStreamSynchronize", "cudaLibraryGetKernel"};
  for (const char* function : functions) {
    SCOPED_TRACE(function);
    const auto device = gpu("gpu_calls_failures");
    library.fails = function;
    int to = 0;
    const int from = 1;
    const cuda::Upload upload{reinterpret_cast<cuda::Address>(&to), &from, 4};
    EXPECT_THROW((batch(*device, 1), device->upload_beside({&upload, 1}), device->join_uploads(), device->synchronise()), std::runtime_error);
    library.fails.clear();
    EXPECT_EQ(library.captured_on, "");         // a capture that failed was ended
    library.ran.clear();
    batch(*device, 2);
    EXPECT_EQ(library.ran, ran_of(2));
  }
}

}  // namespace
}  // namespace antidrome
