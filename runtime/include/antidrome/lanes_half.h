// Rows of weights and histories in half precision (bfloat16): half the bytes, in loops that the caches limit. Included by lanes.h.
//
// A pair of vectors shares one vector of words: lane l of pair p holds column l of block 2p in its low half, of block 2p + 1 in its high
// half. Reading is a shift for the low half and nothing for the high one: the bits of the low half are the end of its number. So a high half is
// rounded to the nearest number that ends so, which is half a unit of bfloat16 away at most, like any other. Blocks are paired within groups that
// are read as a whole; the last pair of a group with an odd number of blocks is half empty. States, sums and gradients stay in single precision.
#pragma once

namespace antidrome {
namespace [[gnu::visibility("hidden")]] lanes {  // simulators of other widths may be loaded beside this one

typedef unsigned_word half_pair;
typedef half_pair vu __attribute__((vector_size(ANTIDROME_VECTOR_BYTES), may_alias));

ANTIDROME_INLINE vu load_pair(const half_pair* p) { return *reinterpret_cast<const vu*>(p); }
ANTIDROME_INLINE vf low_half(vu pair) { return (vf)(pair << 16); }
ANTIDROME_INLINE vf high_half(vu pair) { return (vf)pair; }
/// Ties away from zero. What is nearest to zero ends in a denormal number, which reads as zero.
ANTIDROME_INLINE void store_pair(half_pair* p, vf low, vf high) {
  const vu end = ((vu)low + half_pair(0x8000u)) >> 16, u = (vu)high;
  const vi size = (vi)(u & half_pair(0x7fffffffu)), least = (vi)end;
  const vu moved = (vu)(size > least ? size : least) + (half_pair(0x8000u) - end);
  *reinterpret_cast<vu*>(p) = (moved & half_pair(0x7fff0000u)) | (u & half_pair(0x80000000u)) | end;
}

/// Words of `blocks` blocks that are paired with each other.
constexpr int pair_words(int blocks) { return (blocks + 1) / 2 * LANES; }

// ---- rows of weights, in groups of GROUP blocks
template <int N, int GROUP> constexpr int half_stride() { return blocks_of(N) / GROUP * pair_words(GROUP); }
template <int N, int GROUP> void pack_row(half_pair* __restrict to, const real* __restrict row) {
  for (int b0 = 0; b0 < blocks_of(N); b0 += GROUP, to += pair_words(GROUP))
    for (int b = 0; b < GROUP; b += 2) store_pair(to + b / 2 * LANES, load(row + LANES * (b0 + b)), b + 1 < GROUP ? load(row + LANES * (b0 + b + 1)) : vf{});
}
/// The group of row j that begins at block b0.
template <int N, int GROUP> ANTIDROME_INLINE const half_pair* half_row(const half_pair* rows, int j, int b0) { return rows + std::size_t(j) * half_stride<N, GROUP>() + b0 / GROUP * pair_words(GROUP); }

template <int TILE> ANTIDROME_INLINE void add_row(vf (&sum)[TILE], const half_pair* __restrict row) {
  ANTIDROME_UNROLL for (int b = 0; b < TILE; b += 2) {
    const vu pair = load_pair(row + b / 2 * LANES);
    sum[b] += low_half(pair);
    if (b + 1 < TILE) sum[b + 1] += high_half(pair);
  }
}
template <int TILE> ANTIDROME_INLINE void add_row(vf (&sum)[TILE], const half_pair* __restrict row, real factor) {
  ANTIDROME_UNROLL for (int b = 0; b < TILE; b += 2) {
    const vu pair = load_pair(row + b / 2 * LANES);
    sum[b] += factor * low_half(pair);
    if (b + 1 < TILE) sum[b + 1] += factor * high_half(pair);
  }
}
template <int N, int GROUP> ANTIDROME_INLINE void add_dot(Dot& d, const half_pair* __restrict row, const real* __restrict operand) {
  constexpr int PAIRS = (GROUP + 1) / 2, ALL = blocks_of(N) / GROUP * PAIRS;   // of a group, of the row
  ANTIDROME_UNROLL for (int p = 0; p < ALL; ++p) {
    const int b = p / PAIRS * GROUP + p % PAIRS * 2;
    const vu pair = load_pair(row + p * LANES);
    d.part[b % 4] = multiply_add(low_half(pair), load(operand + LANES * b), d.part[b % 4]);
    if (p % PAIRS * 2 + 1 < GROUP) d.part[(b + 1) % 4] = multiply_add(high_half(pair), load(operand + LANES * (b + 1)), d.part[(b + 1) % 4]);
  }
}

// ---- histories: rows of a slice are groups
template <int N> ANTIDROME_INLINE half_pair* history_at(half_pair* history, std::size_t rows, std::size_t row, int b) {
  constexpr int SLICE = slice_of(N);
  return history + (std::size_t(b / SLICE) * rows + row) * std::size_t(pair_words(SLICE)) + std::size_t(b % SLICE / 2 * LANES);
}
/// Block by block: the first of a pair waits for the second.
template <int N> ANTIDROME_INLINE void keep_half(half_pair* at, int block, vf& waiting, vf x) {
  constexpr int SLICE = slice_of(N);
  const int b = block % SLICE;
  if (b % 2) store_pair(at, waiting, x);
  else if (b + 1 == SLICE) store_pair(at, x, vf{});
  else waiting = x;
}
template <int N> ANTIDROME_INLINE void clear_rows(half_pair* history, std::size_t rows, std::size_t first) {
  constexpr int WORDS = pair_words(slice_of(N));
  for (int slice = 0; slice < blocks_of(N) / slice_of(N); ++slice) std::memset(history + (std::size_t(slice) * rows + first) * WORDS, 0, (rows - first) * WORDS * sizeof(half_pair));
}

}  // namespace lanes
}  // namespace antidrome
