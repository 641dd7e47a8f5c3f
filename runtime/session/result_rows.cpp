#include "runtime/session/result_rows.hpp"

#include <algorithm>
#include <cstring>

namespace antidrome {
namespace {

/// Calls f(array, elements of it that one sample has) for every array of a result.
template <class F> void for_arrays(BatchResult& r, std::size_t scores, std::size_t neurons, F f) {
  f(r.index, 1), f(r.label, 1), f(r.loss, 1), f(r.scores, scores), f(r.prediction, 1), f(r.spike_counts, neurons), f(r.status, 1);
}

}  // namespace

void resize(BatchResult& r, std::size_t samples, std::uint32_t scores, std::uint32_t neurons) {
  r.samples = samples;
  r.code = ANTIDROME_OK;
  for_arrays(r, scores, neurons, [&](auto& array, std::size_t of_sample) { array.assign(samples * of_sample, {}); });
  std::fill(r.prediction.begin(), r.prediction.end(), -1);
}

void collect_rows(BatchResult& r, Exchange& exchange, const antidrome_share& share, std::uint32_t scores, std::uint32_t neurons) {
  std::size_t row = 0;
  for_arrays(r, scores, neurons, [&](auto& array, std::size_t of_sample) { row += of_sample * sizeof array[0]; });
  std::vector<std::byte> rows(share.samples * row);
  // One message for all arrays: the row of a sample is what each of them has of it.
  const auto copy = [&](std::size_t first, std::size_t samples, bool out) {
    std::size_t offset = 0;
    for_arrays(r, scores, neurons, [&](auto& array, std::size_t of_sample) {
      const std::size_t bytes = of_sample * sizeof array[0];
      for (std::size_t s = 0; s < samples && bytes > 0; ++s) {
        std::byte* const there = rows.data() + (first + s) * row + offset;
        auto* const here = array.data() + s * of_sample;
        if (out) std::memcpy(there, here, bytes);
        else std::memcpy(here, there, bytes);
      }
      offset += bytes;
    });
  };
  copy(share.first_sample, r.samples, true);
  exchange.gather(ANTIDROME_ROWS_OF_SAMPLES, rows.data(), row);
  resize(r, share.samples, scores, neurons);
  copy(0, share.samples, false);
  const auto bad = std::find_if(r.status.begin(), r.status.end(), [](const antidrome_status& s) { return s.code != ANTIDROME_OK; });
  if (bad != r.status.end()) r.code = static_cast<int>(bad->code);
}

}  // namespace antidrome
