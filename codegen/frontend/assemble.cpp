// Recording + lifted structs = Network. Names and sizes are checked here, where the user's line is known.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "codegen/frontend/session.hpp"
#include "codegen/frontend/suggest.hpp"
#include "codegen/frontend/values.hpp"

namespace antidrome::frontend {
namespace {

class Assembler {
 public:
  Assembler(const Recording& recording, const std::map<void (*)(), const LiftedStruct*>& structs, const std::string& file, Diagnostics& diagnostics)
      : recording_(recording), structs_(structs), diagnostics_(diagnostics) {
    network_.model_file = file;
    network_.options = recording.options;
  }

  ir::Network run() {
    for (const RecordedPopulation& p : recording_.populations) add(p);
    for (const RecordedProjection& p : recording_.projections) add(p);
    for (const RecordedReadout& r : recording_.readouts) add(r);
    for (const RecordedLoss& l : recording_.losses) add(l);
    learn();
    return std::move(network_);
  }

 private:
  /// The lifted Model with the initial values of this very object.
  ir::Model model_of(const RecordedStruct& s, Shape shape, const Location& at, ir::Values& values) {
    const LiftedStruct* lifted = structs_.at(s.key);
    ir::Model model = lifted->model;
    const std::vector<Member>& members = lifted->objects.front().members;
    for (std::size_t k = 0; k < members.size(); ++k) model.symbols[k].initial = initial_of(members[k], s.object());
    values = values_of(*lifted, s.object(), shape, at, diagnostics_);
    return model;
  }

  std::string unique(const std::string& wanted) {
    std::string name = wanted;
    for (int k = 2; !names_.insert(name).second; ++k) name = fmt::format("{}_{}", wanted, k);
    return name;
  }

  void add(const RecordedPopulation& p) {
    const bool identifier = !p.name.empty() && !std::isdigit(static_cast<unsigned char>(p.name[0])) &&
                            std::all_of(p.name.begin(), p.name.end(), [](unsigned char c) { return std::isalnum(c) || c == '_'; });
    if (!identifier) diagnostics_.error("AD122", p.at, fmt::format("'{}' cannot name a population", p.name), "use letters, digits and _, and begin with a letter");
    if (!names_.insert(p.name).second) diagnostics_.error("AD122", p.at, fmt::format("a second population '{}'", p.name), "numbered(\"hidden\", k) makes names in a loop");
    if (p.size <= 0) diagnostics_.error("AD123", p.at, fmt::format("population '{}' has size {}", p.name, p.size), "a population has at least one neuron");
    ir::Population out;
    out.name = p.name;
    out.size = std::max(p.size, 1);
    out.source = p.source;
    out.model = model_of(p.model, {StructKind::neuron, 1, out.size}, p.at, out.values);
    out.solver = static_cast<ir::Solver>(p.solver);
    out.at = p.at;
    network_.populations.push_back(std::move(out));
  }

  void add(const RecordedProjection& p) {
    if (!known(p.pre, p.at) || !known(p.post, p.at)) return;
    const ir::Population& pre = network_.populations[static_cast<std::size_t>(p.pre)];
    const ir::Population& post = network_.populations[static_cast<std::size_t>(p.post)];
    ir::Projection out;
    out.name = unique(pre.name + "_" + post.name);
    out.pre = pre.name;
    out.post = post.name;
    out.at = p.at;
    out.connectivity = {static_cast<ir::Connectivity::Kind>(p.connection.kind), p.connection.probability, p.connection.self};
    if (out.connectivity.kind == ir::Connectivity::Kind::sparse && !(p.connection.probability > 0 && p.connection.probability <= 1))
      diagnostics_.error("AD124", p.at, fmt::format("a connection probability of {}", p.connection.probability), "it lies in (0, 1]");
    if (out.connectivity.kind == ir::Connectivity::Kind::one_to_one && pre.size != post.size)
      diagnostics_.error("AD123", p.at, fmt::format("OneToOne between '{}' of size {} and '{}' of size {}", pre.name, pre.size, post.name, post.size), "both have the same size");
    delay(p, pre, post, out);
    out.model = model_of(p.model, {StructKind::synapse, pre.size, post.size}, p.at, out.values);
    network_.projections.push_back(std::move(out));
  }

  void delay(const RecordedProjection& p, const ir::Population& pre, const ir::Population& post, ir::Projection& out) {
    if (p.delay.in_ms) out.delay = delay_of(p.delay, {StructKind::synapse, pre.size, post.size}, out.name, p.at, diagnostics_);
    if (!p.delay.in_steps) return;
    if (p.delay.steps == 0 && !p.delay.in_ms && !pre.source)
      diagnostics_.error("AD124", p.at, fmt::format("no delay from population '{}'", pre.name), "a spike of a population arrives at the next step at the earliest: 1_steps or more");
    out.delay_steps = p.delay.steps;
  }

  void add(const RecordedReadout& r) {
    ir::Readout out;
    if (!known(r.population, r.at)) return;
    const ir::Population& p = network_.populations[static_cast<std::size_t>(r.population)];
    out.population = p.name;
    out.at = r.at;
    out.model = model_of(r.model, {StructKind::readout, 1, p.size}, r.at, out.values);
    out.name = unique(p.name + "_" + out.model.name);
    network_.readouts.push_back(std::move(out));
  }

  void add(const RecordedLoss& l) {
    if (l.readout < 0 || static_cast<std::size_t>(l.readout) >= network_.readouts.size()) return;
    ir::Loss out;
    out.readout = network_.readouts[static_cast<std::size_t>(l.readout)].name;
    out.at = l.at;
    out.model = model_of(l.model, {StructKind::loss, 1, 1}, l.at, out.values);
    out.name = unique(out.model.name);
    out.when = l.each_step ? ir::Loss::When::each_step : ir::Loss::When::end;
    out.scale = l.scale;
    out.labelled = l.labelled;
    if (!std::isfinite(l.scale)) diagnostics_.error("AD124", l.at, fmt::format("the loss has scale {}", l.scale), "give a finite number");
    network_.losses.push_back(std::move(out));
  }

  void learn() {
    network_.learn.name = recording_.rule;
    network_.learn.clamp = recording_.clamp;
    if (recording_.rule.empty()) return;
    if (!(recording_.clamp > 0)) diagnostics_.error("AD124", recording_.rule_at, fmt::format("EventProp's clamp is {}", recording_.clamp), "it is positive");
    if (network_.losses.empty())
      diagnostics_.error("AD127", recording_.rule_at, "the network learns but has no loss", "add net.loss(net.read(output, MeanVoltage{}), CrossEntropy{})");
    const auto trains = [](const auto& records) {
      return std::any_of(records.begin(), records.end(), [](const auto& r) {
        return std::any_of(r.values.begin(), r.values.end(), [](const auto& v) { return v.second.trainable; });
      });
    };
    const auto learned_delay = [](const ir::Projection& p) { return p.delay && p.delay->trainable; };
    if (std::none_of(network_.projections.begin(), network_.projections.end(), learned_delay) && !trains(network_.projections) && !trains(network_.populations) && !trains(network_.readouts) && !trains(network_.losses))
      diagnostics_.error("AD127", recording_.rule_at, "the network learns but nothing is trainable", "write trainable(…) around a value: Pulse{.w = trainable(normal(0, 0.1))}");
  }

  bool known(int id, const Location& at) {
    if (id >= 0 && static_cast<std::size_t>(id) < network_.populations.size()) return true;
    diagnostics_.error("AD122", at, "a population that net.population() has not made", "use what net.source() or net.population() returned");
    return false;
  }

  const Recording& recording_;
  const std::map<void (*)(), const LiftedStruct*>& structs_;
  Diagnostics& diagnostics_;
  ir::Network network_;
  std::set<std::string> names_;
};

}  // namespace

ir::Network assemble(const Recording& recording, const std::map<void (*)(), const LiftedStruct*>& structs, const std::string& file, Diagnostics& diagnostics) {
  return Assembler(recording, structs, file, diagnostics).run();
}

}  // namespace antidrome::frontend
