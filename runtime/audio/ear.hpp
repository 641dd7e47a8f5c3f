// The inner ear: a sound becomes the spikes of bushy cells, one cell per channel, from high tones (unit 0) to low ones.
// The chain is that of Cramer, Stradmann, Schemmel & Zenke, "The Heidelberg Spiking Data Sets for the Systematic Evaluation of
// Spiking Neural Networks", IEEE Trans. Neural Netw. Learn. Syst. 33 (2020) 2744-2757: loudness and window, basilar membrane, hair
// cells, nerve fibres, bushy cells. docs/audio.md tells where it differs.
#pragma once
#include "runtime/audio/audio_file.hpp"
#include "runtime/audio/nerve.hpp"

#include <complex>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace antidrome::audio {

class RealFft;

struct EarOptions {
  std::size_t channels = 700;   ///< 2 .. 65535
  double ramp_ms = 30;          ///< rise and fall of the Hann window, at most half of the sound each; 0: half of it
  double loudness = 0.3;        ///< root mean square that every sound is scaled to
  /// The published model is written for e^(-i w t), and its code applies it to a transform in e^(+i w t): low tones arrive before high
  /// ones, time runs backwards along the membrane. False keeps that, as the published data sets have it; true is the physical direction.
  bool causal = false;
};

/// Sounds up to one length, for which the membrane's response is worked out once: 4 bytes x channels x steps, shared by all threads.
class Ear {
 public:
  /// `length`: of the transform in steps, one of transform_length().
  Ear(const EarOptions& options, std::size_t length, unsigned threads);
  ~Ear();

  /// Spikes by step, then channel. transform_length(sound) must be `length`. Safe from several threads.
  std::vector<ChannelSpike> hear(const Sound& sound, const DrawKey& key) const;

  /// Motion of the membrane in the channels first .. first + lanes - 1, step x lane; a part of hear(), for tests and plots.
  std::vector<float> motion(const Sound& sound, std::size_t first_channel) const;

 private:
  struct Spectrum;
  void fill(std::size_t first_bin, std::size_t bins);
  const RealFft& input_fft(std::size_t length) const;
  Spectrum spectrum_of(const Sound& sound) const;
  void move(const Spectrum& spectrum, std::size_t first_channel, std::vector<float>& motion) const;

  EarOptions options_;
  std::size_t length_, bins_;
  std::vector<std::complex<float>> response_;   // channel x bin
  std::unique_ptr<RealFft> output_fft_;
  mutable std::mutex mutex_;
  mutable std::map<std::size_t, std::unique_ptr<RealFft>> input_ffts_;
};

/// Steps of the transform for a sound: long enough for it and 50 ms of silence, so that the response of the end does not reach the
/// beginning; a whole number of samples of the sound; a product of small primes; and one of few, so that sounds share it.
std::size_t transform_length(std::size_t samples, int rate);
inline std::size_t transform_length(const Sound& sound) { return transform_length(sound.samples.size(), sound.rate); }

/// The sound at the model's loudness, its ends faded. The sound must not be silent.
std::vector<double> prepared(const Sound& sound, const EarOptions& options);

}  // namespace antidrome::audio
