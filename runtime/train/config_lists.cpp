#include "runtime/train/config_lists.hpp"

#include "runtime/session/suggest.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace antidrome {
namespace {

using Kind = data::AugmentStep::Kind;

/// What stands behind the name of an augmentation.
enum class Takes { number, range, probabilities, number_or_true };

struct Known {
  const char* name;
  Kind kind;
  Takes takes;
  Range range;
};

const double inf = std::numeric_limits<double>::infinity();
const Known known[] = {
    {"random_shift", Kind::random_shift, Takes::number, {0, 65535}},
    {"random_dilate", Kind::random_dilate, Takes::range, {0, 1e6, true}},
    {"id_jitter", Kind::id_jitter, Takes::number, {0, 65535}},
    {"jitter_time", Kind::jitter_time, Takes::number, {0, inf}},
    {"drop_events", Kind::drop_events, Takes::number, {0, 1}},
    {"noise_rate", Kind::noise_rate, Takes::number, {0, 1e6, true}},
    {"blend", Kind::blend, Takes::probabilities, {0, 1}},
    {"normalise_spike_number", Kind::normalise_spike_number, Takes::number_or_true, {1, 1e12}},
};

std::vector<std::string> names_of_known() {
  std::vector<std::string> out;
  for (const Known& k : known) out.emplace_back(k.name);
  return out;
}

/// Reads one entry of the list.
class Entry {
 public:
  Entry(const toml::node& node, std::size_t number, const std::string& file, Diagnostics& diagnostics)
      : node_(node), file_(file), path_(fmt::format("augment[{}]", number)), diagnostics_(diagnostics) {}

  std::optional<data::AugmentStep> read(toml::table& resolved) {
    const toml::table* table = node_.as_table();
    if (table == nullptr) {
      complain("AD403", node_, fmt::format("'{}' is not a table", path_), example());
      return {};
    }
    const Known* found = nullptr;
    for (const Known& k : known) {
      if (!table->contains(k.name)) continue;
      if (found != nullptr) {
        complain("AD402", *table->get(k.name), fmt::format("'{}' has both '{}' and '{}'", path_, found->name, k.name), "one entry, one augmentation: they act in the order of the entries");
        return {};
      }
      found = &k;
    }
    if (found == nullptr) {
      const std::string first = table->empty() ? "" : std::string(table->begin()->first.str());
      complain(first.empty() ? "AD405" : "AD402", node_, first.empty() ? fmt::format("'{}' names no augmentation", path_) : fmt::format("unknown augmentation '{}'", first),
               first.empty() ? example() : did_you_mean(first, names_of_known()));
      return {};
    }
    const std::size_t mistakes = diagnostics_.error_count();
    data::AugmentStep step = value(*found, *table->get(found->name));
    TomlSection section(table, path_, file_, diagnostics_, resolved);
    section.expect(found->name);
    resolved.insert_or_assign(found->name, *table->get(found->name));
    if (found->kind == Kind::blend) {
      step.extra = section.number("extra", 0, {0, 1000});
      step.share = section.number("share", step.extra > 0 ? 0 : 0.5, {0, 1});
      step.same_group = section.flag("same_group", false);
    }
    section.finish();
    return diagnostics_.error_count() > mistakes ? std::nullopt : std::optional(step);
  }

 private:
  static const char* example() { return "for example [[augment]] random_shift = 40"; }

  void complain(const char* code, const toml::node& node, std::string message, std::string remedy) { diagnostics_.error(code, place_of(node, file_), std::move(message), std::move(remedy)); }

  double number(const Known& k, const toml::node& node) {
    const std::optional<double> x = node.is_number() ? node.value<double>() : std::nullopt;
    if (!x) complain("AD403", node, fmt::format("'{}.{}' is not a number", path_, k.name), "");
    else if (!k.range.contains(*x) || !std::isfinite(*x)) complain("AD404", node, fmt::format("'{}.{}' is {}, expected {}", path_, k.name, *x, k.range.str()), "");
    return x.value_or(0);
  }

  data::AugmentStep value(const Known& k, const toml::node& node) {
    data::AugmentStep step;
    step.kind = k.kind;
    if (k.takes == Takes::number_or_true && node.is_boolean()) {
      if (!*node.value<bool>()) complain("AD404", node, fmt::format("'{}.{}' is false", path_, k.name), "leave the entry out to switch it off");
      return step;
    }
    if (k.takes == Takes::number || k.takes == Takes::number_or_true) {
      step.a = number(k, node);
      return step;
    }
    const toml::array* list = node.as_array();
    if (list == nullptr || list->empty() || (k.takes == Takes::range && list->size() != 2)) {
      complain("AD403", node, fmt::format("'{}.{}' is not {}", path_, k.name, k.takes == Takes::range ? "a pair [low, high]" : "a list of probabilities"), "");
      return step;
    }
    for (const toml::node& item : *list) step.keep.push_back(number(k, item));
    if (k.takes != Takes::range) return step;
    step.a = step.keep[0], step.b = step.keep[1];
    step.keep.clear();
    if (step.a > step.b) complain("AD404", node, fmt::format("'{}.{}' is [{}, {}], which is empty", path_, k.name, step.a, step.b), "");
    return step;
  }

  const toml::node& node_;
  const std::string& file_;
  std::string path_;
  Diagnostics& diagnostics_;
};

}  // namespace

std::vector<data::AugmentStep> read_augment(const toml::array* list, const std::string& file, Diagnostics& diagnostics, toml::array& resolved) {
  std::vector<data::AugmentStep> steps;
  for (std::size_t k = 0; list != nullptr && k < list->size(); ++k) {
    toml::table entry;
    const toml::node& node = *list->get(k);
    const std::optional<data::AugmentStep> step = Entry(node, k, file, diagnostics).read(entry);
    if (!step) continue;
    const bool second = step->kind == Kind::blend && std::any_of(steps.begin(), steps.end(), [](const data::AugmentStep& s) { return s.kind == Kind::blend; });
    if (second) diagnostics.error("AD404", place_of(node, file), fmt::format("'augment[{}]' is a second blend", k), "one blend may have more than two probabilities");
    steps.push_back(*step);
    resolved.push_back(std::move(entry));
  }
  return steps;
}

void NameReader::numbers(TomlSection& section, const std::string& key, Mention::What what, std::map<std::string, double>& into) {
  toml::table out;
  if (const toml::table* given = section.table(key)) numbers(*given, key, "", what, into, out);
  resolved.insert_or_assign(key, std::move(out));
}

void NameReader::numbers(const toml::table& table, const std::string& key, const std::string& prefix, Mention::What what, std::map<std::string, double>& into, toml::table& out) {
  for (const auto& [word, node] : table) {
    const std::string name = prefix + std::string(word.str());
    if (node.is_table()) {
      numbers(*node.as_table(), key, name + ".", what, into, out);
      continue;
    }
    const std::optional<double> value = node.is_number() ? node.value<double>() : std::nullopt;
    const Location at = place_of(node, config.file);
    if (!value || !(*value >= 0) || !std::isfinite(*value)) {
      diagnostics.error(value ? "AD404" : "AD403", at, fmt::format("'train.{}.{}' is not a number of at least 0", key, name));
      continue;
    }
    into[name] = *value;
    config.mentions.push_back({what, "train." + key, name, at});
    out.insert_or_assign(name, *value);
  }
}

void NameReader::list(TomlSection& section, const std::string& key, Mention::What what, std::vector<std::string>& into) {
  std::map<std::string, Location> places;
  into = section.texts(key, &places);
  for (const auto& [name, at] : places) config.mentions.push_back({what, "train." + key, name, at});
}

}  // namespace antidrome
