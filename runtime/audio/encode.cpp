#include "runtime/audio/encode.hpp"

#include "runtime/audio/parallel.hpp"
#include "runtime/data/error.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

namespace antidrome::audio {
namespace {

// What a first reading finds out.
struct Checked {
  std::size_t length = 0;   // of the transform
  double seconds = 0;
  std::optional<data::DataError> error;
};

void report(const std::vector<Checked>& files) {
  constexpr std::size_t shown = 8;
  std::vector<const data::DataError*> errors;
  for (const Checked& f : files)
    if (f.error) errors.push_back(&*f.error);
  if (errors.empty()) return;
  if (errors.size() == 1) throw *errors[0];
  std::string message = fmt::format("{} of {} sound files cannot be used:", errors.size(), files.size());
  for (std::size_t k = 0; k < std::min(shown, errors.size()); ++k) message += fmt::format("\n  {}: {} [{}]", errors[k]->at.str(), errors[k]->message, errors[k]->code);
  if (errors.size() > shown) message += fmt::format("\n  and {} more", errors.size() - shown);
  throw data::DataError("AD555", {}, message, "mend them or leave them out; nothing was written");
}

std::vector<Checked> check(const std::vector<Recording>& recordings, unsigned threads) {
  std::vector<Checked> files(recordings.size());
  parallel(recordings.size(), threads, [&](std::size_t k) {
    try {
      const Sound sound = read_sound(recordings[k].file);
      files[k] = {transform_length(sound), static_cast<double>(sound.samples.size()) / sound.rate, {}};
    } catch (const data::DataError& error) {
      files[k].error = error;
    }
  });
  report(files);
  return files;
}

data::ShdSample sample_of(const std::vector<ChannelSpike>& spikes, const Recording& recording) {
  data::ShdSample out{.times_s = {}, .units = {}, .label = recording.label, .speaker = recording.speaker, .take = recording.take};
  out.times_s.reserve(spikes.size());
  out.units.reserve(spikes.size());
  for (const ChannelSpike& spike : spikes) {
    out.times_s.push_back(spike.step / steps_per_second);
    out.units.push_back(spike.channel);
  }
  return out;
}

}  // namespace

Encoded encode(const std::vector<Recording>& recordings, data::ShdHeader header, const std::filesystem::path& out, const EncodeOptions& options,
               const std::function<void(double, double)>& progress) {
  const std::vector<Checked> files = check(recordings, options.threads);
  Encoded total{.samples = recordings.size()};
  std::vector<std::pair<std::size_t, std::size_t>> order;   // by length of the transform: one ear is in memory at a time
  for (std::size_t k = 0; k < files.size(); ++k) {
    order.emplace_back(files[k].length, k);
    total.sound_s += files[k].seconds;
  }
  std::ranges::sort(order);

  header.units = static_cast<std::uint32_t>(options.ear.channels);
  data::ShdWriter writer(out, recordings.size(), std::move(header));
  std::mutex mutex;
  std::map<std::size_t, data::ShdSample> ready;   // position in `order` -> what waits for those before it
  std::size_t written = 0;
  double done_s = 0;
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin;
    while (end < order.size() && order[end].first == order[begin].first) ++end;
    const Ear ear(options.ear, order[begin].first, options.threads);
    parallel(end - begin, options.threads, [&](std::size_t k) {
      const std::size_t index = order[begin + k].second;
      const std::vector<ChannelSpike> spikes = ear.hear(read_sound(recordings[index].file), {options.seed, static_cast<std::uint32_t>(index)});
      const std::lock_guard lock(mutex);   // HDF5 is for one thread at a time
      ready.emplace(begin + k, sample_of(spikes, recordings[index]));
      total.spikes += spikes.size();
      done_s += files[index].seconds;
      for (; !ready.empty() && ready.begin()->first == written; ++written) {   // always in the same order: the file has the same bytes
        writer.write(order[written].second, ready.begin()->second);
        ready.erase(ready.begin());
      }
      if (progress) progress(done_s, total.sound_s);
    });
    begin = end;
  }
  writer.finish();
  return total;
}

}  // namespace antidrome::audio
