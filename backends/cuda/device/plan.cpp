#include "backends/cuda/device/plan.hpp"

#include <fmt/format.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

namespace antidrome::cuda {

using nlohmann::json;

Plan parse_plan(const std::string& text) {
  const json j = json::parse(text);
  if (j.at("version") != 2) throw std::runtime_error("the plan is of version " + j.at("version").dump() + ", this reader of version 2");
  Plan p;
  p.fingerprint = j.at("fingerprint");
  p.precision = j.at("precision");
  p.neurons = j.at("neurons");
  p.scores = j.at("scores");
  p.losses = j.at("losses");
  p.list_padding = j.at("list_padding");
  for (const json& c : j.at("cells")) p.cells.push_back({c.at("name"), c.at("size"), c.at("source"), c.at("population"), c.at("fires"), c.at("states"), c.at("adjoints")});
  for (const json& a : j.at("arrays")) p.arrays.push_back({a.at("name"), a.at("type"), a.at("of"), a.at("count"), a.at("factors"), a.at("zeroed"), a.at("backward"), a.at("updates")});
  for (const json& q : j.at("parameters")) p.parameters.push_back({q.at("name"), q.at("array"), q.at("rows"), q.at("cols"), q.at("stride"), q.at("matrix"), q.at("trainable")});
  for (const json& k : j.at("kernels")) p.kernels.push_back({k.at("name"), k.at("grid"), k.at("threads"), k.at("least_blocks"), k.at("rows"), k.at("backward"), k.at("updates"), k.at("whole")});
  return p;
}

Plan read_plan(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + file.string());
  std::ostringstream text;
  text << in.rdbuf();
  try {
    return parse_plan(text.str());
  } catch (const std::exception& error) {
    throw std::runtime_error(file.string() + ": " + error.what());
  }
}

std::uint64_t bytes_of(const Plan& plan, const PlannedArray& array, const Sizes& sizes) {
  std::uint64_t n = array.count * (array.type == "real" ? plan.real_bytes() : array.type == "wide" ? 8 : array.type == "u16" ? 2 : 4);
  for (const std::string& factor : array.factors) {
    if (factor == "samples") n *= sizes.samples;
    else if (factor == "steps") n *= sizes.steps;
    else if (factor == "steps+1") n *= sizes.steps + 1;
    else if (factor == "capacity") n *= sizes.capacity;
    else if (factor == "listed capacity") n *= sizes.listed_capacity;
    else if (factor == "chunks") n *= sizes.chunks;
    else if (factor == "events") {
      for (const PlannedCell& c : plan.cells)
        if (c.name == array.of) n *= sizes.events.at(static_cast<std::size_t>(c.source));
    } else {
      throw std::runtime_error("the plan has the unknown size '" + factor + "'");
    }
  }
  return n;
}

}  // namespace antidrome::cuda
