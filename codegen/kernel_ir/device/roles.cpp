// Which lane owns which neuron, and where everything lies.
#include <algorithm>
#include <fmt/format.h>

#include "codegen/kernel_ir/device/lowering.hpp"

namespace antidrome::kernel {

using namespace ir;

namespace {

constexpr int most_warps = 32 - most_dot_warps; // of a block, that own neurons
constexpr int most_per_lane = 32;

int power_of_two_at_least(int n) {
  int p = 1;
  while (p < n) p *= 2;
  return p;
}

/// Four neurons a lane: rows of weights are fetched 16 bytes at a time, and what all warps repeat (the lists of spikes) is repeated by fewer.
int usual_per_lane(int size) { return std::min(4, power_of_two_at_least((size + 31) / 32)); }

void set_width(Role& r, int per_lane) {
  r.per_lane = per_lane;
  r.warps = (r.size + 32 * per_lane - 1) / (32 * per_lane);
}

int all_warps(const std::vector<Role>& roles) {
  int n = 0;
  for (const Role& r : roles) n += r.warps;
  return n;
}

}  // namespace

void DeviceLowering::plan_roles() {
  for (const Cell& c : l_.program.cells) {
    if (c.source && c.states.empty()) continue;
    Role r;
    r.cell = c.name;
    r.size = c.size;
    bool labelled = false;
    for (const ProgramLoss& loss : l_.program.losses) labelled |= loss.cell == c.name && loss.labelled;
    // the outputs of a labelled loss are one warp: what it says of every label is then a matter of its lanes alone
    set_width(r, labelled ? power_of_two_at_least((c.size + 31) / 32) : usual_per_lane(c.size));
    if (r.per_lane > most_per_lane)
      l_.diagnostics.error("AD307", c.at, fmt::format("'{}' has {} neurons and a loss with labels; on a GPU such a population has at most {}", c.name, c.size, 32 * most_per_lane), "use the openmp backend");
    d_.roles.push_back(r);
  }
  while (all_warps(d_.roles) > most_warps) {
    Role& largest = *std::max_element(d_.roles.begin(), d_.roles.end(), [](const Role& a, const Role& b) { return a.warps < b.warps; });
    if (largest.warps == 1 || largest.per_lane == most_per_lane) {
      int neurons = 0;
      for (const Role& r : d_.roles) neurons += r.size;
      l_.diagnostics.error("AD307", {l_.program.model_file, 0, 0}, fmt::format("{} neurons in {} populations need {} warps with {} neurons a lane; a block of threads has {} for them", neurons, d_.roles.size(), all_warps(d_.roles), most_per_lane, most_warps),
                           "use the openmp backend, or fewer neurons: the fused schedule keeps a whole sample in one block");
      return;
    }
    set_width(largest, 2 * largest.per_lane);
  }
  int first = 0;
  for (Role& r : d_.roles) {
    r.first_warp = first;
    first += r.warps;
  }
}

namespace {

/// Buffers of neurons that loops over spikes reach by the number of a unit: no lane can keep them to itself.
void reached_by_unit(const Node& n, bool by_unit, std::set<std::string>& found) {
  if (by_unit && n.column == Column::unit && !n.buffer.empty()) found.insert(n.buffer);
  by_unit |= n.kind == NodeKind::thread_spikes || n.kind == NodeKind::warp_spikes;
  for (const Node& child : n.body) reached_by_unit(child, by_unit, found);
}

}  // namespace

void DeviceLowering::place_buffers() {
  std::set<std::string> shared;
  for (const DeviceKernel& k : d_.kernels) reached_by_unit(k.body, false, shared);
  std::map<std::string, int> used;              // registers of each role
  for (Buffer& b : d_.base.buffers) {
    if (b.space != Space::worker) continue;
    const bool exchanged = shared.contains(b.name) || b.shape == Shape::draws || b.name.ends_with("_published");
    b.space = exchanged ? Space::shared : b.shape == Shape::pending ? Space::tape : Space::lane;
    if (b.space == Space::lane) d_.slots[b.name] = used[b.cell]++;
  }
}

const Role* DeviceModule::role(std::string_view cell) const {
  for (const Role& r : roles)
    if (r.cell == cell) return &r;
  return nullptr;
}

const SpikeRecord* DeviceModule::record(std::string_view cell) const {
  for (const SpikeRecord& r : records)
    if (r.cell == cell) return &r;
  return nullptr;
}

int DeviceModule::warps() const { return all_warps(roles); }

int DeviceModule::slot_width() const {
  int width = 1;
  for (const Role& r : roles) width = std::max(width, r.per_lane);
  return width;
}

int DeviceModule::slot_count() const {
  int n = 0;
  for (const auto& [name, slot] : slots) n = std::max(n, slot + 1);
  return n;
}

}  // namespace antidrome::kernel
