#include "runtime/audio/audio_file.hpp"

#include "runtime/data/error.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <memory>
#include <numeric>
#include <sndfile.h>
#include <string>
#include <unistd.h>

namespace antidrome::audio {
namespace {

constexpr double shortest_s = 0.02, longest_s = 10;   // the ear keeps one response per length: 670 MB for 10 s
constexpr int slowest_hz = 4000, fastest_hz = 768000;
constexpr double silence = 1e-5;                      // of full scale: less than a third of the last bit of 16

struct Close { void operator()(SNDFILE* f) const { sf_close(f); } };

[[noreturn]] void fail(const char* code, const std::filesystem::path& file, const std::string& message, const std::string& remedy) {
  throw data::DataError(code, {file.string(), {}, {}}, message, remedy);
}

std::string lower_first(std::string text) {
  while (!text.empty() && (text.back() == '.' || text.back() == '\n')) text.pop_back();
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

std::unique_ptr<SNDFILE, Close> open_sound(const std::filesystem::path& file, SF_INFO& info) {
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) fail("AD551", file, "the sound file cannot be opened: it is a folder", "name its files, for example FOLDER/*.wav");
  const int descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail("AD551", file, fmt::format("the sound file cannot be opened: {}", lower_first(std::strerror(errno))), "check the path; those in a list are relative to the list");
  std::unique_ptr<SNDFILE, Close> sound(sf_open_fd(descriptor, SFM_READ, &info, SF_TRUE));
  if (!sound) fail("AD552", file, fmt::format("not a sound file that can be read: {}", lower_first(sf_strerror(nullptr))), "convert it to WAV or FLAC");
  return sound;
}

// libsndfile reads what is there of a truncated WAV and says so in its log only: "data : 1000 (should be 500)". Programs that write
// to a pipe do not know the size and put one near 2^31 or 2^32 instead; such files are whole.
void refuse_truncated(SNDFILE* sound, const std::filesystem::path& file) {
  std::array<char, 4096> log{};
  sf_command(sound, SFC_GET_LOG_INFO, log.data(), static_cast<int>(log.size()) - 1);
  const char* line = std::strstr(log.data(), "\ndata : ");
  unsigned long long declared = 0, there = 0;
  if (line == nullptr || std::sscanf(line, "\ndata : %llu (should be %llu)", &declared, &there) != 2) return;
  if (declared > there && declared < 0x7fff0000ull) fail("AD552", file, fmt::format("the file is truncated: {} of {} bytes of sound are there", there, declared), "get the file again");
}

}  // namespace

Sound read_sound(const std::filesystem::path& file) {
  SF_INFO info{};
  const auto sound = open_sound(file, info);
  refuse_truncated(sound.get(), file);
  if (info.samplerate < slowest_hz || info.samplerate > fastest_hz || info.channels < 1)
    fail("AD552", file, fmt::format("{} samples per second in {} channels, expected [{}, {}] in at least one", info.samplerate, info.channels, slowest_hz, fastest_hz), "convert it to 48 kHz");
  const double seconds = static_cast<double>(info.frames) / info.samplerate;
  if (seconds < shortest_s) fail("AD553", file, fmt::format("the sound lasts {:.4g} ms, expected at least {:g}", 1e3 * seconds, 1e3 * shortest_s), "leave the file out, or record it again");
  if (seconds > longest_s) fail("AD553", file, fmt::format("the sound lasts {:.4g} s, expected at most {:g}", seconds, longest_s), "cut it into pieces, one for each word");

  const auto frames = static_cast<std::size_t>(info.frames), channels = static_cast<std::size_t>(info.channels);
  std::vector<double> all(frames * channels);
  const auto read = static_cast<std::size_t>(std::max<sf_count_t>(0, sf_readf_double(sound.get(), all.data(), info.frames)));
  if (read != frames)
    fail("AD552", file, fmt::format("the file is damaged: {} of {} samples can be read ({})", read, frames, lower_first(sf_strerror(sound.get()))), "get the file again");
  if (!std::ranges::all_of(all, [](double x) { return std::isfinite(x); })) fail("AD552", file, "the file is damaged: samples are not finite numbers", "get the file again");

  Sound out{std::vector<double>(frames), info.samplerate};
  for (std::size_t k = 0; k < frames; ++k) out.samples[k] = std::accumulate(all.begin() + static_cast<std::ptrdiff_t>(k * channels), all.begin() + static_cast<std::ptrdiff_t>((k + 1) * channels), 0.0) / static_cast<double>(channels);
  const double power = std::transform_reduce(out.samples.begin(), out.samples.end(), 0.0, std::plus<>(), [](double x) { return x * x; }) / static_cast<double>(frames);
  if (std::sqrt(power) < silence) fail("AD554", file, "the sound is silent", "leave the file out: what is scaled to a common loudness must not be zero");
  return out;
}

}  // namespace antidrome::audio
