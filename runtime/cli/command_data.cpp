#include "runtime/cli/cli.hpp"
#include "runtime/data/convert.hpp"
#include "runtime/data/report.hpp"
#include "runtime/session/failure.hpp"
#include "runtime/train/config.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <map>

namespace antidrome::cli {
namespace {

struct Options {
  std::string path, kind, config;
  std::vector<std::string> splits = {"train", "validation", "test"}, set;
  double dt_ms = 1, trial_ms = 0;
  bool json = false;
};

/// What the names of the files say, where the user did not.
std::string kind_of(const Options& o) {
  if (!o.kind.empty()) return o.kind;
  const std::filesystem::path path = expand_path(o.path, {"PATH", 0, 0});
  if (!std::filesystem::exists(path)) fail(exit_io, "AD510", {path.string()}, "there is no such file or folder", "check the path");
  std::string kind = data::recognised_kind(path);
  if (kind.empty()) fail(exit_user, "AD405", {path.string()}, "the names of the files do not tell what kind of data they are", "say it: --kind shd; docs/data.md lists the kinds");
  return kind;
}

data::DatasetOptions dataset_options(Options o, double& trial_ms) {
  if (o.config.empty() && o.path.ends_with(".toml")) std::swap(o.config, o.path);
  if (!o.config.empty()) {
    RunConfig config = load_config(o.config, o.set);
    trial_ms = config.trial.length_ms;
    if (!o.path.empty()) config.data.values["path"] = o.path;
    return config.data;
  }
  data::DatasetOptions out;
  trial_ms = o.trial_ms > 0 ? o.trial_ms : 30;
  out.values["kind"] = kind_of(o);
  if (!o.path.empty()) out.values["path"] = expand_path(o.path, {"PATH", 0, 0});
  out.values["dt_ms"] = fmt::format("{}", o.dt_ms);
  out.values["trial_ms"] = fmt::format("{}", trial_ms);
  for (const std::string& text : o.set) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) fail(exit_user, "AD407", {"--set " + text}, "not of the form key=value", "for example --set encoding=latency");
    const std::string key = text.substr(0, equals);
    out.values[key.starts_with("data.") ? key.substr(5) : key] = text.substr(equals + 1);
  }
  return out;
}

void inspect(const Options& o, bool only_check, Context& context) {
  if (o.path.empty() && o.kind.empty() && o.config.empty())
    fail(exit_user, "AD405", {}, "no data are named", "give a file or folder, --kind yinyang, or a run configuration");
  double trial_ms = 0;
  const data::DatasetOptions options = dataset_options(o, trial_ms);
  bool good = true;
  for (const data::Split split : {data::Split::train, data::Split::validation, data::Split::test}) {
    if (std::find(o.splits.begin(), o.splits.end(), data::to_string(split)) == o.splits.end()) continue;
    const std::unique_ptr<data::Dataset> dataset = data::make_dataset(options, split);
    if (dataset == nullptr) continue;
    const data::DataReport report = data::inspect(*dataset, trial_ms);
    good = good && report.good();
    if (o.json) fmt::print("{}\n", data::to_json(report));
    else if (!only_check || !report.good()) fmt::print("{}", data::to_text(report));
    else fmt::print("{}: {} samples, {} events, every record can be read\n", report.name, report.samples, report.events);
  }
  if (!good) context.exit_code = exit_io;
}

/// OUT.h5 holds one split; in a folder every split has a file with the name that kind 'shd' looks for.
void convert(const Options& o, const std::string& out) {
  if (o.path.empty() && o.kind.empty() && o.config.empty()) fail(exit_user, "AD405", {}, "no data are named", "give a path and --kind, or --config RUN.toml");
  const std::filesystem::path to = expand_path(out, {"--out", 0, 0});
  const bool one = to.extension() == ".h5";
  if (one && o.splits.size() != 1) fail(exit_user, "AD405", {"--out " + out}, "one file holds one split", "add '--split train', or name a folder");
  if (!one) std::filesystem::create_directories(to);
  double trial_ms = 0;
  const data::DatasetOptions options = dataset_options(o, trial_ms);
  const std::map<std::string, std::pair<data::Split, const char*>> known{
      {"train", {data::Split::train, "shd_train.h5"}}, {"validation", {data::Split::validation, "shd_valid.h5"}}, {"test", {data::Split::test, "shd_test.h5"}}};
  for (const std::string& name : o.splits) {
    const auto& [split, file_name] = known.at(name);
    const std::unique_ptr<data::Dataset> dataset = data::make_dataset(options, split);
    if (dataset == nullptr) continue;
    const std::filesystem::path file = one ? to : to / file_name;
    const data::Converted converted = data::convert_to_shd(*dataset, fmt::format("converted from {} by antidrome", dataset->name()), file);
    fmt::print("{}: {} samples, {} events, times in {} precision\n", file.string(), converted.samples, converted.events, converted.half ? "half" : "double");
  }
}

void add_source_options(CLI::App& command, Options& o) {
  command.add_option("PATH", o.path, "file or folder of the data, or a run configuration");
  command.add_option("-k,--kind", o.kind, "kind of data set, such as shd (default: what the names of the files say)");
  command.add_option("-c,--config", o.config, "the [data] of a run configuration")->type_name("RUN.toml");
  command.add_option("--split", o.splits, "train, validation, test (default: all)")->delimiter(',')->allow_extra_args(false)->check(CLI::IsMember({"train", "validation", "test"}));
  command.add_option("--set", o.set, "an option of the data set: --set encoding=latency; with --config, of the configuration")->allow_extra_args(false)->type_name("KEY=VALUE");
  command.add_option("--length", o.trial_ms, "length of a trial in ms (default 30)")->check(CLI::PositiveNumber);
  command.add_option("--dt", o.dt_ms, "time step in ms")->check(CLI::PositiveNumber)->capture_default_str();
}

}  // namespace

void add_data(CLI::App& app, Context& context) {
  CLI::App* data = app.add_subcommand("data", "look at data sets");
  data->require_subcommand(1);
  add_data_encode(*data);
  for (const bool only_check : {true, false}) {
    CLI::App* command = only_check ? data->add_subcommand("check", "read every record; says which are damaged and where")
                                   : data->add_subcommand("info", "samples, classes, events and checksum of every split");
    auto o = std::make_shared<Options>();
    add_source_options(*command, *o);
    command->add_flag("--json", o->json, "one JSON object per split");
    command->callback([o, only_check, &context] { inspect(*o, only_check, context); });
  }
  CLI::App* command = data->add_subcommand("convert", "write a data set as HDF5 files in the layout of the Spiking Heidelberg Digits");
  auto o = std::make_shared<Options>();
  auto out = std::make_shared<std::string>();
  add_source_options(*command, *o);
  command->add_option("-o,--out", *out, "file of one split (NAME.h5), or a folder")->required();
  command->callback([o, out] { convert(*o, *out); });
}

}  // namespace antidrome::cli
