// What [record] asks for, recorded while training goes on. Training is not changed by it, bit by bit.
#pragma once
#include "runtime/data/batch.hpp"
#include "runtime/train/recording_files.hpp"

namespace antidrome {

/// One file per epoch, "FOLDER/training_epoch_3.h5"; of an epoch that was resumed in its middle also the batch from which on,
/// "training_epoch_3_from_batch_8.h5". Memory: one sample.
class RunRecorder {
 public:
  /// Throws Failure (AD413) for a name that the model does not have.
  RunRecorder(Session& session, const RunConfig& config);
  void write_to(std::filesystem::path folder) { folder_ = std::move(folder); }
  /// Before the training pass over the batch of these samples; epoch and batch count from 1. Reads the batch and runs it once more, in this process
  /// alone, for each sample that is recorded.
  void training(const data::Dataset& data, const data::BatchSettings& settings, std::span<const std::size_t> indices, std::uint64_t epoch, std::uint64_t number);
  /// After the evaluation of an epoch.
  void validation(const data::Dataset& data, const data::BatchSettings& settings, std::uint64_t epoch);
  /// Ends the file of the epoch.
  void close();

 private:
  bool wants(std::uint64_t epoch) const;
  bool chosen(std::uint64_t sample, std::uint64_t batch) const;
  void add(std::span<const antidrome_sample> batch, std::size_t slot, const Pass& pass, const std::string& file);

  Session& session_;
  const RunConfig& config_;
  std::filesystem::path folder_;
  RecordRequest request_;
  std::optional<data::BatchBuilder> builder_;   ///< of training batches
  std::optional<RecordingFile> file_;
  std::uint64_t epoch_ = 0, first_batch_ = 1;   ///< of this process in the epoch
};

}  // namespace antidrome
