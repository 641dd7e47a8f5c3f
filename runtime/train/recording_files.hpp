// Recordings as files: one HDF5 file, or CSV tables.
#pragma once
#include "runtime/data/hdf5_file.hpp"
#include "runtime/session/recorder.hpp"
#include "runtime/train/config.hpp"

#include <fstream>
#include <memory>

namespace antidrome {

/// HDF5 (docs/recording.md has the layout) or, for a name ending in .csv, tables: sample,population,unit,time_ms of every spike, and
/// traces in NAME_traces.csv as sample,population,state,time_ms,neuron,value. Each sample is written when it is added; none is kept.
class RecordingFile {
 public:
  RecordingFile(const std::filesystem::path& file, const Manifest& manifest, const TrialConfig& trial);
  /// `input` are the events as the network got them.
  void add(std::uint64_t index, const antidrome_sample& input, const Recording& recording, const RecordRequest& request);
  void close();

 private:
  void add_hdf5(std::uint64_t index, const antidrome_sample& input, const Recording& recording, const RecordRequest& request);
  void add_csv(std::uint64_t index, const antidrome_sample& input, const Recording& recording, const RecordRequest& request);

  std::filesystem::path file_;
  const Manifest& manifest_;
  TrialConfig trial_;
  std::unique_ptr<H5File> hdf5_;
  std::ofstream spikes_, traces_;
};

}  // namespace antidrome
