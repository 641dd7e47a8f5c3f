// Gradients of weights from the histories of the targets. Included by lanes.h.
#pragma once

namespace antidrome {
namespace [[gnu::visibility("hidden")]] lanes {  // simulators of other widths may be loaded beside this one

/// Gradient of a weight matrix: row i gets the sum over the spikes of unit i of factor * history[step of the spike + delay].
/// Arrivals after the last step are dropped. `first` overwrites (the first sample of a chunk), else adds: no pass that zeroes. One slice
/// of the columns at a time.
/// `Kept`: what the history is made of, numbers or pairs of halves.
template <int N, class Kept> ANTIDROME_INLINE void gather_gradient(int slice, const std::uint32_t* __restrict begin, const std::uint16_t* __restrict step, const real* __restrict factor, int units,
                                                       const Kept* __restrict history, std::size_t rows, std::uint32_t delay, std::uint32_t steps, real* __restrict gradient, int stride, bool first) {
  constexpr int SLICE = slice_of(N), COLUMNS = SLICE * LANES, WORDS = std::is_same_v<Kept, real> ? COLUMNS : pair_words(SLICE);
  const Kept* h = history + (std::size_t(slice) * rows + delay) * WORDS;
  real* g = gradient + slice * COLUMNS;
  for (int i = 0; i < units; ++i, g += stride) {
    std::uint32_t e = begin[i];
    std::uint32_t end = begin[i + 1];
    while (end > e && step[end - 1] + delay >= steps) --end;
    if (e == end && !first) continue;
    vf sum[SLICE];
    ANTIDROME_UNROLL for (int b = 0; b < SLICE; ++b) sum[b] = vf{};
    if (factor)
      for (; e < end; ++e) add_row(sum, h + std::size_t(step[e]) * WORDS, factor[e]);
    else
      for (; e < end; ++e) add_row(sum, h + std::size_t(step[e]) * WORDS);
    if (first) {
      ANTIDROME_UNROLL for (int b = 0; b < SLICE; ++b) store(g + LANES * b, sum[b]);
    } else {
      ANTIDROME_UNROLL for (int b = 0; b < SLICE; ++b) store(g + LANES * b, load(g + LANES * b) + sum[b]);
    }
  }
}

}  // namespace lanes
}  // namespace antidrome
