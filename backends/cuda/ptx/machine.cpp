#include "backends/cuda/ptx/machine.hpp"

#include <cstring>
#include <stdexcept>

#include <fmt/core.h>

#include "backends/cuda/ptx/block_run.hpp"

namespace antidrome::ptx {

Machine::Machine(Syntax syntax, const Options& options) : options_(options), module_(decode(std::move(syntax))) {
  if (module_.image.empty()) return;
  memory_.place(module_variables, module_.image.size(), "the module's variables");
  upload(module_variables, module_.image.data(), module_.image.size());
}

std::byte* Machine::bytes(Address a, std::size_t n, const char* what) {
  if (n == 0) return nullptr;
  const Allocation* in = memory_.find(a, n);
  if (!in) throw std::invalid_argument(fmt::format("{} of {} bytes at {:#x}: {}", what, n, a, memory_.describe(a)));
  return in->at(a);
}

void Machine::upload(Address to, const void* from, std::size_t n) {
  if (std::byte* p = bytes(to, n, "upload")) std::memcpy(p, from, n);
}
void Machine::download(void* to, Address from, std::size_t n) {
  if (const std::byte* p = bytes(from, n, "download")) std::memcpy(to, p, n);
}
void Machine::clear(Address to, std::size_t n) {
  if (std::byte* p = bytes(to, n, "clearing")) std::memset(p, 0, n);
}

std::vector<std::string> Machine::kernels() const {
  std::vector<std::string> names;
  for (const Kernel& k : module_.kernels) names.push_back(k.name);
  return names;
}

const Kernel& Machine::find(std::string_view name) const {
  std::string known;
  for (const Kernel& k : module_.kernels) {
    if (k.name == name) return k;
    known += (known.empty() ? "" : ", ") + k.name;
  }
  throw std::invalid_argument(fmt::format("{} has no kernel '{}'; there are {}", module_.syntax->name, name, known));
}

void Machine::check(const Kernel& k, const Shape& s, std::span<const std::byte> arguments) const {
  if (s.grid.size() == 0 || s.block.size() == 0 || s.block.size() > 1024) throw std::invalid_argument(fmt::format("kernel '{}': a grid of {} blocks of {} threads", k.name, s.grid.size(), s.block.size()));
  if (arguments.size() != k.parameter_bytes) throw std::invalid_argument(fmt::format("kernel '{}' takes {} bytes of arguments, not {}", k.name, k.parameter_bytes, arguments.size()));
  const std::uint64_t shared = std::uint64_t{k.dynamic_shared_at} + s.dynamic_shared_bytes;
  if (shared > options_.shared_limit) throw std::invalid_argument(fmt::format("kernel '{}' needs {} bytes of shared memory; a block has {}", k.name, shared, options_.shared_limit));
}

LaunchReport Machine::launch(std::string_view name, const Shape& shape, std::span<const std::byte> arguments) {
  const Kernel& k = find(name);
  check(k, shape, arguments);
  Launch launch{.kernel = &k, .syntax = module_.syntax.get(), .model = &options_.model, .memory = &memory_, .grid = shape.grid, .block = shape.block, .dynamic_shared_bytes = shape.dynamic_shared_bytes, .parameters = arguments,
                .executed = std::vector<Executed>(k.code.size()), .costs = costs(k, options_.model), .order = {}, .last = std::vector<Allocation*>(k.code.size()), .left = options_.instruction_limit};
  std::vector<std::uint32_t>& order = orders_[&k];
  if (order.empty()) order = issue_order(k, launch.costs, options_.model);
  launch.order = order;
  BlockRun run(launch);
  DeviceClock device(options_.model);
  LaunchReport report{.kernel = k.name, .grid = shape.grid, .block = shape.block, .lines = {}};
  for (std::uint32_t z = 0; z < shape.grid.z; ++z)
    for (std::uint32_t y = 0; y < shape.grid.y; ++y)
      for (std::uint32_t x = 0; x < shape.grid.x; ++x) {
        run.run({x, y, z});
        const std::uint64_t cycles = run.clock().cycles(), issued = run.clock().issued();
        device.add_block(cycles, issued);
        report.longest_block = std::max(report.longest_block, cycles);
        report.block_cycles += cycles, report.issue_cycles += issued;
      }
  report.cycles = device.cycles();
  for (std::size_t n = 0; n < k.code.size(); ++n) report.of[static_cast<std::size_t>(k.code[n].cls)] += launch.executed[n];
  report.lines = lines_of(k, launch.executed);
  remember(k, report, launch.executed);
  return report;
}

void Machine::remember(const Kernel& k, const LaunchReport& r, const std::vector<Executed>& executed) {
  auto at = std::find_if(done_.begin(), done_.end(), [&](const Done& d) { return d.kernel == &k; });
  if (at == done_.end()) {
    at = done_.emplace(done_.end());
    at->kernel = &k, at->report.kernel = k.name, at->executed.resize(executed.size());
  }
  KernelReport& sum = at->report;
  ++sum.launches, sum.blocks += r.grid.size(), sum.warps += r.grid.size() * ((r.block.size() + warp_size - 1) / warp_size), sum.cycles += r.cycles;
  for (std::size_t c = 0; c < classes; ++c) sum.of[c] += r.of[c];
  for (std::size_t n = 0; n < executed.size(); ++n) at->executed[n] += executed[n];
}

std::vector<LineReport> Machine::lines_of(const Kernel& k, const std::vector<Executed>& executed) const {
  std::map<std::tuple<std::string, std::uint32_t, Class>, Executed> lines;
  for (std::size_t n = 0; n < executed.size(); ++n) {
    const Line place = k.source[n].place;
    const std::string file = place.line != 0 && place.file < module_.syntax->files.size() ? module_.syntax->files[place.file] : "";
    if (executed[n].warps != 0) lines[{file, place.line, k.code[n].cls}] += executed[n];
  }
  std::vector<LineReport> out;
  for (const auto& [key, count] : lines) out.push_back({k.name, std::get<0>(key), std::get<1>(key), std::get<2>(key), count});
  return out;
}

Counters Machine::counters() const {
  Counters out;
  for (const Done& d : done_) {
    out.kernels.push_back(d.report);
    const std::vector<LineReport> lines = lines_of(*d.kernel, d.executed);
    out.lines.insert(out.lines.end(), lines.begin(), lines.end());
  }
  return out;
}

}  // namespace antidrome::ptx
