#include <algorithm>
#include <fmt/format.h>

#include "codegen/passes/passes.hpp"

namespace antidrome::passes {
namespace {

using namespace ir;

void verify_values(const Model& model, const Values& values, Diagnostics& diagnostics) {
  for (const auto& [name, value] : values) {
    const ir::Symbol* s = model.find(name);
    if (!s || (s->role != Role::param && s->role != Role::weight))
      diagnostics.error("AD200", value.at, fmt::format("'{}' is not a param or weight of '{}'", name, model.name));
    if (value.low && value.high && *value.low > *value.high)
      diagnostics.error("AD201", value.at, fmt::format("the bounds of '{}' are empty: [{}, {}]", name, *value.low, *value.high), "write .clamp(low, high) with low <= high");
  }
}

void verify_hooks(const Model& model, std::initializer_list<Trigger> allowed, const char* kind, Diagnostics& diagnostics) {
  for (const auto& [trigger, hook] : model.hooks) {
    if (std::find(allowed.begin(), allowed.end(), trigger) == allowed.end())
      diagnostics.error("AD202", hook.at, fmt::format("a hook of '{}' is not supported yet for a {}", model.name, kind), "see the support table in docs/design.md");
  }
  for (const ir::Symbol& s : model.symbols)
    if (s.role == Role::memory || s.role == Role::spike)
      diagnostics.error("AD203", s.at, fmt::format("'{}' of '{}' is a {}: local plasticity and maps are not supported yet", s.name, model.name, s.role == Role::memory ? "memory" : "spike"),
                        "a state that is fresh in every trial is declared `state`");
}

}  // namespace

void verify(const Network& network, Diagnostics& diagnostics) {
  for (const Population& p : network.populations) {
    if (p.size < 1) diagnostics.error("AD204", p.at, fmt::format("population '{}' has size {}", p.name, p.size), "a population has at least one neuron");
    verify_values(p.model, p.values, diagnostics);
    if (!p.source) verify_hooks(p.model, {Trigger::start, Trigger::flow, Trigger::step, Trigger::fires, Trigger::reset}, "neuron", diagnostics);
  }
  for (const Projection& p : network.projections) {
    for (const std::string& end : {p.pre, p.post})
      if (!network.population(end)) diagnostics.error("AD205", p.at, fmt::format("projection '{}' names an unknown population '{}'", p.name, end));
    if (const Population* post = network.population(p.post); post && post->source)
      diagnostics.error("AD206", p.at, fmt::format("projection '{}' ends in the source '{}'", p.name, p.post), "a source has no equations; connect to a population");
    if (p.connectivity.kind != Connectivity::Kind::dense)
      diagnostics.error("AD207", p.at, fmt::format("projection '{}' is not dense", p.name), "only Dense{} is supported yet with learning by gradient");
    verify_values(p.model, p.values, diagnostics);
    verify_hooks(p.model, {Trigger::flow, Trigger::pre_spike}, "synapse", diagnostics);
  }
  for (const Readout& r : network.readouts) {
    const Population* p = network.population(r.population);
    if (!p || p->source) diagnostics.error("AD208", r.at, fmt::format("readout '{}' reads '{}', which is not a population", r.name, r.population));
    verify_values(r.model, r.values, diagnostics);
    verify_hooks(r.model, {Trigger::flow, Trigger::step, Trigger::spike, Trigger::score}, "readout", diagnostics);
  }
  for (const Loss& l : network.losses) {
    if (!network.readout(l.readout)) diagnostics.error("AD209", l.at, fmt::format("loss '{}' uses an unknown readout '{}'", l.name, l.readout));
    verify_values(l.model, l.values, diagnostics);
    verify_hooks(l.model, {Trigger::loss}, "loss", diagnostics);
  }
  if (network.populations.empty()) diagnostics.error("AD210", {network.model_file, 0, 0}, "the network has no population", "call net.population(…) in network()");
  if (!network.learn.name.empty() && network.learn.name != "EventProp")
    diagnostics.error("AD211", {network.model_file, 0, 0}, fmt::format("learning rule '{}' is not supported yet", network.learn.name), "net.learn(EventProp{})");
  if (!network.learn.name.empty() && network.losses.empty())
    diagnostics.error("AD212", {network.model_file, 0, 0}, "the network learns but has no loss", "add net.loss(net.read(population, Readout{}), Loss{})");
}

}  // namespace antidrome::passes
