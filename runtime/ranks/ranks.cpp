#include "runtime/ranks/ranks.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <numeric>

namespace antidrome {
namespace {

/// Offsets of `bytes[r]` bytes a rank, one after the other.
std::vector<std::size_t> offsets(const std::vector<std::size_t>& bytes) {
  std::vector<std::size_t> begin(bytes.size() + 1, 0);
  std::partial_sum(bytes.begin(), bytes.end(), begin.begin() + 1);
  return begin;
}

template <class T> std::vector<T> gather_values(Ranks& ranks, T own) {
  std::vector<T> all(ranks.size());
  all[ranks.rank()] = own;
  ranks.gather(reinterpret_cast<std::byte*>(all.data()), offsets(std::vector<std::size_t>(ranks.size(), sizeof(T))));
  return all;
}

}  // namespace

void OneRank::swap(const std::byte* send, std::span<const std::size_t> send_begin, std::byte* receive, std::span<const std::size_t> receive_begin) {
  std::memcpy(receive + receive_begin[0], send + send_begin[0], send_begin[1] - send_begin[0]);
}

int OneRank::finish(int exit_code, const std::string& complaint) {
  std::fputs(complaint.c_str(), stderr);
  return exit_code;
}

antidrome_share share_of(std::uint32_t samples, std::uint32_t chunks, const Ranks& ranks, std::uint32_t rank) {
  const std::uint32_t parts = std::min(std::max(chunks, 1u), samples);
  const auto first = [&](std::uint32_t r) { return static_cast<std::uint32_t>(std::uint64_t{parts} * r / ranks.size()); };
  antidrome_share share{samples, 0, first(rank), first(rank + 1) - first(rank)};
  if (parts > 0) share.first_sample = static_cast<std::uint32_t>(std::uint64_t{samples} * share.first_chunk / parts);
  return share;
}

std::uint32_t samples_of(const antidrome_share& share, std::uint32_t chunks) {
  antidrome_settings settings{};
  settings.chunks = chunks;
  settings.share = share;
  return antidrome_chunk_begin(&settings, share.own_chunks);
}

std::vector<std::string> gather_texts(Ranks& ranks, const std::string& own) {
  const std::vector<std::size_t> begin = offsets(gather_values<std::size_t>(ranks, own.size()));
  std::string all(begin.back(), '\0');
  std::copy(own.begin(), own.end(), all.begin() + static_cast<std::ptrdiff_t>(begin[ranks.rank()]));
  ranks.gather(reinterpret_cast<std::byte*>(all.data()), begin);
  std::vector<std::string> out;
  for (std::size_t r = 0; r < ranks.size(); ++r) out.push_back(all.substr(begin[r], begin[r + 1] - begin[r]));
  return out;
}

void sum_integers(Ranks& ranks, std::span<std::uint64_t> values) {
  std::vector<std::uint64_t> all(ranks.size() * values.size());
  std::copy(values.begin(), values.end(), all.begin() + static_cast<std::ptrdiff_t>(ranks.rank() * values.size()));
  ranks.gather(reinterpret_cast<std::byte*>(all.data()), offsets(std::vector<std::size_t>(ranks.size(), values.size_bytes())));
  for (std::size_t k = 0; k < values.size(); ++k) {
    values[k] = 0;
    for (std::size_t r = 0; r < ranks.size(); ++r) values[k] += all[r * values.size() + k];
  }
}

std::uint64_t largest(Ranks& ranks, std::uint64_t value) {
  const std::vector<std::uint64_t> all = gather_values(ranks, value);
  return *std::max_element(all.begin(), all.end());
}

bool any(Ranks& ranks, bool own) { return largest(ranks, own ? 1 : 0) > 0; }

std::uint64_t from_first(Ranks& ranks, std::uint64_t value) { return gather_values(ranks, value).front(); }

void meet(Ranks& ranks) { from_first(ranks, 0); }

std::string told_once(std::vector<Ending> endings) {
  std::sort(endings.begin(), endings.end(), [](const Ending& a, const Ending& b) { return a.rank < b.rank; });
  std::string out;
  std::vector<std::string> told;
  for (const Ending& e : endings) {
    if (e.complaint.empty() || std::find(told.begin(), told.end(), e.complaint) != told.end()) continue;
    told.push_back(e.complaint);
    if (e.rank != 0) out += "on rank " + std::to_string(e.rank) + ":\n";
    out += e.complaint;
  }
  return out;
}

}  // namespace antidrome
