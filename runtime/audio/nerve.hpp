// From the motion of the basilar membrane to spikes: hair cells, the fibres of the auditory nerve, and bushy cells.
//
// Each channel has one hair cell, `fibres` fibres and one bushy cell. A fibre fires in a step with the probability that the hair cell
// gives, but not within 1 ms of its last spike. All fibres of a channel have the same weight, so only their number counts, and
// that is drawn at once: Binomial(fibres that are not refractory, probability).
//
// The bushy cell is a leaky integrate-and-fire neuron (Cramer et al. 2020):
//   I' = -I / 0.5 ms, + 1 for each fibre that fires;   V' = -V / 1 ms + weight / fibres I;   a spike at V >= 1, V := 0 for 1 ms.
#pragma once
#include "runtime/audio/hair_cell.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace antidrome::audio {

/// Steps per second of hair cells and neurons: half of the 48 kHz of the recordings the model was made for.
inline constexpr double steps_per_second = 24000;

struct ChannelSpike {
  std::uint32_t step;
  std::uint16_t channel;
  friend bool operator==(const ChannelSpike&, const ChannelSpike&) = default;
};

/// Draws depend on this, the channel and the step, and on nothing else.
struct DrawKey {
  std::uint64_t seed = 1;
  std::uint32_t recording = 0;   ///< position of the recording in its list
};

/// Runs `lanes` channels from rest. `motion` holds step x lane; channels from first_channel + `channels` on are not reported.
/// Spikes are appended by step, then channel.
void run_nerve(std::span<const float> motion, std::size_t first_channel, std::size_t channels, const DrawKey& key, std::vector<ChannelSpike>& spikes);

/// How many of `available` fire (at most 40 of them), each with `probability`, where `uniform` in (0, 1) is where in the distribution: the inverse of
/// Binomial(available, probability)'s cumulative distribution.
std::array<std::int32_t, lanes> binomial(const std::array<std::int32_t, lanes>& available, const Lanes& probability, const Lanes& uniform);

}  // namespace antidrome::audio
