#include "runtime/cli/cli.hpp"
#include "runtime/cli/run_source.hpp"
#include "runtime/cli/same_job.hpp"
#include "runtime/cli/training.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace antidrome::cli {
namespace {

struct Options {
  TrainedOptions trained;
  std::string split = "test";
  bool json = false;
};

void eval(const Options& o, const Context& context) {
  const TrainedNetwork network = load_trained(o.trained, context.ranks);
  check_same_run(network.config, *network.session);
  const auto [data, batches] = open_split(network, o.split);
  std::vector<Prediction> predictions;
  const Totals totals = evaluate(*network.session, *data, batches, network.config.train.batch, context.first() ? &predictions : nullptr);
  if (!context.first()) return;
  const Manifest& m = network.session->manifest();
  const std::optional<Breakdown> breakdown = breakdown_of(network.config, m, *data, predictions);
  network.folder->write_predictions(o.split, predictions, breakdown);
  const Activity activity = activity_of(totals, m);
  const bool labelled = !m.losses.empty() && m.losses.front().labelled;
  if (o.json) {
    nlohmann::ordered_json out = {{"split", o.split}, {"checkpoint", network.parameters}, {"samples", totals.samples}, {"loss", totals.mean_loss()}};
    if (labelled) out["accuracy"] = totals.accuracy();
    out["spikes_per_neuron"] = activity.per_neuron;
    out["silent_neurons"] = activity.silent;
    if (breakdown) out.update(to_json(*breakdown));
    fmt::print("{}\n", out.dump(2));
    return;
  }
  fmt::print("{} ({}), {} samples: loss {:.5g}, spikes/neuron {:.2f}, silent {}/{}\n", data->name(), network.parameters, totals.samples, totals.mean_loss(), activity.per_neuron, activity.silent, activity.neurons);
  if (breakdown) print_breakdown(*breakdown, true);
  if (labelled) fmt::print("{} accuracy: {:.1f} %\n", o.split, 100 * totals.accuracy());
}

}  // namespace

void add_eval(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("eval", "loss and accuracy of a trained network, with confusion matrix and accuracy by group; writes RUNDIR/predictions_SPLIT.csv and accuracy_SPLIT.csv");
  auto o = std::make_shared<Options>();
  o->trained.add_to(*command, false);
  command->add_option("--split", o->split, "train, validation or test")->check(CLI::IsMember({"train", "validation", "test"}))->capture_default_str();
  command->add_flag("--json", o->json, "one JSON object on stdout");
  add_ranks_option(*command);
  command->callback([o, &context] { eval(*o, context); });
}

}  // namespace antidrome::cli
