// Sound files: WAV, FLAC, Ogg, AIFF and whatever else libsndfile reads.
#pragma once
#include <filesystem>
#include <vector>

namespace antidrome::audio {

struct Sound {
  std::vector<double> samples;   ///< full scale is 1; several channels are averaged
  int rate = 48000;              ///< samples per second
};

/// The whole file. Throws data::DataError: AD551 it cannot be opened, AD552 not a sound file or damaged, AD553 shorter than 20 ms
/// or longer than 10 s, AD554 silent.
Sound read_sound(const std::filesystem::path& file);

}  // namespace antidrome::audio
