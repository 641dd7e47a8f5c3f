// What one core can do at best: sums of rows that lie in a cache.
#include "runtime/bench/bench.hpp"

#include <cstddef>
#include <ctime>
#include <numeric>
#include <random>
#include <unistd.h>

namespace antidrome::bench {
namespace {

constexpr std::size_t ROW = 1024;   ///< bytes

template <int BYTES> struct Vector { typedef float type __attribute__((vector_size(BYTES), may_alias)); };

double cpu_seconds() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return double(t.tv_sec) + 1e-9 * double(t.tv_nsec);
}

/// The sum of some rows. Eight sums at a time fit the registers of every width.
template <int BYTES> [[gnu::always_inline]] inline void sum_rows_of(const std::byte* rows, const std::uint32_t* which, std::size_t n, std::byte* out) {
  using V = typename Vector<BYTES>::type;
  for (std::size_t part = 0; part < ROW; part += 8 * BYTES) {
    V s0{}, s1{}, s2{}, s3{}, s4{}, s5{}, s6{}, s7{};
    for (std::size_t k = 0; k < n; ++k) {
      const V* const p = reinterpret_cast<const V*>(rows + std::size_t(which[k]) * ROW + part);
      s0 += p[0], s1 += p[1], s2 += p[2], s3 += p[3], s4 += p[4], s5 += p[5], s6 += p[6], s7 += p[7];
    }
    V* const o = reinterpret_cast<V*>(out + part);
    o[0] = s0, o[1] = s1, o[2] = s2, o[3] = s3, o[4] = s4, o[5] = s5, o[6] = s6, o[7] = s7;
  }
}
/// Chains of multiplications and additions in registers: n rounds of eight vectors.
template <int BYTES> [[gnu::always_inline]] inline void multiply_and_add_of(std::byte* sums, int n, float factor) {
  using V = typename Vector<BYTES>::type;
  V* const v = reinterpret_cast<V*>(sums);
  V a = v[0], b = v[1], c = v[2], d = v[3], e = v[4], f = v[5], g = v[6], h = v[7];
  for (int k = 0; k < n; ++k) a = a * factor + factor, b = b * factor + factor, c = c * factor + factor, d = d * factor + factor, e = e * factor + factor, f = f * factor + factor, g = g * factor + factor, h = h * factor + factor;
  v[0] = a, v[1] = b, v[2] = c, v[3] = d, v[4] = e, v[5] = f, v[6] = g, v[7] = h;
}

/// Vectors as wide as the machine's, each compiled for it: wider ones would be taken apart through memory.
#ifdef __x86_64__
__attribute__((target("avx512f"))) void sum_rows_64(const std::byte* rows, const std::uint32_t* which, std::size_t n, std::byte* out) { sum_rows_of<64>(rows, which, n, out); }
__attribute__((target("avx2,fma"))) void sum_rows_32(const std::byte* rows, const std::uint32_t* which, std::size_t n, std::byte* out) { sum_rows_of<32>(rows, which, n, out); }
__attribute__((target("avx512f"))) void multiply_and_add_64(std::byte* sums, int n, float factor) { multiply_and_add_of<64>(sums, n, factor); }
__attribute__((target("avx2,fma"))) void multiply_and_add_32(std::byte* sums, int n, float factor) { multiply_and_add_of<32>(sums, n, factor); }
#endif
struct Width {
  int bytes = 16;
  void (*sum_rows)(const std::byte*, const std::uint32_t*, std::size_t, std::byte*) = &sum_rows_of<16>;
  void (*multiply_and_add)(std::byte*, int, float) = &multiply_and_add_of<16>;
};
Width widest() {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512f")) return {64, &sum_rows_64, &multiply_and_add_64};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return {32, &sum_rows_32, &multiply_and_add_32};
#endif
  return {};
}

/// GB/s from a working set of so many bytes, the best of several passes.
double bandwidth(const Width& width, std::size_t bytes) {
  const std::size_t rows = std::max<std::size_t>(bytes / ROW, 1);
  const AlignedBytes memory(rows * ROW);
  alignas(64) std::byte out[ROW];
  std::vector<std::uint32_t> order(std::max<std::size_t>(rows, 4096));
  std::mt19937 g(1);
  for (std::uint32_t& r : order) r = static_cast<std::uint32_t>(g() % rows);
  double best = 0;
  for (int pass = 0; pass < 12; ++pass) {
    const double start = cpu_seconds();
    std::size_t read = 0;
    for (int k = 0; k < 4; ++k)
      for (std::size_t from = 0; from + 16 <= order.size(); from += 16, read += 16) {
        width.sum_rows(static_cast<const std::byte*>(memory.data()), order.data() + from, 16, out);
        asm volatile("" : : "r"(out) : "memory");
      }
    best = std::max(best, 1e-9 * double(read * ROW) / (cpu_seconds() - start));
  }
  return best;
}

double gflops(const Width& width) {
  alignas(64) std::byte sums[8 * 64] = {};
  double best = 0;
  constexpr int n = 20000;
  for (int pass = 0; pass < 10; ++pass) {
    const double start = cpu_seconds();
    width.multiply_and_add(sums, n, 0.5f);
    asm volatile("" : : "r"(sums) : "memory");
    best = std::max(best, 1e-9 * n * 8 * (width.bytes / 4) * 2 / (cpu_seconds() - start));
  }
  return best;
}

std::size_t cache_bytes(int name, std::size_t otherwise) {
  const long bytes = sysconf(name);
  return bytes > 0 ? static_cast<std::size_t>(bytes) : otherwise;
}

}  // namespace

Roofline measure_roofline() {
  const Width width = widest();
  Roofline r;
  r.l1_bytes = cache_bytes(_SC_LEVEL1_DCACHE_SIZE, 32 << 10);
  r.l2_bytes = cache_bytes(_SC_LEVEL2_CACHE_SIZE, 1 << 20);
  r.l1 = bandwidth(width, r.l1_bytes / 2);
  r.l2 = bandwidth(width, r.l2_bytes / 2);
  r.l3 = bandwidth(width, r.l2_bytes * 6);
  r.gflops = gflops(width);
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
