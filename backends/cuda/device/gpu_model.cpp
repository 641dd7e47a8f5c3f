#include "backends/cuda/device/gpu_model.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace antidrome::cuda {

namespace {

using nlohmann::json;
using ptx::Class;

ptx::DeviceModel multiprocessors(std::uint32_t n, std::uint32_t l1_bytes) {
  ptx::DeviceModel m;
  m.multiprocessors = n;
  m.l1_bytes = l1_bytes;
  m.resident_blocks = 2;
  return m;
}

std::vector<GpuModel> known() {
  return {
      {"h100", "H100 SXM (132 multiprocessors, 1.755 GHz)", 1.755, 5500, 3000, 0.55, multiprocessors(132, 192 * 1024)},
      {"rtx4090", "RTX 4090 (128 multiprocessors, 2.52 GHz)", 2.52, 5000, 1008, 0.55, multiprocessors(128, 96 * 1024)},
  };
}

double sectors_beyond_l1(const ptx::LaunchReport& r) {
  double n = 0;
  for (const Class c : {Class::global_load, Class::global_store, Class::local, Class::atomic}) n += static_cast<double>(r.count(c).traffic - r.count(c).hits);
  return n;
}

}  // namespace

GpuModel gpu_model(std::string_view name) {
  std::string names;
  for (const GpuModel& m : known()) {
    if (m.name == name) return m;
    names += (names.empty() ? "" : ", ") + m.name;
  }
  throw std::invalid_argument(fmt::format("no model of the GPU '{}'; known are {}", name, names));
}

std::vector<ModelledLaunch> model_time(const std::vector<ptx::LaunchReport>& launches, const GpuModel& gpu) {
  std::vector<ModelledLaunch> out;
  for (const ptx::LaunchReport& r : launches) {
    ModelledLaunch m{r};
    m.cycles_us = 1e-3 * static_cast<double>(r.cycles) / gpu.ghz;
    m.sectors_us = 1e-3 * 32 * sectors_beyond_l1(r) / gpu.l2_gb_s;
    out.push_back(m);
  }
  return out;
}

std::string launches_text(const std::vector<ptx::LaunchReport>& launches, const GpuModel& gpu) {
  json rows = json::array();
  for (const ModelledLaunch& m : model_time(launches, gpu)) {
    const ptx::LaunchReport& r = m.counted;
    json chain = json::object(), lines = json::array();
    for (std::size_t c = 0; c < ptx::classes; ++c)
      if (const std::uint64_t n = r.of[c].chain; n != 0) chain[ptx::name_of(static_cast<Class>(c))] = n;
    for (const ptx::LineReport& l : r.lines)
      if (l.count.chain != 0) lines.push_back({{"file", l.file.substr(l.file.rfind('/') + 1)}, {"line", l.line}, {"class", ptx::name_of(l.cls)}, {"instructions", l.count.warps}, {"chain", l.count.chain}});
    rows.push_back({{"kernel", r.kernel}, {"blocks", r.grid.size()}, {"threads", r.block.size()}, {"instructions", r.instructions()}, {"fp64", r.count(Class::fp64).warps},
                    {"atomics", r.count(Class::atomic).warps}, {"barriers", r.count(Class::barrier).warps}, {"wavefronts", r.count(Class::shared_load).traffic + r.count(Class::shared_store).traffic},
                    {"sectors", r.count(Class::global_load).traffic + r.count(Class::global_store).traffic}, {"l1_hits", r.count(Class::global_load).hits}, {"cycles", r.cycles},
                    {"chain", chain}, {"lines", lines}, {"cycles_us", m.cycles_us}, {"sectors_us", m.sectors_us}, {"us", m.longest_us()}});
  }
  return json{{"gpu", gpu.name}, {"title", gpu.title}, {"launch_us", gpu.launch_us}, {"memory_gb_s", gpu.memory_gb_s}, {"launches", rows}}.dump(1) + "\n";
}

}  // namespace antidrome::cuda
