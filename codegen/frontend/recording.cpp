#include "codegen/frontend/recording.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstring>

#include "codegen/frontend/suggest.hpp"

namespace antidrome::frontend {
namespace {

Location place(const detail::Site& site) { return {site.file, site.line, site.column}; }

RecordedStruct copy(const detail::Struct& s) {
  RecordedStruct r;
  r.key = s.key;
  r.hooks.assign(s.hooks, s.hooks + s.hook_count);
  r.bytes.resize(static_cast<std::size_t>(s.bytes) / sizeof(std::max_align_t) + 1);
  std::memcpy(r.bytes.data(), s.object, static_cast<std::size_t>(s.bytes));
  return r;
}

}  // namespace

const std::string* Recording::setting(const std::string& name) {
  const auto found = set_.find(name);
  return found == set_.end() ? nullptr : &found->second;
}

double Recording::number_option(const char* name, double fallback, bool integer, detail::Site site) {
  double& value = options[name] = fallback;
  if (const std::string* text = setting(name)) {
    double given = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), given);
    const bool number = error == std::errc() && end == text->data() + text->size() && std::isfinite(given);
    if (!number || (integer && (given != std::floor(given) || std::fabs(given) > 2e9)))
      diagnostics_.error("AD126", place(site), fmt::format("option '{}' is set to '{}', which is not {}", name, *text, integer ? "an integer" : "a number"), fmt::format("--set {}={}", name, fallback));
    else
      value = given;
  }
  return value;
}

bool Recording::flag_option(const char* name, bool fallback, detail::Site site) {
  double& value = options[name] = fallback ? 1 : 0;
  if (const std::string* text = setting(name)) {
    if (*text == "1" || *text == "true" || *text == "on" || *text == "yes") value = 1;
    else if (*text == "0" || *text == "false" || *text == "off" || *text == "no") value = 0;
    else diagnostics_.error("AD126", place(site), fmt::format("option '{}' is set to '{}', which is neither true nor false", name, *text), fmt::format("--set {}=true", name));
  }
  return value != 0;
}

const char* Recording::choice_option(const char* name, const char* const* choices, int n, detail::Site site) {
  const std::vector<std::string> known(choices, choices + n);
  int chosen = 0;
  if (const std::string* text = setting(name)) {
    chosen = -1;
    for (int k = 0; k < n; ++k)
      if (*text == choices[k]) chosen = k;
    if (chosen < 0) {
      diagnostics_.error("AD126", place(site), fmt::format("option '{}' is set to '{}'{}", name, *text, did_you_mean(*text, known)), fmt::format("one of {}", quoted_list(known)));
      chosen = 0;
    }
  }
  options[name] = chosen;
  words[name] = choices[chosen];
  return choices[chosen];
}

int Recording::source(const char* name, int size, const detail::Struct& model, detail::Site site) {
  populations.push_back({name, size, true, 0, copy(model), place(site)});
  return static_cast<int>(populations.size()) - 1;
}

int Recording::population(const char* name, int size, const detail::Struct& model, int solver, detail::Site site) {
  populations.push_back({name, size, false, solver, copy(model), place(site)});
  return static_cast<int>(populations.size()) - 1;
}

int Recording::projection(int pre, int post, const detail::Connection& connection, const detail::Struct& model, const detail::DelayRecord& delay, detail::Site site) {
  projections.push_back({pre, post, connection, delay, copy(model), place(site)});
  return static_cast<int>(projections.size()) - 1;
}

int Recording::readout(int population, const detail::Struct& model, detail::Site site) {
  readouts.push_back({population, copy(model), place(site)});
  return static_cast<int>(readouts.size()) - 1;
}

void Recording::loss(int readout, const detail::Struct& model, bool each_step, double scale, bool labelled, detail::Site site) {
  losses.push_back({readout, each_step, labelled, scale, copy(model), place(site)});
}

void Recording::learn(const char* name, double limit, detail::Site site) {
  rule = name;
  clamp = limit;
  rule_at = place(site);
}

void Recording::unsupported(const char* what, detail::Site site) {
  diagnostics_.error("AD114", place(site), fmt::format("{} is not supported yet", what), "the support table in docs/design.md says what is");
}

void Recording::check_settings(const std::string& file) {
  std::vector<std::string> known;
  for (const auto& [name, value] : options) known.push_back(name);
  for (const auto& [name, value] : set_)
    if (!options.contains(name))
      diagnostics_.error("AD125", {file, 0, 0}, fmt::format("the model has no option '{}'{}", name, did_you_mean(name, known)),
                         known.empty() ? "it has no options; net.option(\"name\", default) makes one" : fmt::format("it has {}", quoted_list(known)));
}

}  // namespace antidrome::frontend
