#include "runtime/train/silence.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace antidrome {
namespace {

/// What is done to the weights of one parameter.
struct Remedy {
  bool redraw = false;
  double lift = 0;
  bool any() const { return redraw || lift > 0; }
};

Remedy remedy_for(const ParameterInfo& p, const TrainConfig& config) {
  if (!p.trainable || p.weight_into.empty()) return {};
  for (const std::string& name : {p.name, p.weight_into}) {
    const bool redraw = std::find(config.redraw_silent.begin(), config.redraw_silent.end(), name) != config.redraw_silent.end();
    const auto lift = config.lift_silent.find(name);
    if (redraw || lift != config.lift_silent.end()) return {redraw, lift == config.lift_silent.end() ? 0 : lift->second};
  }
  return {};
}

}  // namespace

std::uint64_t wake_silent(Arrays& parameters, const Manifest& manifest, const TrainConfig& config, const std::vector<std::uint64_t>& spikes, std::uint64_t epoch) {
  std::map<std::string, std::uint32_t> first;  // of each population, in `spikes`
  std::uint32_t next = 0;
  for (const PopulationInfo& p : manifest.populations) first[p.name] = std::exchange(next, next + p.size);
  std::set<std::uint32_t> woken;
  for (std::uint32_t k = 0; k < manifest.parameters.size(); ++k) {
    const ParameterInfo& p = manifest.parameters[k];
    const Remedy remedy = remedy_for(p, config);
    if (!remedy.any()) continue;
    for (std::uint32_t c = 0; c < p.cols; ++c) {
      const std::uint32_t neuron = first.at(p.weight_into) + c;
      if (spikes[neuron] > 0) continue;
      woken.insert(neuron);
      for (std::uint32_t r = 0; r < p.rows; ++r) {
        const double value = (remedy.redraw ? initial_value(p.init, config.seed, k, r * p.cols + c, static_cast<std::uint32_t>(epoch)) : parameters.get(k, r, c)) + remedy.lift;
        parameters.set(k, r, c, std::min(std::max(value, p.low.value_or(value)), p.high.value_or(value)));
      }
    }
  }
  return woken.size();
}

}  // namespace antidrome
