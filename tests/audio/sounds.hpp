// Small sound files for the tests of the ear.
#pragma once
#include "runtime/audio/audio_file.hpp"

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <numbers>
#include <string>
#include <vector>

namespace antidrome::audio::test {

/// A tone, 0.1 of full scale.
inline Sound tone(double frequency_hz, double seconds, int rate) {
  Sound out{std::vector<double>(static_cast<std::size_t>(seconds * rate)), rate};
  for (std::size_t k = 0; k < out.samples.size(); ++k) out.samples[k] = 0.1 * std::sin(2 * std::numbers::pi * frequency_hz * static_cast<double>(k) / rate);
  return out;
}

/// 16 bit PCM, `channels` times the same; the header may declare another size of the data than there is.
inline void put_wav(const std::filesystem::path& file, const Sound& sound, std::uint16_t channels = 1, std::uint32_t declared = 0) {
  std::string data;
  const auto put = [&data](std::uint64_t value, int bytes) {
    for (int k = 0; k < bytes; ++k) data += static_cast<char>(value >> (8 * k));
  };
  const auto size = static_cast<std::uint32_t>(sound.samples.size() * channels * 2);
  const std::uint32_t said = declared != 0 ? declared : size;
  data += "RIFF", put(36 + said, 4), data += "WAVEfmt ";
  put(16, 4), put(1, 2), put(channels, 2), put(static_cast<std::uint32_t>(sound.rate), 4), put(static_cast<std::uint32_t>(sound.rate) * channels * 2, 4), put(channels * 2u, 2), put(16, 2);
  data += "data", put(said, 4);
  for (const double x : sound.samples)
    for (int c = 0; c < channels; ++c) put(static_cast<std::uint16_t>(static_cast<std::int16_t>(std::lround(32767 * x))), 2);
  std::ofstream(file, std::ios::binary) << data;
}

}  // namespace antidrome::audio::test
