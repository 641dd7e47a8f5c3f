// Many recordings become one file of spikes.
#pragma once
#include "runtime/audio/ear.hpp"
#include "runtime/data/shd_writer.hpp"

#include <filesystem>
#include <functional>
#include <vector>

namespace antidrome::audio {

/// A sound file and what is known of it.
struct Recording {
  std::filesystem::path file;
  std::uint16_t label = 0, speaker = 0, take = 0;
};

struct EncodeOptions {
  EarOptions ear;
  std::uint64_t seed = 1;
  unsigned threads = 1;
};

struct Encoded {
  std::size_t samples = 0;
  std::uint64_t spikes = 0;
  double sound_s = 0;      ///< length of all sounds together
};

/// Reads every file first, so that a wrong one is told before the work begins: one mistake is thrown as itself, several as AD555.
/// Then encodes them and writes `out`, where recording k is sample k. The bits do not depend on the number of threads. `progress` is
/// called, from one thread at a time, with how much is done and of how much, in seconds of sound.
Encoded encode(const std::vector<Recording>& recordings, data::ShdHeader header, const std::filesystem::path& out, const EncodeOptions& options,
               const std::function<void(double done_s, double all_s)>& progress = {});

}  // namespace antidrome::audio
