// Ranks as threads of one process.
#pragma once
#include "runtime/ranks/ranks.hpp"

#include <barrier>
#include <cstring>
#include <memory>
#include <thread>

namespace antidrome::test {

/// What the threads of a job see of each other.
struct ThreadJob {
  explicit ThreadJob(std::uint32_t size) : all(size), everybody(static_cast<std::ptrdiff_t>(size)) {}
  struct Offer { const std::byte* send = nullptr; std::span<const std::size_t> begin; };
  std::vector<Offer> all;
  std::barrier<> everybody;
};

class ThreadRanks final : public Ranks {
 public:
  ThreadRanks(ThreadJob& job, std::uint32_t rank) : job_(job), rank_(rank) {}
  std::uint32_t rank() const override { return rank_; }
  std::uint32_t size() const override { return static_cast<std::uint32_t>(job_.all.size()); }
  std::string name() const override { return "threads"; }
  void gather(std::byte* all, std::span<const std::size_t> begin) override {
    job_.all[rank_] = {all, begin};
    job_.everybody.arrive_and_wait();
    for (std::uint32_t r = 0; r < size(); ++r)
      if (r != rank_) std::memcpy(all + begin[r], job_.all[r].send + begin[r], begin[r + 1] - begin[r]);
    job_.everybody.arrive_and_wait();
  }
  void swap(const std::byte* send, std::span<const std::size_t> send_begin, std::byte* receive, std::span<const std::size_t> receive_begin) override {
    job_.all[rank_] = {send, send_begin};
    job_.everybody.arrive_and_wait();
    for (std::uint32_t r = 0; r < size(); ++r) std::memcpy(receive + receive_begin[r], job_.all[r].send + job_.all[r].begin[rank_], receive_begin[r + 1] - receive_begin[r]);
    job_.everybody.arrive_and_wait();
  }
  int finish(int exit_code, const std::string&) override { return exit_code; }

 private:
  ThreadJob& job_;
  std::uint32_t rank_;
};

/// Runs f(ranks) as every rank of a job of this size.
template <class F> void in_job(std::uint32_t size, F f) {
  ThreadJob job(size);
  std::vector<std::thread> threads;
  for (std::uint32_t r = 0; r < size; ++r)
    threads.emplace_back([&, r] {
      ThreadRanks ranks(job, r);
      f(ranks);
    });
  for (std::thread& t : threads) t.join();
}

}  // namespace antidrome::test
