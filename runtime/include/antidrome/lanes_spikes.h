// Fired sets, rows of weights and histories: the loops in which a simulator spends its time. Included by lanes.h.
#pragma once

namespace antidrome {
namespace [[gnu::visibility("hidden")]] lanes {  // simulators of other widths may be loaded beside this one

/// The neurons of one population that fired in a step. Masks are lane-major: bit b of lane l belongs to neuron b * LANES + l,
/// so that setting the bits of a block is one `and` and one `or`, on any instruction set.
template <int N> struct FiredSet {
  static constexpr int BLOCKS = blocks_of(N), BITS = 8 * int(sizeof(word)), WORDS = (BLOCKS + BITS - 1) / BITS;
  static constexpr int LANES_PER_64 = 64 / BITS, PER_VECTOR = LANES / LANES_PER_64;
  static constexpr int PACK = WORDS == 1 && 2 * BLOCKS <= BITS && PER_VECTOR >= 8 ? 2 : 1;    // two lanes share a word when their bits fit
  static constexpr int SCANNED = WORDS * PER_VECTOR / PACK;
  static constexpr int BLIND = 3;                                                             // spikes a word gives without a branch

  /// bit p of 64-bit word k -> neuron; one more entry for the position that an empty last word reports
  struct Units { std::uint16_t id[SCANNED * 64 + 1]; };
  static constexpr Units units() {
    Units u{};
    for (int k = 0; k < SCANNED; ++k)
      for (int p = 0; p < 64; ++p) {
        const int bit = p % BITS, part = bit / (BITS / PACK), block = bit % (BITS / PACK);
        const int word64 = k % PER_VECTOR + part * SCANNED;
        const int neuron = (block + k / PER_VECTOR * BITS) * LANES + word64 * LANES_PER_64 + p / BITS;
        u.id[64 * k + p] = std::uint16_t(neuron < N ? neuron : 0);
      }
    return u;
  }
  static constexpr Units UNITS = units();
  /// Bits that belong to neurons, by 64-bit word of the masks.
  struct Valid { std::uint64_t word[WORDS * PER_VECTOR]; };
  static constexpr Valid valid() {
    Valid v{};
    for (int j = 0; j < N; ++j) {
      const int block = j / LANES, lane = j % LANES;
      v.word[block / BITS * PER_VECTOR + lane / LANES_PER_64] |= std::uint64_t(1) << (lane % LANES_PER_64 * BITS + block % BITS);
    }
    return v;
  }
  static constexpr Valid VALID = valid();

  vi mask[WORDS] = {};

  ANTIDROME_INLINE vi has(const FiredSet& f, int b) { return (f.mask[b / BITS] & word(unsigned_word(1) << (b % BITS))) != 0; }
  /// Lanes beyond the last neuron follow the equations, and are left out when the set is read.
  ANTIDROME_INLINE void set(FiredSet& f, int b, vi fired) {
    f.mask[b / BITS] |= fired & word(unsigned_word(1) << (b % BITS));
  }
  /// Appends the neurons to out[n...] and returns the new n. May write (not count) one element more.
  ANTIDROME_INLINE std::uint32_t extract(const FiredSet& f, std::uint16_t* __restrict out, std::uint32_t n) {
    std::uint64_t w[WORDS * PER_VECTOR];
    std::memcpy(w, f.mask, sizeof f.mask);
    if (padded(N) != N) {
      ANTIDROME_UNROLL for (int q = 0; q < WORDS * PER_VECTOR; ++q) w[q] &= VALID.word[q];
    }
    if constexpr (PACK == 2) {
      ANTIDROME_UNROLL for (int q = 0; q < SCANNED; ++q) w[q] |= w[q + SCANNED] << (BITS / 2);
    }
    ANTIDROME_UNROLL for (int q = 0; q < SCANNED; ++q) {
      std::uint64_t x = w[q];
      const std::uint16_t* u = UNITS.id + 64 * q;
      ANTIDROME_UNROLL for (int k = 0; k < BLIND; ++k) { out[n] = u[std::countr_zero(x)]; n += x != 0; x &= x - 1; }
      while (__builtin_expect(x != 0, 0)) { out[n++] = u[std::countr_zero(x)]; x &= x - 1; }
    }
    return n;
  }
};

// ---- rows of weights
template <int TILE> ANTIDROME_INLINE void add_row(vf (&sum)[TILE], const real* __restrict row) {
  ANTIDROME_UNROLL for (int b = 0; b < TILE; ++b) sum[b] += load(row + LANES * b);
}
template <int TILE> ANTIDROME_INLINE void add_row(vf (&sum)[TILE], const real* __restrict row, real factor) {
  ANTIDROME_UNROLL for (int b = 0; b < TILE; ++b) sum[b] += factor * load(row + LANES * b);
}
template <int TILE> ANTIDROME_INLINE void add_all(vf (&sum)[TILE], real factor) {
  ANTIDROME_UNROLL for (int b = 0; b < TILE; ++b) sum[b] += factor;
}

/// Four partial sums of a row times an operand: four short chains of additions instead of a long one.
struct Dot { vf part[4] = {}; };
template <int BLOCKS> ANTIDROME_INLINE void add_dot(Dot& d, const real* __restrict row, const real* __restrict operand) {
  ANTIDROME_UNROLL for (int b = 0; b < BLOCKS; ++b) d.part[b % 4] = multiply_add(load(row + LANES * b), load(operand + LANES * b), d.part[b % 4]);
}
template <int BLOCKS> ANTIDROME_INLINE void add_sum(Dot& d, const real* __restrict operand) {
  ANTIDROME_UNROLL for (int b = 0; b < BLOCKS; ++b) d.part[b % 4] += load(operand + LANES * b);
}
ANTIDROME_INLINE real total(const Dot& d) { return sum_lanes((d.part[0] + d.part[1]) + (d.part[2] + d.part[3])); }

// ---- dense couplings
template <int BLOCKS> ANTIDROME_INLINE real product_of(const real* __restrict row, const real* __restrict operand) {
  Dot d;
  add_dot<BLOCKS>(d, row, operand);
  return total(d);
}
template <int BLOCKS> ANTIDROME_INLINE real sum_of(const real* __restrict operand) {
  Dot d;
  add_sum<BLOCKS>(d, operand);
  return total(d);
}
template <int BLOCKS> ANTIDROME_INLINE void add_scaled(real* __restrict row, real factor, const real* __restrict operand) {
  ANTIDROME_UNROLL for (int b = 0; b < BLOCKS; ++b) store(row + LANES * b, load(row + LANES * b) + factor * load(operand + LANES * b));
}

// ---- history of one adjoint quantity over a trial, [slice][row][columns of the slice]: a slice stays in cache while all
// spikes of all units are looked up in it
template <int N> ANTIDROME_INLINE real* history_at(real* history, std::size_t rows, std::size_t row, int b) {
  constexpr int SLICE = slice_of(N);
  return history + (std::size_t(b / SLICE) * rows + row) * std::size_t(SLICE * LANES) + std::size_t(b % SLICE * LANES);
}

/// Zeroes the rows from `first` on.
template <int N> ANTIDROME_INLINE void clear_rows(real* history, std::size_t rows, std::size_t first) {
  constexpr int COLUMNS = slice_of(N) * LANES;
  for (int slice = 0; slice < padded(N) / COLUMNS; ++slice) std::memset(history + (std::size_t(slice) * rows + first) * COLUMNS, 0, (rows - first) * COLUMNS * sizeof(real));
}

}  // namespace lanes
}  // namespace antidrome
