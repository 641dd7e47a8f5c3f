#include "backends/cuda/ptx/counters.hpp"

#include <stdexcept>

#include <fmt/core.h>

namespace antidrome::ptx {

namespace {

std::uint64_t sum_of(const ByClass& of) {
  std::uint64_t sum = 0;
  for (const Executed& e : of) sum += e.warps;
  return sum;
}

bool accesses_memory(Class c) {
  return c == Class::global_load || c == Class::global_store || c == Class::shared_load || c == Class::shared_store || c == Class::atomic || c == Class::shared_atomic;
}

}  // namespace

Executed& Executed::operator+=(const Executed& o) {
  warps += o.warps, lanes += o.lanes, traffic += o.traffic, ideal += o.ideal, hits += o.hits, chain += o.chain;
  return *this;
}

std::uint64_t LaunchReport::instructions() const { return sum_of(of); }
std::uint64_t KernelReport::instructions() const { return sum_of(of); }

const KernelReport& Counters::of(std::string_view kernel) const {
  for (const KernelReport& k : kernels)
    if (k.kernel == kernel) return k;
  throw std::out_of_range(fmt::format("kernel {} was not launched", kernel));
}

std::string Counters::text() const {
  std::string text = fmt::format("{:24} {:>8} {:>8} {:>12} {:>10} {:>12}\n", "kernel", "launches", "blocks", "instructions", "lanes", "cycles");
  for (const KernelReport& k : kernels) {
    Executed all;
    for (const Executed& e : k.of) all += e;
    text += fmt::format("{:24} {:8} {:8} {:12} {:10.1f} {:12}\n ", k.kernel, k.launches, k.blocks, all.warps, all.lanes_per_warp(), k.cycles);
    for (std::size_t c = 0; c < classes; ++c)
      if (k.of[c].warps != 0) text += fmt::format(" {} {}", name_of(static_cast<Class>(c)), k.of[c].warps);
    text += '\n';
  }
  text += fmt::format("{:24} {:24} {:13} {:>10} {:>8} {:>9} {:>8} {:>8}\n", "kernel", "line", "access", "warps", "lanes", "traffic", "ideal", "in L1");
  for (const LineReport& l : lines) {
    if (!accesses_memory(l.cls) || l.count.warps == 0) continue;
    const auto n = static_cast<double>(l.count.warps);
    text += fmt::format("{:24} {:24} {:13} {:10} {:8.1f} {:9.2f} {:8.2f} {:8.2f}\n", l.kernel, fmt::format("{}:{}", l.file.substr(l.file.rfind('/') + 1), l.line), name_of(l.cls), l.count.warps, l.count.lanes_per_warp(),
                        static_cast<double>(l.count.traffic) / n, static_cast<double>(l.count.ideal) / n, static_cast<double>(l.count.hits) / n);
  }
  return text;
}

}  // namespace antidrome::ptx
