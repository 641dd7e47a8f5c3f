#include "runtime/cli/cli.hpp"
#include "runtime/cli/run_source.hpp"
#include "runtime/session/failure.hpp"
#include "runtime/train/recording_files.hpp"

#include <fmt/format.h>

namespace antidrome::cli {
namespace {

struct Options {
  TrainedOptions trained;
  std::string split = "test", output = "recording.h5";
  std::vector<std::uint64_t> samples = {0};
  std::vector<std::string> record;
};

void simulate(const Options& o) {
  const TrainedNetwork network = load_trained(o.trained);
  const auto [data, batches] = open_split(network, o.split);
  Session& session = *network.session;
  const Manifest& m = session.manifest();
  std::vector<std::string> names = o.record;
  if (names.empty())
    for (const PopulationInfo& p : m.populations)
      if (p.fires) names.push_back(p.name + ".spikes");
  const RecordRequest request = record_request(m, names, [](const std::string& name) { return Location{"--record " + name, 0, 0}; });
  RecordingFile file(o.output, m, network.config.trial);
  data::BatchBuilder builder(*data, batches);
  data::EventBatch batch;
  for (const std::uint64_t index : o.samples) {
    if (index >= data->size()) fail(exit_user, "AD414", {fmt::format("--samples {}", index)}, fmt::format("'{}' has samples [0, {})", data->name(), data->size()));
    const std::size_t one[] = {static_cast<std::size_t>(index)};
    builder.build(one, 0, false, batch);
    const Recording recording = record(session, batch.samples(), 0, request);
    file.add(index, batch.samples()[0], recording, request);
    fmt::print("sample {}: label {}, prediction {}, loss {:.5g}", index, recording.label, recording.prediction, recording.loss);
    for (std::size_t k = 0; k < m.populations.size(); ++k)
      if (request.spikes[k]) fmt::print(", {} spikes of {}", recording.populations[k].unit.size(), m.populations[k].name);
    fmt::print("\n");
  }
  file.close();
  fmt::print("{}\n", o.output);
}

}  // namespace

void add_run(CLI::App& app, Context&) {
  CLI::App* command = app.add_subcommand("run", "simulate samples and record their spikes and traces (HDF5, or CSV files)");
  auto o = std::make_shared<Options>();
  o->trained.add_to(*command, true);
  command->add_option("--split", o->split, "train, validation or test")->check(CLI::IsMember({"train", "validation", "test"}))->capture_default_str();
  command->add_option("--samples", o->samples, "indices of samples: --samples 0,3,7")->delimiter(',')->allow_extra_args(false)->capture_default_str();
  command->add_option("--record", o->record, "what: hidden.spikes, hidden.v, hidden, all (default: all spikes)")->delimiter(',')->allow_extra_args(false)->type_name("NAME");
  command->add_option("-o,--output", o->output, "FILE.h5, or a name that ends in .csv: spikes go there, traces beside it")->capture_default_str();
  add_ranks_option(*command);
  command->callback([o] { simulate(*o); });
}

}  // namespace antidrome::cli
