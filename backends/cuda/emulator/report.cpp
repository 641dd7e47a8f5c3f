#include "backends/cuda/emulator/report.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/core.h>

namespace antidrome::emulator {

std::string_view name_of(Defect defect) {
  switch (defect) {
    case Defect::read_after_write: return "race, read after write";
    case Defect::write_after_read: return "race, write after read";
    case Defect::write_after_write: return "race, write after write";
    case Defect::plain_and_atomic: return "race of an atomic and a plain access";
    case Defect::out_of_bounds: return "out of bounds";
    case Defect::illegal_address: return "illegal address";
    case Defect::misaligned: return "misaligned access";
    case Defect::uninitialised: return "read of uninitialised memory";
    case Defect::divergent_barrier: return "divergent barrier";
    case Defect::divergent_warp_operation: return "divergent warp operation";
    case Defect::wrong_mask: return "lane outside its own mask";
    case Defect::deadlock: return "deadlock";
    case Defect::unknown_source: return "shuffle of a lane that does not take part";
    case Defect::trap: return "trap";
    case Defect::stack_overflow: return "stack overflow";
    case Defect::division_by_zero: return "division by zero";
    case Defect::too_long: return "no end";
  }
  return "?";
}

std::string Place::text() const {
  const std::string name = std::filesystem::path(file).filename().string();
  return line > 0 ? fmt::format("{}:{}", name, line) : name;
}

std::string Finding::text() const {
  std::string text = fmt::format("{}: {} at {}", kernel, name_of(defect), at.text());
  if (!other.file.empty()) text += fmt::format(", with {}", other.text());
  if (!what.empty()) text += fmt::format(": {}", what);
  text += fmt::format(" (block {},{},{} thread {},{},{}", block[0], block[1], block[2], thread[0], thread[1], thread[2]);
  return text + (times > 1 ? fmt::format(", {} times)", times) : ")");
}

bool Report::has(Defect defect) const {
  return std::any_of(findings.begin(), findings.end(), [&](const Finding& f) { return f.defect == defect; });
}

std::string Report::text() const {
  if (clean()) return "clean\n";
  std::string text;
  for (const Finding& f : findings) text += f.text() + "\n";
  return text;
}

}  // namespace antidrome::emulator
