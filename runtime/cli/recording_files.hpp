// Recordings as files: one HDF5 file, or CSV tables.
#pragma once
#include "runtime/data/dataset.hpp"
#include "runtime/data/hdf5_file.hpp"
#include "runtime/session/recorder.hpp"
#include "runtime/train/config.hpp"

#include <fstream>
#include <memory>

namespace antidrome::cli {

/// HDF5: /sample_3/hidden/{spike_unit, spike_time_ms, v [steps][neurons]}, /sample_3/{label, prediction, loss, scores}, the input
/// events like spikes of their source, /populations ("name size" a line), /dt_ms, /length_ms. CSV (a name ending in .csv): sample,population,unit,time_ms of every
/// spike, and traces in NAME_traces.csv as sample,population,state,time_ms,neuron,value.
class RecordingFile {
 public:
  RecordingFile(const std::filesystem::path& file, const Manifest& manifest, const TrialConfig& trial);
  void add(std::uint64_t index, const data::EventSample& input, const Recording& recording, const RecordRequest& request);
  void close();

 private:
  void add_hdf5(std::uint64_t index, const data::EventSample& input, const Recording& recording, const RecordRequest& request);
  void add_csv(std::uint64_t index, const data::EventSample& input, const Recording& recording, const RecordRequest& request);

  std::filesystem::path file_;
  const Manifest& manifest_;
  TrialConfig trial_;
  std::unique_ptr<H5File> hdf5_;
  std::ofstream spikes_, traces_;
};

}  // namespace antidrome::cli
