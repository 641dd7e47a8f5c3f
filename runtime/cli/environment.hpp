// What a run ran on: environment.json.
#pragma once
#include "runtime/session/session.hpp"

#include <nlohmann/json.hpp>

namespace antidrome {

/// "AMD EPYC …", as the operating system names it.
std::string cpu_name();

/// The vector extensions of this processor that matter: "avx2 fma avx512f …".
std::string cpu_extensions();

nlohmann::json describe_environment(const Session& session, const std::vector<std::string>& words);

}  // namespace antidrome
