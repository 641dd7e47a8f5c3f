#include "runtime/train/recording_files.hpp"

#include "runtime/session/failure.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace antidrome {
namespace {

[[noreturn]] void cannot_write(const std::filesystem::path& file, const std::string& why) {
  fail(exit_io, "AD606", {file.string()}, fmt::format("cannot write the recording: {}", why), "choose another file with -o");
}

}  // namespace

RecordingFile::RecordingFile(const std::filesystem::path& file, const Manifest& manifest, const TrialConfig& trial) : file_(file), manifest_(manifest), trial_(trial) {
  if (file.extension() == ".csv") {
    spikes_.open(file);
    spikes_ << "sample,population,unit,time_ms\n";
    traces_.open(file.parent_path() / (file.stem().string() + "_traces.csv"));
    traces_ << "sample,population,state,time_ms,neuron,value\n";
    if (!spikes_ || !traces_) cannot_write(file, "the file cannot be opened");
    return;
  }
  try {
    hdf5_ = std::make_unique<H5File>(H5File::create(file));
    hdf5_->write<double>("dt_ms", {trial.dt_ms});
    hdf5_->write<double>("length_ms", {trial.length_ms});
    std::string names;
    for (const SourceInfo& source : manifest.sources) names += fmt::format("{} {}\n", source.name, source.size);
    for (const PopulationInfo& p : manifest.populations) names += fmt::format("{} {}\n", p.name, p.size);
    hdf5_->write_text("populations", names);
    std::vector<double> time_ms;
    for (std::uint32_t n = 1; n <= trial.steps; ++n) time_ms.push_back(n * trial.dt_ms);
    hdf5_->write("time_ms", time_ms);
  } catch (const H5Error& error) {
    cannot_write(file, error.what());
  }
}

void RecordingFile::add(std::uint64_t index, const antidrome_sample& input, const Recording& recording, const RecordRequest& request) {
  try {
    if (hdf5_) add_hdf5(index, input, recording, request);
    else add_csv(index, input, recording, request);
  } catch (const H5Error& error) {
    cannot_write(file_, error.what());
  }
}

void RecordingFile::add_hdf5(std::uint64_t index, const antidrome_sample& input, const Recording& recording, const RecordRequest& request) {
  const std::string sample = fmt::format("sample_{}/", index);
  hdf5_->write<std::int32_t>(sample + "label", {recording.label});
  hdf5_->write<std::int32_t>(sample + "prediction", {recording.prediction});
  hdf5_->write<double>(sample + "loss", {recording.loss});
  hdf5_->write<double>(sample + "scores", recording.scores);
  for (std::size_t k = 0; k < manifest_.sources.size(); ++k) {
    const antidrome_events& events = input.sources[k];
    const std::uint32_t count = events.step_begin[trial_.steps];
    const std::vector<std::uint32_t> unit(events.unit, events.unit + count);
    const std::vector<double> time(events.time_ms, events.time_ms + count);
    hdf5_->write(sample + manifest_.sources[k].name + "/spike_unit", unit);
    hdf5_->write(sample + manifest_.sources[k].name + "/spike_time_ms", time);
  }
  for (std::size_t k = 0; k < manifest_.populations.size(); ++k) {
    const PopulationInfo& p = manifest_.populations[k];
    const Recording::Population& r = recording.populations[k];
    if (request.spikes[k]) {
      hdf5_->write(sample + p.name + "/spike_unit", r.unit);
      hdf5_->write(sample + p.name + "/spike_time_ms", r.time_ms);
    }
    for (std::size_t s = 0; s < p.states.size(); ++s) {
      if (request.traces[k][s]) hdf5_->write(sample + p.name + "/" + p.states[s], r.traces[s], {trial_.steps, p.size});
      if (request.adjoints[k][s]) hdf5_->write(sample + p.name + "/" + adjoint_name(p.states[s]), r.adjoints[s], {trial_.steps, p.size});
    }
  }
}

void RecordingFile::add_csv(std::uint64_t index, const antidrome_sample& input, const Recording& recording, const RecordRequest& request) {
  for (std::size_t k = 0; k < manifest_.sources.size(); ++k)
    for (std::uint32_t e = 0; e < input.sources[k].step_begin[trial_.steps]; ++e)
      spikes_ << fmt::format("{},{},{},{}\n", index, manifest_.sources[k].name, input.sources[k].unit[e], input.sources[k].time_ms[e]);
  for (std::size_t k = 0; k < manifest_.populations.size(); ++k) {
    const PopulationInfo& p = manifest_.populations[k];
    const Recording::Population& r = recording.populations[k];
    for (std::size_t e = 0; request.spikes[k] && e < r.unit.size(); ++e) spikes_ << fmt::format("{},{},{},{}\n", index, p.name, r.unit[e], r.time_ms[e]);
    const auto rows = [&](const std::string& name, const std::vector<float>& values, std::uint32_t first) {   // row n is at (n + first) dt
      for (std::size_t at = 0; at < values.size(); ++at)
        traces_ << fmt::format("{},{},{},{},{},{}\n", index, p.name, name, static_cast<double>(at / p.size + first) * trial_.dt_ms, at % p.size, values[at]);
    };
    for (std::size_t s = 0; s < p.states.size(); ++s) {
      if (request.traces[k][s]) rows(p.states[s], r.traces[s], 1);
      if (request.adjoints[k][s]) rows(adjoint_name(p.states[s]), r.adjoints[s], 0);
    }
  }
}

void RecordingFile::close() {
  if (hdf5_) {
    try {
      hdf5_->close();
    } catch (const H5Error& error) {
      cannot_write(file_, error.what());
    }
    return;
  }
  spikes_.close();
  traces_.close();
  if (!spikes_ || !traces_) cannot_write(file_, "the disk may be full");
}

}  // namespace antidrome
