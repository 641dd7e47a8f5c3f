// What one core can do at best: sums of rows that lie in a cache.
#include "runtime/bench/bench.hpp"

#include <ctime>
#include <numeric>
#include <random>
#include <unistd.h>

namespace antidrome::bench {
namespace {

typedef float block __attribute__((vector_size(64), may_alias));
constexpr int ROW = 16;   ///< blocks of 64 bytes, as many as 512-bit registers can sum

double cpu_seconds() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return double(t.tv_sec) + 1e-9 * double(t.tv_nsec);
}

/// The sum of some rows of 1 KiB. Compiled for what the machine has.
#if defined(__x86_64__) && !defined(__clang__)
__attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#endif
void sum_rows(const block* rows, const std::uint32_t* which, std::size_t n, block* out) {
  for (int half = 0; half < 2; ++half) {                          // eight sums fit the registers of every width
    const block* r = rows + half * 8;
    block s0{}, s1{}, s2{}, s3{}, s4{}, s5{}, s6{}, s7{};
    for (std::size_t k = 0; k < n; ++k) {
      const block* p = r + std::size_t(which[k]) * ROW;
      s0 += p[0], s1 += p[1], s2 += p[2], s3 += p[3], s4 += p[4], s5 += p[5], s6 += p[6], s7 += p[7];
    }
    block* o = out + half * 8;
    o[0] = s0, o[1] = s1, o[2] = s2, o[3] = s3, o[4] = s4, o[5] = s5, o[6] = s6, o[7] = s7;
  }
}

/// GB/s from a working set of so many bytes, the best of several passes.
double bandwidth(std::size_t bytes) {
  const std::size_t rows = std::max<std::size_t>(bytes / sizeof(block) / ROW, 1);
  const AlignedBytes memory(rows * ROW * sizeof(block));
  alignas(64) block out[ROW];
  std::vector<std::uint32_t> order(std::max<std::size_t>(rows, 4096));
  std::mt19937 g(1);
  for (std::uint32_t& r : order) r = static_cast<std::uint32_t>(g() % rows);
  double best = 0;
  for (int pass = 0; pass < 12; ++pass) {
    const double start = cpu_seconds();
    std::size_t read = 0;
    for (int k = 0; k < 4; ++k)
      for (std::size_t from = 0; from + 16 <= order.size(); from += 16, read += 16) {
        sum_rows(static_cast<const block*>(memory.data()), order.data() + from, 16, out);
        asm volatile("" : : "r"(out) : "memory");
      }
    best = std::max(best, 1e-9 * double(read * ROW * sizeof(block)) / (cpu_seconds() - start));
  }
  return best;
}

/// Chains of multiplications and additions in registers.
#if defined(__x86_64__) && !defined(__clang__)
__attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#endif
void multiply_and_add(block* sums, int n, float factor) {
  block a = sums[0], b = sums[1], c = sums[2], d = sums[3], e = sums[4], f = sums[5], g = sums[6], h = sums[7];
  for (int k = 0; k < n; ++k) a = a * factor + factor, b = b * factor + factor, c = c * factor + factor, d = d * factor + factor, e = e * factor + factor, f = f * factor + factor, g = g * factor + factor, h = h * factor + factor;
  sums[0] = a, sums[1] = b, sums[2] = c, sums[3] = d, sums[4] = e, sums[5] = f, sums[6] = g, sums[7] = h;
}

double gflops() {
  alignas(64) block sums[8] = {};
  double best = 0;
  constexpr int n = 20000;
  for (int pass = 0; pass < 10; ++pass) {
    const double start = cpu_seconds();
    multiply_and_add(sums, n, 0.5f);
    asm volatile("" : : "r"(sums) : "memory");
    best = std::max(best, 1e-9 * n * 8 * 16 * 2 / (cpu_seconds() - start));
  }
  return best;
}

std::size_t cache_bytes(int name, std::size_t otherwise) {
  const long bytes = sysconf(name);
  return bytes > 0 ? static_cast<std::size_t>(bytes) : otherwise;
}

}  // namespace

Roofline measure_roofline() {
  Roofline r;
  r.l1_bytes = cache_bytes(_SC_LEVEL1_DCACHE_SIZE, 32 << 10);
  r.l2_bytes = cache_bytes(_SC_LEVEL2_CACHE_SIZE, 1 << 20);
  r.l1 = bandwidth(r.l1_bytes / 2);
  r.l2 = bandwidth(r.l2_bytes / 2);
  r.l3 = bandwidth(r.l2_bytes * 6);
  r.gflops = gflops();
  return r;
}

double bound_ms(const Shape& shape, const Counts& counts, const Manifest& manifest, const Roofline& roofline) {
  const bool half = manifest.precision == "mixed";
  const double weight = manifest.precision == "double" ? 8 : half ? 2 : 4, number = manifest.precision == "double" ? 8 : 4;
  double elements = 0, states = 0;
  for (const ParameterInfo& p : manifest.parameters)
    if (p.axes == "source target" && !p.weight_into.empty()) elements += double(p.rows) * p.cols;
  for (const PopulationInfo& p : manifest.populations) states += double(p.size) * double(p.states.size());
  const double steps = shape.length_ms / shape.dt_ms, slice = std::min(double(shape.hidden), 128.0) * steps * weight;
  const double samples = counts.neuron_steps / (steps * double(manifest.neurons()));
  double bytes_ms = 0;
  bytes_ms += counts.forward_events * weight / roofline.of(elements * weight);                  // rows of weights, forwards
  bytes_ms += (counts.forward_events - counts.input_events * shape.hidden) * weight / roofline.of(elements * weight);   // the same of own spikes, backwards
  bytes_ms += counts.forward_events * weight / roofline.of(slice);                              // histories
  bytes_ms += 4 * samples * states * steps * number / roofline.l1;                                           // states and adjoints: read and written
  return 1e-6 * bytes_ms;
}

}  // namespace antidrome::bench
