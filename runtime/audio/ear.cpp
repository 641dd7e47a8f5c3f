#include "runtime/audio/ear.hpp"

#include "runtime/audio/basilar_membrane.hpp"
#include "runtime/audio/fft.hpp"
#include "runtime/audio/parallel.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <stdexcept>

namespace antidrome::audio {
namespace {

constexpr std::size_t rate_of_steps = static_cast<std::size_t>(steps_per_second);
constexpr std::size_t silence_after = rate_of_steps / 20;

// ceil(samples 24000 / rate)
std::size_t steps_of(std::size_t samples, std::size_t rate) { return (samples * rate_of_steps + rate - 1) / rate; }

}  // namespace

// Both transforms last equally long, `length` steps and `length` rate / 24000 samples, so that bin k of either is the same frequency:
// the change of rate costs nothing. 960 steps are a whole number of samples at all common rates (8, 11.025, 16, 22.05, 32, 44.1, 48 kHz).
std::size_t transform_length(std::size_t samples, int rate) {
  const std::size_t per_second = static_cast<std::size_t>(rate);
  const std::size_t unit = std::lcm<std::size_t>(960, rate_of_steps / std::gcd(per_second, rate_of_steps));
  const std::size_t least = steps_of(samples, per_second) + silence_after;
  for (std::size_t octave = 1;; octave *= 2)
    for (const std::size_t part : {4, 5, 6})
      if (unit * octave * part >= 4 * least) return unit * ((octave * part + 3) / 4);
}

std::vector<double> prepared(const Sound& sound, const EarOptions& options) {
  std::vector<double> out = sound.samples;
  const std::size_t size = out.size();
  const double power = std::transform_reduce(out.begin(), out.end(), 0.0, std::plus<>(), [](double x) { return x * x; }) / static_cast<double>(size);
  const double gain = options.loudness / std::sqrt(power);
  for (double& x : out) x *= gain;
  const auto asked = static_cast<std::size_t>(options.ramp_ms * 1e-3 * sound.rate + 0.5);
  const std::size_t ramp = asked == 0 ? size / 2 : std::min(asked, size / 2);
  for (std::size_t k = 0; k < ramp; ++k) {   // halves of a Hann window of 2 `ramp` points
    const double rise = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(2 * ramp - 1));
    out[k] *= rise;
    out[size - 1 - k] *= rise;
  }
  return out;
}

struct Ear::Spectrum {
  std::vector<std::complex<double>> values;
  std::size_t steps;   // of the sound, without the silence after it
};

Ear::Ear(const EarOptions& options, std::size_t length, unsigned threads)
    : options_(options), length_(length), bins_((length + 1) / 2), response_(options.channels * bins_), output_fft_(std::make_unique<RealFft>(length)) {
  constexpr std::size_t piece = 64;
  parallel((bins_ + piece - 1) / piece, threads, [&](std::size_t k) { fill(k * piece, std::min(piece, bins_ - k * piece)); });
}

Ear::~Ear() = default;

// Bin 0 stays zero: a constant push moves nothing. Bin length / 2 is left out, as it stands for two frequencies.
void Ear::fill(std::size_t first_bin, std::size_t bins) {
  for (std::size_t bin = std::max<std::size_t>(first_bin, 1); bin < first_bin + bins; ++bin) {
    const MembraneAt membrane(static_cast<double>(bin) * steps_per_second / static_cast<double>(length_));
    for (std::size_t channel = 0; channel < options_.channels; ++channel) {
      const std::complex<double> v = membrane.velocity(place_of(channel, options_.channels));
      response_[channel * bins_ + bin] = std::complex<float>(options_.causal ? std::conj(v) : v);
    }
  }
}

const RealFft& Ear::input_fft(std::size_t length) const {
  const std::lock_guard lock(mutex_);
  std::unique_ptr<RealFft>& fft = input_ffts_[length];
  if (!fft) fft = std::make_unique<RealFft>(length);
  return *fft;
}

Ear::Spectrum Ear::spectrum_of(const Sound& sound) const {
  const auto rate = static_cast<std::size_t>(sound.rate);
  const std::size_t samples = length_ * rate / rate_of_steps;
  if (samples * rate_of_steps != length_ * rate || samples < sound.samples.size()) throw std::logic_error("a sound was given to the ear of another length");
  const RealFft& fft = input_fft(samples);
  FftBuffer<double> signal(samples);
  FftBuffer<std::complex<double>> spectrum(fft.bins());
  std::ranges::copy(prepared(sound, options_), signal.span().begin());
  fft.forward(signal.span(), spectrum.span());
  Spectrum out{std::vector<std::complex<double>>(bins_), steps_of(sound.samples.size(), rate)};
  const std::size_t known = std::min(bins_, (samples + 1) / 2);   // a sound of a low rate has no high frequencies
  for (std::size_t k = 1; k < known; ++k) out.values[k] = spectrum[k] / static_cast<double>(samples);
  return out;
}

void Ear::move(const Spectrum& spectrum, std::size_t first_channel, std::vector<float>& motion) const {
  FftBuffer<std::complex<double>> product(output_fft_->bins());
  FftBuffer<double> signal(length_);
  motion.assign(spectrum.steps * lanes, 0.0f);
  for (std::size_t lane = 0; lane < lanes && first_channel + lane < options_.channels; ++lane) {
    const std::complex<float>* response = response_.data() + (first_channel + lane) * bins_;
    for (std::size_t k = 0; k < bins_; ++k) product[k] = std::complex<double>(response[k]) * spectrum.values[k];
    product[output_fft_->bins() - 1] = length_ % 2 == 0 ? 0 : product[output_fft_->bins() - 1];
    output_fft_->backward(product.span(), signal.span());
    for (std::size_t step = 0; step < spectrum.steps; ++step) motion[step * lanes + lane] = static_cast<float>(signal[step]);
  }
}

std::vector<float> Ear::motion(const Sound& sound, std::size_t first_channel) const {
  std::vector<float> out;
  move(spectrum_of(sound), first_channel, out);
  return out;
}

std::vector<ChannelSpike> Ear::hear(const Sound& sound, const DrawKey& key) const {
  const Spectrum spectrum = spectrum_of(sound);
  std::vector<ChannelSpike> spikes;
  std::vector<float> motion;
  for (std::size_t first = 0; first < options_.channels; first += lanes) {
    move(spectrum, first, motion);
    run_nerve(motion, first, std::min(lanes, options_.channels - first), key, spikes);
  }
  std::ranges::sort(spikes, [](const ChannelSpike& a, const ChannelSpike& b) { return a.step != b.step ? a.step < b.step : a.channel < b.channel; });
  return spikes;
}

}  // namespace antidrome::audio
