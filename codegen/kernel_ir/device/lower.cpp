#include <algorithm>
#include <fmt/format.h>

#include "codegen/kernel_ir/device/lowering.hpp"

namespace antidrome::kernel {

using namespace ir;

namespace {

/// What a spike leaves for its own jump lies side by side: one transaction writes it and one fetches it.
void join_records(const Lowering& l, DeviceModule& d) {
  for (const CellPlan& p : l.cells) {
    if (!p.cell->threshold.defined() || p.spike_tape.empty() || !l.module.learns) continue;
    SpikeRecord r;
    r.cell = p.cell->name;
    for (const std::string& s : p.spike_tape) r.members.push_back(identifier(s) + "_at_spike");
    d.records.push_back(r);
  }
}

}  // namespace

DeviceModule lower_for_device(const Program& program, const LowerOptions& wanted, Diagnostics& diagnostics) {
  DeviceModule d;
  if (program.mode == TimeMode::exact)
    diagnostics.error("AD306", {program.model_file, 0, 0}, "exact mode has no kernels for a GPU", "use mode = grid, or the openmp backend");
  LowerOptions options = wanted;
  options.rider_size = 0;
  options.adjoints_in_histories = false;
  options.half_storage = false;
  options.arrivals_apart = false;
  options.lazy_states = false;
  KernelModule& m = d.base;
  m.precision = options.precision;
  Lowering l(program, options, m, diagnostics);
  begin_module(l);
  if (diagnostics.has_errors()) return d;
  l.plan_all();
  DeviceLowering device(l, d);
  device.plan_roles();
  if (diagnostics.has_errors()) return d;
  device.batch_kernels();
  d.losses = static_cast<int>(program.losses.size());
  join_records(l, d);
  device.place_buffers();
  lay_out(l);
  const BackwardPhases phases(l);
  for (CellLayout& c : m.cells) c.listed_by_unit = m.learns && phases.listed_by_unit(*program.cell(c.name));
  for (DeviceKernel& k : d.kernels)
    if (k.body.kind == NodeKind::kernel) place_barriers(d, k.body);
  device.plan_arrays();
  return d;
}

std::string print(const DeviceModule& d) {
  std::string out = print(d.base);
  for (const Role& r : d.roles) out += fmt::format("role {} warps {} to {}, {} neurons a lane, {} in all\n", r.cell, r.first_warp, r.first_warp + r.warps - 1, r.per_lane, r.size);
  if (d.dot_warps > 0) out += fmt::format("warps {} to {} of the backward pass multiply rows\n", d.first_dot_warp, d.first_dot_warp + d.dot_warps - 1);
  for (const SpikeRecord& r : d.records) out += fmt::format("record {} {}\n", r.cell, fmt::join(r.members, " "));
  for (const DeviceArray& a : d.arrays) {
    out += fmt::format("array {} {} {}", a.name, spelling(a.type), a.count);
    for (const DeviceArray::Factor x : a.factors) out += fmt::format(" x {}", spelling(x));
    out += fmt::format("{}{}   # {}\n", a.zeroed ? " zeroed" : "", a.updates ? " updates" : a.backward ? " backward" : "", a.note);
  }
  for (const DeviceKernel& k : d.kernels) {
    out += fmt::format("launch {} of {} threads{}   # {}\n", k.name, k.threads, k.updates ? " updates" : k.backward ? " backward" : "", k.note);
    print_tree(k.body, 1, out);
  }
  return out;
}

}  // namespace antidrome::kernel
