#include "codegen/ir/network.hpp"
#include "codegen/ir/program.hpp"

namespace antidrome::ir {
namespace {

template <class Records>
auto find_named(const Records& records, std::string_view name) -> decltype(records.data()) {
  for (const auto& r : records)
    if (r.name == name) return &r;
  return nullptr;
}

}  // namespace

const Symbol* Model::find(std::string_view symbol) const { return find_named(symbols, symbol); }
const Population* Network::population(std::string_view name) const { return find_named(populations, name); }
const Readout* Network::readout(std::string_view name) const { return find_named(readouts, name); }
const State* Cell::state(std::string_view wanted) const { return find_named(states, wanted); }
bool Program::couples_samples() const {
  for (const ProgramLoss& l : losses)
    if (!nodes_of(l.value, Kind::batch_mean).empty()) return true;
  return false;
}
const Cell* Program::cell(std::string_view name) const { return find_named(cells, name); }
const Edge* Program::edge(std::string_view name) const { return find_named(edges, name); }
const Parameter* Program::parameter(std::string_view name) const { return find_named(parameters, name); }
bool Program::scattered(const Edge& e) const { return !e.delay.empty() && parameter(e.delay)->axes != Parameter::Axes::shared; }

}  // namespace antidrome::ir
