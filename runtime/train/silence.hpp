// Neurons that fire in no trial of an epoch pass no gradient, so nothing but this can wake them.
#pragma once
#include "runtime/session/parameters.hpp"
#include "runtime/train/config.hpp"

namespace antidrome {

/// After epoch `epoch` (from 1): to every weight that leads to a neuron without a spike in the epoch, lift_silent is added, or
/// (redraw_silent) it is drawn anew from its initial distribution; then it is clamped to its bounds. `spikes`: per neuron of all
/// populations, in manifest order. A weight named by itself goes before its population. Returns how many neurons were concerned.
std::uint64_t wake_silent(Arrays& parameters, const Manifest& manifest, const TrainConfig& config, const std::vector<std::uint64_t>& spikes, std::uint64_t epoch);

}  // namespace antidrome
