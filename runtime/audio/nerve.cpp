#include "runtime/audio/nerve.hpp"

#include <antidrome/philox.h>

#include <algorithm>
#include <cmath>

namespace antidrome::audio {
namespace {

// The loops over lanes are compiled for several vector widths and the processor chooses. Every operation is rounded by itself, so all
// widths give the same bits. Sanitizers cannot follow the choice, which is made before they start.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define ANTIDROME_ANY_WIDTH __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define ANTIDROME_ANY_WIDTH
#endif
#define ANTIDROME_INLINE inline __attribute__((always_inline))

using Counts = std::array<std::int32_t, lanes>;
using Words = std::array<std::uint32_t, lanes>;

constexpr std::int32_t fibres = 40;
constexpr std::uint32_t refractory = 24;   // steps: 1 ms, of fibres and bushy cells
constexpr double tau_membrane_s = 1e-3, tau_synapse_s = 0.5e-3, weight_per_s = 13000;

// The number k is that of the values of the cumulative distribution which `uniform` has passed:
// P(0) = (1 - p)^n,   P(j + 1) = P(j) p / (1 - p) (n - j) / (j + 1)
ANTIDROME_INLINE void draw_binomial(const Counts& available, const Lanes& probability, const Lanes& uniform, Counts& count) {
  alignas(64) Lanes term, cumulative, ratio;
  std::int32_t going = 0;
#pragma omp simd reduction(| : going)
  for (std::size_t l = 0; l < lanes; ++l) {
    const float p = std::min(probability[l], 0.999f);
    float power = 1 - p, zero = 1;
    ratio[l] = p / power;
    for (int bit = 1; bit <= 32; bit *= 2) {
      zero *= (available[l] & bit) != 0 ? power : 1.0f;
      power *= power;
    }
    term[l] = cumulative[l] = zero;
    count[l] = 0;
    going |= uniform[l] >= zero;
  }
  for (std::int32_t j = 0; going != 0 && j < fibres; ++j) {
    const float next = 1.0f / static_cast<float>(j + 1);
    going = 0;
#pragma omp simd reduction(| : going)
    for (std::size_t l = 0; l < lanes; ++l) {
      count[l] += uniform[l] >= cumulative[l] && j < available[l];
      term[l] *= ratio[l] * static_cast<float>(available[l] - j) * next;
      cumulative[l] += term[l];
      going |= uniform[l] >= cumulative[l] && j + 1 < available[l];
    }
  }
}

// The fibres of `lanes` channels: who is refractory.
struct Fibres {
  alignas(64) std::array<Counts, refractory> fired{};   // in each of the last steps
  alignas(64) Counts available;
  std::uint32_t oldest = 0;

  Fibres() { available.fill(fibres); }
  ANTIDROME_INLINE void advance(const Lanes& probability, const Lanes& uniform, Counts& count) {
    Counts& slot = fired[oldest];
    oldest = oldest + 1 == refractory ? 0 : oldest + 1;
    for (std::size_t l = 0; l < lanes; ++l) available[l] += slot[l];
    draw_binomial(available, probability, uniform, count);
    for (std::size_t l = 0; l < lanes; ++l) {
      slot[l] = count[l];
      available[l] -= count[l];
    }
  }
};

struct BushyCells {
  alignas(64) Lanes v{}, current{};
  alignas(64) Counts waiting{};   // steps that are left of the refractory time
  float keep_v = static_cast<float>(std::exp(-1 / (steps_per_second * tau_membrane_s)));
  float keep_current = static_cast<float>(std::exp(-1 / (steps_per_second * tau_synapse_s)));
  float per_step = static_cast<float>(weight_per_s / fibres / steps_per_second);

  // Whether any cell spikes; `spikes` says which.
  ANTIDROME_INLINE bool advance(const Counts& arrived, Counts& spikes) {
    std::int32_t any = 0;
#pragma omp simd reduction(| : any)
    for (std::size_t l = 0; l < lanes; ++l) {
      current[l] = current[l] * keep_current + static_cast<float>(arrived[l]);
      const float raised = v[l] * keep_v + current[l] * per_step;
      const std::int32_t spike = waiting[l] == 0 && raised >= 1;
      v[l] = waiting[l] != 0 || spike ? 0.0f : raised;
      waiting[l] = spike ? static_cast<std::int32_t>(refractory) : std::max(waiting[l] - 1, 0);
      spikes[l] = spike;
      any |= spike;
    }
    return any != 0;
  }
};

// Four draws of each lane, for the steps 4 block .. 4 block + 3.
struct Uniforms {
  alignas(64) std::array<Lanes, 4> u;
  ANTIDROME_INLINE void draw(std::uint32_t block, std::uint32_t first_channel, const DrawKey& key) {
#pragma omp simd
    for (std::size_t l = 0; l < lanes; ++l) {
      const antidrome_philox words = antidrome_philox4x32(block, key.recording, first_channel + static_cast<std::uint32_t>(l), ANTIDROME_DRAW_FIBRES, key.seed);
      for (std::size_t k = 0; k < 4; ++k) u[k][l] = (static_cast<float>(words.word[k] >> 9) + 0.5f) * 0x1p-23f;   // exact: 24 bits
    }
  }
};

}  // namespace

HairCells resting(const HairCellModel& k) {
  const double permeability = k.g * k.a / (k.a + k.b);
  const double c = k.m * k.y * permeability / (k.l * permeability + k.y * (k.l + k.r));
  HairCells out;
  out.c.fill(static_cast<float>(c));
  out.q.fill(static_cast<float>(c * (k.l + k.r) / permeability));
  out.w.fill(static_cast<float>(c * k.r / k.x));
  return out;
}

ANTIDROME_ANY_WIDTH
void run_nerve(std::span<const float> motion, std::size_t first_channel, std::size_t channels, const DrawKey& key, std::vector<ChannelSpike>& spikes) {
  const HairCellStep hair_cell({}, 1 / steps_per_second);
  HairCells cells = resting({});
  Fibres nerve;
  BushyCells bushy;
  Uniforms uniforms;
  alignas(64) Lanes probability;
  alignas(64) Counts fired, spiked;
  const std::uint32_t steps = static_cast<std::uint32_t>(motion.size() / lanes);
  for (std::uint32_t step = 0; step < steps; ++step) {
    if (step % 4 == 0) uniforms.draw(step / 4, static_cast<std::uint32_t>(first_channel), key);
    const float* at = motion.data() + step * lanes;
#pragma omp simd
    for (std::size_t l = 0; l < lanes; ++l) probability[l] = hair_cell.advance(cells, l, at[l]);
    nerve.advance(probability, uniforms.u[step % 4], fired);
    if (!bushy.advance(fired, spiked)) continue;
    for (std::size_t l = 0; l < channels; ++l)
      if (spiked[l] != 0) spikes.push_back({step, static_cast<std::uint16_t>(first_channel + l)});
  }
}

ANTIDROME_ANY_WIDTH
std::array<std::int32_t, lanes> binomial(const std::array<std::int32_t, lanes>& available, const Lanes& probability, const Lanes& uniform) {
  Counts count;
  draw_binomial(available, probability, uniform, count);
  return count;
}

}  // namespace antidrome::audio
