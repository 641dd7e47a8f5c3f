// Each primitive of the device's language against its definition.
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include <gtest/gtest.h>

#include "tests/emulator/modules.hpp"

namespace antidrome {
namespace {

using emulator::bytes_of;
using emulator::Device;
using emulator::Mode;

/// Plain and checked, in order and not, by both compilers: the results must be the same.
struct Way {
  Mode mode;
  std::uint64_t seed;
  bool clang;
};
class Primitives : public testing::TestWithParam<Way> {
 protected:
  void SetUp() override {
    if (GetParam().clang && test::clang().empty()) GTEST_SKIP() << "SKIP: no clang";
    module = test::compiled("primitives.cu", GetParam().mode, GetParam().clang ? test::clang() : "g++");
    device = Device({.seed = GetParam().seed});
  }
  emulator::Module module;
  Device device;
};
INSTANTIATE_TEST_SUITE_P(Ways, Primitives, testing::Values(Way{Mode::plain, 0, false}, Way{Mode::plain, 3, false}, Way{Mode::checked, 0, false}, Way{Mode::plain, 0, true}, Way{Mode::checked, 5, true}),
                         [](const auto& w) { return std::string(w.param.mode == Mode::plain ? "plain" : "checked") + (w.param.seed ? "_shuffled" : "") + (w.param.clang ? "_clang" : ""); });

constexpr unsigned all = 0xffffffffu;

struct Lanes {
  unsigned* out;
  const unsigned* in;
  unsigned mask;
};

/// The rows that the kernel `exchanges` writes, by the definitions of the programming guide.
std::vector<std::vector<unsigned>> expected_exchanges(const std::vector<unsigned>& x, unsigned mask) {
  const unsigned threads = static_cast<unsigned>(x.size());
  std::vector<std::vector<unsigned>> rows(22, std::vector<unsigned>(threads));
  for (unsigned t = 0; t < threads; ++t) {
    const unsigned lane = t & 31, warp = t & ~31u;
    unsigned members = 0;
    for (unsigned l = 0; l < 32; ++l)
      if ((mask >> l & 1) != 0 && warp + l < threads) members |= 1u << l;
    const auto of = [&](unsigned l) { return x[warp + l]; };
    const auto fold = [&](auto f) {
      bool first = true;
      unsigned r = 0;
      for (unsigned l = 0; l < 32; ++l)
        if ((members >> l & 1) != 0) r = std::exchange(first, false) ? of(l) : f(r, of(l));
      return r;
    };
    const auto votes = [&](auto f) {
      unsigned r = 0;
      for (unsigned l = 0; l < 32; ++l)
        if ((members >> l & 1) != 0 && f(of(l))) r |= 1u << l;
      return r;
    };
    unsigned least_signed = all;
    for (unsigned l = 0; l < 32; ++l)
      if ((members >> l & 1) != 0 && (least_signed == all || static_cast<int>(of(l)) - 50 < static_cast<int>(least_signed))) least_signed = of(l) - 50;
    const unsigned values[] = {
        votes([](unsigned v) { return v & 1; }),
        votes([](unsigned v) { return v == 7; }) != 0,
        votes([](unsigned v) { return v < 100; }) == members,
        of(5),
        of((lane & ~7u) | ((lane + 3) & 7)),
        of(lane < 3 ? lane : lane - 3),
        of((lane & 15) + 3 >= 16 ? lane : lane + 3),
        of(lane ^ 9),
        of((lane ^ 6) > (lane | 3) ? lane : lane ^ 6),
        votes([&](unsigned v) { return (v & 3) == (x[t] & 3); }),
        fold([](unsigned a, unsigned b) { return a + b; }),
        fold([](unsigned a, unsigned b) { return std::min(a, b); }),
        least_signed,
        fold([](unsigned a, unsigned b) { return std::max(a, b); }),
        fold([](unsigned a, unsigned b) { return a & b; }) | 1024,
        fold([](unsigned a, unsigned b) { return a | b; }),
        fold([](unsigned a, unsigned b) { return a ^ b; }),
        static_cast<unsigned>(1.5 * of(lane ^ 1)),
        std::bit_cast<unsigned>(static_cast<float>(of(lane == 0 ? 0 : lane - 1))),
        votes([&](unsigned v) { return v == x[t]; }) == mask ? mask : 0,
        votes([&](unsigned v) { return v == x[t]; }) == mask,
        1u << lane};
    for (unsigned r = 0; r < 22; ++r) rows[r][t] = values[r];
  }
  return rows;
}

TEST_P(Primitives, exchanges_between_lanes_follow_their_definitions) {
  for (const bool same : {false, true}) {
    std::vector<unsigned> in(64);
    for (unsigned t = 0; t < 64; ++t) in[t] = same ? 7 : t * 37 % 101;
    unsigned* out = device.allocate<unsigned>(22 * 64);
    ASSERT_TRUE(device.launch(module.kernel("exchanges"), {.grid = {1}, .block = {64}}, bytes_of(Lanes{out, device.upload<unsigned>(std::span<const unsigned>(in)), all})));
    const auto got = device.download(out, 22 * 64);
    const auto expected = expected_exchanges(in, all);
    for (unsigned r = 0; r < 22; ++r)
      for (unsigned t = 0; t < 64; ++t) EXPECT_EQ(got[r * 64 + t], expected[r][t]) << "operation " << r << ", thread " << t;
    EXPECT_TRUE(device.report().clean()) << device.report().text();
  }
}

TEST_P(Primitives, votes_of_a_warp_ignore_lanes_that_have_returned_or_never_were) {
  // 48 threads, of which the odd half of each quarter has returned: sums and votes of the rest.
  constexpr unsigned mask = 0x55555555u;
  std::vector<unsigned> in(48);
  std::iota(in.begin(), in.end(), 3u);
  unsigned* out = device.allocate<unsigned>(22 * 48);
  ASSERT_TRUE(device.launch(module.kernel("exchanges"), {.grid = {1}, .block = {48}}, bytes_of(Lanes{out, device.upload<unsigned>(std::span<const unsigned>(in)), mask})));
  const auto got = device.download(out, 22 * 48);
  const auto expected = expected_exchanges(in, mask);
  for (const unsigned r : {0u, 1u, 2u, 9u, 10u, 11u, 12u, 13u, 14u, 15u, 16u, 21u})
    for (unsigned t = 0; t < 48; t += 2) EXPECT_EQ(got[r * 48 + t], expected[r][t]) << "operation " << r << ", thread " << t;
  EXPECT_TRUE(device.report().has(emulator::Defect::unknown_source)) << "__shfl_sync(…, 5) reads a lane that has returned";
}

TEST_P(Primitives, votes_of_a_block_count_all_threads) {
  std::vector<unsigned> in(100);
  std::iota(in.begin(), in.end(), 0u);
  unsigned* out = device.allocate<unsigned>(300);
  ASSERT_TRUE(device.launch(module.kernel("block_votes"), {.grid = {1}, .block = {100}}, bytes_of(Lanes{out, device.upload<unsigned>(std::span<const unsigned>(in)), all})));
  const auto got = device.download(out, 300);
  for (unsigned t = 0; t < 100; ++t) {
    EXPECT_EQ(got[t], 50u);
    EXPECT_EQ(got[100 + t], 1u);
    EXPECT_EQ(got[200 + t], 1u);
  }
  EXPECT_EQ(device.counters().of("block_votes").barriers_per_warp(), 4.0);
}

struct Numbers {
  float* f;
  double* d;
  unsigned* u;
  unsigned long long* l;
  float x, y;
};

TEST_P(Primitives, functions_of_integers_follow_their_definitions) {
  const Numbers a{device.allocate<float>(32), device.allocate<double>(8), device.allocate<unsigned>(32), device.allocate<unsigned long long>(8), 0.7f, 3.3f};
  ASSERT_TRUE(device.launch(module.kernel("numbers"), {.grid = {1}, .block = {1}}, bytes_of(a)));
  const auto u = device.download(a.u, 26);
  const unsigned expected[] = {8, 5, 31, 0xc8000000u, 16, 41, 3, ~0u, 0x3f800000u, 0x87040300u, 0x18u, 32, 0, 0x80000001u, 2, unsigned(-2), unsigned(-3), 3, 0x7fffffffu, 0, 0, 4000000000u, 3, 2, 0x3ff00000u, 77};
  for (unsigned k = 0; k < 26; ++k) EXPECT_EQ(u[k], expected[k]) << "result " << k;
  const auto l = device.download(a.l, 4);
  EXPECT_EQ(l[0], 3u);
  EXPECT_EQ(l[1], 1ull << 63);
  EXPECT_EQ(l[2], 0x3ff0000000000000ull);
  EXPECT_EQ(l[3], ~0ull) << "1.8446744e19f is 2^64: it saturates";
}

TEST_P(Primitives, functions_of_reals_follow_their_definitions) {
  const float x = 0.7f, y = 3.3f;
  const Numbers a{device.allocate<float>(32), device.allocate<double>(8), device.allocate<unsigned>(32), device.allocate<unsigned long long>(8), x, y};
  ASSERT_TRUE(device.launch(module.kernel("numbers"), {.grid = {1}, .block = {1}}, bytes_of(a)));
  const auto f = device.download(a.f, 16);
  const auto two_to = [](float v) { return static_cast<float>(std::exp2(static_cast<double>(v))); };
  const auto log2_of = [](float v) { return static_cast<float>(std::log2(static_cast<double>(v))); };
  EXPECT_EQ(f[0], two_to(x * 1.44269504f));
  EXPECT_EQ(f[1], log2_of(x) * 0.693147182f);
  EXPECT_EQ(f[2], x / y);
  EXPECT_EQ(f[3], 1.0f / x);
  EXPECT_EQ(f[4], std::sqrt(x));
  EXPECT_EQ(f[5], std::fma(x, y, -x));
  EXPECT_EQ(f[6], static_cast<float>(1.0 / std::sqrt(static_cast<double>(x))));
  // Functions of the C library: two builds of the same sum may differ by the rounding of each term.
  const float sum = std::exp(x) + std::log(x) + std::sin(x) * std::cos(x) + std::tanh(x) + std::pow(x, y) + std::floor(y) + std::fabs(x);
  EXPECT_NEAR(f[7], sum, 8 * std::numeric_limits<float>::epsilon() * sum);
  EXPECT_EQ(f[8], x);
  EXPECT_EQ(f[9], static_cast<float>(1.0 / 3.0));
  EXPECT_EQ(f[10], 18446744073709551616.0f);
  EXPECT_EQ(f[11], x);
  EXPECT_EQ(f[12], two_to(y * log2_of(x)));
  EXPECT_EQ(f[13], 0.0f) << "by a divisor above 2^126";
  EXPECT_EQ(f[14], 16777216.0f) << "ties go to even";
  EXPECT_EQ(f[15], f[5]);
  const auto d = device.download(a.d, 4);
  const double wide = static_cast<double>(x);
  EXPECT_NEAR(d[0], std::exp(wide) + std::log(wide) + std::sqrt(wide), 4 * std::numeric_limits<double>::epsilon() * d[0]);
  EXPECT_EQ(d[1], std::fma(wide, 3.0, 1.0));
  EXPECT_EQ(d[2], 2.0);
  EXPECT_EQ(d[3], 0.5);
}

struct Atomics {
  int* i;
  unsigned* u;
  unsigned long long* l;
  float* f;
  double* d;
};

TEST_P(Primitives, atomics_of_all_threads_add_up) {
  const Atomics a{device.allocate<int>(4), device.allocate<unsigned>(8 + 96), device.allocate<unsigned long long>(1), device.allocate<float>(1), device.allocate<double>(1)};
  for (const auto& [p, n] : std::initializer_list<std::pair<void*, std::size_t>>{{a.i, 16}, {a.u, 4 * 104}, {a.l, 8}, {a.f, 4}, {a.d, 8}}) device.clear(p, n);
  const unsigned full = all;
  device.upload(a.u + 1, &full, 4);
  ASSERT_TRUE(device.launch(module.kernel("atomics"), {.grid = {1}, .block = {96}}, bytes_of(a)));
  EXPECT_EQ(device.download(a.i, 4), (std::vector<int>{-95 * 96 / 2, 95, -95, -192}));
  const auto u = device.download(a.u, 104);
  EXPECT_EQ(u[0], all);
  EXPECT_EQ(u[1], 0u);
  EXPECT_EQ(u[2], 0u) << "0 ^ 1 ^ … ^ 95";
  EXPECT_EQ(u[3], 96u % 10) << "counts 0 … 9";
  EXPECT_EQ(u[4], (1000u - 96u) % 10);
  EXPECT_EQ(u[5], u[6]) << "one thread alone has swapped";
  for (unsigned k = 0; k < 96; ++k) EXPECT_EQ(u[8 + k], 1u) << "a ticket that nobody drew";
  EXPECT_EQ(device.download(a.l, 1)[0], 96ull << 33);
  EXPECT_EQ(device.download(a.f, 1)[0], 48.0f);
  EXPECT_EQ(device.download(a.d, 1)[0], 24.0);
}

struct Vectors {
  const float* in;
  float* out;
  unsigned short* shorts;
  double* doubles;
};

TEST_P(Primitives, vectors_lie_in_memory_as_on_a_device) {
  std::vector<float> in(4 * 32);
  std::iota(in.begin(), in.end(), 1.0f);
  const Vectors a{device.upload<float>(std::span<const float>(in)), device.allocate<float>(4 * 32), device.allocate<unsigned short>(4 * 32), device.allocate<double>(2 * 32)};
  ASSERT_TRUE(device.launch(module.kernel("vectors"), {.grid = {1}, .block = {32}}, bytes_of(a)));
  const auto out = device.download(a.out, 128);
  const auto shorts = device.download(a.shorts, 128);
  const auto doubles = device.download(a.doubles, 64);
  for (unsigned t = 0; t < 32; ++t) {
    for (unsigned k = 0; k < 4; ++k) EXPECT_EQ(out[4 * t + k], in[4 * t + 3 - k]);
    EXPECT_EQ(shorts[4 * t], t);
    EXPECT_EQ(shorts[4 * t + 3], 4u);
    EXPECT_EQ(doubles[2 * t], t);
    EXPECT_EQ(doubles[2 * t + 1], static_cast<double>(in[4 * t]));
  }
}

struct Where {
  unsigned* out;
};

TEST_P(Primitives, threads_and_blocks_of_three_dimensions_have_their_indices) {
  unsigned* out = device.allocate<unsigned>(24 * 30);
  ASSERT_TRUE(device.launch(module.kernel("where"), {.grid = {2, 3, 5}, .block = {4, 3, 2}}, bytes_of(Where{out})));
  const auto got = device.download(out, 24 * 30);
  for (unsigned b = 0; b < 30; ++b)
    for (unsigned t = 0; t < 24; ++t) EXPECT_EQ(got[b * 24 + t], t + 1000 * b + 100000 * (t / 12));
}

struct Dynamic {
  float* out;
};

TEST_P(Primitives, shared_memory_belongs_to_a_block) {
  float* out = device.allocate<float>(3 * 200);
  ASSERT_TRUE(device.launch(module.kernel("dynamic"), {.grid = {3}, .block = {200}, .dynamic_shared_bytes = 800}, bytes_of(Dynamic{out})));
  const auto got = device.download(out, 600);
  for (unsigned k = 0; k < 600; ++k) {
    float sum = 0;
    for (unsigned j = 0; j < k % 200; ++j) sum += static_cast<float>(j) * (static_cast<float>(j) + 1.0f);
    EXPECT_EQ(got[k], sum);
  }
}

}  // namespace
}  // namespace antidrome
