#include "runtime/ranks/exchange.hpp"

#include <algorithm>
#include <cstring>

namespace antidrome {
namespace {

/// A slice begins and ends with a line of memory, so that no element is cut in two.
constexpr std::size_t line = 64;

std::size_t lines_of(const antidrome_partial& a) { return (a.elements * a.element_bytes + line - 1) / line * line; }

/// Calls f(array, offset in the array, bytes, offset in [0, last - first)) for what the bytes [first, last) of all arrays, one after the other, are made of.
template <class F> void for_pieces(std::span<const antidrome_partial> arrays, std::size_t first, std::size_t last, F f) {
  std::size_t begin = 0;
  for (const antidrome_partial& a : arrays) {
    const std::size_t end = begin + lines_of(a), from = std::max(begin, first), to = std::min({end, last, begin + a.elements * a.element_bytes});
    if (from < to) f(a, from - begin, to - from, from - first);
    begin = end;
  }
}

template <class Real> void add(std::byte* sum, const std::byte* more, std::size_t bytes) {
  auto* to = reinterpret_cast<Real*>(sum);
  const auto* from = reinterpret_cast<const Real*>(more);
  for (std::size_t k = 0; k < bytes / sizeof(Real); ++k) to[k] += from[k];
}

void c_gather(void* self, int rows_of, void* rows, std::uint64_t row_bytes) { static_cast<Exchange*>(self)->gather(rows_of, static_cast<std::byte*>(rows), row_bytes); }
void c_gather_device(void* self, int rows_of, void* rows, std::uint64_t row_bytes) { static_cast<Exchange*>(self)->gather(rows_of, static_cast<std::byte*>(rows), row_bytes, true); }
void c_sum(void* self, const antidrome_partial* arrays, std::uint32_t n) { static_cast<Exchange*>(self)->sum({arrays, n}); }

}  // namespace

Exchange::Exchange(Ranks& ranks, std::uint32_t samples, std::uint32_t chunks) : ranks_(ranks), chunks_(std::min(std::max(chunks, 1u), samples)) {
  for (std::uint32_t r = 0; r < ranks.size(); ++r) shares_.push_back(share_of(samples, chunks, ranks, r));
  abi_ = {this, c_gather, c_sum, ranks.reaches_devices() ? c_gather_device : nullptr};
}

void Exchange::gather(int rows_of, std::byte* rows, std::size_t row_bytes, bool on_device) {
  std::vector<std::size_t> begin;
  for (const antidrome_share& s : shares_) begin.push_back(row_bytes * (rows_of == ANTIDROME_ROWS_OF_SAMPLES ? s.first_sample : s.first_chunk));
  begin.push_back(row_bytes * (rows_of == ANTIDROME_ROWS_OF_SAMPLES ? shares_.front().samples : chunks_));
  if (on_device) ranks_.gather_device(rows, begin);
  else ranks_.gather(rows, begin);
}

/// Rank r gets bytes [cuts[r], cuts[r + 1]) of every chunk. What arrives here lies chunk after chunk, since ranks have theirs in order.
void Exchange::receive_slices(std::span<const antidrome_partial> arrays, const std::vector<std::size_t>& cuts) {
  const std::uint32_t me = ranks_.rank(), own = shares_[me].own_chunks;
  std::vector<std::size_t> send_begin{0}, receive_begin{0};
  for (std::uint32_t r = 0; r < ranks_.size(); ++r) {
    send_begin.push_back(own * cuts[r + 1]);
    receive_begin.push_back(receive_begin.back() + shares_[r].own_chunks * (cuts[me + 1] - cuts[me]));
  }
  send_.resize(send_begin.back());
  received_.resize(receive_begin.back());
  for (std::uint32_t r = 0; r < ranks_.size(); ++r)
    for (std::uint32_t q = 0; q < own; ++q) {
      std::byte* const to = send_.data() + send_begin[r] + q * (cuts[r + 1] - cuts[r]);
      for_pieces(arrays, cuts[r], cuts[r + 1], [&](const antidrome_partial& a, std::size_t at, std::size_t bytes, std::size_t offset) {
        std::memcpy(to + offset, static_cast<const std::byte*>(a.parts) + q * a.chunk_bytes + at, bytes);
      });
    }
  ranks_.swap(send_.data(), send_begin, received_.data(), receive_begin);
}

void Exchange::sum(std::span<const antidrome_partial> arrays) {
  std::size_t all = 0;
  for (const antidrome_partial& a : arrays) all += lines_of(a);
  std::vector<std::size_t> cuts;
  for (std::size_t r = 0; r <= ranks_.size(); ++r) cuts.push_back(all / line * r / ranks_.size() * line);
  receive_slices(arrays, cuts);

  const std::size_t first = cuts[ranks_.rank()], last = cuts[ranks_.rank() + 1], bytes_of_slice = last - first;
  sums_.resize(all);
  std::byte* const own = sums_.data() + first;
  std::memcpy(own, received_.data(), chunks_ > 0 ? bytes_of_slice : 0);
  for (std::uint32_t q = 1; q < chunks_; ++q)
    for_pieces(arrays, first, last, [&](const antidrome_partial& a, std::size_t, std::size_t bytes, std::size_t offset) {
      (a.element_bytes == 8 ? add<double> : add<float>)(own + offset, received_.data() + q * bytes_of_slice + offset, bytes);
    });
  ranks_.gather(sums_.data(), cuts);
  for_pieces(arrays, 0, all, [&](const antidrome_partial& a, std::size_t at, std::size_t bytes, std::size_t offset) { std::memcpy(static_cast<std::byte*>(a.sum) + at, sums_.data() + offset, bytes); });
}

}  // namespace antidrome
