// Sums over samples, evaluation of a data set, and what a status word says.
#include "runtime/data/options.hpp"
#include "runtime/session/failure.hpp"
#include "runtime/train/trainer.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>

namespace antidrome {

void account(Totals& totals, const BatchResult& result, std::uint32_t neurons) {
  totals.spikes.resize(neurons, 0);
  for (std::size_t k = 0; k < result.samples; ++k) {
    totals.loss += result.loss[k];
    if (result.label[k] >= 0 && result.prediction[k] == result.label[k]) ++totals.correct;
    totals.clamped += result.status[k].clamped;
    totals.missed += result.status[k].missed;
    const std::uint32_t* counts = result.spike_counts.data() + k * neurons;
    for (std::uint32_t n = 0; n < neurons; ++n) totals.spikes[n] += counts[n];
  }
  totals.samples += result.samples;
}

Activity activity_of(const Totals& totals, const Manifest& manifest) {
  Activity out;
  std::uint64_t spikes = 0;
  std::size_t first = 0;
  for (const PopulationInfo& p : manifest.populations) {
    for (std::size_t n = first; p.fires && n < first + p.size && n < totals.spikes.size(); ++n) {
      ++out.neurons;
      spikes += totals.spikes[n];
      if (totals.spikes[n] == 0) ++out.silent;
    }
    first += p.size;
  }
  if (out.neurons > 0 && totals.samples > 0) out.per_neuron = static_cast<double>(spikes) / static_cast<double>(out.neurons * totals.samples);
  return out;
}

std::string describe(const antidrome_status& status, const Manifest& manifest, double dt_ms, std::uint64_t sample) {
  const char* pass = status.code == ANTIDROME_NONFINITE_BACKWARD ? "the adjoint of " : "";
  std::string what = "a value";
  if (status.population < manifest.populations.size()) {
    const PopulationInfo& p = manifest.populations[status.population];
    const std::string state = status.variable < p.states.size() ? fmt::format("state '{}'", p.states[status.variable]) : "a state";
    what = fmt::format("{} of neuron {} of population '{}'", state, status.neuron, p.name);
  }
  return fmt::format("{}{} is not finite at step {} ({} ms), sample {}", pass, what, status.step, static_cast<double>(status.step) * dt_ms, sample);
}

data::BatchSettings batch_settings(const RunConfig& config, const Splits& splits) {
  const data::OptionReader options(config.data);
  return {config.trial.dt_ms, config.trial.steps, config.train.seed, options.number("input_dropout", 0, 0, 1), splits.augment, options.flag("binary", false)};
}

Totals evaluate(Session& session, const data::Dataset& data, const data::BatchSettings& batches, std::uint64_t batch_size, std::vector<Prediction>* predictions) {
  data::BatchQueue queue(data, batches);
  std::vector<std::size_t> order(data.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  queue.start(std::move(order), batch_size, 0, false, [&](std::size_t samples) { return session.part_of(samples); });
  Totals totals;
  const std::uint32_t neurons = session.manifest().neurons();
  totals.spikes.resize(neurons, 0);
  while (const data::EventBatch* batch = queue.next()) {
    const std::uint64_t whole = std::min<std::uint64_t>(batch_size, data.size() - totals.samples);
    const data::EventBatch* following = queue.following();
    const antidrome_next next = following != nullptr ? following->announced() : antidrome_next{};
    const BatchResult& result = session.run(batch->samples(), {.whole = static_cast<std::uint32_t>(whole), .number = batch->number(), .next = following != nullptr ? &next : nullptr});
    account(totals, result, neurons);
    if (predictions == nullptr) continue;
    for (std::size_t k = 0; k < result.samples; ++k)
      predictions->push_back({result.index[k], result.label[k], result.prediction[k], result.loss[k], data.groups().empty() ? -1 : data.info(result.index[k]).group});
  }
  return totals;
}

namespace {

void check_fit(const data::Dataset& data, const RunConfig& config, const Manifest& manifest) {
  const std::vector<std::uint32_t>& sizes = data.source_sizes();
  const Location at{config.file, 0, 0};
  if (sizes.size() != manifest.sources.size())
    fail(exit_user, "AD411", at, fmt::format("data set '{}' has {} sources, the model '{}' {}", data.name(), sizes.size(), manifest.model, manifest.sources.size()));
  for (std::size_t k = 0; k < sizes.size(); ++k)
    if (sizes[k] != manifest.sources[k].size)
      fail(exit_user, "AD411", at, fmt::format("data set '{}' has {} units, source '{}' of the model {}", data.name(), sizes[k], manifest.sources[k].name, manifest.sources[k].size),
           fmt::format("give the source {} units, or choose another data set", sizes[k]));
  const bool labelled = !manifest.losses.empty() && manifest.losses.front().labelled;
  if (labelled && data.classes() > manifest.scores())
    fail(exit_user, "AD411", at, fmt::format("data set '{}' has {} classes, readout '{}' of the model {} elements", data.name(), data.classes(), manifest.losses.front().readout, manifest.scores()),
         fmt::format("give the output population {} neurons", data.classes()));
}

}  // namespace

Splits open_splits(const RunConfig& config, const Manifest& manifest) {
  Splits splits;
  if (config.data.values.find("kind") == config.data.values.end())
    fail(exit_user, "AD405", {config.file, 0, 0}, "'data.kind' is missing", "for example [data] kind = \"yinyang\"");
  splits.train = data::make_dataset(config.data, data::Split::train);
  splits.validation = data::make_dataset(config.data, data::Split::validation);
  splits.test = data::make_dataset(config.data, data::Split::test);
  for (const data::Dataset* split : {splits.train.get(), splits.validation.get(), splits.test.get()})
    if (split != nullptr) check_fit(*split, config, manifest);
  splits.augment = config.augment;
  if (splits.train != nullptr) data::find_fewest(splits.augment, *splits.train, config.trial.length_ms);
  return splits;
}

}  // namespace antidrome
