// kernels.json: what a host needs to know to run the kernels.
#include <nlohmann/json.hpp>

#include "backends/cuda/emit/emit.hpp"

namespace antidrome::cuda {

using namespace kernel;
using nlohmann::json;

namespace {

const char* spelling(Grid g) {
  switch (g) {
    case Grid::one: return "one";
    case Grid::samples: return "samples";
    case Grid::chunks: return "chunks";
    case Grid::rows: return "rows";
    case Grid::elements: return "elements";
  }
  return "";
}

}  // namespace

std::string emit_plan(const DeviceModule& d) {
  json out;
  out["version"] = 2;
  out["fingerprint"] = d.base.fingerprint;
  out["precision"] = d.base.precision == Precision::single_precision ? "float" : "double";
  out["neurons"] = d.neurons();
  out["scores"] = d.base.scores;
  out["losses"] = std::max(1, d.losses);
  json& cells = out["cells"] = json::array();
  int listed = 0;
  for (const CellLayout& c : d.base.cells) {
    json adjoints = json::array();
    for (const CellLayout::Recorded& r : c.recorded_adjoints) adjoints.push_back(!r.buffer.empty() && d.base.buffer(r.buffer) != nullptr);
    cells.push_back({{"name", c.name}, {"size", c.size}, {"source", c.source}, {"population", c.population}, {"fires", c.fires}, {"states", c.states.size()}, {"adjoints", adjoints}});
    if (c.fires && c.listed_by_unit) listed = std::max(listed, 3 * d.padded(c.name));
  }
  out["list_padding"] = listed;
  json& arrays = out["arrays"] = json::array();
  for (const DeviceArray& a : d.arrays) {
    json factors = json::array();
    for (const DeviceArray::Factor f : a.factors) factors.push_back(kernel::spelling(f));
    arrays.push_back({{"name", a.name}, {"type", kernel::spelling(a.type)}, {"count", a.count}, {"factors", factors}, {"of", a.of}, {"zeroed", a.zeroed}, {"backward", a.backward}, {"updates", a.updates}});
  }
  json& parameters = out["parameters"] = json::array();
  for (const DeviceParameter& p : d.parameters) parameters.push_back({{"name", p.name}, {"array", identifier(p.name)}, {"rows", p.rows}, {"cols", p.cols}, {"stride", p.stride}, {"matrix", p.matrix}, {"trainable", p.trainable}});
  json& kernels = out["kernels"] = json::array();
  for (const DeviceKernel& k : d.kernels)
    kernels.push_back({{"name", k.name}, {"grid", spelling(k.grid)}, {"threads", k.threads}, {"least_blocks", k.least_blocks}, {"rows", k.rows}, {"backward", k.backward}, {"updates", k.updates}, {"whole", k.whole}});
  return out.dump(1) + "\n";
}

}  // namespace antidrome::cuda
