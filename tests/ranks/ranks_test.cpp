// Shares, sums in a fixed order and what ranks tell each other, with threads as ranks.
#include "runtime/ranks/exchange.hpp"
#include "runtime/session/failure.hpp"
#include "runtime/train/trainer.hpp"
#include "tests/ranks/threads.hpp"
#include "tests/runtime/fake.hpp"

#include <atomic>
#include <cmath>

namespace antidrome {
namespace {

using test::in_job;

struct Sized final : Ranks {
  explicit Sized(std::uint32_t n) : n_(n) {}
  std::uint32_t rank() const override { return 0; }
  std::uint32_t size() const override { return n_; }
  std::string name() const override { return ""; }
  void gather(std::byte*, std::span<const std::size_t>) override {}
  void swap(const std::byte*, std::span<const std::size_t>, std::byte*, std::span<const std::size_t>) override {}
  int finish(int, const std::string&) override { return 0; }
  std::uint32_t n_;
};

TEST(Share, the_ranks_have_every_sample_and_every_chunk_once_in_order_and_cut_where_one_process_cuts) {
  for (const std::uint32_t size : {1u, 2u, 3u, 4u, 7u})
    for (const std::uint32_t chunks : {1u, 4u, 8u})
      for (const std::uint32_t samples : {1u, 2u, 5u, 13u, 32u}) {
        const Sized ranks(size);
        antidrome_settings whole{};
        whole.batch = samples, whole.chunks = chunks;
        std::uint32_t next_sample = 0, next_chunk = 0;
        for (std::uint32_t r = 0; r < size; ++r) {
          antidrome_settings own = whole;
          own.share = share_of(samples, chunks, ranks, r);
          EXPECT_EQ(own.share.first_sample, next_sample);
          EXPECT_EQ(own.share.first_chunk, next_chunk);
          for (std::uint32_t q = 0; q <= own.share.own_chunks; ++q)
            EXPECT_EQ(own.share.first_sample + antidrome_chunk_begin(&own, q), antidrome_chunk_begin(&whole, own.share.first_chunk + q)) << size << ' ' << chunks << ' ' << samples;
          next_sample += samples_of(own.share, chunks), next_chunk += own.share.own_chunks;
        }
        EXPECT_EQ(next_sample, samples);
        EXPECT_EQ(next_chunk, antidrome_share_of(&whole).own_chunks);
      }
}

/// A number of a partial sum, such that the order in which they are added shows.
template <class Real> Real part(std::uint32_t chunk, std::size_t k) { return static_cast<Real>(std::ldexp(1.0 + 0.37 * static_cast<double>(k % 11), static_cast<int>(chunk * 7 + k) % 29) * (k % 3 == 0 ? -1 : 1)); }

TEST(Exchange, sums_are_those_of_one_process_to_the_last_bit) {
  constexpr std::uint32_t chunks = 5, samples = 9;
  constexpr std::size_t floats = 1003, doubles = 17;
  std::vector<float> sum_of_floats;
  std::vector<double> sum_of_doubles;
  for (std::size_t k = 0; k < floats; ++k) {
    float sum = part<float>(0, k);
    for (std::uint32_t q = 1; q < chunks; ++q) sum += part<float>(q, k);
    sum_of_floats.push_back(sum);
  }
  for (std::size_t k = 0; k < doubles; ++k) {
    double sum = part<double>(0, k);
    for (std::uint32_t q = 1; q < chunks; ++q) sum += part<double>(q, k);
    sum_of_doubles.push_back(sum);
  }
  for (const std::uint32_t size : {1u, 2u, 3u, 5u, 8u}) in_job(size, [&](Ranks& ranks) {
    const antidrome_share share = share_of(samples, chunks, ranks);
    struct Part { float f[floats]; double d[doubles]; };
    std::vector<Part> parts(share.own_chunks + 1);
    for (std::uint32_t q = 0; q < share.own_chunks; ++q) {
      for (std::size_t k = 0; k < floats; ++k) parts[q].f[k] = part<float>(share.first_chunk + q, k);
      for (std::size_t k = 0; k < doubles; ++k) parts[q].d[k] = part<double>(share.first_chunk + q, k);
    }
    Part& total = parts.back();
    const antidrome_partial arrays[] = {{parts[0].f, total.f, sizeof(Part), floats, sizeof(float)}, {parts[0].d, total.d, sizeof(Part), doubles, sizeof(double)}};
    Exchange exchange(ranks, samples, chunks);
    exchange.abi()->sum(exchange.abi()->self, arrays, 2);
    EXPECT_EQ(std::memcmp(total.f, sum_of_floats.data(), sizeof total.f), 0) << size;
    EXPECT_EQ(std::memcmp(total.d, sum_of_doubles.data(), sizeof total.d), 0) << size;
  });
}

TEST(Exchange, rows_come_from_the_rank_that_has_the_sample_or_the_chunk) {
  for (const std::uint32_t size : {2u, 4u}) in_job(size, [&](Ranks& ranks) {
    constexpr std::uint32_t samples = 7, chunks = 3;
    const antidrome_share share = share_of(samples, chunks, ranks);
    Exchange exchange(ranks, samples, chunks);
    std::vector<std::uint32_t> of_samples(samples), of_chunks(chunks);
    for (std::uint32_t s = 0; s < samples_of(share, chunks); ++s) of_samples[share.first_sample + s] = 100 + share.first_sample + s;
    for (std::uint32_t q = 0; q < share.own_chunks; ++q) of_chunks[share.first_chunk + q] = 200 + share.first_chunk + q;
    exchange.abi()->gather(exchange.abi()->self, ANTIDROME_ROWS_OF_SAMPLES, of_samples.data(), sizeof(std::uint32_t));
    exchange.abi()->gather(exchange.abi()->self, ANTIDROME_ROWS_OF_CHUNKS, of_chunks.data(), sizeof(std::uint32_t));
    EXPECT_EQ(of_samples, (std::vector<std::uint32_t>{100, 101, 102, 103, 104, 105, 106}));
    EXPECT_EQ(of_chunks, (std::vector<std::uint32_t>{200, 201, 202}));
    EXPECT_EQ(exchange.abi()->gather_device, nullptr);
  });
}

TEST(Ranks, texts_numbers_and_wishes_reach_everybody) {
  in_job(3, [](Ranks& ranks) {
    EXPECT_EQ(gather_texts(ranks, std::string(ranks.rank() * 2, 'x')), (std::vector<std::string>{"", "xx", "xxxx"}));
    std::uint64_t sums[] = {ranks.rank(), 10};
    sum_integers(ranks, sums);
    EXPECT_EQ(sums[0], 3u);
    EXPECT_EQ(sums[1], 30u);
    EXPECT_EQ(largest(ranks, ranks.rank() + 5), 7u);
    EXPECT_TRUE(any(ranks, ranks.rank() == 2));
    EXPECT_FALSE(any(ranks, false));
    EXPECT_EQ(from_first(ranks, ranks.rank() + 40), 40u);
  });
}

TEST(Ranks, what_several_complain_of_is_told_once_and_what_one_has_alone_with_its_number) {
  EXPECT_EQ(told_once({{2, 2, "same\n"}, {0, 2, "same\n"}, {1, 2, "same\n"}}), "same\n");
  EXPECT_EQ(told_once({{1, 74, "a file\n"}, {0, 0, ""}}), "on rank 1:\na file\n");
  EXPECT_EQ(told_once({{3, 2, "other\n"}, {0, 2, "own\n"}}), "own\non rank 3:\nother\n");
  EXPECT_EQ(told_once({}), "");
}

TEST(Ranks, one_process_is_a_job_of_its_own) {
  OneRank alone;
  std::uint64_t sum = 7;
  sum_integers(alone, {&sum, 1});
  EXPECT_EQ(sum, 7u);
  EXPECT_EQ(gather_texts(alone, "text"), std::vector<std::string>{"text"});
  EXPECT_EQ(alone.finish(3, ""), 3);
}

TEST(Ranks, parameters_that_drift_apart_are_noticed_by_all) {
  const test::Scratch scratch;
  test::make_build(scratch / "build");
  const Manifest manifest = load_manifest(scratch / "build");
  std::atomic<int> noticed = 0;
  in_job(3, [&](Ranks& ranks) {
    SessionOptions options{.ranks = &ranks};
    Session session(manifest, options);
    initialise(session.parameters(), manifest, 1);
    EXPECT_NO_THROW(check_same_parameters(session));
    if (ranks.rank() == 1) session.parameters().set(1, 0, 0, std::nextafter(static_cast<float>(session.parameters().get(1, 0, 0)), 9.0f));
    try {
      check_same_parameters(session);
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.diagnostics().all().front().code, "AD464");
      EXPECT_EQ(failure.diagnostics().all().front().message, "the parameters of rank 1 are not those of rank 0");
      ++noticed;
    }
    session.take_parameters_of_first();
    EXPECT_NO_THROW(check_same_parameters(session));
  });
  EXPECT_EQ(noticed, 3);
}

}  // namespace
}  // namespace antidrome
