#include <fmt/format.h>

#include "codegen/driver/request.hpp"
#include "codegen/frontend/frontend.hpp"

namespace antidrome::driver {

int check(const Request& request) {
  Diagnostics diagnostics;
  const frontend::ModelFile model = frontend::load({request.model, request.settings(diagnostics), {}, {}}, diagnostics);
  if (diagnostics.has_errors()) return show(diagnostics);
  show(diagnostics);
  fmt::print("lift check: every hook as compiled, against the equations that were read from it\n");
  bool ok = true;
  for (const frontend::HookCheck& c : model.lift_check()) {
    const std::string where = c.worst > 0 ? fmt::format(" in {}", c.variable) : "";
    fmt::print("  {} {:<28} {:<24} {} states, largest relative difference {:.1e}{}\n", c.ok ? "ok  " : "FAIL", c.name, c.owner, c.states, c.worst, where);
    ok = ok && c.ok;
  }
  return ok ? exit_ok : exit_check_failed;
}

}  // namespace antidrome::driver
