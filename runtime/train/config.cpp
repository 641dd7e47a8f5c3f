#include "runtime/train/config.hpp"

#include "runtime/session/failure.hpp"
#include "runtime/session/suggest.hpp"
#include "runtime/train/config_lists.hpp"
#include "runtime/train/toml_section.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fstream>
#include <functional>
#include <sstream>

namespace antidrome {
namespace {

namespace fs = std::filesystem;

toml::table parse_file(const std::string& file) {
  std::ifstream in(file);
  if (!in || fs::is_directory(file)) fail(exit_user, "AD410", {file}, "cannot read the run configuration", "give the path of a TOML file: --config RUN.toml");
  std::stringstream text;
  text << in.rdbuf();
  try {
    return toml::parse(text.str(), file);
  } catch (const toml::parse_error& error) {
    fail(exit_user, "AD401", {file, static_cast<int>(error.source().begin.line), static_cast<int>(error.source().begin.column)},
         fmt::format("not valid TOML: {}", error.description()));
  }
}

// "train.epochs=3" is TOML already, except that strings may come without quotes.
toml::table parse_override(const std::string& text) {
  const std::string place = "--set " + text;
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    fail(exit_user, "AD407", {place}, "not of the form section.key=value", "for example --set train.epochs=3");
  for (const std::string& attempt : {text, text.substr(0, equals) + "='" + text.substr(equals + 1) + "'"}) {
    try {
      return toml::parse(attempt, place);
    } catch (const toml::parse_error&) {
    }
  }
  fail(exit_user, "AD407", {place}, "neither key nor value can be read", "for example --set train.epochs=3 or --set 'params.\"input_hidden.w\"={normal=[1.5,0.8]}'");
}

/// What a value in [params] can be; there is one of them.
constexpr std::string_view value_forms[] = {"number", "uniform", "normal", "gamma", "values"};

std::size_t forms_in(const toml::table& value) {
  return static_cast<std::size_t>(std::count_if(std::begin(value_forms), std::end(value_forms), [&](std::string_view word) { return value.contains(word); }));
}

// Moves: a copied node would forget its place. A new draw takes the place of the old one, bounds stay.
void merge(toml::table& base, toml::table&& over) {
  for (auto&& [key, node] : over) {
    toml::table* inner = base.contains(key.str()) ? base.get(key.str())->as_table() : nullptr;
    if (inner != nullptr && node.is_table()) {
      if (forms_in(*node.as_table()) > 0)
        for (const std::string_view word : value_forms) inner->erase(word);
      merge(*inner, std::move(*node.as_table()));
    } else node.visit([&, &name = key](auto& value) { base.insert_or_assign(name, std::move(value)); });
  }
}

std::string text_of(const toml::node& node) {
  if (const auto text = node.value<std::string>(); node.is_string()) return *text;
  if (node.is_integer()) return fmt::format("{}", *node.value<std::int64_t>());
  if (node.is_floating_point()) return fmt::format("{}", *node.value<double>());
  if (node.is_boolean()) return *node.value<bool>() ? "true" : "false";
  std::stringstream out;
  node.visit([&](const auto& value) { out << value; });
  std::string text = out.str();
  std::replace(text.begin(), text.end(), '\n', ' ');  // a long list is printed on several lines, but a value is one
  return text;
}

void flatten(const toml::table& table, const std::string& prefix, std::map<std::string, std::string>& out) {
  for (const auto& [key, node] : table) {
    const std::string name = prefix + std::string(key.str());
    if (node.is_table()) flatten(*node.as_table(), name + ".", out);
    else out[name] = text_of(node);
  }
}

/// Reads the sections of one file into a RunConfig.
class Loader {
 public:
  Loader(const std::string& file, toml::table table) : table_(std::move(table)), folder_(fs::absolute(file).parent_path()), root_(&table_, "", file, diagnostics_, resolved_) {
    config_.file = file;
  }

  RunConfig load() {
    model();
    data();
    trial();
    resolved_.insert_or_assign("augment", toml::array{});
    config_.augment = read_augment(root_.array("augment"), config_.file, diagnostics_, *resolved_.get("augment")->as_array());
    train();
    params();
    output();
    record();
    root_.finish();
    if (diagnostics_.has_errors()) throw Failure(exit_user, std::move(diagnostics_));
    config_.data.values["dt_ms"] = fmt::format("{}", config_.trial.dt_ms);
    config_.data.values["trial_ms"] = fmt::format("{}", config_.trial.length_ms);
    config_.data.origin = config_.file;
    std::stringstream out;
    out << toml::toml_formatter{resolved_, toml::toml_formatter::default_flags & ~toml::format_flags::allow_literal_strings} << '\n';
    config_.resolved = out.str();
    flatten(resolved_, "", config_.flat);
    return std::move(config_);
  }

 private:
  // A section of the file and its resolved twin. The twin is inserted at once and filled in place.
  TomlSection section(const char* name) {
    const toml::table* from = root_.table(name);
    resolved_.insert_or_assign(name, toml::table{});
    return {from, name, config_.file, diagnostics_, *resolved_.get(name)->as_table()};
  }

  std::string path(const std::string& text, const Location& at) {
    try {
      const fs::path expanded = expand_path(text, at);
      return (expanded.is_absolute() ? expanded : folder_ / expanded).lexically_normal().string();
    } catch (const Failure& failure) {
      for (const Diagnostic& d : failure.diagnostics().all()) diagnostics_.error(d.code, d.at, d.message, d.remedy);
      return text;
    }
  }

  void model() {
    TomlSection s = section("model");
    ModelConfig& m = config_.model;
    m.file = s.text("file", "");
    if (!m.file.empty()) s.resolve("file", m.file = path(m.file, s.where("file")));
    m.backend = s.choice("backend", m.backend, {"openmp", "cuda", "reference"});
    m.device = s.choice("device", m.device, {"gpu", "emulated", "checked", "interpreted"});
    m.mode = s.choice("mode", m.mode, {"grid", "exact"});
    m.precision = s.choice("precision", m.backend == "reference" ? "double" : m.precision, {"float", "double", "mixed"});
    toml::table set;
    if (const toml::table* given = s.table("set"))
      for (const auto& [key, node] : *given) {
        if (!node.is_number() && !node.is_boolean() && !node.is_string())
          diagnostics_.error("AD403", place_of(node, config_.file), fmt::format("'model.set.{}' is neither a number, a word nor true or false", key.str()));
        m.set[std::string(key.str())] = text_of(node);
        set.insert_or_assign(key, node);
      }
    resolved_.get("model")->as_table()->insert_or_assign("set", std::move(set));
    s.finish();
  }

  // The data set knows its own keys; here values only become text, and paths absolute.
  void data() {
    const toml::table* given = root_.table("data");
    resolved_.insert_or_assign("data", toml::table{});
    toml::table& resolved = *resolved_.get("data")->as_table();
    if (given == nullptr) return;
    for (const auto& [key, node] : *given) {
      const std::string name(key.str());
      const auto is_value = [](const toml::node& n) { return n.is_string() || n.is_number() || n.is_boolean(); };
      const toml::array* members = node.as_array();
      if (!is_value(node) && (members == nullptr || !std::all_of(members->begin(), members->end(), is_value))) {
        diagnostics_.error("AD403", place_of(node, config_.file), fmt::format("'data.{}' is neither a string, a number, a boolean nor a list of them", name));
        continue;
      }
      std::string value = members == nullptr ? text_of(node) : std::string();
      for (std::size_t k = 0; members != nullptr && k < members->size(); ++k) value += (k == 0 ? "" : ",") + text_of(*members->get(k));   // a list as "a,b,c"
      if (name == "path" || name.ends_with("_path")) value = path(value, place_of(node, config_.file));
      config_.data.values[name] = value;
      if (node.is_string()) resolved.insert_or_assign(name, value);
      else resolved.insert_or_assign(name, node);
    }
  }

  void trial() {
    TomlSection s = section("trial");
    TrialConfig& t = config_.trial;
    const std::string remedy = "for example [trial] dt = 0.5, length = 30 (in ms)";
    const std::size_t mistakes = diagnostics_.error_count();
    t.dt_ms = s.required_number("dt", {0, 1e6, true}, remedy);
    t.length_ms = s.required_number("length", {0, 1e9, true}, remedy);
    s.finish();
    if (diagnostics_.error_count() > mistakes) return;
    const double steps = t.length_ms / t.dt_ms;
    // Steps are counted in 16 bits by the events of a batch.
    if (std::fabs(steps - std::round(steps)) > 1e-6 * steps || steps < 0.5)
      diagnostics_.error("AD404", s.where("length"), fmt::format("'trial.length' is {} ms, not a whole number of steps of {} ms", t.length_ms, t.dt_ms));
    else if (steps > 65535)
      diagnostics_.error("AD404", s.where("dt"), fmt::format("a trial of {} ms has {} steps of {} ms, at most 65535 are possible", t.length_ms, steps, t.dt_ms), "enlarge [trial] dt");
    t.steps = static_cast<std::uint32_t>(std::clamp(std::round(steps), 1.0, 65535.0));
  }

  void train() {
    TomlSection s = section("train");
    TrainConfig& t = config_.train;
    constexpr std::uint64_t many = 1'000'000'000;
    t.epochs = s.integer("epochs", t.epochs, 0, many);
    t.batch = s.integer("batch", t.batch, 1, 1'000'000);
    t.seed = s.integer("seed", t.seed, 0, std::numeric_limits<std::int64_t>::max());
    t.threads = static_cast<std::uint32_t>(s.integer("threads", t.threads, 0, 4096));
    t.chunks = static_cast<std::uint32_t>(s.integer("chunks", t.chunks, 1, 4096));
    t.shuffle = s.flag("shuffle", t.shuffle);
    t.update_every = s.integer("update_every", t.update_every, 1, many);
    optimiser(s);
    schedule(s);
    t.monitor = s.choice("monitor", t.monitor, monitors(true));
    t.patience = s.integer("patience", t.patience, 0, many);
    if (t.patience > 0 && t.monitor == "none")
      diagnostics_.error("AD404", s.where("patience"), "'train.patience' needs something to look at, but 'train.monitor' is none", "for example monitor = \"validation_loss\"");
    NameReader names{config_, *resolved_.get("train")->as_table(), diagnostics_};
    names.numbers(s, "rates", Mention::What::trained, t.rates);
    names.numbers(s, "weight_decays", Mention::What::trained, t.weight_decays);
    names.numbers(s, "lift_silent", Mention::What::weights, t.lift_silent);
    names.list(s, "freeze", Mention::What::trained, t.freeze);
    names.list(s, "redraw_silent", Mention::What::weights, t.redraw_silent);
    s.finish();
    if (t.optimiser != "adamw" && (t.weight_decay > 0 || !t.weight_decays.empty()))
      diagnostics_.error("AD404", s.where(t.weight_decay > 0 ? "weight_decay" : "weight_decays"), fmt::format("optimiser '{}' has no weight decay", t.optimiser), "optimiser = \"adamw\"");
  }

  void optimiser(TomlSection& s) {
    TrainConfig& t = config_.train;
    const Range below_one{0, std::nextafter(1.0, 0.0)};
    t.optimiser = s.choice("optimiser", t.optimiser, {"adam", "adamw", "sgd"});
    t.learning_rate = s.number("learning_rate", t.learning_rate, {0, 1e9});
    t.beta1 = s.number("beta1", t.beta1, below_one);
    t.beta2 = s.number("beta2", t.beta2, below_one);
    t.epsilon = s.number("epsilon", t.epsilon, {0, 1e9, true});
    t.momentum = s.number("momentum", t.momentum, below_one);
    t.weight_decay = s.number("weight_decay", t.optimiser == "adamw" ? 0.01 : 0, {0, 1e9});
    t.clip = s.number("clip", t.clip, {0, 1e30});
  }

  void schedule(TomlSection& s) {
    TrainConfig& t = config_.train;
    const Range factor{0, 1, true}, below_one{0, std::nextafter(1.0, 0.0)};
    t.schedule = s.choice("schedule", t.schedule, {"constant", "decay", "cosine", "ema"});
    t.decay = s.number("decay", t.decay, factor);
    t.decay_epochs = s.integer("decay_epochs", t.decay_epochs, 1, 1'000'000'000);
    t.restart_adam = s.flag("restart_adam", t.restart_adam);
    t.ema_fast = s.number("ema_fast", t.ema_fast, below_one);
    t.ema_slow = s.number("ema_slow", t.ema_slow, below_one);
    t.ema_factor = s.number("ema_factor", t.ema_factor, factor);
    t.ema_epochs = s.integer("ema_epochs", t.ema_epochs, 0, 1'000'000'000);
    t.ema_monitor = s.choice("ema_monitor", t.ema_monitor, monitors(false));
    t.ease_in = s.number("ease_in", t.ease_in, {1, 1e3});
    t.ease_in_start = s.number("ease_in_start", t.ease_in_start, factor);
  }

  static std::vector<std::string> monitors(bool with_none) {
    std::vector<std::string> out = {"auto", "validation_accuracy", "validation_loss", "training_accuracy", "training_loss"};
    if (with_none) out.emplace_back("none");
    return out;
  }

  void params() {
    const toml::table* given = root_.table("params");
    resolved_.insert_or_assign("params", toml::table{});
    if (given != nullptr) read_params(*given, "", *resolved_.get("params")->as_table());
  }

  static bool is_value(const toml::table& table) { return forms_in(table) > 0 || table.contains("clamp"); }

  void read_params(const toml::table& table, const std::string& prefix, toml::table& resolved) {
    for (const auto& [key, node] : table) {
      const std::string name = prefix + std::string(key.str());
      if (node.is_table() && !is_value(*node.as_table()) && !node.as_table()->empty()) {
        read_params(*node.as_table(), name + ".", resolved);
        continue;
      }
      ParamOverride& p = config_.params[name];
      p.at = place_of(node, config_.file);
      resolved.insert_or_assign(name, node);
      if (node.is_number()) {
        p.has_init = true;
        p.init.a = *node.value<double>();
      } else if (node.is_table()) {
        read_value(*node.as_table(), name, p);
      } else {
        diagnostics_.error("AD403", p.at, fmt::format("'params.{}' is neither a number nor a draw", name), "for example 2.5, {normal = [1.5, 0.78]} or {uniform = [0, 1], clamp = [0, 2]}");
      }
    }
  }

  std::optional<std::vector<double>> numbers(const toml::node& node, std::size_t count, const std::string& name) {
    std::vector<double> out;
    const toml::array* list = node.as_array();
    if (list != nullptr)
      for (const toml::node& item : *list)
        if (item.is_number()) out.push_back(*item.value<double>());
    if (list != nullptr && out.size() == list->size() && (count == 0 || out.size() == count)) return out;
    diagnostics_.error("AD403", place_of(node, config_.file), fmt::format("'params.{}' is not a list of {}numbers", name, count == 0 ? "" : "two "));
    return {};
  }

  void read_value(const toml::table& table, const std::string& name, ParamOverride& p) {
    static const std::map<std::string, Init::Kind> kinds = {{"uniform", Init::Kind::uniform}, {"normal", Init::Kind::normal}, {"gamma", Init::Kind::gamma}};
    if (forms_in(table) > 1) diagnostics_.error("AD404", p.at, fmt::format("'params.{}' is given {} values at once, expected one of: {}", name, forms_in(table), fmt::join(value_forms, ", ")));
    for (const auto& [key, node] : table) {
      const std::string word(key.str()), full = name + "." + word;
      if (const auto kind = kinds.find(word); kind != kinds.end()) {
        if (const auto pair = numbers(node, 2, full)) p.init = {kind->second, (*pair)[0], (*pair)[1], {}}, p.has_init = true;
        const bool bad_spread = kind->second == Init::Kind::uniform ? p.init.b < p.init.a : p.init.b < 0 || (kind->second == Init::Kind::gamma && !(p.init.a > 0));
        if (bad_spread) diagnostics_.error("AD404", place_of(node, config_.file), fmt::format("'params.{}' is not a distribution: {}", full, p.init.str()));
      } else if (word == "values") {
        if (const auto all = numbers(node, 0, full)) p.init = {Init::Kind::values, 0, 0, *all}, p.has_init = true;
      } else if (word == "number" && node.is_number()) {
        p.init.a = *node.value<double>(), p.has_init = true;
      } else if (word == "clamp") {
        if (const auto pair = numbers(node, 2, full)) p.low = (*pair)[0], p.high = (*pair)[1];
      } else {
        diagnostics_.error("AD402", place_of(node, config_.file), fmt::format("unknown key 'params.{}'", full), did_you_mean(word, {"number", "uniform", "normal", "gamma", "values", "clamp"}));
      }
    }
  }

  void output() {
    TomlSection s = section("output");
    config_.output.plots = s.flag("plots", config_.output.plots);
    config_.output.report = s.choice("report", config_.output.report, {"last", "best"});
    config_.output.keep_epochs = s.integers("keep_epochs", 1);
    config_.output.checkpoint_seconds = s.number("checkpoint_seconds", config_.output.checkpoint_seconds, {0, 1e9});
    config_.output.checkpoint_batches = s.integer("checkpoint_batches", 0, 0, 1'000'000'000);
    s.finish();
  }

  void record() {
    TomlSection s = section("record");
    RecordConfig& r = config_.record;
    r.what = s.texts("what", &r.places);
    r.split = s.choice("split", r.split, {"training", "validation"});
    r.samples = s.integers("samples", 0);
    r.batches = s.integers("batches", 1);
    r.epochs = s.integers("epochs", 1);
    s.finish();
    if (!r.what.empty() && r.samples.empty() && r.batches.empty())
      diagnostics_.error("AD405", s.where("what"), "[record] says what, but not of which samples", "for example samples = [0, 1], or batches = [1] for all samples of the first batch of an epoch");
  }

  toml::table table_, resolved_;
  fs::path folder_;
  Diagnostics diagnostics_;
  TomlSection root_;
  RunConfig config_;
};

}  // namespace

std::string expand_path(const std::string& text, const Location& at) {
  std::string out;
  for (std::size_t k = 0; k < text.size();) {
    if (k == 0 && (text == "~" || text.starts_with("~/"))) {
      const char* home = std::getenv("HOME");
      out += home == nullptr ? "~" : home;
      ++k;
    } else if (text[k] == '$') {
      const bool braces = k + 1 < text.size() && text[k + 1] == '{';
      std::size_t end = k + (braces ? 2 : 1);
      const std::size_t begin = end;
      while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) || text[end] == '_')) ++end;
      const std::string name = text.substr(begin, end - begin);
      const char* value = std::getenv(name.c_str());
      if (value == nullptr)
        fail(exit_user, "AD410", at, fmt::format("the path '{}' needs the environment variable '{}', which is not set", text, name), fmt::format("export {}=/where/the/data/is", name));
      out += value;
      k = end + (braces && end < text.size() ? 1 : 0);
    } else {
      out += text[k++];
    }
  }
  return out;
}

RunConfig load_config(const std::string& file, const std::vector<std::string>& overrides) {
  toml::table table = parse_file(file);
  for (const std::string& text : overrides) merge(table, parse_override(text));
  return Loader(file, std::move(table)).load();
}

namespace {

void check_mention(const Mention& mention, const Manifest& manifest, Diagnostics& diagnostics) {
  const ParameterInfo* info = manifest.parameter(mention.name);
  std::vector<std::string> known = manifest.parameter_names();
  const auto leads_there = [&](const ParameterInfo& p) { return p.trainable && p.weight_into == mention.name; };
  if (mention.what == Mention::What::weights) {
    if (std::any_of(manifest.parameters.begin(), manifest.parameters.end(), leads_there)) return;
    for (const PopulationInfo& p : manifest.populations) known.push_back(p.name);
    const bool population = std::any_of(manifest.populations.begin(), manifest.populations.end(), [&](const PopulationInfo& p) { return p.name == mention.name; });
    if (population || (info != nullptr && info->weight_into.empty())) {
      diagnostics.error("AD408", mention.at, fmt::format("[{}] names '{}', {}", mention.section, mention.name, population ? "to which no trainable weights lead" : "which is not a weight"));
      return;
    }
  }
  if (info == nullptr)
    diagnostics.error("AD408", mention.at, fmt::format("[{}] names '{}', but the model has no such parameter", mention.section, mention.name), did_you_mean(mention.name, known));
  else if (!info->trainable)
    diagnostics.error("AD408", mention.at, fmt::format("[{}] names '{}', which is not trainable", mention.section, mention.name), fmt::format("declare it trainable(…) in the model, at {}", info->origin));
}

}  // namespace

void apply_overrides(const RunConfig& config, Manifest& manifest) {
  Diagnostics diagnostics;
  for (const auto& [name, p] : config.params) {
    const auto found = std::find_if(manifest.parameters.begin(), manifest.parameters.end(), [&](const ParameterInfo& info) { return info.name == name; });
    if (found == manifest.parameters.end()) {
      diagnostics.error("AD408", p.at, fmt::format("[params] names '{}', but the model has no such parameter", name), did_you_mean(name, manifest.parameter_names()));
      continue;
    }
    if (p.has_init) found->init = p.init;
    if (p.low) found->low = p.low, found->high = p.high;
    if (p.has_init && p.init.kind == Init::Kind::values && p.init.values.size() != found->elements())
      diagnostics.error("AD408", p.at, fmt::format("{} values for '{}', which has {} x {}", p.init.values.size(), name, found->rows, found->cols));
  }
  for (const Mention& mention : config.mentions) check_mention(mention, manifest, diagnostics);
  if (diagnostics.has_errors()) throw Failure(exit_user, std::move(diagnostics));
}

}  // namespace antidrome
