#include "backends/cuda/emulator/counters.hpp"

#include <stdexcept>

#include <fmt/core.h>

namespace antidrome::emulator {

std::string_view name_of(Access access) {
  switch (access) {
    case Access::global_load: return "load";
    case Access::global_store: return "store";
    case Access::global_atomic: return "atomic";
    case Access::shared_load: return "shared load";
    case Access::shared_store: return "shared store";
    case Access::shared_atomic: return "shared atomic";
  }
  return "?";
}

LineCounters& LineCounters::operator+=(const LineCounters& o) {
  requests += o.requests, lanes += o.lanes, bytes += o.bytes;
  sectors += o.sectors, ideal_sectors += o.ideal_sectors;
  wavefronts += o.wavefronts, ideal_wavefronts += o.ideal_wavefronts;
  depth += o.depth;
  return *this;
}

const KernelCounters& Counters::of(std::string_view kernel) const {
  for (const KernelCounters& k : kernels)
    if (k.kernel == kernel) return k;
  throw std::out_of_range(fmt::format("kernel {} was not launched", kernel));
}

LineCounters Counters::total(std::string_view kernel, Access access) const {
  LineCounters sum;
  sum.kernel = kernel, sum.access = access;
  for (const LineCounters& l : lines)
    if (l.kernel == kernel && l.access == access) sum += l;
  return sum;
}

std::string Counters::text() const {
  std::string text = fmt::format("{:24} {:>8} {:>8} {:>10} {:>14} {:>14} {:>14}\n", "kernel", "launches", "blocks", "threads", "barriers/warp", "warp ops", "switches");
  for (const KernelCounters& k : kernels) {
    text += fmt::format("{:24} {:8} {:8} {:10} {:14.2f} {:14} {:14}\n", k.kernel, k.launches, k.blocks, k.threads, k.barriers_per_warp(), k.warp_operations, k.switches);
    if (k.not_counted > 0) text += fmt::format("  {} accesses were not counted\n", k.not_counted);
  }
  if (lines.empty()) return text;
  text += fmt::format("{:24} {:20} {:13} {:>10} {:>9} {:>9} {:>7} {:>9} {:>7} {:>6}\n", "kernel", "line", "access", "requests", "lanes/req", "sect/req", "ideal", "wave/req", "ideal", "depth");
  for (const LineCounters& l : lines) {
    const double n = static_cast<double>(l.requests);
    const auto ratio = [&](std::uint64_t x) { return x == 0 ? std::string("-") : fmt::format("{:.2f}", static_cast<double>(x) / n); };
    text += fmt::format("{:24} {:20} {:13} {:10} {:9.1f} {:>9} {:>7} {:>9} {:>7} {:>6}\n", l.kernel, l.place.text(), name_of(l.access), l.requests, l.lanes_per_request(), ratio(l.sectors), ratio(l.ideal_sectors),
                        ratio(l.wavefronts), ratio(l.ideal_wavefronts), ratio(l.depth));
  }
  return text;
}

}  // namespace antidrome::emulator
