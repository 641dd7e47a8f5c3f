#include "codegen/driver/manifest.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "codegen/frontend/hash.hpp"

namespace antidrome::driver {
namespace {

using Json = nlohmann::ordered_json;

Json optional_number(const std::optional<double>& x) { return x ? Json(*x) : Json(nullptr); }

const char* word(ir::Value::Kind kind) {
  switch (kind) {
    case ir::Value::Kind::number: return "number";
    case ir::Value::Kind::uniform: return "uniform";
    case ir::Value::Kind::normal: return "normal";
    case ir::Value::Kind::gamma: return "gamma";
    case ir::Value::Kind::values: return "values";
  }
  return "number";
}

const char* word(ir::Parameter::Axes axes) {
  switch (axes) {
    case ir::Parameter::Axes::shared: return "shared";
    case ir::Parameter::Axes::neuron: return "neuron";
    case ir::Parameter::Axes::source: return "source";
    case ir::Parameter::Axes::target: return "target";
    case ir::Parameter::Axes::source_target: return "source target";
  }
  return "shared";
}

/// The population whose sums a parameter weighs; empty for what is no weight.
std::string weighs_into(const ir::Program& program, const ir::Parameter& p) {
  const ir::Edge* edge = program.edge(p.edge);
  const auto weighs = [&](const ir::Gather& gather) { return gather.weight == p.name; };
  return edge != nullptr && std::any_of(edge->gathers.begin(), edge->gathers.end(), weighs) ? edge->post : std::string();
}

Json parameter(const ir::Program& program, const ir::Parameter& p) {
  Json init = {{"kind", word(p.value.kind)}, {"a", p.value.a}, {"b", p.value.b}};
  if (p.value.kind == ir::Value::Kind::values) init["values"] = p.value.values;
  Json out = {{"name", p.name},        {"rows", p.rows},  {"cols", p.cols},
          {"axes", word(p.axes)},  {"trainable", p.trainable}, {"init", init},
          {"low", optional_number(p.value.low)}, {"high", optional_number(p.value.high)}, {"origin", p.value.at.str()}};
  if (const std::string into = weighs_into(program, p); !into.empty()) out["weight_into"] = into;
  return out;
}

/// States by the part of their name after the cell: "v", "input_hidden.i", "MeanVoltage.s".
Json states_of(const ir::Cell& cell) {
  Json names = Json::array();
  for (const ir::State& s : cell.states) names.push_back(s.name.substr(cell.name.size() + 1));
  return names;
}

}  // namespace

std::string fingerprint(const ir::Program& program, const Request& request) {
  ir::Program bare = program;
  bare.model_file.clear();
  for (ir::Parameter& p : bare.parameters) p.value = {};
  for (ir::Cell& c : bare.cells)
    for (ir::State& s : c.states) s.at = {};
  return frontend::hash_text(request.precision + "\n" + ir::print(bare));
}

std::string manifest_json(const ir::Network& network, const ir::Program& program, const frontend::ModelFile& model, const Request& request) {
  Json options = Json::object();
  for (const auto& [name, value] : network.options) {
    if (value == std::floor(value) && std::fabs(value) < 1e15) options[name] = static_cast<std::int64_t>(value);
    else options[name] = value;
  }
  for (const auto& [name, text] : model.words()) options[name] = text;
  Json out = {{"version", 1},
              {"model", request.model},
              {"fingerprint", fingerprint(program, request)},
              {"backend", request.backend},
              {"mode", request.mode},
              {"precision", request.precision},
              {"library", request.backend == "openmp" ? "simulator.so" : "libantidrome_" + request.backend + ".so"},
              {"options", options}};
  for (const char* list : {"sources", "populations", "parameters", "readouts", "losses"}) out[list] = Json::array();
  for (const ir::Population& p : network.populations) {
    const ir::Cell* cell = program.cell(p.name);
    ANTIDROME_ASSERT(cell, "population '" + p.name + "' has no cell");
    if (p.source) out["sources"].push_back({{"name", p.name}, {"size", p.size}});
    else out["populations"].push_back({{"name", p.name}, {"size", p.size}, {"model", p.model.name}, {"states", states_of(*cell)}, {"fires", cell->threshold.defined()}});
  }
  for (const ir::Parameter& p : program.parameters) out["parameters"].push_back(parameter(program, p));
  for (const ir::Readout& r : network.readouts) out["readouts"].push_back({{"name", r.name}, {"population", r.population}, {"size", network.population(r.population)->size}});
  for (const ir::Loss& l : network.losses)
    out["losses"].push_back({{"name", l.name}, {"readout", l.readout}, {"when", l.when == ir::Loss::When::end ? "end" : "each_step"}, {"labelled", l.labelled}});
  out["learn"] = {{"rule", network.learn.name}, {"clamp", network.learn.clamp}};
  return out.dump(2) + "\n";
}

std::string cost_json(const std::vector<kernel::Cost>& costs) {
  Json out = Json::array();
  for (const kernel::Cost& c : costs)
    out.push_back({{"pass", c.pass}, {"kernel", c.kernel}, {"per", kernel::spelling(c.per)}, {"cell", c.cell}, {"near", c.near}, {"rows", c.rows}, {"tape", c.tape}, {"history", c.history}, {"part", c.part}, {"flops", c.flops}});
  return out.dump(1) + "\n";
}

std::string inputs_json(const frontend::ModelFile& model) {
  Json inputs = Json::array();
  for (const frontend::InputFile& f : model.files()) inputs.push_back({{"path", f.path}, {"hash", f.hash}});
  return Json({{"inputs", inputs}}).dump(2) + "\n";
}

}  // namespace antidrome::driver
