#include "runtime/train/run_recorder.hpp"

#include "runtime/session/failure.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace antidrome {
namespace {

bool contains(const std::vector<std::uint64_t>& list, std::uint64_t value) { return std::find(list.begin(), list.end(), value) != list.end(); }

}  // namespace

RunRecorder::RunRecorder(Session& session, const RunConfig& config)
    : session_(session), config_(config),
      request_(record_request(session.manifest(), config.record.what, [&](const std::string& name) { return config.record.places.at(name); })) {}

bool RunRecorder::wants(std::uint64_t epoch) const { return config_.record.epochs.empty() || contains(config_.record.epochs, epoch); }

bool RunRecorder::chosen(std::uint64_t sample, std::uint64_t batch) const { return contains(config_.record.samples, sample) || contains(config_.record.batches, batch); }

void RunRecorder::training(const data::Dataset& data, const data::BatchSettings& settings, std::span<const std::size_t> indices, std::uint64_t epoch, std::uint64_t number) {
  if (epoch != epoch_) epoch_ = epoch, first_batch_ = number;
  if (config_.record.split != "training" || !wants(epoch)) return;
  const std::string from = first_batch_ == 1 ? "" : fmt::format("_from_batch_{}", first_batch_);
  if (std::none_of(indices.begin(), indices.end(), [&](std::size_t k) { return chosen(k, number); })) return;
  if (!builder_) builder_.emplace(data, settings);
  data::EventBatch batch;
  builder_->build(indices, epoch - 1, true, batch);
  const std::uint32_t capacity = session_.spike_capacity();
  for (std::size_t slot = 0; slot < indices.size(); ++slot)
    if (chosen(indices[slot], number)) add(batch.samples(), slot, {.epoch = epoch - 1, .training = true}, fmt::format("training_epoch_{}{}.h5", epoch, from));
  if (session_.ranks().size() > 1) session_.set_spike_capacity(capacity);   // it grows when the batch is trained: on all ranks, or on none
}

void RunRecorder::validation(const data::Dataset& data, const data::BatchSettings& settings, std::uint64_t epoch) {
  if (config_.record.split != "validation" || !wants(epoch)) return;
  data::BatchBuilder builder(data, settings);
  data::EventBatch batch;
  const std::uint64_t size = config_.train.batch;
  for (std::size_t first = 0, number = 1; first < data.size(); first += size, ++number) {  // the batches of an evaluation
    std::vector<std::size_t> indices;
    for (std::size_t k = first; k < std::min<std::size_t>(first + size, data.size()); ++k) indices.push_back(k);
    if (std::none_of(indices.begin(), indices.end(), [&](std::size_t k) { return chosen(k, number); })) continue;
    builder.build(indices, 0, false, batch);
    for (std::size_t slot = 0; slot < indices.size(); ++slot)
      if (chosen(indices[slot], number)) add(batch.samples(), slot, {}, fmt::format("validation_epoch_{}.h5", epoch));
  }
}

void RunRecorder::add(std::span<const antidrome_sample> batch, std::size_t slot, const Pass& pass, const std::string& file) {
  if (!file_) {
    std::error_code error;
    std::filesystem::create_directories(folder_, error);
    if (error) fail(exit_io, "AD606", {folder_.string()}, fmt::format("cannot make the folder: {}", error.message()), "is the disk full, or the folder not writable");
    file_.emplace(folder_ / file, session_.manifest(), config_.trial);
  }
  file_->add(batch[slot].index, batch[slot], record(session_, batch, slot, request_, pass), request_);
}

void RunRecorder::close() {
  if (file_) file_->close();
  file_.reset();
}

}  // namespace antidrome
