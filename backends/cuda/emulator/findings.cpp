#include "backends/cuda/emulator/findings.hpp"

namespace antidrome::emulator {

void Findings::add(Defect defect, const Call& at, const Call& other, emulated::Index block, emulated::Index thread, const std::function<std::string()>& what) {
  const auto [place, is_new] = index_.try_emplace(Key{defect, module_.get(), kernel_, at.pc, other.pc, at.site.line, other.site.line}, raw_.size());
  if (!is_new) {
    ++raw_[place->second].finding.times;
    return;
  }
  raw_.push_back({{defect, kernel_, {}, {}, what(), {block.x, block.y, block.z}, {thread.x, thread.y, thread.z}, 1}, at, other, module_});
}

Report Findings::report(Places& places) const {
  for (const Raw& r : raw_) places.want(r.module, r.at.pc), places.want(r.module, r.other.pc);
  Report report;
  for (const Raw& r : raw_) {
    Finding f = r.finding;
    f.at = places.of(r.module, r.at);
    f.other = places.of(r.module, r.other);
    // A compiler copies code: several addresses may be one line.
    bool known = false;
    for (Finding& g : report.findings)
      if (g.defect == f.defect && g.kernel == f.kernel && g.at == f.at && g.other == f.other) {
        g.times += f.times;
        known = true;
        break;
      }
    if (!known) report.findings.push_back(std::move(f));
  }
  return report;
}

}  // namespace antidrome::emulator
