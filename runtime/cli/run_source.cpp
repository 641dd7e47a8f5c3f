#include "runtime/cli/run_source.hpp"

#include "runtime/session/failure.hpp"

#include <fmt/format.h>

namespace antidrome::cli {

namespace fs = std::filesystem;

void TrainedOptions::add_to(CLI::App& command, bool model_too) {
  command.add_option(model_too ? "TARGET" : "RUNDIR", target, model_too ? "run folder; or, with --config, a model file or the folder of a simulator" : "run folder")->required();
  if (model_too) command.add_option("-c,--config", config, "run configuration (TOML), for a model that has not been trained")->type_name("RUN.toml");
  command.add_option("--data", data, "folder of the data, instead of the one in the configuration")->type_name("PATH");
  command.add_option("--checkpoint", checkpoint, "last, best, or a file")->type_name("WHICH");
  command.add_option("--set", set, "override a key of the configuration")->allow_extra_args(false)->type_name("KEY=VALUE");
  command.add_option("-j,--threads", threads, "worker threads (default: all processors)")->check(CLI::Range(1u, 4096u));
}

TrainedNetwork load_trained(const TrainedOptions& o, Ranks* ranks) {
  TrainedNetwork out;
  std::vector<std::string> overrides = config_overrides(o.set);
  if (!o.data.empty()) overrides.push_back(override_text("data.path", fs::absolute(o.data).lexically_normal().string()));
  if (o.threads > 0) overrides.push_back(fmt::format("train.threads={}", o.threads));
  const bool from_config = !o.config.empty();
  if (from_config) {
    overrides.push_back(override_text("model.file", fs::absolute(o.target).lexically_normal().string()));
    out.config = load_config(o.config, overrides);
  } else {
    out.folder = RunFolder::open(o.target);
    out.config = load_config(out.folder->config().string(), overrides);
  }
  out.session = make_session(out.config, true, ranks);
  if (from_config && o.checkpoint.empty()) {
    out.parameters = "initial values";
    return out;
  }
  fs::path file = o.checkpoint.empty() ? "last" : o.checkpoint;
  if (file == "last" || file == "best") {
    if (!out.folder) fail(exit_user, "AD605", {o.checkpoint}, "only a run folder has a last or a best checkpoint", "give the file: --checkpoint RUNDIR/checkpoints/last.h5");
    file = out.folder->checkpoints() / (file.string() + ".h5");
  }
  restore_parameters(read_checkpoint(file), *out.session);
  out.parameters = file.filename().string();
  return out;
}

SplitData open_split(const TrainedNetwork& network, const std::string& name) {
  Splits splits = open_splits(network.config, network.session->manifest());
  std::unique_ptr<data::Dataset>& split = name == "train" ? splits.train : name == "validation" ? splits.validation : splits.test;
  if (split == nullptr) fail(exit_user, "AD411", {network.config.file, 0, 0}, fmt::format("the data have no {} samples", name), "choose another --split");
  return {std::move(split), batch_settings(network.config, splits)};
}

}  // namespace antidrome::cli
