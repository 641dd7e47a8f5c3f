#include "backends/cuda/device/inputs.hpp"

#include "backends/cuda/device/events.hpp"

namespace antidrome::cuda {

bool Inputs::holds(const Input& input, const Wanted& wanted) {
  return wanted.number != 0 && input.number_ == wanted.number && input.samples_ == wanted.samples.size() && input.steps_ == wanted.steps && input.backward_ >= wanted.backward;
}

void Inputs::fill(Input& input, const Wanted& wanted, bool beside) {
  std::vector<std::int32_t> label;
  std::vector<std::uint32_t> index;
  for (const antidrome_sample& sample : wanted.samples) {
    label.push_back(sample.label);
    index.push_back(static_cast<std::uint32_t>(sample.index));
  }
  std::vector<PackedEvents> packed;
  std::vector<Upload> uploads;
  const auto add = [&](const std::string& name, const auto& values) {
    const std::size_t bytes = values.size() * sizeof values[0];
    const Address to = input.memory_.reserve(name, bytes, true);
    if (bytes > 0) uploads.push_back({to, values.data(), bytes});
  };
  input.number_ = 0;                                             // should anything throw before all of it lies there
  input.events_.clear();
  add("label", label);
  add("index", index);
  for (const PlannedCell& c : plan_.cells)
    if (c.source >= 0) packed.push_back(pack_events(wanted.samples, static_cast<std::size_t>(c.source), c.size, wanted.steps));
  for (const PlannedCell& c : plan_.cells) {
    if (c.source < 0) continue;
    const PackedEvents& e = packed[input.events_.size()];
    input.events_.push_back(std::max(e.unit.size(), e.step.size()));
    add("group_of_" + c.name, e.group);
    add("unit_of_" + c.name, e.unit);
    if (!wanted.backward) continue;
    add("unit_group_of_" + c.name, e.unit_group);
    add("step_of_" + c.name, e.step);
  }
  if (beside) {
    device_.upload_beside(uploads);
  } else {
    for (const Upload& u : uploads) device_.upload(u.to, u.from, u.bytes);
  }
  input.number_ = wanted.number;
  input.samples_ = static_cast<std::uint32_t>(wanted.samples.size());
  input.steps_ = wanted.steps;
  input.backward_ = wanted.backward;
}

const Input& Inputs::of(const antidrome_batch& batch) {
  const Wanted wanted{{batch.samples, batch.settings->batch}, batch.number, batch.settings->steps, batch.settings->backward != 0};
  for (std::size_t k = 0; k < buffers_.size(); ++k)
    if (holds(buffers_[k], wanted)) {
      current_ = k;
      device_.join_uploads();
      return buffers_[k];
    }
  fill(buffers_[current_], wanted, false);                       // the other one may hold what was announced
  return buffers_[current_];
}

void Inputs::announce(const antidrome_next& next, const antidrome_settings& settings) {
  const Wanted wanted{{next.samples, next.batch}, next.number, settings.steps, settings.backward != 0};
  Input& other = buffers_[1 - current_];
  if (next.number != 0 && !holds(other, wanted)) fill(other, wanted, true);
}

}  // namespace antidrome::cuda
