// The emulator's test kernels: as C++ on the emulator, and as nvcc's PTX interpreted, bit by bit the same.
#include <algorithm>
#include <cstring>
#include <numeric>
#include <sstream>

#include "backends/cuda/ptx/machine.hpp"
#include "tests/emulator/modules.hpp"
#include "tests/ptx/compile.hpp"

#include <gtest/gtest.h>

namespace antidrome {
namespace {

using Bytes = std::vector<std::byte>;

template <class T> Bytes bytes(const std::vector<T>& v) {
  Bytes b(v.size() * sizeof(T));
  if (!b.empty()) std::memcpy(b.data(), v.data(), b.size());
  return b;
}
Bytes zeros(std::size_t n) { return Bytes(n); }

/// A struct of pointers, then of numbers.
struct Call {
  std::string kernel;
  ptx::Shape shape;
  std::vector<Bytes> arrays;
  Bytes numbers = {};
};

Bytes arguments(const std::vector<std::uint64_t>& pointers, const Bytes& numbers) {
  Bytes all = bytes(pointers);
  all.insert(all.end(), numbers.begin(), numbers.end());
  all.resize((all.size() + 7) / 8 * 8);
  return all;
}

/// The kernels of a file on both.
class Both {
 public:
  explicit Both(const std::string& file) : module_(test::compiled(file, emulator::Mode::plain)), machine(ptx::parse(test::ptx_of(test::kernel_text(file), file), file)) {}

  /// Each array after the call, on the emulator and on the interpreter.
  std::pair<std::vector<Bytes>, std::vector<Bytes>> run(const Call& c) {
    std::vector<std::uint64_t> here, there;
    for (const Bytes& a : c.arrays) {
      void* p = device_.allocate(a.size());
      device_.upload(p, a.data(), a.size());
      here.push_back(reinterpret_cast<std::uint64_t>(p));
      there.push_back(machine.allocate(a.size()));
      machine.upload(there.back(), a.data(), a.size());
    }
    const auto dim = [](ptx::Dim d) { return emulator::Dim{d.x, d.y, d.z}; };
    EXPECT_TRUE(device_.launch(module_.kernel(c.kernel), {dim(c.shape.grid), dim(c.shape.block), c.shape.dynamic_shared_bytes}, arguments(here, c.numbers))) << device_.report().text();
    machine.launch(c.kernel, c.shape, arguments(there, c.numbers));
    std::vector<Bytes> of_emulator, of_interpreter;
    for (std::size_t k = 0; k < c.arrays.size(); ++k) {
      device_.download(of_emulator.emplace_back(c.arrays[k].size()).data(), reinterpret_cast<void*>(here[k]), c.arrays[k].size());
      machine.download(of_interpreter.emplace_back(c.arrays[k].size()).data(), there[k], c.arrays[k].size());
    }
    return {of_emulator, of_interpreter};
  }

 private:
  emulator::Module module_;
  emulator::Device device_;

 public:
  ptx::Machine machine;
};

void expect_same(const std::pair<std::vector<Bytes>, std::vector<Bytes>>& r, const std::string& what) {
  for (std::size_t k = 0; k < r.first.size(); ++k) {
    const auto differs = std::mismatch(r.first[k].begin(), r.first[k].end(), r.second[k].begin()).first;
    EXPECT_EQ(differs - r.first[k].begin(), static_cast<std::ptrdiff_t>(r.first[k].size())) << what << ", array " << k << ": the first byte that differs";
  }
}

TEST(SisterKernels, exchanges_between_lanes) {
  ANTIDROME_NEEDS_NVCC();
  Both both("primitives.cu");
  for (const bool same : {false, true}) {
    std::vector<unsigned> in(64);
    for (unsigned t = 0; t < 64; ++t) in[t] = same ? 7 : t * 37 % 101;
    auto r = both.run({"exchanges", {.grid = {}, .block = {64}}, {zeros(22 * 64 * 4), bytes(in)}, bytes(std::vector<unsigned>{0xffffffffu})});
    // The last row is __activemask: the emulator answers each lane alone, which is allowed as well.
    const std::vector<unsigned> all(64, 0xffffffffu);
    EXPECT_EQ(std::memcmp(r.second[0].data() + 21 * 256, all.data(), 256), 0);
    r.first[0].resize(21 * 256), r.second[0].resize(21 * 256);
    expect_same(r, same ? "equal numbers" : "other numbers");
  }
  std::vector<unsigned> in(100);
  std::iota(in.begin(), in.end(), 0u);
  expect_same(both.run({"block_votes", {.grid = {}, .block = {100}}, {zeros(1200), bytes(in)}, bytes(std::vector<unsigned>{0xffffffffu})}), "votes of a block");
}

TEST(SisterKernels, numbers) {
  ANTIDROME_NEEDS_NVCC();
  auto r = Both("primitives.cu").run({"numbers", {}, {zeros(128), zeros(64), zeros(128), zeros(64)}, bytes(std::vector<float>{0.7f, 3.3f})});
  // Two results are sums of functions of the C library, whose last bits are not those of CUDA's.
  const auto near = [&](std::size_t array, std::size_t at, auto zero, double ulps) {
    using T = decltype(zero);
    T a, b;
    std::memcpy(&a, r.first[array].data() + at * sizeof(T), sizeof(T)), std::memcpy(&b, r.second[array].data() + at * sizeof(T), sizeof(T));
    EXPECT_NEAR(a, b, ulps * std::numeric_limits<T>::epsilon() * std::abs(a));
    std::memcpy(r.second[array].data() + at * sizeof(T), &a, sizeof(T));
  };
  near(0, 7, 0.0f, 8);
  near(1, 0, 0.0, 4);
  expect_same(r, "numbers");
}

TEST(SisterKernels, atomics_vectors_indices_and_shared_memory) {
  ANTIDROME_NEEDS_NVCC();
  Both both("primitives.cu");
  std::vector<unsigned> u(104);
  u[1] = 0xffffffffu;
  auto r = both.run({"atomics", {.grid = {}, .block = {96}}, {zeros(16), bytes(u), zeros(8), zeros(4), zeros(8)}});
  for (Bytes* of : {&r.first[1], &r.second[1]}) {                // which thread swaps is open; it has written its number twice
    EXPECT_EQ(std::memcmp(of->data() + 20, of->data() + 24, 4), 0);
    std::fill_n(of->begin() + 20, 8, std::byte{0});
  }
  expect_same(r, "atomics");
  std::vector<float> in(128);
  std::iota(in.begin(), in.end(), 1.0f);
  expect_same(both.run({"vectors", {.grid = {}, .block = {32}}, {bytes(in), zeros(512), zeros(256), zeros(512)}}), "vectors");
  expect_same(both.run({"where", {.grid = {2, 3, 5}, .block = {4, 3, 2}}, {zeros(4 * 24 * 30)}}), "where");
  expect_same(both.run({"dynamic", {.grid = {3}, .block = {200}, .dynamic_shared_bytes = 800}, {zeros(2400)}}), "dynamic");
}

TEST(SisterKernels, parts_of_a_warp) {
  ANTIDROME_NEEDS_NVCC();
  Both both("warp_parts.cu");
  expect_same(both.run({"halves_meet_again", {.grid = {}, .block = {32}}, {zeros(128)}}), "halves");
  const ptx::Address out = both.machine.allocate(128, "out");
  EXPECT_THROW(both.machine.launch("wait_for_each_other", {.grid = {}, .block = {32}}, ptx::bytes_of(out)), ptx::Error);
}

TEST(SisterKernels, a_spiking_network_forwards_and_backwards) {
  ANTIDROME_NEEDS_NVCC();
  constexpr unsigned neurons = 96, samples = 5, steps = 31, capacity = neurons * steps, shares = 2;
  unsigned state = 1;
  const auto uniform = [&] { return static_cast<float>((state = state * 1664525u + 1013904223u) >> 8) / 16777216.0f; };
  std::vector<float> input(samples * steps * neurons), w((neurons + 1) * neurons);
  for (float& x : input) x = uniform() < 0.15f ? 0.55f * uniform() : 0.0f;
  for (unsigned k = 0; k < neurons * neurons; ++k) w[k] = 0.1f * uniform() - 0.055f;
  Bytes numbers = bytes(std::vector<unsigned>{samples, steps, capacity});
  const Bytes decays = bytes(std::vector<float>{0.9f, 0.8f});
  numbers.insert(numbers.end(), decays.begin(), decays.end());
  Call c{"forward_trial", {.grid = {2}, .block = {neurons}}, {bytes(input), bytes(w), zeros(samples * (steps + 1) * 4), zeros(samples * capacity * 4), zeros(samples * capacity * 4), zeros(samples * 4), zeros(samples * steps * neurons * 4),
         zeros(shares * neurons * neurons * 4)}, numbers};
  Both both("spiking.cu");
  for (const char* kernel : {"forward_trial", "backward_trial", "gather_gradient"}) {
    c.kernel = kernel;
    if (c.kernel == "gather_gradient") c.shape = {.grid = {neurons / 32, shares}, .block = {neurons}, .dynamic_shared_bytes = steps * 32 * 4};
    const auto r = both.run(c);
    expect_same(r, kernel);
    c.arrays = r.first;
  }
  unsigned spikes = 0;
  std::memcpy(&spikes, c.arrays[2].data() + steps * 4, 4);
  EXPECT_GT(spikes, 40u) << "a network that is silent proves nothing";
  const ptx::Counters counted = both.machine.counters();
  const auto& forward = counted.of("forward_trial");
  EXPECT_EQ(forward.count(ptx::Class::barrier).warps, 3u * samples * (steps + 1)) << "one a step, one a sample";
  EXPECT_EQ(forward.count(ptx::Class::vote).warps, 3u * samples * steps);
  EXPECT_EQ(forward.count(ptx::Class::shuffle).warps, 3u * samples * 5);
  EXPECT_GT(forward.cycles, 0u);
}

/// The line of patterns.cu that ends with a mark.
int line_of(const std::string& mark) {
  std::istringstream text(test::kernel_text("patterns.cu"));
  int number = 0;
  for (std::string line; std::getline(text, line);)
    if (++number; line.ends_with("// " + mark)) return number;
  ADD_FAILURE() << "no line is marked " << mark;
  return 0;
}

TEST(SisterKernels, make_the_same_traffic_line_by_line) {
  ANTIDROME_NEEDS_NVCC();
  Both both("patterns.cu");
  for (const char* kernel : {"global_patterns", "shared_patterns"}) both.run({kernel, {.grid = {}, .block = {32}}, {zeros(65536), zeros(65536)}});
  const ptx::Counters c = both.machine.counters();
  const auto traffic = [&](const char* mark, ptx::Class cls) {
    ptx::Executed sum;
    const auto line = static_cast<unsigned>(line_of(mark));
    for (const ptx::LineReport& l : c.lines)
      if (l.line == line && l.cls == cls && l.file.ends_with("patterns.cu")) sum += l.count;
    return sum;
  };
  using ptx::Class;
  struct Expected { const char* mark; Class cls; std::uint64_t lanes, traffic, ideal; };   // as in tests/emulator/counters_test.cpp, but for what nvcc joins with other lines
  for (const Expected& e : {Expected{"coalesced", Class::global_load, 32, 4, 4}, {"stride 2", Class::global_load, 32, 8, 4}, {"stride 32", Class::global_load, 32, 32, 4}, {"broadcast", Class::global_load, 32, 1, 1},
                            {"shifted by 4 bytes", Class::global_load, 32, 5, 4}, {"a double", Class::global_load, 32, 8, 8}, {"a vector", Class::global_load, 32, 16, 16}, {"every other vector", Class::global_load, 32, 32, 16},
                            {"2 bytes", Class::global_load, 32, 2, 2}, {"1 byte", Class::global_load, 32, 1, 1}, {"every fourth lane", Class::global_load, 8, 4, 1}, {"store", Class::global_store, 32, 4, 4},
                            {"store 16 bytes", Class::global_store, 32, 16, 16}, {"one way", Class::shared_load, 32, 1, 1}, {"thirty-two way", Class::shared_load, 32, 32, 1}, {"padded column", Class::shared_load, 32, 1, 1}, {"one word for all", Class::shared_load, 32, 1, 1}, {"four words of one bank", Class::shared_load, 32, 4, 1}}) {
    const ptx::Executed got = traffic(e.mark, e.cls);
    EXPECT_EQ(got.warps, 1u) << e.mark;
    EXPECT_EQ(got.lanes, e.lanes) << e.mark;
    EXPECT_EQ(got.traffic, e.traffic) << e.mark;
    EXPECT_EQ(got.ideal, e.ideal) << e.mark;
  }
}

}  // namespace
}  // namespace antidrome
