#include "runtime/cli/environment.hpp"

#include "runtime/cli/build.hpp"

#include <ctime>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fstream>
#include <sstream>

namespace antidrome {
namespace {

// The value of the first "key : value" line of /proc/cpuinfo.
std::string cpu_line(const std::string& key) {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with(key))
      if (const std::size_t colon = line.find(": "); colon != std::string::npos) return line.substr(colon + 2);
  return {};
}

}  // namespace

std::string cpu_name() {
  const std::string name = cpu_line("model name");
  return name.empty() ? "unknown processor" : name;
}

std::string cpu_extensions() {
  std::istringstream flags(cpu_line("flags"));
  std::string out;
  for (std::string flag; flags >> flag;)
    for (const char* wanted : {"sse4_2", "avx", "avx2", "fma", "avx512f", "avx512vl", "avx512_vbmi2", "amx_tile"})
      if (flag == wanted) out += (out.empty() ? "" : " ") + flag;
  return out;
}

nlohmann::json describe_environment(const Session& session, const std::vector<std::string>& words) {
  const Manifest& m = session.manifest();
  return {{"antidrome", ANTIDROME_VERSION},
          {"compiler", ANTIDROME_COMPILER},
          {"build_type", ANTIDROME_BUILD_TYPE},
          {"simulator_compiler", simulator_compiler().string()},
          {"simulator_flags", simulator_flags()},
          {"cpu", cpu_name()},
          {"cpu_extensions", cpu_extensions()},
          {"threads", session.options().threads},
          {"ranks", session.ranks().size()},
          {"ranks_by", session.ranks().name()},
          {"model", m.model},
          {"fingerprint", m.fingerprint},
          {"backend", m.backend},
          {"mode", m.mode},
          {"precision", m.precision},
          {"lanes", session.simulator().lanes()},
          {"simulator", std::filesystem::absolute(m.directory).string()},
          {"command", words},
          {"started", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)))}};
}

}  // namespace antidrome
