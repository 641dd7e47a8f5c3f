#include "runtime/cli/model_source.hpp"

#include "runtime/cli/build.hpp"
#include "runtime/session/failure.hpp"

#include <cstdlib>
#include <fmt/format.h>

namespace antidrome::cli {

namespace fs = std::filesystem;

void ModelOptions::add_to(CLI::App& command, bool backend_too, bool precision_too) {
  command.add_option("MODEL", model, "model file, or folder of a built simulator")->required();
  if (backend_too) command.add_option("--backend", backend, "openmp, cuda or reference")->check(CLI::IsMember({"openmp", "cuda", "reference"}))->capture_default_str();
  if (backend_too) command.add_option("--device", device, "where CUDA kernels run: gpu; on this processor emulated (checked: with every access watched), or interpreted as PTX")->check(CLI::IsMember({"gpu", "emulated", "checked", "interpreted"}))->capture_default_str();
  command.add_option("--mode", mode, "grid: spikes on the time grid; exact: located inside the step")->check(CLI::IsMember({"grid", "exact"}))->capture_default_str();
  if (precision_too) command.add_option("--precision", precision, "float, double or mixed (default: float, reference: double)")->check(CLI::IsMember({"float", "double", "mixed"}));
  command.add_option("--set", set, "option of the model file: --set hidden=512")->allow_extra_args(false)->type_name("NAME=VALUE");
}

fs::path simulator_folder(const ModelConfig& model, bool quiet) {
  if (model.file.empty())
    fail(exit_user, "AD405", {}, "no model is given", "name it on the command line, or as [model] file in the configuration");
  if (model.backend == "cuda") setenv("ANTIDROME_DEVICE", model.device.c_str(), 1);   // the library that is loaded asks for it
  if (fs::is_directory(model.file)) return model.file;
  BuildRequest request;
  request.model = model.file;
  request.backend = model.backend;
  request.device = model.device;
  request.mode = model.mode;
  request.precision = model.precision;
  request.set = model.set;
  request.quiet = quiet;
  return ensure_built(request).directory;
}

fs::path simulator_folder(const ModelOptions& o, bool quiet) {
  ModelConfig model;
  model.file = o.model;
  model.backend = o.backend;
  model.device = o.device;
  model.mode = o.mode;
  model.precision = !o.precision.empty() ? o.precision : o.backend == "reference" ? "double" : "float";
  for (const std::string& text : o.set) add_option(model.set, text);
  return simulator_folder(model, quiet);
}

std::unique_ptr<Session> make_session(const RunConfig& config, bool quiet, Ranks* ranks) {
  // The first rank builds; the others find what it built, or build on their own host.
  const bool later = ranks != nullptr && ranks->rank() > 0;
  if (later) meet(*ranks);
  Manifest manifest = load_manifest(simulator_folder(config.model, quiet || later));
  if (ranks != nullptr && !later) meet(*ranks);
  apply_overrides(config, manifest);
  SessionOptions options;
  options.dt_ms = config.trial.dt_ms;
  options.steps = config.trial.steps;
  options.threads = config.train.threads == 0 ? default_threads() : config.train.threads;
  options.chunks = config.train.chunks;
  options.seed = config.train.seed;
  options.ranks = ranks;
  auto session = std::make_unique<Session>(manifest, options);
  initialise(session->parameters(), session->manifest(), config.train.seed);
  return session;
}

std::string override_text(const std::string& key, const std::string& value) {
  std::string quoted;
  for (const char c : value) quoted += c == '\\' || c == '"' ? std::string("\\") + c : std::string(1, c);
  return fmt::format("{}=\"{}\"", key, quoted);
}

std::vector<std::string> config_overrides(const std::vector<std::string>& set) {
  std::vector<std::string> out;
  for (const std::string& text : set) {
    const std::size_t equals = text.find('=');
    const bool list = equals != std::string::npos && text.find_first_of("[{", equals) == equals + 1;  // an option of a model is none: --set augment=[]
    const bool of_model = equals != std::string::npos && equals > 0 && !list && text.substr(0, equals).find_first_of(".\"'") == std::string::npos;
    out.push_back(of_model ? "model.set." + text : text);
  }
  return out;
}

}  // namespace antidrome::cli
