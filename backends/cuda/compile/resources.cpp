#include "backends/cuda/compile/resources.hpp"

#include <algorithm>
#include <cstdio>
#include <fmt/format.h>
#include <sstream>
#include <stdexcept>

namespace antidrome::cuda {

std::vector<KernelResources> parse_resources(const std::string& log, const std::string& architecture) {
  std::vector<KernelResources> out;
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    if (const std::size_t at = line.find("Compiling entry function '"); at != std::string::npos) {
      const std::size_t first = at + 26;
      out.push_back({architecture, line.substr(first, line.find('\'', first) - first)});
    }
    if (out.empty()) continue;
    KernelResources& k = out.back();
    int stack = 0, stores = 0, loads = 0;
    if (const std::size_t at = line.find("bytes stack frame"); at != std::string::npos && std::sscanf(line.c_str(), " %d bytes stack frame, %d bytes spill stores, %d bytes spill loads", &stack, &stores, &loads) == 3)
      k.stack_bytes = stack, k.spilled_bytes = stores + loads;
    if (const std::size_t at = line.find("Used "); at != std::string::npos) std::sscanf(line.c_str() + at, "Used %d registers", &k.registers);
    if (const std::size_t at = line.find(" bytes smem"); at != std::string::npos) {
      const std::size_t first = line.find_last_not_of("0123456789", at - 1);
      k.shared_bytes = std::stoi(line.substr(first + 1, at - first - 1));
    }
  }
  return out;
}

Multiprocessor multiprocessor(const std::string& architecture) {
  constexpr int KiB = 1024;
  if (architecture == "sm_75") return {32, 16, 65536, 64 * KiB, 64 * KiB};
  if (architecture == "sm_80" || architecture == "sm_87") return {64, 32, 65536, 164 * KiB, 163 * KiB};
  if (architecture == "sm_86" || architecture == "sm_89") return {48, architecture == "sm_86" ? 16 : 24, 65536, 100 * KiB, 99 * KiB};
  if (architecture == "sm_90" || architecture == "sm_100" || architecture == "sm_103") return {64, 32, 65536, 228 * KiB, 227 * KiB};
  if (architecture == "sm_120" || architecture == "sm_121") return {48, 24, 65536, 100 * KiB, 99 * KiB};
  throw std::invalid_argument("no limits are known of the architecture '" + architecture + "'");
}

Occupancy occupancy(const KernelResources& k, const Multiprocessor& sm) {
  const int warps = (k.threads + 31) / 32;
  const auto up = [](int n, int m) { return (n + m - 1) / m * m; };
  const int by_warps = sm.warps / warps;
  const int of_warp = up(std::max(1, k.registers) * 32, 256);                          // registers are given to warps in units of 256
  const int by_registers = sm.registers / 4 / of_warp * 4 / warps;                    // each quarter of a multiprocessor has its own
  const int by_shared = sm.shared_bytes / (up(k.shared_bytes, 128) + 1024);           // a block needs 1 KiB more for the system
  const int blocks = std::min({by_warps, by_registers, by_shared, sm.blocks});
  return {blocks, blocks == by_registers ? "registers" : blocks == by_shared ? "shared memory" : blocks == by_warps ? "threads" : "blocks"};
}

std::string resource_table(const std::vector<KernelResources>& kernels) {
  std::string out = fmt::format("  {:<8} {:<28} {:>9} {:>10} {:>8} {:>7}  {}\n", "arch", "kernel", "registers", "shared", "spilled", "blocks", "an SM holds");
  for (const KernelResources& k : kernels) {
    const Occupancy o = occupancy(k, multiprocessor(k.architecture));
    out += fmt::format("  {:<8} {:<28} {:>9} {:>8} B {:>6} B {:>7}  of {} threads, limited by {}\n", k.architecture, k.kernel, k.registers, k.shared_bytes, k.spilled_bytes + k.stack_bytes, o.blocks, k.threads, o.limit);
  }
  return out;
}

}  // namespace antidrome::cuda
